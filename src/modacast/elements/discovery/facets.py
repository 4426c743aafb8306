"""What kind of element a new word is: by its vector and its letters, and by what it stands in and beside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.elements.discovery.grams import Floats64
from modacast.elements.discovery.stories import MASK
from modacast.elements.discovery.units import Ints
from modacast.types import FACETS, Floats

__all__ = ["ContextFacets", "WordFacets", "likely_facets"]

_LEAST = 0.01
_STRENGTH = 10.0
_EXPONENT = 0.7
_FEWEST_CLASSES = 2
_SIZES = (1, 2)
_UNITS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|[^\w\s]")


def likely_facets(*logs: Floats64) -> Floats64:
    """Pool what several sides say into `(n, len(FACETS))` probabilities: a product of experts, tempered.

    Args:
        logs: `(n, len(FACETS))` each, as the two classes here give them.
    """
    total = _EXPONENT * np.sum(logs, axis=0)
    chance = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(chance / chance.sum(axis=1, keepdims=True), np.float64)


class WordFacets:
    """Tells the facet of a word by the word: by its vector, and by its letters and its end (`…领`, `…纹`).

    Two logistic regressions learn from names of the lexicon, whose facets weigh the same.
    """

    def fit(self, vectors: Floats, facets: Ints, words: Sequence[str], of_words: Ints) -> WordFacets:
        """Learn.

        Args:
            vectors: `(n, d)` centred vectors of labels.
            facets: `(n,)` position of each label's facet in `FACETS`.
            words: more names, which need no vectors.
            of_words: `(len(words),)` their facets.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._by_vector = _regression(vectors, facets, balanced=True)
        self._letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
        several = len(set(of_words.tolist())) >= _FEWEST_CLASSES
        self._by_letters = (
            _regression(self._letters.fit_transform(words), of_words, balanced=True) if several else None
        )
        return self

    def logs(self, words: Sequence[str], vectors: Floats) -> Floats64:
        """Get how likely words belong to each facet, `(n, len(FACETS))` logarithms; 0 where nothing was learned."""
        logs = _logs(self._by_vector, vectors)
        return (
            logs
            if self._by_letters is None
            else logs + _logs(self._by_letters, self._letters.transform(words))
        )


class ContextFacets:
    """Tells the facet of a word by its texts without it: by their vectors, and by what stands in them and beside it.

    Two logistic regressions learn from the lexicon's words as the corpus uses them.
    """

    def fit(
        self, vectors: Floats, owner: Ints, facets: Ints, texts: Sequence[Sequence[str]]
    ) -> ContextFacets:
        """Learn.

        Args:
            vectors: `(m, d)` of masked texts.
            owner: `(m,)` which word each text is of.
            facets: `(n,)` position of each word's facet in `FACETS`; words with -1 teach nothing.
            texts: `(n,)` the masked texts of each word.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        mine = facets[owner] >= 0
        self._by_vector = _regression(vectors[mine], facets[owner][mine], balanced=False)
        known = [i for i in np.flatnonzero(facets >= 0).tolist() if texts[i]]
        self._beside = TfidfVectorizer(analyzer=_stands_beside, sublinear_tf=True, min_df=2)
        self._by_units = None
        if self._by_vector is not None:
            try:
                units = self._beside.fit_transform([texts[i] for i in known])
            except ValueError:  # nothing stands in two texts
                return self
            self._by_units = _regression(units, facets[known], balanced=True)
        return self

    def logs(self, vectors: Floats, owner: Ints, texts: Sequence[Sequence[str]]) -> Floats64:
        """Get how likely words belong to each facet, `(n, len(FACETS))` logarithms; 0 where nothing is known."""
        n = len(texts)
        result = np.zeros((n, len(FACETS)))
        read = np.flatnonzero(np.bincount(owner, minlength=n))
        if self._by_vector is None or not len(read):
            return result
        total = np.zeros((n, len(FACETS)))
        np.add.at(total, owner, _logs(self._by_vector, vectors, least=1e-6))
        mean = np.exp(total[read] / np.bincount(owner, minlength=n)[read, None])
        result[read] = np.log(mean / mean.sum(axis=1, keepdims=True) + _LEAST)
        if self._by_units is not None:
            result[read] += _logs(self._by_units, self._beside.transform([texts[i] for i in read.tolist()]))
        return result


def _stands_beside(texts: Sequence[str]) -> list[str]:
    """Get what stands in masked texts, and marked as such, what stands right before and after the masked word."""
    found: list[str] = []
    for text in texts:
        parts = [_UNITS.findall(part) for part in text.split(MASK)]
        found += dict.fromkeys(unit for part in parts for unit in part)
        for before, after in pairwise(parts):
            found += [f"{''.join(before[-size:])}<" for size in _SIZES]
            found += [f">{''.join(after[:size])}" for size in _SIZES]
    return found


def _regression(features: Any, facets: npt.NDArray[np.int64], *, balanced: bool) -> Any:
    """Fit a logistic regression; None with fewer than two facets."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if len(set(facets.tolist())) < _FEWEST_CLASSES:
        return None
    weights = "balanced" if balanced else None
    with threadpool_limits(1):  # so small a problem is solved more slowly by many threads, and others wait
        return LogisticRegression(C=_STRENGTH, class_weight=weights, max_iter=300).fit(features, facets)


def _logs(model: Any, features: Any, least: float = _LEAST) -> Floats64:
    result = np.full((features.shape[0], len(FACETS)), np.log(least))
    if model is None:
        return np.zeros_like(result)
    result[:, model.classes_] = np.log(model.predict_proba(features) + least)
    return result
