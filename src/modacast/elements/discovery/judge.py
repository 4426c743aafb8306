"""Whether a word is one of fashion, by a BERT that was never told: the lexicon's own words are the examples.

What is learned from: words of the lexicon in the corpus' own texts, each masked where it stands, against other words
of the same texts that the lexicon lacks. Two logistic regressions read the encoder's vectors: one that of the word, one
those of its texts without it; a third puts them together with two plain measures of those texts, from scores that the first two gave to words that they had not
seen (stacking; Wolpert 1992). Few of the other words are fashion in truth, so that they may stand for the rest (Elkan
and Noto 2008, "Learning Classifiers from Only Positive and Unlabeled Data").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.elements.discovery.facets import ContextFacets
from modacast.elements.discovery.grams import Floats64
from modacast.elements.discovery.units import Flags, Ints
from modacast.types import FACETS, Floats

__all__ = ["Encode", "Example", "Judge", "Judgement"]

Encode = Callable[[Sequence[str]], Floats]
"""Texts to `(n, d)` float32 vectors."""

_N_FOLDS = 5
_STRENGTH_WORD, _STRENGTH_CONTEXT = 10.0, 10.0
_FEWEST = 30
_CONTEXTS = 4
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Example:
    """A word in its texts.

    Attributes:
        word: folded.
        texts: folded texts that held it, masked; a word without any teaches what words look like alone.
        facet: position in `FACETS`; -1 for a word that the lexicon lacks.
        likeness: mean log-odds of its texts to be about fashion, without the word.
        relevance: their mean relevance, without the word.
    """

    word: str
    texts: tuple[str, ...]
    facet: int = -1
    likeness: float = 0.0
    relevance: float = 0.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge says of words.

    Attributes:
        probability: `(n,)` of being a word of fashion, in [0, 1].
        by_word: `(n,)` log-odds by the word alone.
        by_context: `(n,)` log-odds by its texts alone.
        vectors: `(n, d)` of the words.
        facets: `(n, len(FACETS))` how likely their texts hold a word of each facet, as logarithms; 0 where that is not
            known.
    """

    probability: Floats64
    by_word: Floats64
    by_context: Floats64
    vectors: Floats
    facets: Floats64

    def where(self, rows: Sequence[int]) -> Judgement:
        """Get the judgement of some of the words."""
        at = list(rows)
        return Judgement(*(getattr(self, name)[at] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class _Line:
    """A logistic regression: log-odds are `x @ weights + bias`."""

    weights: Floats64
    bias: float

    def __call__(self, x: npt.NDArray[np.floating]) -> Floats64:
        return np.asarray(x @ self.weights + self.bias, np.float64)


class Judge:
    """Learns what words of fashion look like and stand in, and judges others.

    Args:
        encode: the language model.
        seed: decides the folds.

    Attributes:
        is_fitted: whether there were examples enough to learn from.
        auc_: area under the ROC curve on words that it did not learn from, by cross-validation; set by `fit`.
    """

    def __init__(self, encode: Encode, *, seed: int = 0) -> None:
        self._encode = encode
        self._seed = seed
        self._known: dict[str, Floats] = {}
        self._facet = ContextFacets()
        self.is_fitted = False

    def fit(self, examples: Sequence[Example]) -> Judge:
        """Learn from words of the lexicon (`facet >= 0`) and others; does nothing with fewer than 30 of either."""
        truth = np.array([example.facet >= 0 for example in examples], np.bool_)
        read = np.array([bool(example.texts) for example in examples], np.bool_)
        if min((truth & read).sum(), (~truth & read).sum()) < _FEWEST:
            return self
        words = self._vectors([example.word for example in examples])
        owner, contexts = self._contexts(examples)
        folds = self._folds(examples)
        scores = np.zeros((len(examples), 4))
        scores[:, 2:] = _around(examples)
        for fold in range(_N_FOLDS):
            out = folds == fold
            word, context = self._lines(words, contexts, owner, truth, ~out)
            scores[out, 0] = word(words[out])
            scores[out, 1] = _mean_of(context(contexts), owner, len(examples))[out]
        self._word, self._context = self._lines(words, contexts, owner, truth, np.ones(len(truth), np.bool_))
        self._both = _regress(scores[read], truth[read], 1.0)
        self.auc_ = _auc(self._both(scores[read]), truth[read])
        facets = np.array([example.facet for example in examples])
        self._facet = ContextFacets().fit(contexts, owner, facets, _texts(examples))
        self.is_fitted = True
        return self

    def judge(self, examples: Sequence[Example]) -> Judgement:
        """Judge words in their texts; half for all where `fit` had too few examples."""
        words = self._vectors([example.word for example in examples])
        owner, contexts = self._contexts(examples)
        n = len(examples)
        if not self.is_fitted:
            half, zero = np.full(n, 0.5), np.zeros(n)
            return Judgement(half, zero, zero, words, np.zeros((n, len(FACETS))))
        by_word = self._word(words)
        by_context = _mean_of(self._context(contexts), owner, n)
        log_odds = self._both(np.column_stack([by_word, by_context, _around(examples)]))
        probability = 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
        facets = self._facet.logs(contexts, owner, _texts(examples))
        return Judgement(probability, by_word, by_context, words, facets)

    def _folds(self, examples: Sequence[Example]) -> Ints:
        """Get the part of each word; a word that stands twice is in one part."""
        words = list(dict.fromkeys(example.word for example in examples))
        drawn = np.random.default_rng(self._seed).integers(0, _N_FOLDS, len(words))
        part = dict(zip(words, drawn.tolist(), strict=True))
        return np.array([part[example.word] for example in examples], np.int64)

    def _contexts(self, examples: Sequence[Example]) -> tuple[Ints, Floats]:
        texts = [(i, text) for i, some in enumerate(_texts(examples)) for text in some]
        owner = np.array([i for i, _ in texts], np.int64)
        return owner, self._vectors([text for _, text in texts])

    def _lines(
        self, words: Floats, contexts: Floats, owner: Ints, truth: Flags, used: Flags
    ) -> tuple[_Line, _Line]:
        mine = used[owner]
        return (
            _regress(words[used], truth[used], _STRENGTH_WORD),
            _regress(contexts[mine], truth[owner][mine], _STRENGTH_CONTEXT),
        )

    def _vectors(self, texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encode(new), strict=True))
        if not texts:
            return np.zeros((0, 1), np.float32)
        return np.stack([self._known[text] for text in texts])


def _regress(x: npt.NDArray[np.floating], truth: Flags, strength: float) -> _Line:
    """Fit a logistic regression on centred columns, both classes of one weight."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    middle = x.mean(axis=0)
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=300)
    with threadpool_limits(1):  # so small a problem is solved more slowly by many threads, and others wait
        model.fit(x - middle, truth)
    weights = model.coef_[0].astype(np.float64)
    return _Line(weights, float(model.intercept_[0]) - float(middle @ weights))


def _texts(examples: Sequence[Example]) -> list[tuple[str, ...]]:
    return [example.texts[:_CONTEXTS] for example in examples]


def _around(examples: Sequence[Example]) -> Floats64:
    return np.array([(e.likeness, e.relevance) for e in examples], np.float64).reshape(-1, 2)


def _mean_of(values: Floats64, owner: Ints, n: int) -> Floats64:
    return np.asarray(
        np.bincount(owner, values, n) / np.maximum(np.bincount(owner, minlength=n), 1), np.float64
    )


def _auc(scores: Floats64, truth: Flags) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, scores))
