"""Trends of the past that went as one goes now, and how they ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.errors import InvalidInput
from modacast.trends.context import weekly_matrix
from modacast.trends.series import ancestors

__all__ = ["LOOKALIKES", "look_alikes"]

Values = npt.NDArray[np.float64]

LOOKALIKES = pa.schema([
    pa.field("element_id", pa.string(), nullable=False),
    pa.field("until", pa.date32(), nullable=False),           # the week of its past that is like this one's now
    pa.field("likeness", pa.float64(), nullable=False),       # correlation of the two courses, up to 1
    pa.field("weeks_to_peak", pa.int64(), nullable=False),    # from there to its highest week of the following year
    pa.field("rise_to_peak", pa.float64(), nullable=False),   # relative
    pa.field("half_life", pa.int64()),                        # weeks from the peak to half of it; null where not reached
    pa.field("after_13", pa.float64()),                       # relative change 13 weeks on; null where unknown
    pa.field("after_26", pa.float64()),
    pa.field("n_after", pa.int64(), nullable=False),          # weeks that are known after it
])  # fmt: skip
"""Courses of other elements that were like an element's last weeks, the most alike first."""

_SMOOTH = 5
_LEAST_AFTER = 13
_MOST_AFTER = 52
_LEAST_LIKE = 0.8


def look_alikes(
    series: pa.Table,
    element_id: str,
    *,
    weeks: int = 26,
    k: int = 5,
    segment: str = "all",
    skip: Collection[str] = (),
    parents: Mapping[str, str | None] | None = None,
) -> pa.Table:
    """Get the stretches of other elements' pasts that are most like an element's last weeks.

    Courses are smoothed over five weeks and scaled to mean 1; two are alike by their correlation, less the
    difference of how much they grew. Only stretches with 13 weeks or more after them are looked at, so
    that it can be said how they ended; one stretch an element.

    Args:
        series: `SERIES`.
        element_id: the element.
        weeks: how much of its course is compared; less where its history is shorter, but 8 at least.
        k: how many.
        segment: of the series.
        skip: elements to leave out, such as those above and below it.
        parents: element id to the one above it: of elements in one line only the likest is given.

    Returns:
        `LOOKALIKES`; empty where the history is too short, or nothing was alike.

    Raises:
        InvalidInput: `weeks` is below 8 or `k` below 1.
    """
    if weeks < 8 or k < 1:
        raise InvalidInput(f"look_alikes: weeks >= 8 and k >= 1, got {weeks} and {k}")
    days, shares = weekly_matrix(series, segment)
    own = _smooth(shares[element_id]) if element_id in shares else np.empty(0)
    own = own[np.isfinite(own).cumsum() > 0]
    recent = own[-weeks:]
    if recent.size < 8 or not np.isfinite(recent).all() or recent.std() <= 0.05 * max(recent.mean(), 1e-12):
        return LOOKALIKES.empty_table()
    rows = []
    for name, values in shares.items():
        if name == element_id or name in skip:
            continue
        found = _best(recent, _smooth(values))
        if found is not None:
            rows.append({"element_id": name, **found, "until": _day(days[int(found["at"])])})
    rows.sort(key=lambda row: (-row["likeness"], row["element_id"]))
    return pa.Table.from_pylist(
        [{n: row[n] for n in LOOKALIKES.names} for row in _apart(rows, parents or {})[:k]], schema=LOOKALIKES
    )


def _apart(rows: list[dict[str, Any]], parents: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Leave out what lies above or below one that comes before it: green says no more than olive green."""
    kept: list[dict[str, Any]] = []
    for row in rows:
        line = set(ancestors(row["element_id"], parents))
        if not any(
            other["element_id"] in line or row["element_id"] in ancestors(other["element_id"], parents)
            for other in kept
        ):
            kept.append(row)
    return kept


def _best(recent: Values, values: Values) -> dict[str, Any] | None:
    n = recent.size
    if values.size < n + _LEAST_AFTER:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(values, n)[: values.size - n - _LEAST_AFTER + 1]
    means = windows.mean(axis=1)
    spread = windows.std(axis=1)
    usable = np.isfinite(means) & (means > 0) & (spread > 0.05 * np.where(means > 0, means, 1.0))
    if not usable.any():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        shapes = (windows - means[:, None]) / spread[:, None]
        like = shapes @ ((recent - recent.mean()) / recent.std()) / n
        like -= 0.15 * np.abs(np.log(spread / means) - np.log(recent.std() / recent.mean()))
    like = np.where(usable, like, -np.inf)
    best = int(np.argmax(like))
    if like[best] < _LEAST_LIKE:
        return None
    at = best + n - 1
    return {"at": at, "likeness": float(like[best]), **_ending(values, at)}


def _ending(values: Values, at: int) -> dict[str, Any]:
    """How a course went on after a week."""
    now = values[at]
    after = values[at : at + _MOST_AFTER + 1]
    peak = int(np.nanargmax(after))
    fallen = np.flatnonzero(values[at + peak :] <= after[peak] / 2)
    later = {
        f"after_{step}": float(values[at + step] / now - 1) if at + step < values.size and now > 0 else None
        for step in (13, 26)
    }
    return {
        "weeks_to_peak": peak,
        "rise_to_peak": float(after[peak] / now - 1) if now > 0 else 0.0,
        "half_life": int(fallen[0]) if fallen.size else None,
        "n_after": int(values.size - at - 1),
        **{name: value if value is None or np.isfinite(value) else None for name, value in later.items()},
    }


def _smooth(values: Values) -> Values:
    """Mean over five weeks that ends at each week, so that nothing of what came later shows."""
    known = np.isfinite(values)
    total = np.convolve(np.where(known, values, 0.0), np.ones(_SMOOTH))[: values.size]
    count = np.convolve(known.astype(float), np.ones(_SMOOTH))[: values.size]
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def _day(day: np.datetime64) -> date:
    found = day.astype("datetime64[D]").item()
    return date(found.year, found.month, found.day)
