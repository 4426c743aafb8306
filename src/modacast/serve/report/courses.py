"""The course of one element over the weeks, and what is forecast of it, as arrays to draw from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modacast.serve.report.words import change, interval, multiple, share
from modacast.types import FORECASTS, SERIES

__all__ = ["FROM_NOTHING", "Course", "Foreseen", "read_courses"]

FROM_NOTHING = 49.0
"""A growth above which there was next to nothing before, so that a multiple says nothing."""

Days = npt.NDArray[np.datetime64]
Values = npt.NDArray[np.float64]

_BANDS = ("y_hat", "lo_80", "hi_80", "lo_90", "hi_90")
_YEAR = np.timedelta64(52 * 7, "D")


def _no_days() -> Days:
    return np.empty(0, dtype="datetime64[D]")


def _no_values() -> Values:
    return np.empty(0)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A relative change that a forecast foresees.

    Attributes:
        growth: the change, -1 or more; infinite where there was nothing before, and no interval is known.
        low: lower end of its 80 % interval.
        high: upper end.
        is_yearly: whether it is against the same weeks a year before, else against now.
        share: the mean share of voice in [0, 1] that is foreseen.
    """

    growth: float
    low: float
    high: float
    is_yearly: bool
    share: float = float("nan")

    @property
    def is_from_nothing(self) -> bool:
        """Whether the change is so large that the share to come says more."""
        return self.growth > FROM_NOTHING and self.share == self.share

    @property
    def is_multiple(self) -> bool:
        """Whether the change and its interval are told as factors: where it may be threefold, and is no fall."""
        return self.growth >= 0 and self.high >= 2

    @property
    def said(self) -> str:
        """The change, or the share to come where there was next to nothing before."""
        if self.is_from_nothing:
            return f"→ {share(self.share)}"
        return multiple(self.growth) if self.is_multiple else change(self.growth)

    @property
    def said_range(self) -> str:
        """The 80 % interval of what is said; empty where there was nothing before."""
        if math.isinf(self.growth):
            return ""
        if not self.is_from_nothing:
            return interval(self.low, self.high, is_multiple=self.is_multiple)
        low, high = (self.share * (1 + end) / (1 + self.growth) for end in (self.low, self.high))
        return f"{share(low)} … {share(high)}"


@dataclass(frozen=True, slots=True)
class Course:
    """Weekly share of voice, and the weeks ahead.

    Attributes:
        days: `(n,)` Mondays, ascending.
        y: `(n,)` float64 shares in [0, 1], NaN where nothing was read.
        ahead: `(h,)` Mondays that were forecast.
        y_hat: `(h,)` float64 shares; `lo_80`, `hi_80`, `lo_90` and `hi_90` likewise.
    """

    days: Days = field(default_factory=_no_days)
    y: Values = field(default_factory=_no_values)
    ahead: Days = field(default_factory=_no_days)
    y_hat: Values = field(default_factory=_no_values)
    lo_80: Values = field(default_factory=_no_values)
    hi_80: Values = field(default_factory=_no_values)
    lo_90: Values = field(default_factory=_no_values)
    hi_90: Values = field(default_factory=_no_values)

    @property
    def has_history(self) -> bool:
        """Whether any week was read."""
        return bool(np.isfinite(self.y).any())

    @property
    def has_forecast(self) -> bool:
        """Whether any week was forecast."""
        return self.ahead.size > 0

    def smooth(self, weeks: int = 5) -> Values:
        """Get the centred moving mean over `weeks`, which leaves out weeks that were not read."""
        known = np.isfinite(self.y)
        kernel = np.ones(weeks)
        total = np.convolve(np.where(known, self.y, 0.0), kernel, mode="full")[weeks // 2 :][: self.y.size]
        count = np.convolve(known.astype(float), kernel, mode="full")[weeks // 2 :][: self.y.size]
        with np.errstate(invalid="ignore"):
            return np.where(known & (count > 0), total / np.maximum(count, 1.0), np.nan)

    def last(self, weeks: int) -> Course:
        """Get the course with no more than the last `weeks` of its history."""
        return Course(
            self.days[-weeks:], self.y[-weeks:], self.ahead, self.y_hat, self.lo_80, self.hi_80, self.lo_90,
            self.hi_90,
        )  # fmt: skip

    def foreseen(self, level: float) -> Foreseen | None:
        """Get the relative change that the forecast foresees, with its 80 % interval, averaged over its weeks.

        Compares as the board's `forecast_growth` does: with the same weeks a year before where at least half
        of them are known, else with `level`. None without a forecast, or where there is nothing before and now.

        Args:
            level: share of voice now.
        """
        if not self.has_forecast:
            return None
        known = dict(zip(self.days.tolist(), self.y.tolist(), strict=True))
        before = np.array([known.get(day, np.nan) for day in (self.ahead - _YEAR).tolist()], dtype=np.float64)
        paired = np.isfinite(before)
        is_yearly = bool(paired.sum() >= self.ahead.size / 2)
        base = float(before[paired].mean()) if is_yearly else level
        weeks = paired if is_yearly else slice(None)
        if base <= 0:
            mean = float(self.y_hat[weeks].mean())
            return (
                Foreseen(math.inf, math.inf, math.inf, is_yearly=is_yearly, share=mean) if level > 0 else None
            )
        middle, low, high = (
            float(band[weeks].mean()) / base - 1 for band in (self.y_hat, self.lo_80, self.hi_80)
        )
        return Foreseen(middle, low, high, is_yearly=is_yearly, share=float(self.y_hat[weeks].mean()))


def read_courses(series: pa.Table, forecasts: pa.Table, unique_ids: Iterable[str]) -> dict[str, Course]:
    """Get the courses of some series.

    Args:
        series: `SERIES`.
        forecasts: `FORECASTS`.
        unique_ids: the series to read; those that are in neither table are left out.
    """
    wanted = pa.array(sorted(set(unique_ids)), pa.string())
    histories = _columns(series, wanted, ("ds", "y"), SERIES)
    aheads = _columns(forecasts, wanted, ("ds", *_BANDS), FORECASTS)
    courses: dict[str, Course] = {}
    for unique_id in wanted.to_pylist():
        past, next_ = histories.get(unique_id), aheads.get(unique_id)
        if past is None:
            continue
        bands: dict[str, Any] = {}
        if next_ is not None:
            bands = {"ahead": next_["ds"], **{name: next_[name] for name in _BANDS}}
        courses[unique_id] = Course(days=past["ds"], y=past["y"], **bands)
    return courses


def _columns(
    table: pa.Table, wanted: pa.Array, names: tuple[str, ...], schema: pa.Schema
) -> Mapping[str, dict[str, Any]]:
    """Columns of each series, sorted by week."""
    kept = table.select(["unique_id", *names]).filter(pc.is_in(table["unique_id"], wanted))
    kept = kept.cast(pa.schema([schema.field(name) for name in kept.column_names]))
    kept = kept.sort_by([("unique_id", "ascending"), ("ds", "ascending")])
    if kept.num_rows == 0:
        return {}
    ids = np.asarray(kept["unique_id"].to_pylist(), dtype=object)
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    stops = np.r_[starts[1:], ids.size]
    arrays = {name: _array(kept[name]) for name in names}
    return {
        ids[start]: {name: array[start:stop] for name, array in arrays.items()}
        for start, stop in zip(starts, stops, strict=True)
    }


def _array(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    if pa.types.is_date(column.type):
        return np.asarray(column.to_numpy(), dtype="datetime64[D]")
    return np.asarray(column.to_numpy(), dtype=np.float64)
