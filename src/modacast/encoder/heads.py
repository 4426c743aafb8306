"""Calibrated linear heads on the encoder's vectors.

The encoder stands still and a linear model reads its vectors ("linear probing"), which needs no torch and trains in
seconds. Its strength is chosen by cross-validation, and a temperature fitted on the same out-of-fold scores makes
its probabilities honest (Guo et al. 2017, "On Calibration of Modern Neural Networks").
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.weights import read_json
from modacast.errors import InvalidInput, NotFitted, StorageError
from modacast.types import Floats

__all__ = ["HEAD_JSON", "HeadReport", "Label", "LinearHead", "held_out_groups", "label_classes"]

HEAD_JSON, HEAD_TENSORS = "head.json", "head.safetensors"
_FORMAT = 1
_STRENGTHS = (0.0003, 0.003, 0.03, 0.3, 3.0)
_N_BINS = 10

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Label = str | int


@dataclass(frozen=True, slots=True)
class HeadReport:
    """How a head did on texts that it did not see, by cross-validation.

    Attributes:
        n_texts: that it learned from; of a fine-tuned head, those that it was measured with.
        n_folds: parts of the cross-validation; 1 for a single held-out part.
        strength: inverse of the regularisation, as scikit-learn's `C`; the one with the least log loss. 0 for a
            fine-tuned head, which has none.
        temperature: by which the scores are divided; above 1 they were too sure.
        accuracy: share of right answers, in [0, 1].
        log_loss: mean of -log(probability of the right answer), after calibration, in nats.
        calibration_error: mean distance between the probability of the answer and the share that was right, in
            ten groups by probability, in [0, 1].
    """

    n_texts: int
    n_folds: int
    strength: float
    temperature: float
    accuracy: float
    log_loss: float
    calibration_error: float


class LinearHead:
    """A calibrated linear classifier of vectors, in the manner of scikit-learn.

    Args:
        balanced: whether rare classes weigh as much as frequent ones.
        n_folds: parts of the cross-validation; fewer where a class has fewer distinct texts.
        seed: decides the folds.

    Attributes:
        classes_: the labels, sorted.
        coef_: `(k, d)` float64.
        intercept_: `(k,)` float64; probabilities are the softmax of `vectors @ coef_.T + intercept_`.
        report_: a `HeadReport`.

    >>> vectors = np.float32([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]])
    >>> LinearHead().fit(vectors, ["dress", "dress", "shoe", "shoe"]).predict(vectors).tolist()
    ['dress', 'dress', 'shoe', 'shoe']
    """

    classes_: npt.NDArray[Any]
    coef_: Doubles
    intercept_: Doubles
    report_: HeadReport

    def __init__(self, *, balanced: bool = False, n_folds: int = 5, seed: int = 0) -> None:
        self.balanced = balanced
        self.n_folds = n_folds
        self.seed = seed

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the constructor's arguments."""
        return {"balanced": self.balanced, "n_folds": self.n_folds, "seed": self.seed}

    def fit(
        self, vectors: Floats, labels: Sequence[Label], *, groups: Sequence[Any] | None = None
    ) -> LinearHead:
        """Learn from labelled vectors.

        Args:
            vectors: `(n, d)` float.
            labels: `(n,)` strings or whole numbers.
            groups: `(n,)` rows of the same group are never on both sides of the cross-validation; equal vectors
                are a group where None.

        Raises:
            InvalidInput: fewer than two classes, a class with fewer than two groups, vectors that are not finite,
                or lengths that disagree.
        """
        vectors = _checked(vectors)
        self.classes_, truth = label_classes(labels, len(vectors))
        groups = [row.tobytes() for row in vectors] if groups is None else list(groups)
        folds = _folds(truth, groups, self.n_folds, self.seed)
        tried = {c: self._out_of_fold(vectors, truth, folds, c) for c in _STRENGTHS}
        strength = min(_STRENGTHS, key=lambda c: _log_loss(tried[c] / _temperature(tried[c], truth), truth))
        self._calibrate(*self._linear(vectors, truth, strength), tried[strength], truth)
        self.report_ = replace(
            self.report_, n_texts=len(vectors), n_folds=int(folds.max()) + 1, strength=strength
        )
        return self

    def retuned(self, weights: Doubles, bias: Doubles, scores: Doubles, truth: Ints) -> LinearHead:
        """Get a head of the same classes with other weights, calibrated on held-out scores.

        Args:
            weights: `(k, d)`.
            bias: `(k,)`.
            scores: `(n, k)` what they say of held-out texts.
            truth: `(n,)` places of the right answers among `classes_`.
        """
        head = LinearHead(**self.get_params())
        head.classes_ = self.classes_
        head._calibrate(weights, bias, scores, truth)
        return head

    def _calibrate(self, weights: Doubles, bias: Doubles, scores: Doubles, truth: Ints) -> None:
        temperature = _temperature(scores, truth)
        self.coef_, self.intercept_ = weights / temperature, bias / temperature
        self.report_ = HeadReport(
            n_texts=len(truth),
            n_folds=1,
            strength=0.0,
            temperature=temperature,
            accuracy=float((scores.argmax(axis=1) == truth).mean()),
            log_loss=_log_loss(scores / temperature, truth),
            calibration_error=_calibration_error(_softmax(scores / temperature), truth),
        )

    def predict_proba(self, vectors: Floats) -> Doubles:
        """Get `(n, k)` float64 probabilities, in the order of `classes_`; each row sums to 1.

        Raises:
            NotFitted: `fit` was not called.
            InvalidInput: the vectors are of another width.
        """
        if not hasattr(self, "coef_"):
            raise NotFitted("LinearHead: call fit, or load, before predict")
        vectors = np.asarray(vectors)
        width = self.coef_.shape[1]
        if vectors.ndim != 2 or vectors.shape[1] != width:
            raise InvalidInput(f"expected vectors of shape (n, {width}), got {vectors.shape}")
        return _softmax(vectors @ self.coef_.T + self.intercept_)

    def predict(self, vectors: Floats) -> npt.NDArray[Any]:
        """Get the `(n,)` likeliest labels; raises as `predict_proba`."""
        likeliest: npt.NDArray[Any] = self.predict_proba(vectors).argmax(axis=1)
        return self.classes_[likeliest]

    def save(self, folder: Path, **facts: Any) -> None:
        """Write `head.safetensors` and `head.json`, with further facts, into an existing folder.

        Raises:
            NotFitted: `fit` was not called.
            StorageError: the folder cannot be written.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import save_file

        if not hasattr(self, "coef_"):
            raise NotFitted("LinearHead: call fit before save")
        body = {
            "format": _FORMAT,
            "classes": self.classes_.tolist(),
            "params": self.get_params(),
            "report": asdict(self.report_),
            **facts,
        }
        try:
            save_file({"coef": self.coef_, "intercept": self.intercept_}, folder / HEAD_TENSORS)
            text = json.dumps(body, ensure_ascii=False, indent=2)
            (folder / HEAD_JSON).write_text(text + "\n", encoding="utf-8")
        except (OSError, SafetensorError) as error:
            raise StorageError(f"the head cannot be written to {folder}: {error}") from error

    @classmethod
    def load(cls, folder: Path) -> LinearHead:
        """Read what `save` wrote.

        Raises:
            InvalidInput: there is no head, or a broken one.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        body = read_json(folder / HEAD_JSON)
        if body.get("format") != _FORMAT:
            raise InvalidInput(f"{folder / HEAD_JSON}: not of format {_FORMAT}; train the head anew")
        try:
            tensors = load_file(folder / HEAD_TENSORS)
            head = cls(**body["params"])
            head.classes_ = np.asarray(body["classes"])
            head.coef_, head.intercept_ = tensors["coef"], tensors["intercept"]
            head.report_ = HeadReport(**body["report"])
        except (OSError, SafetensorError, KeyError, TypeError) as error:
            raise InvalidInput(f"{folder}: holds no classification head ({error!r})") from error
        shapes = (head.coef_.ndim, len(head.coef_), head.intercept_.shape)
        if shapes != (2, len(head.classes_), head.classes_.shape):
            raise InvalidInput(f"{folder}: {len(head.classes_)} classes, but weights {head.coef_.shape}")
        return head

    def _out_of_fold(self, vectors: Floats, truth: Ints, folds: Ints, strength: float) -> Doubles:
        scores = np.empty((len(vectors), len(self.classes_)))
        for fold in np.unique(folds):
            held = folds == fold
            weights, bias = self._linear(vectors[~held], truth[~held], strength)
            scores[held] = vectors[held] @ weights.T + bias
        return scores

    def _linear(self, vectors: Floats, truth: Ints, strength: float) -> tuple[Doubles, Doubles]:
        """Get `(k, d)` weights and `(k,)` biases for vectors as they come."""
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        # vectors of one encoder lie in a narrow cone; standardised, one regularisation suits all directions
        mean, spread = vectors.mean(axis=0), vectors.std(axis=0)
        spread = np.where(spread < 1e-6, 1.0, spread)
        model = LogisticRegression(
            C=strength, max_iter=2000, class_weight="balanced" if self.balanced else None
        )
        with threadpool_limits(1):  # the sums, and so the weights, are the same on any number of cores
            model.fit((vectors - mean) / spread, truth)
        weights, bias = model.coef_, model.intercept_
        if len(weights) == 1:
            weights, bias = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        weights = weights / spread
        return weights, bias - weights @ mean


