"""The point forecast: a few unlike forecasters, put together without learned weights.

Series that are seldom zero have three kinds of members: three groups of networks that learn from the whole board,
or a pooled regression where it is too small for them; complex exponential smoothing of each series alone; and a
Gaussian process with a kernel that the board shares, which counts twice. The highest and the lowest are left out at
each step, as one member may run away, and the calendar weeks of the board go on top of the mean of the others.
Weights learned on earlier origins gave nothing over this.

Series younger than a season get a past from those that are like them before anything is learned (see `youth`).

Signals that run ahead of a series change its forecast as far as they were of use (see `exog`).

Series with many zero weeks are forecast in blocks of four weeks (temporal aggregation; Nikolopoulos,
Syntetos, Boylan, Petropoulos and Assimakopoulos 2011), where their season shows through the noise and no
transform pulls the level to zero; a season's mean stands beside smoothing there, which would carry a new
rise on without end. Signals are not asked there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from modacast.trends.calendar_weeks import add_calendar_weeks
from modacast.trends.exog import follow_signals
from modacast.trends.gaussian import gaussian_forecast
from modacast.trends.local import ces_forecast, seasonal_mean
from modacast.trends.network import network_forecast
from modacast.trends.panel import Array, Panel
from modacast.trends.pooled import pooled_forecast
from modacast.trends.seasonality import season_strength
from modacast.trends.youth import hold_young, with_past

__all__ = ["ensemble_forecast", "is_sparse"]

_SPARSE = 0.1  # share of zeros in the last two seasons
_BLOCKS = 13  # in a season
_FEWEST_BLOCKS = 8


def ensemble_forecast(panel: Panel, h: int, *, seed: int = 0, networks: bool = True) -> Array:
    """Forecast every series of a panel.

    Args:
        panel: the series.
        h: steps ahead.
        seed: of the draws of training rows.
        networks: whether networks may take part; without them it is several times faster, and less exact on
            dense series of some years.

    Returns:
        `(n, h)` float64, >= 0; NaN for rows that have not begun.
    """
    import scipy.linalg  # noqa: F401 (a library's threads can be held back once it is loaded)
    from threadpoolctl import threadpool_limits

    forecast = np.full((len(panel.ids), h), np.nan)
    sparse = is_sparse(panel)
    # matrices this small gain nothing from threads, which wait for each other where cores are shared
    with threadpool_limits(1, user_api="blas"):
        if not sparse.all():
            forecast[~sparse] = _dense(panel, h, ~sparse, seed, networks=networks)
        if sparse.any():
            forecast[sparse] = _in_blocks(panel, h, sparse, seed)
    constant = _is_constant(panel)
    forecast[constant] = panel.y[constant, -1:]
    return forecast


def is_sparse(panel: Panel) -> npt.NDArray[np.bool_]:
    """Get the `(n,)` rows in which zeros are common."""
    recent = panel.y[:, -2 * panel.season :]
    return np.sum(recent == 0, axis=1) > _SPARSE * np.sum(~np.isnan(recent), axis=1)


def _dense(panel: Panel, h: int, dense: npt.NDArray[np.bool_], seed: int, *, networks: bool) -> Array:
    plain = replace(panel, exog=None)
    # only series that are seldom zero lend and get a past
    aged = with_past(plain.rows(dense))
    filled = plain.y.copy()
    filled[dense] = aged.y
    mean = _without_signals(replace(plain, y=filled), h, dense, seed, networks=networks)
    alone = panel.rows(dense)
    return hold_young(alone, follow_signals(alone, mean, seed=seed))


def _without_signals(
    panel: Panel, h: int, dense: npt.NDArray[np.bool_], seed: int, *, networks: bool
) -> Array:
    alone = panel.rows(dense)
    learned = network_forecast(alone, h, seed=seed) if networks else None
    if learned is None:
        learned = pooled_forecast(panel, h, power=0.25, seed=seed)[dense][None]
    process = gaussian_forecast(alone, h, seed=seed)[None]
    members = np.sort(np.concatenate([learned, ces_forecast(alone, h)[None], process, process]), axis=0)
    return add_calendar_weeks(alone, members[1:-1].mean(axis=0))


def _is_constant(panel: Panel) -> npt.NDArray[np.bool_]:
    last = panel.y[:, -1:]
    return np.all(np.isnan(panel.y) | (panel.y == last), axis=1)


def _in_blocks(panel: Panel, h: int, sparse: npt.NDArray[np.bool_], seed: int) -> Array:
    size = max(1, min(panel.season // _BLOCKS, panel.n_steps // _FEWEST_BLOCKS))
    blocks = panel.in_blocks(size)
    n_ahead = -(-h // size)
    alone = blocks.rows(sparse)
    strength = np.array([_strength(row, panel.season) for row in panel.y[sparse]])
    members = [
        pooled_forecast(blocks, n_ahead, power=1.0, seed=seed)[sparse],
        ces_forecast(alone, n_ahead),
        seasonal_mean(alone, n_ahead, strength),
    ]
    return np.repeat(np.median(members, axis=0), size, axis=1)[:, :h]


def _strength(values: Array, season: int) -> float:
    return season_strength(values[~np.isnan(values)], season) or 0.0
