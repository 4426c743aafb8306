"""Counts of all short runs of units, a week at a time, so that the past can be asked about any of them.

A run is known by a 64-bit hash of its units; nothing is spelled until it has come through the first gates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.elements.discovery.units import BREAK, Flags, Ints, Units

__all__ = ["Grams", "Keys", "Sketch", "count_grams", "gram_keys", "look_up"]

Keys = npt.NDArray[np.uint64]
Floats64 = npt.NDArray[np.float64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_SKETCH_BITS = 21


@dataclass(frozen=True, slots=True)
class Grams:
    """The runs of one week's texts.

    Attributes:
        keys: `(m,)` uint64, sorted, each once.
        n: `(m,)` int64, texts that hold it.
        weight: `(m,)` float64, sum over those texts of what each weighs.
        offset: `(m + 1,)` int64, where its occurrences begin and end in `doc` and `first`.
        doc: position of the text of each occurrence; a text counts once.
        first: position of its first unit.
        size: `(m,)` int64, units in the run.
    """

    keys: Keys
    n: Ints
    weight: Floats64
    offset: Ints
    doc: Ints
    first: Ints
    size: Ints


def gram_keys(ids: Ints, size: int) -> Keys:
    """Get the hashes of all runs of a size, `(len(ids) - size + 1,)`; those across breaks among them."""
    n = len(ids) - size + 1
    key = np.full(max(n, 0), size, np.uint64)
    with np.errstate(over="ignore"):
        for i in range(size):
            key = (key ^ ids[i : i + n].astype(np.uint64)) * _MULTIPLIER
            key ^= key >> np.uint64(29)
            key *= _MIX
            key ^= key >> np.uint64(32)
    return key


def count_grams(units: Units, weight_of: Floats64, sizes: tuple[int, ...]) -> Grams:
    """Count the runs of a week's texts that a word may be, and their parts.

    Args:
        units: of the texts.
        weight_of: `(n_texts,)` what each text adds to the weight of its runs.
        sizes: units in a run, ascending.
    """
    keys, docs, firsts, lengths = [], [], [], []
    whole: Flags = units.id != BREAK
    for size in sizes:
        n = len(units.id) - size + 1
        if n <= 0:
            continue
        if size == 1:  # all of them, as parts of longer runs
            valid = whole.copy()
        else:
            valid = units.may_end[:n] & units.may_end[size - 1 :]
            for i in range(1, size - 1):
                valid &= units.may_hold[i : i + n]
        first = np.flatnonzero(valid)
        keys.append(gram_keys(units.id, size)[first])
        docs.append(units.doc[first])
        firsts.append(first)
        lengths.append(np.full(len(first), size, np.int64))
    if not keys:
        empty = np.zeros(0, np.int64)
        return Grams(empty.astype(np.uint64), empty, empty.astype(float), np.zeros(1, np.int64), empty, empty, empty)  # fmt: skip
    key, doc = np.concatenate(keys), np.concatenate(docs)
    first, length = np.concatenate(firsts), np.concatenate(lengths)
    order = np.argsort(key, kind="stable")
    key, doc, first, length = key[order], doc[order], first[order], length[order]
    again = np.zeros(len(key), np.bool_)
    again[1:] = (key[1:] == key[:-1]) & (doc[1:] == doc[:-1])
    key, doc, first, length = key[~again], doc[~again], first[~again], length[~again]
    new = np.ones(len(key), np.bool_)
    new[1:] = key[1:] != key[:-1]
    begin = np.flatnonzero(new)
    offset = np.append(begin, len(key))
    weight = np.add.reduceat(weight_of[doc], begin) if len(begin) else np.zeros(0)
    return Grams(key[begin], np.diff(offset), weight, offset, doc, first, length[begin])


def look_up(wanted: Keys, grams: Grams) -> Ints:
    """Get the places of keys among a week's, `(len(wanted),)`, -1 where it does not hold them."""
    if not len(grams.keys):
        return np.full(len(wanted), -1, np.int64)
    place = np.minimum(np.searchsorted(grams.keys, wanted), len(grams.keys) - 1)
    return np.where(grams.keys[place] == wanted, place, -1)


class Sketch:
    """An upper bound of how many texts of the last weeks hold a run (a count-min sketch of one row)."""

    def __init__(self) -> None:
        self._counts = np.zeros(1 << _SKETCH_BITS, np.int64)

    def add(self, grams: Grams, sign: int = 1) -> None:
        """Add a week, or take one away."""
        np.add.at(self._counts, self._bucket(grams.keys), sign * grams.n)

    def at_least(self, keys: Keys, n: int) -> Flags:
        """Mark the keys that may reach a count."""
        return self._counts[self._bucket(keys)] >= n

    @staticmethod
    def _bucket(keys: Keys) -> Ints:
        return (keys >> np.uint64(64 - _SKETCH_BITS)).astype(np.int64)