def _checked(vectors: Floats) -> Floats:
    vectors = np.asarray(vectors, np.float32)
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise InvalidInput(f"vectors must be finite and of shape (n, d); got shape {vectors.shape}")
    return vectors


def label_classes(labels: Sequence[Label], n: int) -> tuple[npt.NDArray[Any], Ints]:
    """Get the sorted labels, and the place of each row's label among them.

    Raises:
        InvalidInput: not `n` labels of one kind, or fewer than two classes.
    """
    if len(labels) != n:
        raise InvalidInput(f"{n} texts need one label each; got {len(labels)}")
    kinds = {str if isinstance(label, str) else int for label in labels}
    if len(kinds) > 1 or not all(isinstance(label, str | int | np.integer) for label in labels):
        raise InvalidInput("labels must be all strings, or all whole numbers")
    classes, truth = np.unique(np.asarray(list(labels)), return_inverse=True)
    if len(classes) < 2:
        raise InvalidInput(f"a classifier needs two classes or more; got {classes.tolist()}")
    return classes, truth.astype(np.int64)


def _folds(truth: Ints, groups: Sequence[Any], n_folds: int, seed: int) -> Ints:
    """Get each row's fold: groups stay together, and every fold has its share of each class."""
    place = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    group_of = np.asarray([place[group] for group in groups], np.int64)
    class_of = np.zeros(len(place), np.int64)
    class_of[group_of[::-1]] = truth[::-1]
    sizes = np.bincount(class_of, minlength=int(truth.max()) + 1)
    if sizes.min() < 2:
        raise InvalidInput("each class needs two distinct texts or more; one has " + str(int(sizes.min())))
    if n_folds < 2:
        raise InvalidInput(f"n_folds must be at least 2; got {n_folds}")
    n_folds = min(n_folds, int(sizes.min()))
    fold_of_group = np.empty(len(place), np.int64)
    rng = np.random.default_rng(seed)
    for label in range(len(sizes)):
        own = rng.permutation(np.flatnonzero(class_of == label))
        fold_of_group[own] = np.arange(len(own)) % n_folds
    return fold_of_group[group_of]


