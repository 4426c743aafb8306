"""One attribute: a classifier of titles and the lexicon's answer, weighed by what they were worth on unseen titles.

A multinomial logistic regression over TF-IDF features gives a probability of each label, the lexicon names one label or
none. Both are combined as a logarithmic pool (a product of experts): `a * log p + b` for the label that the lexicon
names. `a` and `b` are fitted on titles that the regression had not seen, so that the result is calibrated, too (Guo et
al. 2017; stacking, Wolpert 1992); a prior holds them where there are few examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modacast.types import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["AttributeModel", "AttributeReport", "Filled"]

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FEWEST = 5
# chosen on folds of Myntra's titles whose hash is even
_STRENGTH = 10.0
_MANY, _MOST_FOLDS = 2_000, 5
_TRUST = 0.8
_PRIOR_TITLES = 5.0
_SCALES = np.geomspace(0.125, 4.0, 16)
_N_BONUSES = 25
_MOST_BONUS = 12.0
_N_BINS = 10


@dataclass(frozen=True, slots=True)
class AttributeReport:
    """What an attribute was learned from, and how well titles were filled in that it had not seen.

    Attributes:
        n_titles: with a label.
        n_labels: different ones.
        n_rare: labels with fewer than five titles.
        accuracy: share of unseen titles with the right label, in [0, 1]; None where there were too few titles.
        by_lexicon: the same of the lexicon alone.
        calibration_error: mean distance between the probability of the answer and the share that was right.
        scale: `a`; 0 where the lexicon answers alone.
        bonus: `b`, in nats.
    """

    n_titles: int
    n_labels: int
    n_rare: int
    accuracy: float | None
    by_lexicon: float | None
    calibration_error: float | None
    scale: float
    bonus: float


@dataclass(frozen=True, slots=True)
class Filled:
    """The likeliest label of one title.

    Attributes:
        label: None where none is likely enough.
        probability: of the likeliest label, in [0, 1], given or not.
        by_lexicon: whether the lexicon names the same label.
    """

    label: str | None
    probability: float
    by_lexicon: bool


@dataclass(frozen=True, slots=True)
class AttributeModel:
    """What was learned about one attribute.

    Attributes:
        labels: the shop's own names.
        known: element id to the labels that mean it.
        weights: `(n_labels, n_features)` float32; labels without a title have a row of zeros.
        bias: `(n_labels,)` float32.
        n_learned: titles that the regression was learned from; 0 where the lexicon answers alone.
        report: how it did.
    """

    labels: tuple[str, ...]
    known: dict[str, tuple[str, ...]]
    weights: Floats
    bias: Floats
    n_learned: int
    report: AttributeReport

    @classmethod
    def fit(
        cls,
        features: csr_matrix,
        truth: Sequence[str],
        readings: Sequence[str | None],
        *,
        labels: Sequence[str],
        known: Mapping[str, tuple[str, ...]],
        groups: Sequence[str],
        seed: int = 0,
    ) -> AttributeModel:
        """Learn.

        Args:
            features: `(n, n_features)` of the titles.
            truth: their labels.
            readings: the label that the lexicon gives each title.
            labels: all labels, those included that no title has.
            known: element id to the labels that mean it.
            groups: equal titles have equal groups, and are not torn apart when it is measured.
            seed: decides the folds.
        """
        place = {label: number for number, label in enumerate(labels)}
        y = np.array([place[label] for label in truth], dtype=np.int64)
        named = _places(readings, place)
        folds = _folds(groups, seed)
        unseen, scores = _out_of_fold(features, y, folds, len(labels))
        counts = Counter(truth)
        rare = sum(n < _FEWEST for n in counts.values())
        if not len(unseen):
            bonus = _prior_bonus(len(labels))
            report = AttributeReport(len(y), len(labels), rare, None, None, None, 0.0, bonus)
            weights = np.zeros((len(labels), features.shape[1]), np.float32)
            return cls(tuple(labels), dict(known), weights, np.zeros(len(labels), np.float32), 0, report)
        scale, bonus = _pool(scores, named[unseen], y[unseen])
        weights, bias = _regression(features, y, len(labels))
        shares = _softmax(_pooled(scores, named[unseen], scale, bonus))
        right = shares.argmax(axis=1) == y[unseen]
        report = AttributeReport(
            n_titles=len(y),
            n_labels=len(labels),
            n_rare=rare,
            accuracy=round(float(right.mean()), 4),
            by_lexicon=round(float((named[unseen] == y[unseen]).mean()), 4),
            calibration_error=round(_calibration_error(shares, y[unseen]), 4),
            scale=scale,
            bonus=bonus,
        )
        return cls(tuple(labels), dict(known), weights, bias, len(y), report)

    def shares(self, features: csr_matrix, readings: Sequence[str | None]) -> Doubles:
        """Get `(n, n_labels)` float64, the probability of each label.

        Args:
            features: `(n, n_features)` of the titles.
            readings: the label that the lexicon gives each title.
        """
        named = _places(readings, {label: number for number, label in enumerate(self.labels)})
        if not self.n_learned:
            logs = np.zeros((len(named), len(self.labels)))
        else:
            logs = _logs(features, self.weights, self.bias, self.n_learned)
        return _softmax(_pooled(logs, named, self.report.scale, self.report.bonus))

    def fill(
        self, features: csr_matrix, readings: Sequence[str | None], *, least: float = 0.5
    ) -> list[Filled]:
        """Get the likeliest label of each title, where it has a probability of `least` or more."""
        shares = self.shares(features, readings)
        best = shares.argmax(axis=1)
        filled = []
        for row, (number, reading) in enumerate(zip(best.tolist(), readings, strict=True)):
            share, label = float(shares[row, number]), self.labels[number]
            is_sure = share >= least and (self.n_learned > 0 or reading is not None)
            filled.append(Filled(label if is_sure else None, share, reading == label))
        return filled


def _places(readings: Sequence[str | None], place: Mapping[str, int]) -> Ints:
    return np.array([-1 if r is None else place[r] for r in readings], dtype=np.int64)


def _folds(groups: Sequence[str], seed: int) -> Ints:
    """Deal titles to five folds, equal ones to the same; of many titles one fold is enough to measure with."""
    numbers = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    dealt = np.random.default_rng(seed).permutation(len(numbers)) % _MOST_FOLDS
    return np.array([dealt[numbers[group]] for group in groups], dtype=np.int64)


def _out_of_fold(features: Any, y: Ints, folds: Ints, n_labels: int) -> tuple[Ints, Doubles]:
    """Get the titles that were left out once, and the logarithm of what each label got then."""
    rows: list[Ints] = []
    scores: list[Doubles] = []
    if len(y) < _FEWEST or len(np.unique(y)) < 2 or not features.shape[1]:
        return np.zeros(0, np.int64), np.zeros((0, n_labels))
    for fold in range(1 if len(y) > _MANY else _MOST_FOLDS):
        seen, left = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        if not len(left) or len(np.unique(y[seen])) < 2:
            continue
        weights, bias = _regression(features[seen], y[seen], n_labels)
        rows.append(left)
        scores.append(_logs(features[left], weights, bias, len(seen)))
    if not rows:
        return np.zeros(0, np.int64), np.zeros((0, n_labels))
    return np.concatenate(rows), np.concatenate(scores)


def _regression(features: Any, y: Ints, n_labels: int) -> tuple[Floats, Floats]:
    """Get weights and bias, one row a label; those without a title stay at zero and get a bias out of reach."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # the sums, and so the weights, are the same on any number of cores
        learned: Any = LogisticRegression(C=_STRENGTH, max_iter=300, tol=1e-3).fit(features, y)
    slope, constant = learned.coef_, learned.intercept_
    if len(slope) == 1:  # two classes have one row in scikit-learn
        slope, constant = np.vstack([-slope, slope]) / 2, np.concatenate([-constant, constant]) / 2
    weights = np.zeros((n_labels, features.shape[1]), np.float32)
    bias = np.full(n_labels, -1e4, np.float32)
    weights[learned.classes_], bias[learned.classes_] = slope, constant
    return weights, bias


