"""Chronos, a pre-trained forecasting model, from a folder on this machine (Ansari et al. 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from modacast.errors import InvalidInput, MissingExtra, ModacastError, NotFitted
from modacast.trends.panel import Frequency, Panel, read_panel

__all__ = ["ChronosForecaster"]


class ChronosForecaster:
    """Forecasts of a Chronos model that is on this machine.

    Implements `modacast.types.Forecaster`. Needs the extra `chronos`.

    Args:
        path: folder with the model's weights; nothing is downloaded.
        freq: "W", "D" or "M"; inferred where None.
        levels: nominal coverages of the intervals in per cent.

    Raises:
        InvalidInput: no path is given.
        MissingExtra: the package `chronos-forecasting` is not installed.
        ModacastError: the folder holds no model that it can read.
    """

    name = "chronos"

    def __init__(
        self, *, path: Path | None, freq: Frequency | None = None, levels: Sequence[int] = (80, 90)
    ) -> None:
        if path is None:
            raise InvalidInput("chronos: name the folder with its weights, --model-path DIR")
        self.freq = freq
        self.levels = tuple(levels)
        self._pipeline = _open(path)
        self._panel: Panel | None = None

    def fit(self, series: pa.Table) -> ChronosForecaster:
        """Keep the series: the model has learned before."""
        self._panel = read_panel(series, freq=self.freq)
        return self

    def predict(self, h: int) -> pa.Table:
        """Get `h` rows a series: `unique_id`, `ds`, `y_hat`, `lo_*`, `hi_*`, `model`, `made_at`.

        Raises:
            NotFitted: `fit` has not run.
        """
        if self._panel is None:
            raise NotFitted("ChronosForecaster: call fit(series) before predict(h)")
        panel = self._panel
        tails = {level: ((1 - level / 100) / 2, (1 + level / 100) / 2) for level in self.levels}
        wanted = sorted({0.5, *(round(q, 4) for pair in tails.values() for q in pair)})
        found = self._pipeline.predict_df(
            _context(panel),
            prediction_length=h,
            quantile_levels=wanted,
            id_column="row",
            timestamp_column="ds",
            target="y",
        ).sort_values(["row", "ds"])

        def column(q: float) -> pa.Array:
            return pa.array(np.maximum(found[str(round(q, 4))].to_numpy(dtype=np.float64), 0.0))

        dates = [day for row in range(len(panel.ids)) for day in panel.future(row, h)]
        bounds = {
            f"{side}_{level}": column(q)
            for level, pair in tails.items()
            for side, q in zip(("lo", "hi"), pair, strict=True)
        }
        return pa.table(
            {
                "unique_id": np.repeat(np.array(panel.ids, dtype=object), h),
                "ds": pa.array(dates, pa.date32()),
                "y_hat": column(0.5),
                **bounds,
                "model": [self.name] * len(dates),
                "made_at": pa.array([datetime.now(UTC)] * len(dates), pa.timestamp("us", tz="UTC")),
            }
        )


def _open(path: Path) -> Any:
    try:
        from chronos import BaseChronosPipeline
    except ImportError as error:
        raise MissingExtra("chronos", "forecasting with Chronos") from error
    try:
        return BaseChronosPipeline.from_pretrained(str(path), device_map="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModacastError(f"chronos: {path} holds no model that can be read: {error}") from error


def _context(panel: Panel) -> Any:
    """Lay the series out as the model's data frame; rows are numbered, so that its order is theirs."""
    import pandas as pd

    rows, steps = np.nonzero(~np.isnan(panel.y))
    ds = np.concatenate([_dates(panel, row, int(np.sum(rows == row))) for row in np.unique(rows)])
    return pd.DataFrame({"row": rows, "ds": ds.astype("datetime64[ns]"), "y": panel.y[rows, steps]})


def _dates(panel: Panel, row: int, n: int) -> Any:
    """Get the last `n` dates of a row."""
    return np.array([panel.date_at(row, k - n + 1) for k in range(n)], dtype="datetime64[D]")
