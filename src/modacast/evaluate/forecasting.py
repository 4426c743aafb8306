"""Metrics of forecasts and the splits they are measured on.

Arrays are float64 with time on the last axis. NaN in the truth means "not observed" and is left out of every
mean; where nothing is left the metric is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.errors import InvalidInput

__all__ = [
    "Split",
    "coverage",
    "direction_accuracy",
    "mase",
    "pinball",
    "rolling_origins",
    "smape",
    "spearman",
]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Split:
    """One rolling origin: learn from `[0, train_end)`, forecast `[train_end, test_end)`."""

    train_end: int
    test_end: int


def rolling_origins(
    n: int, *, h: int, n_origins: int, step: int | None = None, min_train: int = 1
) -> list[Split]:
    """Get the last `n_origins` splits of `n` steps, earliest first.

    Args:
        n: steps of history.
        h: steps forecast at each origin.
        n_origins: how many at most; fewer where the history is short.
        step: steps between origins; `h` where None, so that the test windows do not overlap.
        min_train: fewest steps to learn from.

    Raises:
        InvalidInput: `h`, `n_origins` or `step` is below 1.
    """
    step = h if step is None else step
    if min(h, n_origins, step) < 1:
        raise InvalidInput(
            f"rolling origins: h, n_origins and step must be >= 1, got {h}, {n_origins}, {step}"
        )
    return list(_splits(n, h, n_origins, step, min_train))[::-1]


def _splits(n: int, h: int, n_origins: int, step: int, min_train: int) -> Iterator[Split]:
    for k in range(n_origins):
        end = n - h - k * step
        if end >= max(min_train, 1):
            yield Split(end, end + h)


def mase(y: Array, y_hat: Array, train: Array, *, season: int = 1) -> Array:
    """Mean absolute error over the seasonal naive's in-sample error (Hyndman and Koehler 2006).

    Args:
        y: `(..., h)` truth.
        y_hat: `(..., h)` forecasts.
        train: `(..., t)` values before the origin.
        season: steps in a season; where a series has no pair that far apart, the one-step error is used.

    Returns:
        `(...)` one value a series; NaN where the training part never changes, as no scale exists.

    Raises:
        InvalidInput: shapes disagree or `season` is below 1.
    """
    _same_shape(y, y_hat)
    if season < 1:
        raise InvalidInput(f"mase: season must be >= 1, got {season}")
    scale = _mean(np.abs(train[..., season:] - train[..., :-season]))
    if np.isnan(scale).any() and season > 1:
        scale = np.where(np.isnan(scale), _mean(np.abs(np.diff(train, axis=-1))), scale)
    error = _mean(np.abs(y - y_hat))
    return np.divide(error, scale, out=np.full_like(error, np.nan), where=scale > 0)


def smape(y: Array, y_hat: Array) -> Array:
    """Symmetric mean absolute percentage error in [0, 2]; a step where both are 0 counts as 0.

    Raises:
        InvalidInput: shapes disagree.
    """
    _same_shape(y, y_hat)
    total = np.abs(y) + np.abs(y_hat)
    ratio = np.divide(2 * np.abs(y - y_hat), total, out=np.zeros_like(total), where=total != 0)
    return _mean(np.where(np.isnan(y), np.nan, ratio))


def coverage(y: Array, lo: Array, hi: Array) -> Array:
    """Share of steps whose truth lies within `[lo, hi]`, for each series.

    Raises:
        InvalidInput: shapes disagree.
    """
    _same_shape(y, lo)
    _same_shape(y, hi)
    inside = ((y >= lo) & (y <= hi)).astype(np.float64)
    return _mean(np.where(np.isnan(y), np.nan, inside))


def pinball(y: Array, quantile: Array, *, q: float) -> Array:
    """Quantile loss of forecasts of the `q` quantile, for each series.

    Raises:
        InvalidInput: shapes disagree or `q` lies outside (0, 1).
    """
    _same_shape(y, quantile)
    if not 0 < q < 1:
        raise InvalidInput(f"pinball: q must lie in (0, 1), got {q}")
    gap = y - quantile
    return _mean(np.maximum(q * gap, (q - 1) * gap))


def direction_accuracy(growth: Array, growth_hat: Array, *, band: float = 0.05) -> float:
    """Share of series whose predicted change falls in the true class: down, flat (within `band`), up.

    Args:
        growth: `(n,)` true relative changes.
        growth_hat: `(n,)` predicted ones.
        band: half-width of "flat".

    Raises:
        InvalidInput: shapes disagree.
    """
    _same_shape(growth, growth_hat)
    known = ~(np.isnan(growth) | np.isnan(growth_hat))
    if not known.any():
        return float("nan")
    true, guess = (np.sign(g[known]) * (np.abs(g[known]) > band) for g in (growth, growth_hat))
    return float((true == guess).mean())


def spearman(x: Array, y: Array) -> float:
    """Rank correlation of two `(n,)` arrays, ties averaged; NaN under three pairs or without variation.

    Raises:
        InvalidInput: shapes disagree.
    """
    from scipy.stats import rankdata

    _same_shape(x, y)
    known = ~(np.isnan(x) | np.isnan(y))
    if known.sum() < 3:
        return float("nan")
    a, b = rankdata(x[known]), rankdata(y[known])
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _same_shape(a: Array, b: Array) -> None:
    if a.shape != b.shape:
        raise InvalidInput(f"truth and forecast must have one shape, got {a.shape} and {b.shape}")


def _mean(values: Array) -> Array:
    """Average the last axis without NaN; NaN where nothing is left (and no warning)."""
    known = ~np.isnan(values)
    n = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.divide(total, n, out=np.full(np.shape(total), np.nan), where=n > 0)
