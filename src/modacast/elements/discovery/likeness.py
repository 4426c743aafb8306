"""How much a text's surroundings are like those of fashion: a cheap first look that learns as the weeks go by.

Naive Bayes over pairs of neighbouring units (Maron 1961), whose labels are the lexicon's own: a text is about fashion
where `Relevance` says so. Every week is scored with what the weeks before have taught. The sum is divided by the root
of the number of pairs, since neighbouring pairs are far from independent.
"""

from __future__ import annotations

import numpy as np

from modacast.elements.discovery.grams import Floats64, gram_keys
from modacast.elements.discovery.units import BREAK, Ints, Units

__all__ = ["ABOUT_FASHION", "Likeness"]

_BITS = 20
ABOUT_FASHION = 0.5
"""The relevance from which a text counts as one about fashion."""


class Likeness:
    """Log-odds of texts to be about fashion, by their pairs of units.

    Attributes:
        n_fashion: texts about fashion that it has learned from.
        n_other: other texts.
    """

    def __init__(self) -> None:
        self._fashion = np.zeros(1 << _BITS, np.float32)
        self._other = np.zeros(1 << _BITS, np.float32)
        self.n_fashion = 0
        self.n_other = 0
        self._pairs = np.zeros(2)

    def score(self, units: Units, n: int) -> Floats64:
        """Get how like fashion texts are, `(n,)`; 0 for all where only one kind has been seen."""
        if not self.n_fashion or not self.n_other:
            return np.zeros(n)
        pair, doc = _pairs(units)
        fashion, other = self._pairs
        # what was never seen counts as often as the average pair of both kinds does
        share = fashion / (fashion + other)
        ratio = np.log((self._fashion[pair] + share) / (fashion + 1)) - np.log(
            (self._other[pair] + 1 - share) / (other + 1)
        )
        n_pairs = np.maximum(np.bincount(doc, minlength=n), 1)
        return np.asarray(np.bincount(doc, ratio, n) / np.sqrt(n_pairs), np.float64)

    def learn(self, units: Units, relevance: Floats64) -> None:
        """Learn from texts that are known to be about fashion or not.

        Args:
            units: of the texts.
            relevance: `(n,)` probability of being about fashion.
        """
        pair, doc = _pairs(units)
        is_fashion = relevance >= ABOUT_FASHION
        mine = is_fashion[doc]
        np.add.at(self._fashion, pair[mine], 1)
        np.add.at(self._other, pair[~mine], 1)
        self._pairs += (mine.sum(), (~mine).sum())
        self.n_fashion += int(is_fashion.sum())
        self.n_other += int((~is_fashion).sum())


def _pairs(units: Units) -> tuple[Ints, Ints]:
    both = (units.id[:-1] != BREAK) & (units.id[1:] != BREAK)
    keys = gram_keys(units.id, 2)[both]
    return (keys >> np.uint64(64 - _BITS)).astype(np.int64), units.doc[:-1][both]
