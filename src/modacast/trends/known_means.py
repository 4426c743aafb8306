"""Means over what is known, as series begin late and have gaps, and how much an error of each series counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modacast.trends.panel import Array, Panel

__all__ = ["mean_known", "mean_where", "series_weight"]

_WEIGHTS = (0.25, 4.0)  # least and most of one series, against the median


def mean_known(values: Array) -> Array:
    """Average the last axis without NaN; NaN where nothing is left."""
    return mean_where(values, ~np.isnan(values))


def mean_where(values: Array, known: npt.NDArray[np.bool_]) -> Array:
    """Average the known values of the last axis; NaN where there are none."""
    n = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)


def series_weight(panel: Panel) -> Array:
    """Get the `(n,)` weights that turn errors of scaled roots into errors as MASE counts them; 0 where nothing moves."""
    y, season = panel.y, panel.season
    change = mean_known(np.abs(y[:, season:] - y[:, :-season]))
    change = np.where(np.isnan(change), mean_known(np.abs(np.diff(y, axis=1))), change)
    level = np.nan_to_num(mean_known(y))
    moves = np.nan_to_num(change) > 0
    weight = np.divide(level, change, out=np.zeros_like(level), where=moves)
    middle = float(np.median(weight[moves])) if moves.any() else 1.0
    return np.where(moves, np.clip(weight / max(middle, 1e-12), *_WEIGHTS), 0.0)
