"""Weeks, days and months: which of them a table keeps to, and counting in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from modacast.errors import InvalidInput

__all__ = [
    "FREQUENCIES",
    "NAMES",
    "SEASON",
    "Frequency",
    "check_one_a_step",
    "check_one_frequency",
    "frequency_of",
    "positions_of",
    "shift",
    "steps_between",
]

Array = npt.NDArray[np.float64]
Frequency = Literal["W", "D", "M"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)

SEASON: dict[Frequency, int] = {"W": 52, "D": 7, "M": 12}
"""Steps in a season."""

NAMES: dict[Frequency, str] = {"W": "weeks", "D": "days", "M": "months"}
"""What the steps are called."""

_TELLING = 5  # dates of a series that tell its frequency
_RUN = 4  # steps of a week in a row that no gap in days makes


def frequency_of(
    ds: npt.NDArray[np.datetime64], same: npt.NDArray[np.bool_], freq: Frequency | None
) -> Frequency:
    """Get the frequency of sorted dates, from their most common step where None is given.

    Args:
        ds: `(r,)` dates of all series, one series after the other.
        same: `(r - 1,)` whether a row is of the same series as the one before it.
        freq: what was asked for.

    Raises:
        InvalidInput: it is none of `FREQUENCIES`, or the dates keep to none.
    """
    if freq is not None:
        if freq not in FREQUENCIES:
            raise InvalidInput(f"freq must be one of {', '.join(FREQUENCIES)}, got {freq!r}")
        return freq
    steps = np.diff(ds).astype(np.int64)[same]
    if len(steps) == 0:
        return "W"
    values, counts = np.unique(steps, return_counts=True)
    step = int(values[np.argmax(counts)])
    if step == 1:
        return "D"
    if 28 <= step <= 31 and np.isin(steps, (28, 29, 30, 31)).mean() > 0.5 and not (steps % 7 == 0).all():
        return "M"
    if step % 7 == 0:
        return "W"
    raise InvalidInput(
        f"series: column 'ds' steps by {step} days most often; give daily, weekly or monthly dates, or freq"
    )


def check_one_frequency(
    ids: npt.NDArray[np.object_],
    ds: npt.NDArray[np.datetime64],
    starts: npt.NDArray[np.int64],
    freq: Frequency,
) -> None:
    """Refuse a table in which a series plainly has another step than most, or two; `starts` are its first rows."""
    for s, e in zip(starts, np.r_[starts[1:], len(ids)], strict=True):
        if e - s < _TELLING:
            continue
        steps = np.diff(ds[s:e]).astype(np.int64)
        values, counts = np.unique(steps, return_counts=True)
        step = int(values[np.argmax(counts)])
        own = _kind_of_step(step)
        if own is not None and own != freq:
            raise InvalidInput(
                f"series {ids[s]!r}: column 'ds' steps by {step} days, but most series go by {NAMES[freq]}; "
                "forecast series of different frequency apart"
            )
        weekly = np.convolve(steps == 7, np.ones(_RUN), "valid") == _RUN
        if freq == "D" and weekly.any():
            raise InvalidInput(
                f"series {ids[s]!r}: column 'ds' goes by weeks from {ds[s + int(np.argmax(weekly))]} on, and by days "
                "elsewhere; sum the days up to weeks, or forecast the stretches apart"
            )


def _kind_of_step(days: int) -> Frequency | None:
    if days == 1:
        return "D"
    if days % 7 == 0:
        return None if days == 28 else "W"
    return "M" if days in {30, 31} else None


def check_one_a_step(
    ids: npt.NDArray[np.object_],
    ds: npt.NDArray[np.datetime64],
    same: npt.NDArray[np.bool_],
    positions: npt.NDArray[np.int64],
    freq: Frequency,
) -> None:
    """Refuse two dates of a series that fall into one step."""
    twice = same & (positions[1:] == positions[:-1])
    if twice.any():
        row = int(np.argmax(twice))
        raise InvalidInput(
            f"series {ids[row]!r}: column 'ds' has {ds[row]} and {ds[row + 1]}, both in one of its "
            f"{NAMES[freq]}; sum them up first, or give freq='D'"
        )


def positions_of(
    ids: npt.NDArray[np.object_],
    ds: npt.NDArray[np.datetime64],
    starts: Sequence[int] | npt.NDArray[np.int64],
    freq: Frequency,
) -> npt.NDArray[np.int64]:
    """Count the steps of each row since a common start; whole numbers only."""
    if freq == "M":
        return ds.astype("datetime64[M]").astype(np.int64) - int(
            ds.min().astype("datetime64[M]").astype(np.int64)
        )
    days = ds.astype(np.int64)
    step = 7 if freq == "W" else 1
    first = np.repeat(days[starts], np.diff(np.r_[starts, len(ids)]))
    off = (days - first) % step != 0
    if off.any():
        row = int(np.argmax(off))
        raise InvalidInput(
            f"series {ids[row]!r}: column 'ds' has {ds[row]}, which is no whole number of weeks after its first "
            "date; give one date a week, always the same weekday"
        )
    return (days - days.min()) // step


def steps_between(
    start: npt.NDArray[np.datetime64], end: npt.NDArray[np.datetime64], freq: Frequency
) -> Array:
    """Get the `(n,)` steps from one day to another, < 0 backwards; NaN where they are no whole number."""
    if freq == "M":
        return (end.astype("datetime64[M]") - start.astype("datetime64[M]")).astype(np.float64)
    days = (end - start).astype(np.int64)
    step = 7 if freq == "W" else 1
    return np.where(days % step == 0, days / step, np.nan)


def shift(day: np.datetime64, steps: int, freq: Frequency) -> np.datetime64:
    """Get the date some steps later, or earlier; a month's last day stays the last."""
    if freq != "M":
        return day + np.timedelta64(steps * (7 if freq == "W" else 1), "D")
    month = day.astype("datetime64[M]")
    in_month = (day - month.astype("datetime64[D]")).astype(np.int64)
    start = (month + np.timedelta64(steps, "M")).astype("datetime64[D]")
    following = (month + np.timedelta64(steps + 1, "M")).astype("datetime64[D]")
    at_end = day + np.timedelta64(1, "D") == (month + np.timedelta64(1, "M")).astype("datetime64[D]")
    longest = int((following - start).astype(np.int64)) - 1
    return start + np.timedelta64(longest if at_end else min(int(in_month), longest), "D")
