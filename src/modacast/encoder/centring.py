"""Brings the vectors of different languages together by taking each language's mean away.

A multilingual BERT's vectors say, before anything else, which language a text is in. Most of that is one
constant a language (Libovicky, Rosa and Fraser 2020, "On the Language Neutrality of Pre-trained Multilingual
Representations"), and a few hundred texts of each are enough to learn it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from modacast.errors import InvalidInput, NotFitted, StorageError
from modacast.types import Floats

__all__ = ["Centring"]


class Centring:
    """Per-language means, learned from a sample and taken away from any vectors of the same encoder.

    Attributes:
        means_: language code to its `(d,)` mean; set by `fit`.

    >>> vectors = np.array([[1, 0, 1], [1, 0, -1], [0, 1, 1], [0, 1, -1]], dtype=np.float32)
    >>> Centring().fit(vectors, ["zh", "zh", "en", "en"]).transform(vectors, ["zh", "zh", "en", "en"])
    array([[ 0.,  0.,  1.],
           [ 0.,  0., -1.],
           [ 0.,  0.,  1.],
           [ 0.,  0., -1.]], dtype=float32)
    """

    means_: dict[str, Floats]

    def fit(self, vectors: Floats, langs: Sequence[str]) -> Centring:
        """Learn the mean of each language.

        Args:
            vectors: `(n, d)` float32, best of a sample that has the same things in each language.
            langs: `(n,)` language codes.

        Raises:
            InvalidInput: the lengths disagree, or there is nothing.
        """
        codes = _codes(vectors, langs)
        if not len(codes):
            raise InvalidInput("centring needs at least one vector to learn from")
        self.means_ = {str(lang): vectors[codes == lang].mean(axis=0) for lang in np.unique(codes)}
        return self

    def transform(self, vectors: Floats, langs: Sequence[str]) -> Floats:
        """Get the vectors without their language's mean, L2-normalised again.

        Args:
            vectors: `(n, d)` float32.
            langs: `(n,)` language codes; one that `fit` never saw gets the mean of all means.

        Returns:
            `(n, d)` float32.

        Raises:
            NotFitted: `fit` was not called.
            InvalidInput: the lengths or widths disagree.
        """
        if not hasattr(self, "means_"):
            raise NotFitted("Centring: call fit, or load, before transform")
        codes = _codes(vectors, langs)
        other = np.mean(list(self.means_.values()), axis=0)
        if vectors.shape[1] != other.shape[0]:
            raise InvalidInput(f"expected vectors of width {other.shape[0]}, got {vectors.shape[1]}")
        centred = np.empty_like(vectors, dtype=np.float32)
        for lang in np.unique(codes):
            rows = codes == lang
            centred[rows] = vectors[rows] - self.means_.get(str(lang), other)
        lengths = np.linalg.norm(centred, axis=1, keepdims=True)
        centred /= np.where(lengths == 0, 1, lengths)
        return centred

    def save(self, path: str | Path) -> None:
        """Write the means as safetensors.

        Raises:
            NotFitted: `fit` was not called.
            StorageError: the file cannot be written.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import save_file

        if not hasattr(self, "means_"):
            raise NotFitted("Centring: call fit before save")
        try:
            save_file(self.means_, str(path))
        except (OSError, SafetensorError) as error:
            raise StorageError(f"{path} cannot be written: {error}") from error

    @classmethod
    def load(cls, path: str | Path) -> Centring:
        """Read what `save` wrote.

        Raises:
            InvalidInput: the file is missing, or no such file.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        centring = cls()
        try:
            centring.means_ = load_file(str(path))
        except (OSError, SafetensorError) as error:
            raise InvalidInput(f"{path}: holds no means of languages ({error})") from error
        return centring


def _codes(vectors: Floats, langs: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
    if vectors.ndim != 2 or len(vectors) != len(langs):
        raise InvalidInput(f"vectors of shape {vectors.shape} need one language each; got {len(langs)}")
    return np.asarray(list(langs), dtype=np.str_)
