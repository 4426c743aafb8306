"""Whether an ambiguous word is meant as fashion: `brown boots`, not `Mr Brown`.

A logistic regression on the language model's vector of the stretch around the word, with the word left out: the
surroundings decide, also about words that no example holds. (A second vector, of the stretch with the word,
doubled the work and decided no better in cross-validation.) Two numbers go with the vector: whether the text holds
a clear sign of fashion, and how much else it names near the word. The examples are the project's own, in
`data/senses.csv`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from modacast.elements.matcher import Flags, Ints, Matches, leftmost_longest
from modacast.elements.shipped import shipped_rows
from modacast.errors import InvalidInput, NotFitted, NotFound
from modacast.types import Floats

__all__ = ["Context", "Sense", "load_senses", "signs_beside"]

_HEADER = ("lang", "part", "surface", "is_fashion", "text")
_AROUND = 60
_GAP = "…"
_STRENGTH = 30.0
_SCALES = (0.5, 0.3)
_SEED = 0


@dataclass(frozen=True, slots=True)
class Sense:
    """One example of a word in a text.

    Attributes:
        lang: language code.
        part: `"train"`, or `"test"` and `"everyday"` for what the shipped model has not seen.
        start: first character of the word.
        end: one past its last.
        is_fashion: whether the word is meant as fashion.
        text: the text.
    """

    lang: str
    part: str
    start: int
    end: int
    is_fashion: bool
    text: str


class Context:
    """Gives the probability that words are meant as fashion.

    Args:
        encode: gets `(n, d)` float32, L2-normalised, of texts; `modacast.encoder.Encoder.encode` does.

    Attributes:
        weights_: `(d + 3,)` float32: of the vector, of the two signs, and the constant.
    """

    weights_: Floats

    def __init__(self, encode: Callable[[Sequence[str]], Floats]) -> None:
        self._encode = encode

    @classmethod
    def load(cls, encode: Callable[[Sequence[str]], Floats], path: str | Path | None = None) -> Context:
        """Open a saved model.

        Args:
            encode: the encoder that the model was fitted with.
            path: a file that `save` wrote; None for the shipped one, which goes with the bundled encoder.

        Raises:
            NotFound: there is no such file.
            InvalidInput: the file holds no such model.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if path is None:
            with as_file(files("modacast.elements") / "data" / "context.safetensors") as shipped:
                return cls.load(encode, shipped)
        if not Path(path).is_file():
            raise NotFound(f"context model {path} does not exist")
        try:
            tensors = load_file(path)
        except (SafetensorError, OSError) as error:
            raise InvalidInput(f"{path} is no context model: {error}") from error
        if set(tensors) != {"weights"} or tensors["weights"].ndim != 1:
            raise InvalidInput(
                f"{path} is no context model: it holds {', '.join(sorted(tensors)) or 'nothing'}"
            )
        model = cls(encode)
        model.weights_ = tensors["weights"].astype(np.float32)
        return model

    def save(self, path: str | Path) -> None:
        """Write the weights as safetensors.

        Raises:
            NotFitted: there are none yet.
        """
        from safetensors.numpy import save_file

        save_file({"weights": self._fitted()}, path)

    def fit(self, senses: Sequence[Sense], signs: Floats) -> Context:
        """Learn from examples.

        Args:
            senses: the examples, of both kinds.
            signs: `(n, 2)` of `signs_beside`.

        Raises:
            InvalidInput: the examples are all of one kind.
        """
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        truth = np.array([sense.is_fashion for sense in senses], dtype=np.bool_)
        if not truth.any() or truth.all():
            raise InvalidInput("a context model needs examples of both kinds: is_fashion 1 and 0")
        features = self._features(
            [sense.text for sense in senses],
            np.arange(len(senses)),
            np.array([sense.start for sense in senses]),
            np.array([sense.end for sense in senses]),
        )
        features = np.hstack([features, signs * np.array(_SCALES, np.float32)])
        middle = features.mean(axis=0)
        model = LogisticRegression(C=_STRENGTH, max_iter=2000, random_state=_SEED)
        with threadpool_limits(1):  # the sums, and so the weights, are the same on any number of cores
            model.fit(features - middle, truth)
        slope = model.coef_[0]
        constant = model.intercept_[0] - middle @ slope
        slope[-len(_SCALES) :] *= _SCALES
        self.weights_ = np.append(slope, constant).astype(np.float32)
        return self

    def probabilities(self, texts: Sequence[str], doc: Ints, start: Ints, end: Ints, signs: Floats) -> Floats:
        """Get the probability of each word that it is meant as fashion.

        Args:
            texts: what the words stand in.
            doc: `(n,)` int64, position of each word's text.
            start: `(n,)` int64, its first character.
            end: `(n,)` int64, one past its last.
            signs: `(n, 2)` of `signs_beside`.

        Returns:
            `(n,)` float32 in [0, 1].

        Raises:
            NotFitted: nothing was learned yet.
            InvalidInput: the encoder's vectors have another width than those that the model was fitted with.
        """
        weights = self._fitted()
        if not len(doc):
            return np.zeros(0, np.float32)
        features = self._features(texts, doc, start, end)
        width = len(weights) - len(_SCALES) - 1
        if features.shape[1] != width:
            raise InvalidInput(
                f"the context model was fitted with an encoder of width {width}; "
                f"this one has {features.shape[1]}"
            )
        logit = features @ weights[:width] + signs @ weights[width:-1] + weights[-1]
        return (1.0 / (1.0 + np.exp(-logit))).astype(np.float32)

    def _features(self, texts: Sequence[str], doc: Ints, start: Ints, end: Ints) -> Floats:
        spans = zip(doc.tolist(), start.tolist(), end.tolist(), strict=True)
        return self._encode(
            [
                f"{texts[d][max(0, first - _AROUND) : first]}{_GAP}{texts[d][last : last + _AROUND]}"
                for d, first, last in spans
            ]
        )

    def _fitted(self) -> Floats:
        if not hasattr(self, "weights_"):
            raise NotFitted("this context model has learned nothing yet; call fit() or Context.load()")
        return self.weights_


