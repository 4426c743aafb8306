"""Weeks that lift or press all series alike, every year: sales, feasts, shopping days.

One series shows such a week through its own noise only; the median of a whole board shows it clearly. What
the board did in the same weeks of earlier years is added to the forecast, as far as it came back so far.
"""

from __future__ import annotations

import numpy as np

from modacast.trends.known_means import mean_known
from modacast.trends.panel import Array, Panel

__all__ = ["add_calendar_weeks", "calendar_weeks"]

_WIDTH = 9  # steps of the running mean that a week is set against
_SHORTEST_SEASON = 26  # steps; in shorter seasons nothing is short-lived
_FEWEST_SERIES = 10
_TRUST = 0.7  # the members know a part of it already


def calendar_weeks(panel: Panel) -> Array:
    """Get the `(season,)` offsets of the steps after the end, as shares of a series' root level.

    A running mean over nine weeks is taken off the square roots, each series divided by its mean; the medians
    over series, averaged over years, are shrunk by how well each year's are told by the other years'.

    Args:
        panel: the series.

    Returns:
        Zeros where there are too few series or fewer than two years, and where no year is like another.
    """
    season = panel.season
    n_years = (panel.n_steps - _WIDTH // 2) // season
    if season < _SHORTEST_SEASON or n_years < 2 or len(panel.ids) < _FEWEST_SERIES:
        return np.zeros(season)
    z = np.sqrt(panel.y)
    level = mean_known(z)
    short = _short_lived(z / np.where(level > 0, level, 1.0)[:, None])
    begun = ~np.isnan(short).all(axis=0)
    market = np.zeros(panel.n_steps)
    market[begun] = np.nanmedian(short[:, begun], axis=0)
    years = market[-n_years * season :].reshape(n_years, season)
    others = (years.sum(axis=0) - years) / (n_years - 1)
    size = float((others * others).sum())
    slope = float((others * years).sum()) / size if size > 0 else 0.0
    return _TRUST * float(np.clip(slope, 0.0, 1.0)) * years.mean(axis=0)


def add_calendar_weeks(panel: Panel, forecast: Array) -> Array:
    """Scale `(n, h)` forecasts of a panel by its `calendar_weeks`, on the root scale; the result is >= 0."""
    offset = calendar_weeks(panel)
    steps = np.arange(forecast.shape[1]) % panel.season
    return np.asarray(forecast * np.maximum(1 + offset[steps], 0.0) ** 2)


def _short_lived(z: Array) -> Array:
    """Take the centred running mean off each row; NaN before a row begins, shorter windows at its ends."""
    known = ~np.isnan(z)
    edge = np.zeros((len(z), 1))
    total = np.hstack([edge, np.cumsum(np.where(known, z, 0.0), axis=1)])
    count = np.hstack([edge, np.cumsum(known, axis=1)])
    steps = np.arange(z.shape[1])
    first = np.maximum(steps - _WIDTH // 2, 0)
    last = np.minimum(steps + _WIDTH // 2 + 1, z.shape[1])
    n = count[:, last] - count[:, first]
    mean = np.divide(total[:, last] - total[:, first], n, out=np.full(z.shape, np.nan), where=n > 0)
    return z - mean
