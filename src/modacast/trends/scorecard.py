"""Each trend's own record: what was said of now some weeks ago, and what came.

A card is honest about what was known then: its forecast is made again from the history of that day, and its
interval comes only from errors that could be seen by that day.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from modacast import evaluate
from modacast.trends.backtest import Backtest, Component, scaled_errors, truth_after
from modacast.trends.intervals import adapted, residual_band, series_scale, widen
from modacast.trends.known_means import mean_known
from modacast.trends.panel import Array, Frequency

__all__ = ["LEADS", "SCORECARDS", "scorecards"]

SCORECARDS = pa.schema(
    [
        pa.field("unique_id", pa.string(), nullable=False),
        pa.field("steps_ago", pa.int32(), nullable=False),
        pa.field("said_on", pa.date32(), nullable=False),
        pa.field("ds", pa.date32(), nullable=False),
        pa.field("y_hat", pa.float64(), nullable=False),
        pa.field("lo_80", pa.float64()),
        pa.field("hi_80", pa.float64()),
        pa.field("y", pa.float64()),
        pa.field("inside", pa.bool_()),
        pa.field("growth_hat", pa.float64()),
        pa.field("growth", pa.float64()),
        pa.field("mase", pa.float64()),
        pa.field("coverage_80", pa.float64()),
    ]
)
"""What was said `steps_ago` steps before the last one, on the last day then known (`said_on`), of the last
step (`ds`), beside what came (`y`); `inside` says whether it lay in the 80 % interval. `growth_hat` and
`growth` compare the mean of the steps between with as many before them. `mase` and `coverage_80` are over all
steps between. Null where the history was too short to tell, or the step was not observed."""

LEADS: dict[Frequency, tuple[int, ...]] = {"W": (4, 8, 13, 26), "D": (7, 14, 28), "M": (1, 2, 3, 6)}
"""Steps ago that a card looks back to."""

_FEWEST = 8  # steps known when the forecast was made


def scorecards(
    backtest: Backtest,
    forecaster: Component,
    *,
    leads: Sequence[int] | None = None,
    upper: float | None = None,
    seed: int = 0,
) -> pa.Table:
    """Get the cards of all series.

    Args:
        backtest: forecasts from rolling origins; leads that are not among them are forecast anew.
        forecaster: what made them.
        leads: steps ago; `LEADS` where None.
        upper: largest possible value.
        seed: of the draw of errors.

    Returns:
        `SCORECARDS`, sorted by series and `steps_ago`; a series has no card of a time when it had fewer than
        eight values.
    """
    panel = backtest.panel
    rows = []
    for ago in LEADS[panel.freq] if leads is None else leads:
        if panel.n_steps - ago < _FEWEST:
            continue
        rows += _cards(backtest, forecaster, ago, upper, seed)
    table = pa.Table.from_pylist(rows, schema=SCORECARDS)
    return table.sort_by([("unique_id", "ascending"), ("steps_ago", "ascending")])


def _cards(
    backtest: Backtest, forecaster: Component, ago: int, upper: float | None, seed: int
) -> list[dict[str, object]]:
    panel = backtest.panel
    past = panel.before(ago)
    y_hat = _said(backtest, forecaster, ago)
    truth = np.where(np.isnan(y_hat), np.nan, truth_after(panel, ago, ago))
    residuals, spread = scaled_errors(panel, backtest.origins, backtest.forecasts, at=ago)
    lo, hi = np.full(y_hat.shape, np.nan), np.full(y_hat.shape, np.nan)
    if residuals.errors.size and not np.isnan(residuals.errors).all():
        band = residual_band(adapted(residuals, at=ago), ago, level=80, seed=seed)
        scale = series_scale(past, spread)
        lo, hi = (np.clip(widen(y_hat, scale, offset), 0.0, upper) for offset in (band.lo, band.hi))
    mase = evaluate.mase(truth, y_hat, past.y, season=panel.season)
    covered = evaluate.coverage(np.where(np.isnan(lo), np.nan, truth), lo, hi)
    before = mean_known(past.y[:, -ago:])
    grown, guessed = (_growth(mean_known(values), before) for values in (truth, y_hat))
    cards = []
    for i in np.flatnonzero((past.lengths() >= _FEWEST) & ~np.isnan(y_hat[:, -1])):
        y = truth[i, -1]
        known = not (np.isnan(y) or np.isnan(lo[i, -1]))
        cards.append(
            {
                "unique_id": panel.ids[i],
                "steps_ago": ago,
                "said_on": past.last[i].astype(object),
                "ds": panel.last[i].astype(object),
                "y_hat": float(y_hat[i, -1]),
                "lo_80": _or_none(lo[i, -1]),
                "hi_80": _or_none(hi[i, -1]),
                "y": _or_none(y),
                "inside": bool(lo[i, -1] <= y <= hi[i, -1]) if known else None,
                "growth_hat": _or_none(guessed[i]),
                "growth": _or_none(grown[i]),
                "mase": _or_none(mase[i]),
                "coverage_80": _or_none(covered[i]),
            }
        )
    return cards


def _said(backtest: Backtest, forecaster: Component, ago: int) -> Array:
    if ago in backtest.origins:
        return backtest.forecasts[backtest.origins.index(ago), :, :ago]
    return np.asarray(forecaster(backtest.panel.before(ago), ago), dtype=np.float64)


def _growth(later: Array, before: Array) -> Array:
    return np.divide(later, before, out=np.full(len(later), np.nan), where=before > 0) - 1


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
