"""Rolling-origin back-tests: what would have been forecast, and how far off it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from modacast import evaluate
from modacast.trends.intervals import (
    Residuals,
    Spread,
    adapted,
    hardness_ratios,
    learn_spread,
    residual_band,
    series_scale,
    widen,
)
from modacast.trends.known_means import mean_where
from modacast.trends.panel import Array, Frequency, Panel

__all__ = ["BACKTEST", "COVERAGE", "Backtest", "Component", "back_test", "scaled_errors", "truth_after"]

Component = Callable[[Panel, int], Array]
"""Forecasts a panel `h` steps ahead: `(n, h)` float64, NaN for rows that have not begun."""

BACKTEST = pa.schema(
    [
        pa.field("unique_id", pa.string(), nullable=False),
        pa.field("mase", pa.float64()),
        pa.field("coverage_80", pa.float64()),
        pa.field("n_origins", pa.int32(), nullable=False),
    ]
)
"""What a back-test says of each series; null where its history is too short to be scored."""

COVERAGE = pa.schema(
    [
        pa.field("origin", pa.int32(), nullable=False),
        pa.field("first", pa.int32(), nullable=False),
        pa.field("last", pa.int32(), nullable=False),
        pa.field("level", pa.int32(), nullable=False),
        pa.field("coverage", pa.float64(), nullable=False),
        pa.field("n", pa.int32(), nullable=False),
    ]
)
"""Share of `n` true values from `first` to `last` steps after the `origin` (steps before the end) that lay in
the interval of `level` per cent."""

_FIRST_ORIGIN = 4  # steps
_MOSTLY = 0.5  # of the steps of a mean must have been observed
_STEP: dict[Frequency, int] = {"W": 13, "D": 7, "M": 3}  # between origins


@dataclass(frozen=True, slots=True)
class Backtest:
    """Forecasts from rolling origins beside what came.

    Attributes:
        panel: the whole history.
        origins: steps from each origin to the end, latest origin first.
        forecasts: `(o, n, h)`; NaN past the end of the history.
        residuals: the same as scaled errors.
        spread: how the scale of errors grows with the size of a series.
    """

    panel: Panel
    origins: tuple[int, ...]
    forecasts: Array
    residuals: Residuals
    spread: Spread

    @classmethod
    def of(cls, panel: Panel, origins: tuple[int, ...], forecasts: Array) -> Backtest:
        """Set forecasts beside what came."""
        return cls(panel, origins, forecasts, *scaled_errors(panel, origins, forecasts))

    def scores(self) -> pa.Table:
        """Get the table of `BACKTEST`: MASE and 80 % coverage of each series over all origins.

        The interval of each origin comes from the errors of the other origins, so that no error is judged
        by itself; only the two numbers of the spread are learned on all.
        """
        panel = self.panel
        n = len(panel.ids)
        mase, covered = np.full((len(self.origins), n), np.nan), np.full((len(self.origins), n), np.nan)
        for i, ago in enumerate(self.origins):
            past, h = panel.before(ago), min(ago, self.forecasts.shape[2])
            truth, y_hat = truth_after(panel, ago, h), self.forecasts[i, :, :h]
            mase[i] = evaluate.mase(truth, y_hat, past.y, season=panel.season)
            others = self.residuals.without(i)
            if others.origins:
                band = residual_band(adapted(others, at=ago), h, level=80)
                scale = series_scale(past, self.spread)
                lo, hi = widen(y_hat, scale, band.lo), widen(y_hat, scale, band.hi)
                seen = np.where(np.isnan(y_hat), np.nan, truth)
                covered[i] = evaluate.coverage(seen, lo, hi)
        return pa.table(
            [
                pa.array(panel.ids, pa.string()),
                _mean_or_null(mase),
                _mean_or_null(covered),
                pa.array((~np.isnan(mase)).sum(axis=0), pa.int32()),
            ],
            schema=BACKTEST,
        )

    def mean_residuals(self, h: int) -> tuple[Residuals, Spread]:
        """Get the scaled errors of the mean of the first `h` steps, `(o, n, 1)`, brought to the present as in `adapted`.

        Errors of single steps partly cancel in a mean, so its interval is narrower than theirs, and grows with the size of
        a series in a way of its own. Origins that lie nearer to the present than `h` steps are left out; where all do,
        the mean is of as many steps as the farthest has.

        Args:
            h: steps ahead.
        """
        residuals = self.residuals
        ratios = hardness_ratios(residuals)
        steps = min(h, max(self.origins, default=0))
        rows = [i for i, ago in enumerate(self.origins) if ago >= steps > 0]
        gaps = np.full((len(rows), len(self.panel.ids), 1), np.nan)
        for place, i in enumerate(rows):
            ago = self.origins[i]
            truth, y_hat = truth_after(self.panel, ago, steps), self.forecasts[i, :, :steps]
            known = ~np.isnan(truth) & ~np.isnan(y_hat)
            gap = np.sqrt(mean_where(truth, known)) - np.sqrt(mean_where(y_hat, known))
            gap[known.mean(axis=1) < _MOSTLY] = np.nan
            gaps[place, :, 0] = gap
        origins = tuple(self.origins[i] for i in rows)
        scaled, spread = _scaled(self.panel, Residuals(origins, gaps, residuals.season, residuals.step))
        return scaled.times(ratios[rows]), spread

    def coverage_by_block(self, *, levels: Sequence[int] = (80, 90)) -> pa.Table:
        """Get the table of `COVERAGE`: how often the intervals held, by origin and block of steps ahead.

        Blocks are as long as origins lie apart. The interval of each origin comes from the other origins.
        """
        step, rows = self.residuals.step, []
        for i, ago in enumerate(self.origins):
            others = self.residuals.without(i)
            if not others.origins:
                continue
            h = min(ago, self.forecasts.shape[2])
            y_hat, scale = self.forecasts[i, :, :h], series_scale(self.panel.before(ago), self.spread)
            truth = np.where(np.isnan(y_hat), np.nan, truth_after(self.panel, ago, h))
            for level in levels:
                band = residual_band(adapted(others, at=ago), h, level=level)
                inside = (truth >= widen(y_hat, scale, band.lo)) & (truth <= widen(y_hat, scale, band.hi))
                for first in range(0, h, step):
                    known = ~np.isnan(truth[:, first : first + step])
                    if known.any():
                        share = float(inside[:, first : first + step][known].mean())
                        last = min(first + step, h)
                        rows.append((ago, first + 1, last, level, share, int(known.sum())))
        names = COVERAGE.names
        return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=COVERAGE)


def back_test(panel: Panel, forecaster: Component, *, n_origins: int = 6) -> Backtest:
    """Forecast a panel again from earlier origins: 13 weeks, 7 days or 3 months apart.

    Origins lie closer where the history is short. Values that were filled in count for no error.

    Args:
        panel: the series.
        forecaster: what is tested.
        n_origins: origins at most.
    """
    step = max(1, min(_STEP[panel.freq], (panel.n_steps - _FIRST_ORIGIN) // n_origins))
    origins = tuple(k * step for k in range(1, n_origins + 1) if panel.n_steps - k * step >= _FIRST_ORIGIN)
    longest = max(origins, default=1)
    forecasts = np.full((len(origins), len(panel.ids), longest), np.nan)
    for i, ago in enumerate(origins):
        past = panel.before(ago)
        begun = past.lengths() >= _FIRST_ORIGIN
        forecasts[i, :, :ago] = np.where(begun[:, None], forecaster(past, ago), np.nan)
    return Backtest.of(panel, origins, forecasts)


def scaled_errors(
    panel: Panel, origins: tuple[int, ...], forecasts: Array, *, at: int = 0
) -> tuple[Residuals, Spread]:
    """Get scaled errors, and how their scale grows with the size of a series, as they were known at some time.

    Args:
        panel: the whole history.
        origins: steps from each origin to the end.
        forecasts: `(o, n, h)`.
        at: steps before the end; nothing later is used.
    """
    gaps = np.full(forecasts.shape, np.nan)
    for i, ago in enumerate(origins):
        told = forecasts[i, :, :ago]
        gaps[i, :, :ago] = np.sqrt(truth_after(panel, ago, told.shape[1])) - np.sqrt(told)
    step = min(origins, default=1)  # origins lie as far apart as the first from the end
    return _scaled(panel, Residuals(origins, gaps, panel.season, step).known_at(at))


def _scaled(panel: Panel, gaps: Residuals) -> tuple[Residuals, Spread]:
    """Learn the spread of errors on the square-root scale, and divide them by each series' scale."""
    pasts = [panel.before(ago) for ago in gaps.origins]
    spread = learn_spread(pasts, list(gaps.errors))
    scaled = np.full(gaps.errors.shape, np.nan)
    for past, gap, row in zip(pasts, gaps.errors, scaled, strict=True):
        scale = series_scale(past, spread)[:, None]
        np.divide(gap, scale, out=row, where=scale > 0)
    return replace(gaps, errors=scaled), spread


def truth_after(panel: Panel, ago: int, h: int) -> Array:
    """Get the `(n, h)` values after the origin `ago` steps before the end; NaN where not observed."""
    start = panel.n_steps - ago
    window = slice(start, start + h)
    return np.where(panel.observed[:, window], panel.y[:, window], np.nan)


def _mean_or_null(values: Array) -> pa.Array:
    known = ~np.isnan(values)
    n = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return pa.array(np.divide(total, n, out=np.zeros_like(total), where=n > 0), pa.float64(), mask=n == 0)
