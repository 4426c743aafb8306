"""Series in the long format, checked and laid out as a matrix.

The stages of this package compute on a `Panel`: one row a series, one column a step of time, the last
column of each row being that series' last step. Reading a table into a panel is where a user's slip is
caught, so every message names the series, the column and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modacast.errors import InvalidInput, suggest
from modacast.trends.frequency import (
    FREQUENCIES,
    NAMES,
    SEASON,
    Frequency,
    check_one_a_step,
    check_one_frequency,
    frequency_of,
    positions_of,
    shift,
    steps_between,
)

__all__ = [
    "FREQUENCIES",
    "MIN_STEPS",
    "Array",
    "Frequency",
    "Kin",
    "Panel",
    "parse_dates",
    "read_panel",
    "steps_between",
    "validate_series",
]

Array = npt.NDArray[np.float64]
Kin = dict[str, dict[str, float]]
"""Series to the series that are like it, each with a weight in (0, 1]."""

MIN_STEPS = 8
"""Fewest observed values that a series is forecast from."""

_LARGEST = 1e100  # squares of more overflow
_THINNEST = 3  # days to each value of a series that is called daily
_LONGEST_GAP = 1_040  # steps: twenty years of weeks; more is a slip in a year


@dataclass(frozen=True, slots=True)
class Panel:
    """Series of one frequency, aligned at their ends.

    Attributes:
        ids: `unique_id` of each row.
        y: `(n, t)` float64; gaps are filled linearly and NaN stands only before a series begins.
        observed: `(n, t)` bool; where `y` was given rather than filled.
        last: `(n,)` datetime64[D]; the date of the last column of each row.
        freq: the step, "W", "D" or "M".
        season: steps in a season: 52 weeks, 7 days or 12 months.
        exog: `(n, t + f, c)` signals beside the series, the last `f` steps past its end; None without.
        exog_ahead: `(n, c)` steps past a series' end up to which each signal is known, < 0 where it lags; what
            `exog` holds beyond is its last known value.
        kin: series to the series that are like it, with weights; None where nothing is known of that.
    """

    ids: tuple[str, ...]
    y: Array
    observed: npt.NDArray[np.bool_]
    last: npt.NDArray[np.datetime64]
    freq: Frequency
    season: int
    exog: Array | None = None
    exog_ahead: npt.NDArray[np.int64] | None = None
    kin: Kin | None = None

    @property
    def n_steps(self) -> int:
        """Steps from the earliest first value to the end."""
        return self.y.shape[1]

    def lengths(self) -> npt.NDArray[np.int64]:
        """Get the `(n,)` number of steps since each series began."""
        return np.sum(~np.isnan(self.y), axis=1).astype(np.int64)

    def before(self, n_held_out: int) -> Panel:
        """Get the panel as it stood `n_held_out` steps earlier; rows that had not begun are all NaN."""
        end = self.n_steps - n_held_out
        last = np.array([shift(d, -n_held_out, self.freq) for d in self.last], dtype="datetime64[D]")
        exog = None
        if self.exog is not None:
            exog = self.exog[:, : self.exog.shape[1] - n_held_out]
            if self.exog_ahead is not None:
                exog = _as_known(exog, end, self.exog_ahead)
        return replace(self, y=self.y[:, :end], observed=self.observed[:, :end], last=last, exog=exog)

    def rows(self, keep: npt.NDArray[np.bool_]) -> Panel:
        """Get the panel of some rows, `(n,)` bool."""
        ids = tuple(name for name, kept in zip(self.ids, keep, strict=True) if kept)
        exog = None if self.exog is None else self.exog[keep]
        ahead = None if self.exog_ahead is None else self.exog_ahead[keep]
        return replace(
            self,
            ids=ids,
            y=self.y[keep],
            observed=self.observed[keep],
            last=self.last[keep],
            exog=exog,
            exog_ahead=ahead,
        )

    def in_blocks(self, size: int) -> Panel:
        """Get the panel of means over blocks of `size` steps that end with the last one.

        Steps before the first whole block are dropped; a block that had begun in part is the mean of that part.
        """
        if size == 1:
            return self
        n_blocks = self.n_steps // size
        parts = self.y[:, self.n_steps - n_blocks * size :].reshape(len(self.ids), n_blocks, size)
        known = ~np.isnan(parts)
        n = known.sum(axis=2)
        total = np.where(known, parts, 0.0).sum(axis=2)
        means = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
        return Panel(self.ids, means, n > 0, self.last, "M", max(1, self.season // size))

    def date_at(self, row: int, steps: int) -> date:
        """Get the date `steps` after the last one of a row, before it where negative."""
        return _day(shift(self.last[row], steps, self.freq))

    def future(self, row: int, h: int) -> list[date]:
        """Get the dates of the `h` steps after the end of a row."""
        return [self.date_at(row, k) for k in range(1, h + 1)]


def validate_series(table: pa.Table, *, freq: Frequency | None = None) -> pa.Table:
    """Check a long-format table and put it in order.

    NaN counts as missing. Steps that are absent from a series become rows of null, so that a gap is a gap
    and not a zero. Rows may come in any order.

    Args:
        table: columns `unique_id` (text or whole number), `ds` (date, timestamp or ISO text) and `y`
            (number); others are ignored.
        freq: "W", "D" or "M"; inferred from the most common step where None.

    Returns:
        `unique_id` string, `ds` date32, `y` float64 (nullable), sorted, without gaps in `ds`.

    Raises:
        InvalidInput: a column is absent or of another kind, there are no rows, a date does not parse, two
            rows share series and step, a value is negative, infinite or over 1e100, a series has no value at
            all, or the dates do not keep to one frequency.
    """
    panel = read_panel(table, freq=freq, min_steps=1)
    ids: list[str] = []
    dates: list[date] = []
    values: list[float | None] = []
    for row, name in enumerate(panel.ids):
        first = int(np.argmax(~np.isnan(panel.y[row])))
        n = panel.n_steps - first
        start = shift(panel.last[row], -n, panel.freq)
        ids += [name] * n
        dates += [_day(shift(start, k, panel.freq)) for k in range(1, n + 1)]
        seen = panel.observed[row, first:]
        values += [float(v) if ok else None for v, ok in zip(panel.y[row, first:], seen, strict=True)]
    return pa.table(
        {"unique_id": ids, "ds": pa.array(dates, pa.date32()), "y": pa.array(values, pa.float64())}
    )


def read_panel(table: pa.Table, *, freq: Frequency | None = None, min_steps: int = MIN_STEPS) -> Panel:
    """Lay a long-format table out as a panel; see `validate_series` for what is accepted.

    Args:
        table: columns `unique_id`, `ds`, `y`.
        freq: "W", "D" or "M"; inferred where None.
        min_steps: fewest observed values of a series.

    Raises:
        InvalidInput: as `validate_series`, or a series is shorter than `min_steps`.
    """
    ids, ds, y = _columns(table)
    order = np.lexsort((ds, ids))
    ids, ds, y = ids[order], ds[order], y[order]
    same = ids[1:] == ids[:-1]
    _check_unique(ids, ds, same)
    starts = np.flatnonzero(np.r_[True, ~same])
    ends = np.r_[starts[1:], len(ids)]
    told, freq = freq, frequency_of(ds, same, freq)
    if told is None:
        check_one_frequency(ids, ds, starts, freq)
    else:
        _check_told(ids, ds, starts, freq)
    _check_gaps(ids, ds, same, freq)
    positions = positions_of(ids, ds, starts, freq)
    check_one_a_step(ids, ds, same, positions, freq)
    names = tuple(str(ids[s]) for s in starts)
    width = int(max(positions[e - 1] for e in ends)) + 1
    matrix = np.full((len(starts), width), np.nan)
    for row, (s, e) in enumerate(zip(starts, ends, strict=True)):
        matrix[row, width - 1 - (positions[e - 1] - positions[s:e])] = y[s:e]
    _check_lengths(names, matrix, min_steps, freq)
    return Panel(names, _fill(matrix), ~np.isnan(matrix), ds[ends - 1], freq, SEASON[freq])


def _columns(
    table: pa.Table,
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.datetime64], Array]:  # one row each
    for name in ("unique_id", "ds", "y"):
        if name not in table.column_names:
            raise InvalidInput(f"series: there is no column {name!r}{suggest(name, table.column_names)}")
    if table.num_rows == 0:
        raise InvalidInput("series: the table has no rows; give columns unique_id, ds, y")
    for name in ("unique_id", "ds"):
        if table[name].null_count:
            row = pc.index(pc.is_null(table[name]), True).as_py()
            raise InvalidInput(f"series: column {name!r} is empty in row {row + 1}; every row needs one")
    ids = np.array([str(v) for v in table["unique_id"].to_pylist()], dtype=object)
    return ids, parse_dates(table["ds"]), _values(table["y"], ids)


def parse_dates(column: pa.ChunkedArray) -> npt.NDArray[np.datetime64]:
    """Get a column `ds` without nulls as datetime64[D].

    Raises:
        InvalidInput: the column holds something else, or a text is no date.
    """
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.array([_parse(text, i) for i, text in enumerate(column.to_pylist())], dtype="datetime64[D]")
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        raise InvalidInput(f"series: column 'ds' must hold dates, got {kind}")
    return np.asarray(column.cast(pa.date32(), safe=False).to_numpy(), dtype="datetime64[D]")


def _parse(text: str, row: int) -> date:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        message = f"series: column 'ds', row {row + 1}: {text[:40]!r} is no date; write it as 2024-03-18"
        raise InvalidInput(message) from None


def _values(column: pa.ChunkedArray, ids: npt.NDArray[np.object_]) -> Array:
    kind = column.type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if text and not any(v and v.strip() for v in column.to_pylist()):
        return np.full(len(column), np.nan)  # a column of a file in which nothing stands
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not (number or pa.types.is_null(kind)):
        raise InvalidInput(f"series: column 'y' must hold numbers, got {kind}")
    y = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    size = f"over {_LARGEST:g}"
    for bad, what in ((np.isinf(y), "infinite"), (y < 0, "negative"), (y > _LARGEST, size)):
        if bad.any():
            row = int(np.argmax(bad))
            tail = "shares, counts and indexes are all >= 0; drop the row or leave y empty"
            if what == size:
                tail = "give it in a larger unit"
            raise InvalidInput(f"series {ids[row]!r}: column 'y' is {what} ({y[row]:g}); {tail}")
    return y


def _check_unique(
    ids: npt.NDArray[np.object_], ds: npt.NDArray[np.datetime64], same: npt.NDArray[np.bool_]
) -> None:
    twice = same & (ds[1:] == ds[:-1])
    if twice.any():
        row = int(np.argmax(twice))
        raise InvalidInput(
            f"series {ids[row]!r}: column 'ds' has {ds[row]} more than once; sum or drop the rows so that each "
            "date stands once"
        )


def _check_told(
    ids: npt.NDArray[np.object_],
    ds: npt.NDArray[np.datetime64],
    starts: npt.NDArray[np.int64],
    freq: Frequency,
) -> None:
    """Refuse a series that was called daily, and has no value on most days: what lies between is no history."""
    if freq != "D":
        return
    for s, e in zip(starts, np.r_[starts[1:], len(ids)], strict=True):
        days = int((ds[e - 1] - ds[s]).astype(np.int64)) + 1
        if e - s > 1 and (e - s) * _THINNEST < days:
            raise InvalidInput(
                f"series {ids[s]!r}: column 'ds' has {e - s:,} of {days:,} days, which is not daily; move each date to the "
                "Monday of its week, or the first of its month, and leave freq out"
            )


def _check_gaps(
    ids: npt.NDArray[np.object_], ds: npt.NDArray[np.datetime64], same: npt.NDArray[np.bool_], freq: Frequency
) -> None:
    days = np.where(same, np.diff(ds).astype(np.int64), 0)
    steps = days // {"D": 1, "W": 7, "M": 30}[freq]
    if len(steps) and steps.max() > _LONGEST_GAP:
        row = int(np.argmax(steps))
        raise InvalidInput(
            f"series {ids[row]!r}: column 'ds' goes from {ds[row]} to {ds[row + 1]}, {steps[row]:,} {NAMES[freq]} on; is "
            "the year mistyped? If not, leave out what is that old"
        )


def _check_lengths(names: tuple[str, ...], matrix: Array, min_steps: int, freq: Frequency) -> None:
    counts = np.sum(~np.isnan(matrix), axis=1)
    short = np.flatnonzero(counts < min_steps)
    if len(short):
        some = f" ... ({len(short):,} of {len(names):,})" if len(short) > 5 else ""
        listed = ", ".join(repr(names[i]) for i in short[:5]) + some
        few = ", ".join(f"{n:,}" for n in sorted(set(counts[short].tolist()))[:3])
        raise InvalidInput(
            f"series {listed}: column 'y' has {few} values, at least {min_steps} "
            f"{NAMES[freq]} are needed; leave the series out or collect longer"
        )


def _fill(matrix: Array) -> Array:
    """Fill gaps linearly and carry the last value on; NaN stays before the first value."""
    filled = matrix.copy()
    steps = np.arange(matrix.shape[1])
    for row in np.flatnonzero(np.isnan(matrix).any(axis=1)):
        known = np.flatnonzero(~np.isnan(matrix[row]))
        inside = steps[known[0] :]
        filled[row, known[0] :] = np.interp(inside, known, matrix[row, known])
    return filled


def _as_known(exog: Array, end: int, ahead: npt.NDArray[np.int64]) -> Array:
    """Hold each signal at the last value that was known `end` steps in, so that no back-test sees more."""
    last = np.clip(end - 1 + ahead, 0, exog.shape[1] - 1)[:, None, :]
    column = np.arange(exog.shape[1])[None, :, None]
    return np.take_along_axis(exog, np.minimum(column, last), axis=1)


def _day(value: np.datetime64) -> date:
    return date.fromisoformat(str(value))
