"""Classifiers of texts: relevance, style, sentiment, or whatever has labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.heads import HEAD_JSON, HeadReport, Label, LinearHead, label_classes
from modacast.encoder.recipe import KINDS
from modacast.encoder.shared import get_encoder
from modacast.encoder.weights import read_json
from modacast.errors import InvalidInput, NotFitted, StorageError
from modacast.types import Encoder, Floats

__all__ = ["TextClassifier"]


class TextClassifier:
    """Classifies texts with an encoder and a `LinearHead`, in the manner of scikit-learn and Hugging Face.

    Args:
        encoder: makes the vectors; one with a cache computes each text once. The shared bundled one where None.
        kind: as which the texts are encoded, `"query"` or `"document"`.
        balanced: whether rare classes weigh as much as frequent ones.
        n_folds: parts of the cross-validation that chooses and calibrates.
        seed: decides the folds.

    Attributes:
        encoder: the same.
        head_: the `LinearHead`, after `fit`.

    Raises:
        InvalidInput: an unknown kind.
    """

    head_: LinearHead

    def __init__(
        self,
        encoder: Encoder | None = None,
        *,
        kind: str = "query",
        balanced: bool = False,
        n_folds: int = 5,
        seed: int = 0,
    ) -> None:
        if kind not in KINDS:
            raise InvalidInput(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
        self.encoder: Encoder = get_encoder() if encoder is None else encoder
        self.kind = kind
        self.balanced = balanced
        self.n_folds = n_folds
        self.seed = seed

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the constructor's arguments."""
        names = ("encoder", "kind", "balanced", "n_folds", "seed")
        return {name: getattr(self, name) for name in names}

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The labels, sorted."""
        return self._fitted().classes_

    @property
    def report_(self) -> HeadReport:
        """How it did on texts that it did not see; a `HeadReport`."""
        return self._fitted().report_

    def fit(self, texts: Sequence[str], labels: Sequence[Label]) -> TextClassifier:
        """Learn from labelled texts; equal texts are never on both sides of the cross-validation.

        Args:
            texts: `(n,)`.
            labels: `(n,)` strings or whole numbers.

        Raises:
            InvalidInput: fewer than two classes, a class with fewer than two texts, or lengths that disagree.
        """
        label_classes(labels, len(texts))
        head = LinearHead(balanced=self.balanced, n_folds=self.n_folds, seed=self.seed)
        self.head_ = head.fit(self._vectors(texts), labels, groups=list(texts))
        return self

    def predict_proba(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Get `(n, k)` float64 calibrated probabilities, in the order of `classes_`.

        Raises:
            NotFitted: `fit` was not called.
        """
        head = self._fitted()
        return head.predict_proba(self._vectors(texts))

    def predict(self, texts: Sequence[str]) -> npt.NDArray[Any]:
        """Get the `(n,)` likeliest labels.

        Raises:
            NotFitted: `fit` was not called.
        """
        head = self._fitted()
        return head.predict(self._vectors(texts))

    def score(self, texts: Sequence[str], labels: Sequence[Label]) -> float:
        """Get the share of texts that are classified as labelled, in [0, 1]."""
        return float((self.predict(texts) == np.asarray(labels)).mean())

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write the head, and which encoder it belongs to, into a folder that is made where it is missing.

        Raises:
            NotFitted: `fit` was not called.
            StorageError: the folder cannot be written, or holds a head already.
        """
        target = Path(folder)
        if (target / HEAD_JSON).exists():
            raise StorageError(f"{target} holds a head already; choose another folder, or remove it")
        head = self._fitted()
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"the head cannot be written to {target}: {error}") from error
        head.save(target, encoder=self.encoder.model_id, kind=self.kind)
        return target

    @classmethod
    def from_pretrained(cls, folder: str | Path, encoder: Encoder | None = None) -> TextClassifier:
        """Open what `save_pretrained` wrote.

        Args:
            folder: with a head, and perhaps with the encoder that was fine-tuned for it.
            encoder: the encoder that the head was trained on. Where None, the folder's own, or the bundled one.

        Raises:
            InvalidInput: there is no head, a broken one, or one of another encoder.
        """
        source = Path(folder)
        head = LinearHead.load(source)
        facts = read_json(source / HEAD_JSON)
        if encoder is None:
            own = any((source / name).is_file() for name in ("config.json", "model.bin"))
            encoder = get_encoder(source) if own else get_encoder()
        # a model's name is that of its folder, which may be moved; what follows it stands for the vectors
        wanted = str(facts.get("encoder"))
        if wanted.rpartition("@")[2] != encoder.model_id.rpartition("@")[2]:
            raise InvalidInput(
                f"{source}: a head of encoder {wanted!r}; the given one is {encoder.model_id!r}"
            )
        classifier = cls(encoder, kind=str(facts.get("kind")), **head.get_params())
        classifier.head_ = head
        return classifier

    def _fitted(self) -> LinearHead:
        if not hasattr(self, "head_"):
            raise NotFitted("TextClassifier: call fit, or from_pretrained, first")
        return self.head_

    def _vectors(self, texts: Sequence[str]) -> Floats:
        encode = self.encoder.encode_query if self.kind == "query" else self.encoder.encode_document
        return encode(texts)
