"""Forecasts with intervals for any number of weekly (or daily, monthly) series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from modacast.errors import InvalidInput, NotFitted
from modacast.trends.backtest import Backtest, Component, back_test
from modacast.trends.ensemble import ensemble_forecast
from modacast.trends.exog import with_exog
from modacast.trends.hierarchy import Reconciler, read_hierarchy
from modacast.trends.intervals import adapted, residual_band, series_scale, widen
from modacast.trends.panel import Array, Frequency, Kin, Panel, read_panel
from modacast.trends.scorecard import scorecards
from modacast.trends.tables import as_table, like
from modacast.types import FORECASTS

__all__ = ["MEANS_AHEAD", "EnsembleForecaster", "forecast"]

MEANS_AHEAD = pa.schema(
    [
        pa.field("unique_id", pa.string(), nullable=False),
        pa.field("steps", pa.int32(), nullable=False),
        pa.field("y_hat", pa.float64(), nullable=False),
        pa.field("lo_80", pa.float64(), nullable=False),
        pa.field("hi_80", pa.float64(), nullable=False),
        pa.field("quantiles", pa.list_(pa.float64()), nullable=False),
    ]
)
"""The mean of each series over the next `steps` steps, with its own 80 % interval and its quantiles at `CHANCES`."""

_MAX_HORIZON = 520
_MAX_RISE = 5.0


def forecast(
    series: Any,
    *,
    h: int = 26,
    levels: Sequence[int] = (80, 90),
    freq: Frequency | None = None,
    made_at: datetime | None = None,
    exog: Any = None,
    hierarchy: Any = None,
) -> Any:
    """Forecast every series of a long-format table.

    A table with the column `n_documents` (as `weekly_series` makes it) holds shares, so its forecasts stay
    in [0, 1]; those of any other table are only held above 0. NaN and missing dates are gaps, which are
    bridged linearly and count for no error. A constant series is forecast as that constant, with an
    interval of no width. A horizon longer than the history is allowed: the intervals then widen with the
    square root of time.

    Tables may be those of Arrow, pandas or polars; forecasts come in the kind that `series` is.

    Args:
        series: columns `unique_id`, `ds`, `y`; see `validate_series`.
        h: steps ahead, from 1 to 520.
        levels: nominal coverages in per cent, from 1 to 99.
        freq: "W", "D" or "M"; inferred where None.
        made_at: instant to record; now where None.
        exog: signals that may run ahead of the series: `unique_id`, `ds` and a column of numbers for each,
            on the dates of the series. Rows past the end of a series are values known in advance. A signal
            that did not help on held-out steps changes nothing; see `with_exog`.
        hierarchy: `unique_id` and `parent`, where forecasts shall add up as the series do; see
            `modacast.trends.hierarchy.read_hierarchy`.

    Returns:
        `FORECASTS`, `h` rows a series in the order of `unique_id`; other `levels` than 80 and 90 change the
        columns `lo_*`, `hi_*` accordingly.

    Raises:
        InvalidInput: the table is not of that form, a series has fewer than 8 values, or `h` or `levels`
            are out of range.
    """
    table = as_table(series, "series")
    upper = 1.0 if "n_documents" in table.column_names else None
    model = EnsembleForecaster(freq=freq, upper=upper, levels=levels, made_at=made_at)
    _check_horizon(h)
    return like(series, model.fit(table, exog=exog, hierarchy=hierarchy).predict(h))


class EnsembleForecaster:
    """Forecasts of `ensemble_forecast` with intervals from the errors of rolling origins.

    Implements `modacast.types.Forecaster`.

    Args:
        freq: "W", "D" or "M"; inferred where None.
        upper: largest possible value, 1.0 for shares.
        levels: nominal coverages of the intervals in per cent.
        n_origins: rolling origins that the intervals are measured on.
        seed: of the draws of training rows.
        networks: whether networks may take part: more exact on dense series of some years, and slower.
        made_at: instant to record in the forecasts; now where None.
        kin: series to the series that are like it, with weights, for young series; see `kin_of`.

    Attributes:
        panel_: the fitted series.
        backtest_: forecasts from rolling origins beside what came; `backtest_.scores()` is a table.
    """

    name = "ensemble"

    def __init__(
        self,
        *,
        freq: Frequency | None = None,
        upper: float | None = None,
        levels: Sequence[int] = (80, 90),
        n_origins: int = 6,
        seed: int = 0,
        networks: bool = True,
        made_at: datetime | None = None,
        kin: Kin | None = None,
    ) -> None:
        self.freq = freq
        self.upper = upper
        self.levels = _check_levels(levels)
        self.n_origins = n_origins
        self.seed = seed
        self.networks = networks
        self.made_at = made_at
        self.kin = kin
        self.panel_: Panel | None = None
        self.backtest_: Backtest | None = None
        self._reconciler: Reconciler | None = None

    def fit(self, series: Any, exog: Any = None, hierarchy: Any = None) -> EnsembleForecaster:
        """Read the series, and signals beside them, and measure errors on rolling origins.

        Tables may be those of Arrow, pandas or polars.

        With a `hierarchy` (see `forecast`) all forecasts add up, and errors are those of such forecasts.

        Raises:
            InvalidInput: the table is not of the form `forecast` asks for.
        """
        panel = replace(read_panel(as_table(series, "series"), freq=self.freq), kin=self.kin)
        self.panel_ = panel if exog is None else with_exog(panel, as_table(exog, "exog"))
        self._reconciler = None
        self.backtest_ = back_test(self.panel_, self._forecaster(), n_origins=self.n_origins)
        if hierarchy is not None:
            self._reconciler = Reconciler(
                read_hierarchy(self.panel_, as_table(hierarchy, "hierarchy")), self.backtest_
            )
            self.backtest_ = self._reconciler.back_test(self.backtest_)
        return self

    def predict(self, h: int) -> pa.Table:
        """Get a table of `FORECASTS` with `h` rows a series.

        Raises:
            NotFitted: `fit` has not run.
            InvalidInput: `h` is out of range.
        """
        if self.panel_ is None or self.backtest_ is None:
            raise NotFitted("EnsembleForecaster: call fit(series) before predict(h)")
        _check_horizon(h)
        panel = self.panel_
        y_hat = self._clip(self._forecaster()(panel, h))
        columns: dict[str, Array] = {"y_hat": y_hat}
        scale = series_scale(panel, self.backtest_.spread)
        # no burst among strangers says that a small series may grow without end
        roof = _MAX_RISE * np.maximum(y_hat, np.nanmax(panel.y, axis=1, keepdims=True))
        residuals = adapted(self.backtest_.residuals)
        for level in self.levels:
            band = residual_band(residuals, h, level=level, seed=self.seed)
            columns[f"lo_{level}"] = self._clip(widen(y_hat, scale, band.lo))
            columns[f"hi_{level}"] = self._clip(np.minimum(widen(y_hat, scale, band.hi), roof))
        return self._table(panel, h, columns)

    def means_ahead(self, forecasts: pa.Table) -> pa.Table:
        """Get the mean of each series' forecasts with an interval of its own.

        What is above and what is below expectation in single weeks partly cancels in their mean: averaging the ends
        of the weeks' intervals would say far too wide a one. Errors here are those of the means of as many steps
        from the rolling origins.

        Args:
            forecasts: what `predict` gave.

        Returns:
            `MEANS_AHEAD`, in the order of `forecasts`.

        Raises:
            NotFitted: `fit` has not run.
            InvalidInput: the forecasts are of other series, or not as many of each.
        """
        if self.panel_ is None or self.backtest_ is None:
            raise NotFitted("EnsembleForecaster: call fit(series) before means_ahead(forecasts)")
        ids = self.panel_.ids
        h = forecasts.num_rows // len(ids)
        if h == 0 or forecasts["unique_id"].to_pylist() != [name for name in ids for _ in range(h)]:
            raise InvalidInput(
                f"means_ahead: needs what predict() gave, as many steps of each of the {len(ids)} series, in their order"
            )
        y_hat = forecasts["y_hat"].to_numpy().reshape(len(ids), h).mean(axis=1, keepdims=True)
        residuals, spread = self.backtest_.mean_residuals(h)
        # beyond what was measured, as in `residual_band`
        further = np.sqrt(max(1.0, h / max(self.backtest_.origins, default=h)))
        scale = series_scale(self.panel_, spread)
        roof = _MAX_RISE * np.maximum(y_hat, np.nanmax(self.panel_.y, axis=1, keepdims=True))
        quantiles = {0.5: y_hat[:, 0]}
        for level in range(10, 100, 10):
            band = residual_band(residuals, 1, level=level, seed=self.seed)
            tail = (100 - level) / 200
            quantiles[tail] = self._clip(widen(y_hat, scale, further * band.lo))[:, 0]
            quantiles[1 - tail] = self._clip(np.minimum(widen(y_hat, scale, further * band.hi), roof))[:, 0]
        in_order = np.maximum.accumulate([quantiles[chance] for chance in sorted(quantiles)], axis=0)
        columns = [ids, [h] * len(ids), y_hat[:, 0], quantiles[0.1], quantiles[0.9], in_order.T.tolist()]
        return pa.Table.from_arrays(
            [pa.array(c, field.type) for c, field in zip(columns, MEANS_AHEAD, strict=True)],
            schema=MEANS_AHEAD,
        )

    def scorecards(self) -> pa.Table:
        """Get the table of `SCORECARDS`: what was said of each series some steps ago, and what came.

        Raises:
            NotFitted: `fit` has not run.
        """
        if self.backtest_ is None:
            raise NotFitted("EnsembleForecaster: call fit(series) before scorecards()")
        return scorecards(self.backtest_, self._forecaster(), upper=self.upper, seed=self.seed)

    def get_params(self) -> dict[str, object]:
        """Get the constructor's arguments."""
        return {
            "freq": self.freq,
            "upper": self.upper,
            "levels": self.levels,
            "n_origins": self.n_origins,
            "seed": self.seed,
            "networks": self.networks,
            "made_at": self.made_at,
            "kin": self.kin,
        }

    def _forecaster(self) -> Component:
        base = partial(ensemble_forecast, seed=self.seed, networks=self.networks)
        reconciler = self._reconciler
        return base if reconciler is None else lambda panel, h: reconciler(base(panel, h))

    def _clip(self, values: Array) -> Array:
        return np.clip(values, 0.0, self.upper)

    def _table(self, panel: Panel, h: int, columns: dict[str, Array]) -> pa.Table:
        dates = [day for row in range(len(panel.ids)) for day in panel.future(row, h)]
        n = len(dates)
        instant = pa.scalar(self.made_at or datetime.now(UTC), pa.timestamp("us", tz="UTC"))
        arrays = {
            "unique_id": pa.array(np.repeat(np.array(panel.ids, dtype=object), h), pa.string()),
            "ds": pa.array(dates, pa.date32()),
            **{name: pa.array(values.ravel()) for name, values in columns.items()},
            "model": pa.repeat(pa.scalar(self.name), n),
            "made_at": pa.repeat(instant, n),
        }
        table = pa.table(arrays)
        if set(FORECASTS.names) <= set(arrays):
            extra = [field for field in table.schema if field.name not in FORECASTS.names]
            schema = pa.schema([*FORECASTS, *extra], metadata=FORECASTS.metadata)
            return table.select(schema.names).cast(schema)
        return table


def _check_horizon(h: int) -> None:
    if not 1 <= h <= _MAX_HORIZON:
        raise InvalidInput(f"forecast: h must lie between 1 and {_MAX_HORIZON} steps, got {h}")


def _check_levels(levels: Sequence[int]) -> tuple[int, ...]:
    chosen = tuple(dict.fromkeys(levels))
    if not chosen or any(not isinstance(v, int) or not 1 <= v <= 99 for v in chosen):
        raise InvalidInput(f"forecast: levels must be whole per cents from 1 to 99, got {list(levels)}")
    return chosen
