"""Forecasters that look at one series at a time, from statsforecast.

Complex exponential smoothing (Svetunkov, Kourentzes and Ord 2022) was both accurate and fast on weekly visibility
series; ETS and ARIMA with a season of 52 take up to a hundred times as long.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from modacast.trends.known_means import mean_known
from modacast.trends.panel import Array, Panel

__all__ = ["ces_forecast", "forecast_by_length", "seasonal_mean", "seasonal_naive"]

_PARALLEL_CELLS = 20_000


def ces_forecast(panel: Panel, h: int) -> Array:
    """Forecast each series by automatically chosen complex exponential smoothing; `(n, h)`, >= 0."""
    from statsforecast.models import AutoCES

    return forecast_by_length(panel, h, lambda season: AutoCES(season_length=season))


def seasonal_mean(panel: Panel, h: int, strength: Array) -> Array:
    """Repeat the last season's mean, shaped as the average season as far as seasons repeat; `(n, h)`, >= 0.

    Args:
        panel: the series.
        h: steps ahead.
        strength: `(n,)` from 0 (flat) to 1 (the full average shape); series under two seasons stay flat.
    """
    season = panel.season
    level = mean_known(panel.y[:, -season:])
    n_seasons = panel.n_steps // season
    flat = np.repeat(level[:, None], h, axis=1)
    if n_seasons < 2:
        return flat
    shape = mean_known(
        panel.y[:, -n_seasons * season :].reshape(len(level), n_seasons, season).transpose(0, 2, 1)
    )
    shape = 0.5 * shape + 0.25 * (np.roll(shape, 1, axis=1) + np.roll(shape, -1, axis=1))
    mean = shape.mean(axis=1)
    factor = np.divide(shape, mean[:, None], out=np.ones_like(shape), where=mean[:, None] > 0)
    share = np.where(panel.lengths() >= 2 * season, strength, 0.0)[:, None]
    return flat * (1 - share + share * factor[:, np.arange(h) % season])


def seasonal_naive(panel: Panel, h: int) -> Array:
    """Repeat the last season, or the last value of a series that is younger than a season; `(n, h)`."""
    back = panel.season * -(-np.arange(1, h + 1) // panel.season)
    position = panel.n_steps + np.arange(h) - back
    picked = panel.y[:, np.maximum(position, 0)]
    lacking = np.isnan(picked) | (position < 0)
    return np.where(lacking, panel.y[:, -1:], picked)


def forecast_by_length(panel: Panel, h: int, build: Any) -> Array:
    """Run a model of statsforecast over the series, seasonal where two seasons and a bit are known, plain where not.

    Args:
        panel: the series.
        h: steps ahead.
        build: makes the model for a season of so many steps.

    Returns:
        `(n, h)`, >= 0; NaN for rows that have not begun.
    """
    forecast = np.full((len(panel.ids), h), np.nan)
    lengths = panel.lengths()
    shaky = (lengths < 4) | (np.nanmax(np.where(np.isnan(panel.y), -1, panel.y), axis=1) <= 0)
    constant = np.array(
        [np.ptp(row[~np.isnan(row)]) == 0 if n else True for row, n in zip(panel.y, lengths, strict=True)]
    )
    plain = shaky | constant
    forecast[plain] = panel.y[plain, -1:]
    seasonal = ~plain & (lengths >= 2 * panel.season + 4)
    for rows, season in ((np.flatnonzero(seasonal), panel.season), (np.flatnonzero(~plain & ~seasonal), 1)):
        if len(rows):
            forecast[rows] = _run(panel, rows, h, build(season))
    return np.maximum(forecast, 0.0)


def _run(panel: Panel, rows: Any, h: int, model: Any) -> Array:
    import polars as pl
    from statsforecast import StatsForecast
    from statsforecast.models import Naive

    # an element that is all there is of its parent, or a source with one language, gives the same series twice
    given = panel.y[rows]
    known = np.where(np.isnan(given), -1.0, given)
    _, first, place = np.unique(known, axis=0, return_index=True, return_inverse=True)
    values = given[first]
    lengths = np.sum(~np.isnan(values), axis=1)
    long = pl.DataFrame(
        {
            "unique_id": np.repeat(np.arange(len(values)), lengths),
            "ds": np.concatenate([np.arange(panel.n_steps - n, panel.n_steps) for n in lengths]),
            "y": values[~np.isnan(values)],
        }
    )
    n_jobs = -1 if long.height > _PARALLEL_CELLS else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runner = StatsForecast(models=[model], freq=1, n_jobs=n_jobs, fallback_model=Naive())
        result = runner.forecast(df=long, h=h).sort("unique_id", "ds")
    column = next(c for c in result.columns if c not in {"unique_id", "ds"})
    found = result[column].to_numpy().reshape(len(values), h)
    # an optimiser that ran away is worse than no change
    wild = ~np.isfinite(found) | (found > 5 * np.nanmax(values, axis=1)[:, None])
    return np.asarray(np.where(wild, values[:, -1:], found)[place.ravel()])
