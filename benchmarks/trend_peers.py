"""What forecasts are compared with: statsforecast's models, and LightGBM over all series."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from modacast.trends.local import ces_forecast, forecast_by_length, seasonal_naive
from modacast.trends.panel import Panel

__all__ = ["PEERS", "young_ets"]

Array = npt.NDArray[np.float64]

_SEASON = 52
_LAGS = (1, 2, 3, 4, 6, 8, 13, 26, 39, 51, 52, 53, 78, 104)
_WINDOWS = (4, 8, 13, 26, 52)
_STRIDE = 4  # weeks between training origins
_SKIP = 3  # and between training horizons


def _statsforecast(make: Callable[[], Any]) -> Callable[[Panel, int], Array]:
    def run(panel: Panel, h: int) -> Array:
        from statsforecast import StatsForecast
        from statsforecast.models import Naive

        n, t = panel.y.shape
        long = pl.DataFrame(
            {"unique_id": np.repeat(np.arange(n), t), "ds": np.tile(np.arange(t), n), "y": panel.y.ravel()}
        ).filter(pl.col("y").is_not_nan())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runner = StatsForecast(models=[make()], freq=1, fallback_model=Naive())
            found = runner.forecast(df=long, h=h).sort("unique_id", "ds")
        return np.maximum(found[:, 2].to_numpy().reshape(n, h), 0.0)

    return run


def _mstl() -> Any:
    from statsforecast.models import MSTL, AutoETS

    return MSTL(season_length=_SEASON, trend_forecaster=AutoETS(model="ZZN"))


def _arima() -> Any:
    from statsforecast.models import MSTL, AutoARIMA

    return MSTL(season_length=_SEASON, trend_forecaster=AutoARIMA())


def _theta(panel: Panel, h: int) -> Array:
    from statsforecast.models import AutoTheta

    return forecast_by_length(panel, h, lambda season: AutoTheta(season_length=season))


def _mfles() -> Any:
    from statsforecast.models import MFLES

    return MFLES(season_length=_SEASON)


def young_ets(panel: Panel, h: int) -> Array:
    """Forecast series of some weeks by AutoETS without a season."""
    from statsforecast.models import AutoETS

    return _statsforecast(lambda: AutoETS(season_length=1))(panel, h)


def lightgbm_forecast(panel: Panel, h: int) -> Array:
    """Forecast by one LightGBM for all series and horizons, in least absolute error.

    What is learned is the change of the logarithm from the level of the last eight weeks; it sees lags, means
    over windows, the same week of the two years before, their means over the board, and the horizon.
    """
    import lightgbm as lgb

    small = np.maximum(0.01 * np.nanmean(panel.y, axis=1, keepdims=True), 1e-9)
    z = np.log(panel.y + small)
    xs, targets = [], []
    first = min(2 * _SEASON, panel.n_steps // 2)
    for t in range(first, panel.n_steps - 1, _STRIDE):
        for k in range(1 + t % _SKIP, min(h, panel.n_steps - t) + 1, _SKIP):
            x, base = _features(z, t, k)
            xs.append(x)
            targets.append(z[:, t + k - 1] - base)
    x, target = np.concatenate(xs), np.concatenate(targets)
    known = ~np.isnan(target)
    model = lgb.LGBMRegressor(
        objective="l1", n_estimators=200, learning_rate=0.05, num_leaves=31, min_child_samples=100,
        subsample=0.7, subsample_freq=1, colsample_bytree=0.7, random_state=0, verbose=-1, n_jobs=1,
    )  # fmt: skip
    model.fit(x[known], target[known])
    answer = np.empty((len(z), h))
    for k in range(1, h + 1):
        x, base = _features(z, panel.n_steps, k)
        answer[:, k - 1] = base + model.predict(x)
    return np.maximum(np.exp(answer) - small, 0.0)


def _features(z: Array, t: int, h: int) -> tuple[Array, Array]:
    base = z[:, max(0, t - 8) : t].mean(axis=1)
    columns = [z[:, t - lag] - base for lag in _LAGS if lag <= t]
    columns += [z[:, max(0, t - w) : t].mean(axis=1) - base for w in _WINDOWS]
    for years in (1, 2):
        at = t + h - 1 - years * _SEASON * -(-h // _SEASON)
        columns.append(
            z[:, max(0, at - 2) : at + 3].mean(axis=1) - base if at >= 2 else np.full(len(z), np.nan)
        )
    columns += [np.full(len(z), column.mean()) for column in columns[-2:]]
    padding = [np.full(len(z), np.nan)] * (len(_LAGS) + len(_WINDOWS) + 4 - len(columns))
    return np.stack([*columns, *padding, np.full(len(z), float(h))], axis=1), base


PEERS: dict[str, Callable[[Panel, int], Array]] = {
    "seasonal naive": seasonal_naive,
    "AutoTheta": _theta,
    "AutoCES": ces_forecast,
    "MSTL + AutoETS": _statsforecast(_mstl),
    "MSTL + AutoARIMA": _statsforecast(_arima),
    "MFLES": _statsforecast(_mfles),
    "LightGBM": lightgbm_forecast,
}
"""Name to forecaster. AutoETS and AutoARIMA with a season of 52 take up to a hundred times as long; on the
seasonally adjusted series (MSTL) they are here."""
