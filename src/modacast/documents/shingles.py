"""Near copies of texts: MinHash finds candidates, the shingles themselves decide.

MinHash and its banding are from Broder (1997), "On the resemblance and containment of documents", and Leskovec,
Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NearIndex", "Shingles", "shingle"]

Shingles = npt.NDArray[np.uint32]

_N_PERMUTATIONS = 128
_SEED = 42
_MIN_RECALL = 0.99
_CHARACTERS, _WORDS = 3, 2
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = frozenset(("zh", "ja"))


def shingle(text: str, lang: str) -> Shingles:
    """Get the distinct 32-bit hashes of a text's shingles, sorted, `(m,)`.

    Shingles are three characters in Chinese and Japanese, two words elsewhere; case and punctuation do not count.
    """
    words = _WORD.findall(text.lower())
    if lang in _UNSPACED:
        letters = "".join(words)
        parts = [letters[i : i + _CHARACTERS] for i in range(max(1, len(letters) - _CHARACTERS + 1))]
    else:
        parts = [" ".join(words[i : i + _WORDS]) for i in range(max(1, len(words) - _WORDS + 1))]
    return np.unique(np.fromiter((zlib.crc32(part.encode()) for part in parts), dtype=np.uint32))


class NearIndex:
    """Sets of shingles in the order in which they came, searchable for similar ones.

    Args:
        threshold: Jaccard similarity from which two sets are near copies.
    """

    def __init__(self, threshold: float) -> None:
        import rensa

        self._rensa = rensa
        self._threshold = threshold
        self._bands = rensa.RMinHashLSH(
            threshold, _N_PERMUTATIONS, _N_PERMUTATIONS // _rows_a_band(threshold)
        )
        self._sets: list[Shingles] = []

    def __len__(self) -> int:
        return len(self._sets)

    def sketch(self, shingles: Shingles) -> Any:
        """Get the MinHash of a set."""
        sketch = self._rensa.RMinHash(_N_PERMUTATIONS, _SEED)
        sketch.update([value.to_bytes(4, "little") for value in shingles.tolist()])
        return sketch

    def search(self, shingles: Shingles, sketch: Any) -> list[tuple[int, float]]:
        """Get the places and similarities of the sets that are near copies."""
        found = []
        for place in sorted(set(self._bands.query(sketch))):
            similarity = _jaccard(shingles, self._sets[place])
            if similarity >= self._threshold:
                found.append((int(place), similarity))
        return found

    def add(self, shingles: Shingles, sketch: Any) -> int:
        """Add a set; returns its place, from 0."""
        place = len(self._sets)
        self._bands.insert(place, sketch)
        self._sets.append(shingles)
        return place


def _rows_a_band(threshold: float) -> int:
    """Get the largest band size that still finds 99 % of the pairs at the threshold."""
    for n_rows in (16, 8, 4, 2):
        missed = (1 - threshold**n_rows) ** (_N_PERMUTATIONS // n_rows)
        if 1 - missed >= _MIN_RECALL:
            return n_rows
    return 1


def _jaccard(left: Shingles, right: Shingles) -> float:
    n_both = np.intersect1d(left, right, assume_unique=True).size
    return float(n_both / (left.size + right.size - n_both))