def signs_beside(mentions: Matches, words: Ints, is_clear: Flags) -> Floats:
    """Get what stands beside words, as two numbers each.

    Args:
        mentions: everything that a batch of texts names.
        words: `(n,)` the mentions that are asked about.
        is_clear: `(n,)` whether the text of each holds a clear sign of fashion.

    Returns:
        `(n, 2)` float32: 1 for a clear sign, and log(1 + other mentions within 60 characters).
    """
    top = leftmost_longest(mentions)
    if not len(words):
        return np.zeros((0, len(_SCALES)), np.float32)
    width = int(mentions.end.max()) + 2 * _AROUND
    start = mentions.doc * width + mentions.start
    end = start + mentions.end - mentions.start
    others, own = start[top], top[words].astype(np.int64)
    first = np.searchsorted(others, start[words] - _AROUND, side="left")
    last = np.searchsorted(others, end[words] + _AROUND, side="left")
    near = np.log1p(np.maximum(0, last - first - own))
    return np.stack([is_clear, near], axis=1).astype(np.float32)


def load_senses(path: str | Path | None = None) -> list[Sense]:
    """Read examples: CSV with the columns `lang,part,surface,is_fashion,text`; None for the project's own.

    Raises:
        NotFound: there is no such file.
        InvalidInput: a row is wrong; the message tells its line.
    """
    senses = []
    for row in shipped_rows("senses.csv", _HEADER, path):
        lang, part, surface, is_fashion, text = row.values
        start = text.lower().find(surface.lower())
        if not surface or start < 0 or is_fashion not in {"0", "1"}:
            raise InvalidInput(f"{row.where}: needs a surface that stands in the text, and is_fashion 0 or 1")
        senses.append(Sense(lang, part, start, start + len(surface), is_fashion == "1", text))
    return senses