def _logs(features: Any, weights: Floats, bias: Floats, n_learned: int) -> Doubles:
    """Get log-probabilities; what few examples left out keeps a share (Laplace's rule, one title a label)."""
    shares = _softmax(np.asarray(features @ weights.T, dtype=np.float64) + bias)
    n_labels = len(bias)
    rest = n_labels / (n_labels + n_learned)
    return np.log((1 - rest) * shares + rest / n_labels)


def _pooled(logs: Doubles, named: Ints, scale: float, bonus: float) -> Doubles:
    scores = scale * logs
    rows = np.flatnonzero(named >= 0)
    scores[rows, named[rows]] += bonus
    return scores


def _prior_bonus(n_labels: int) -> float:
    """Get the bonus with which the lexicon's answer alone has a probability of 0.8."""
    return float(np.log(max(1, n_labels - 1) * _TRUST / (1 - _TRUST)))


def _pool(logs: Doubles, named: Ints, y: Ints) -> tuple[float, float]:
    """Get `a` and `b` with the least log loss, of those that are right as often as the lexicon alone or more.

    A prior worth some titles holds them near 1 and near the bonus of the lexicon alone.
    """
    usual = _prior_bonus(logs.shape[1])
    by_lexicon = float((named == y).mean())
    tried: list[tuple[bool, float, float, float]] = []
    for scale in _SCALES:
        for bonus in np.append(np.linspace(0, _MOST_BONUS, _N_BONUSES), usual):
            shares = _softmax(_pooled(logs, named, float(scale), float(bonus)))
            loss = float(-np.log(np.maximum(shares[np.arange(len(y)), y], 1e-12)).sum())
            prior = _PRIOR_TITLES / 2 * (np.log(scale) ** 2 + ((bonus - usual) / 2) ** 2)
            falls_behind = float((shares.argmax(axis=1) == y).mean()) < by_lexicon
            tried.append((falls_behind, loss + float(prior), float(scale), float(bonus)))
    return min(tried)[2:]


def _calibration_error(shares: Doubles, y: Ints) -> float:
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == y
    group = np.minimum((sure * _N_BINS).astype(np.int64), _N_BINS - 1)
    return sum(abs(float((sure - right)[group == g].sum())) for g in range(_N_BINS)) / max(1, len(y))


def _softmax(scores: Doubles) -> Doubles:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)