def held_out_groups(truth: Ints, groups: Sequence[Any], share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Get which rows to hold out: whole groups, of each class its share.

    Raises:
        InvalidInput: a class has fewer than two groups, or the share is not in (0, 0.5].
    """
    if not 0 < share <= 0.5:
        raise InvalidInput(f"the share to hold out must lie in (0, 0.5]; got {share}")
    held: npt.NDArray[np.bool_] = _folds(truth, groups, round(1 / share), seed) == 0
    return held


def _temperature(scores: Doubles, truth: Ints) -> float:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_t: _log_loss(scores / np.exp(log_t), truth), bounds=(-3, 3), method="bounded"
    )
    return float(np.exp(found.x))


def _softmax(scores: npt.NDArray[np.floating[Any]]) -> Doubles:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True)) if len(scores) else scores
    shares: Doubles = (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float64)
    return shares


def _log_loss(scores: Doubles, truth: Ints) -> float:
    shifted = scores - scores.max(axis=1, keepdims=True)
    own = shifted[np.arange(len(truth)), truth]
    return float((np.log(np.exp(shifted).sum(axis=1)) - own).mean())


def _calibration_error(shares: Doubles, truth: Ints) -> float:
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == truth
    bins = np.minimum((sure * _N_BINS).astype(int), _N_BINS - 1)
    return float(
        sum(
            abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean()
            for b in np.unique(bins)
        )
    )
