"""Rankers: from the features of candidates to scores, with each feature's part in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.errors import InvalidInput, NotFitted
from modacast.recommend.features import FEATURES
from modacast.types import Floats

__all__ = ["LightGBMRanker", "LinearRanker", "ranker_from_dict"]

DEFAULT_WEIGHTS: Mapping[str, float] = {
    "similar": 1.2,
    "session": 0.6,
    "bought_together": 1.0,
    "again": 1.0,
    "popular": 1.0,
    "trend": 0.3,
    "trend_for_you": 0.4,
    "affinity": 0.8,
    "value": 0.2,
    "price": 0.3,
    "new": 0.2,
}
"""Weights to start from, before there is feedback: every channel speaks, none decides alone."""


class LinearRanker:
    """A weighted sum with weights of 0 or more.

    Learns by pairwise logistic loss (Burges et al. 2005): within a list, what was taken should score above
    what was not, with a pull towards the weights that it started from.

    Args:
        weights: feature to weight; the defaults where None.
        pull: strength of the pull towards the starting weights.
    """

    def __init__(self, weights: Mapping[str, float] | None = None, *, pull: float = 1.0) -> None:
        given = dict(DEFAULT_WEIGHTS if weights is None else weights)
        unknown = sorted(set(given) - set(FEATURES))
        if unknown:
            raise InvalidInput(f"unknown feature(s) {', '.join(unknown)}; there are {', '.join(FEATURES)}")
        self.weights_ = np.array([given.get(name, 0.0) for name in FEATURES], dtype=np.float64)
        self.pull = pull

    def fit(self, features: Floats, labels: Floats, groups: npt.NDArray[np.int64]) -> LinearRanker:
        """Learn the weights; see `modacast.types.Ranker.fit`."""
        from scipy.optimize import minimize

        differences = _pairs(features, labels, groups)
        if differences.size == 0:
            return self
        start = self.weights_.copy()

        def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            margin = differences @ weights
            wrong = 1.0 / (1.0 + np.exp(np.clip(margin, -50, 50)))
            away = weights - start
            value = float(np.logaddexp(0, -margin).mean() + self.pull / len(differences) * (away @ away))
            slope = -(differences * wrong[:, None]).mean(axis=0) + 2 * self.pull / len(differences) * away
            return value, slope

        bounds = [(0.0, None)] * len(FEATURES)
        self.weights_ = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
        return self

    def predict(self, features: Floats) -> Floats:
        """Get `(n,)` scores."""
        return (features @ self.weights_).astype(np.float32)

    def contributions(self, features: Floats) -> Floats:
        """Get `(n, f)` parts that add up to the scores."""
        return (features * self.weights_).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Get the weights by name."""
        return {"kind": "linear", "weights": dict(zip(FEATURES, self.weights_.tolist(), strict=True))}


class LightGBMRanker:
    """Gradient-boosted trees under LambdaMART (Burges 2010), monotone: no feature counts against an item.

    Args:
        n_trees: trees.
        n_leaves: leaves of a tree.
        seed: of the learner.
    """

    def __init__(self, *, n_trees: int = 120, n_leaves: int = 15, seed: int = 0) -> None:
        self.n_trees = n_trees
        self.n_leaves = n_leaves
        self.seed = seed
        self.model_: Any = None

    def fit(self, features: Floats, labels: Floats, groups: npt.NDArray[np.int64]) -> LightGBMRanker:
        """Learn the trees; labels in [0, 1] become four grades."""
        import lightgbm

        parameters = {
            "objective": "lambdarank",
            "learning_rate": 0.05,
            "num_leaves": self.n_leaves,
            "min_data_in_leaf": 20,
            "monotone_constraints": [1] * len(FEATURES),
            "lambda_l2": 1.0,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 2,
            "verbosity": -1,
        }
        grades = np.round(np.clip(labels, 0, 1) * 3).astype(np.int64)
        data = lightgbm.Dataset(features, grades, group=groups, feature_name=list(FEATURES))
        self.model_ = lightgbm.train(parameters, data, num_boost_round=self.n_trees)
        return self

    def predict(self, features: Floats) -> Floats:
        """Get `(n,)` scores."""
        return np.asarray(self._fitted().predict(features, num_threads=1), dtype=np.float32)

    def contributions(self, features: Floats) -> Floats:
        """Get `(n, f)` exact SHAP values (Lundberg et al. 2020); with a constant they add up to the scores."""
        parts = self._fitted().predict(features, pred_contrib=True, num_threads=1)
        return np.asarray(parts, dtype=np.float32)[:, :-1]

    def to_dict(self) -> dict[str, Any]:
        """Get the trees in LightGBM's text format."""
        return {"kind": "lightgbm", "model": self._fitted().model_to_string()}

    def _fitted(self) -> Any:
        if self.model_ is None:
            raise NotFitted("LightGBMRanker is not fitted; call fit first")
        return self.model_


def ranker_from_dict(stored: Mapping[str, Any]) -> LinearRanker | LightGBMRanker:
    """Rebuild what a ranker's `to_dict` gave.

    Raises:
        InvalidInput: it is of an unknown kind.
    """
    if stored.get("kind") == "linear":
        return LinearRanker({k: v for k, v in stored["weights"].items() if k in FEATURES})
    if stored.get("kind") == "lightgbm":
        import lightgbm

        ranker = LightGBMRanker()
        ranker.model_ = lightgbm.Booster(model_str=stored["model"])
        return ranker
    raise InvalidInput(f"unknown kind of ranker {stored.get('kind')!r}; there are 'linear' and 'lightgbm'")


def _pairs(features: Floats, labels: Floats, groups: Sequence[int] | npt.NDArray[np.int64]) -> Floats:
    """Differences of features between what was taken and what was not, within each list."""
    found: list[Floats] = []
    start = 0
    rng = np.random.default_rng(0)
    for size in groups:
        span = slice(start, start + int(size))
        start += int(size)
        x, y = features[span], labels[span]
        good = np.flatnonzero(y > 0)
        for row in good:
            below = np.flatnonzero(y < y[row])
            if below.size > 20:
                below = rng.choice(below, 20, replace=False)
            found.append(x[row] - x[below])
    return np.concatenate(found) if found else np.zeros((0, len(FEATURES)), dtype=np.float32)
