"""Series with their counts, ready to be tested: one record a series, and the windows that are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.trends.panel import Array

__all__ = ["SEASON", "WINDOW", "History", "as_date", "histories"]

WINDOW = 8
"""Weeks that make up "now"."""

SEASON = 52
"""Weeks in a year."""

_LEAST = 0.5  # texts that an imputed share must come to where none was counted
_MARGIN = 4  # weeks on either side of last year's window, as seasons and holidays shift


@dataclass(frozen=True, slots=True)
class History:
    """One series up to its last week that was read; all arrays are `(t,)`.

    Attributes:
        unique_id: its name.
        weeks: datetime64[D] Mondays.
        share: share of voice, NaN where nothing was read.
        counts: the share times what was read, so that tests see the panel-corrected level.
        read: texts read.
        mentions: documents counted.
    """

    unique_id: str
    weeks: npt.NDArray[np.datetime64]
    share: Array
    counts: Array
    read: Array
    mentions: npt.NDArray[np.int64]

    @property
    def has_year(self) -> bool:
        """Whether the same weeks of a year before were read."""
        return len(self.read) >= SEASON + WINDOW and self.year_ago[1] > 0

    @property
    def now(self) -> tuple[float, float]:
        """Count and exposure of the last 8 weeks."""
        return self._window(WINDOW, 0)

    @property
    def just_before(self) -> tuple[float, float]:
        """Those of the 8 weeks before them."""
        return self._window(2 * WINDOW, WINDOW)

    @property
    def year_ago(self) -> tuple[float, float]:
        """Those of the same 8 weeks a year before."""
        return self._window(SEASON + WINDOW, SEASON)

    @property
    def season_ago(self) -> tuple[float, float]:
        """Those of the same weeks a year before and four on either side."""
        return self._window(SEASON + WINDOW + _MARGIN, SEASON - _MARGIN)

    @property
    def base(self) -> tuple[float, float]:
        """Those of the year before the last 8 weeks, or of what there is of it."""
        return self._window(SEASON + WINDOW, WINDOW)

    @property
    def level(self) -> float:
        """Share of the last 8 weeks."""
        return self._told(WINDOW, 0)

    @property
    def level_before(self) -> float:
        """Share of the weeks that it is held against: the same a year before, or the 8 before where no year is known."""
        return self._told(SEASON + WINDOW, SEASON) if self.has_year else self._told(2 * WINDOW, WINDOW)

    def _told(self, first_ago: int, last_ago: int) -> float:
        """Get the share of some weeks; 0 where no text was counted and what was imputed is less than half a text."""
        count, read = self._window(first_ago, last_ago)
        counted = self.mentions[self._part(first_ago, last_ago)].sum()
        return count / read if read > 0 and (counted > 0 or count >= _LEAST) else 0.0

    def _window(self, first_ago: int, last_ago: int) -> tuple[float, float]:
        part = self._part(first_ago, last_ago)
        return float(self.counts[part].sum()), float(self.read[part].sum())

    def _part(self, first_ago: int, last_ago: int) -> slice:
        return slice(max(0, len(self.read) - first_ago), max(0, len(self.read) - last_ago))


def histories(series: pa.Table) -> Iterator[History]:
    """Yield the series of a table of `SERIES` in the order of `unique_id`; those never read are left out.

    Raises:
        InvalidInput: a column is lacking.
    """
    needed = ("unique_id", "ds", "y", "n_mentions", "n_documents")
    for name in needed:
        if name not in series.column_names:
            raise InvalidInput(f"series: there is no column {name!r}{suggest(name, series.column_names)}")
    table = series.select(list(needed)).sort_by([("unique_id", "ascending"), ("ds", "ascending")])
    ids = table["unique_id"].to_numpy(zero_copy_only=False)
    share = table["y"].to_numpy(zero_copy_only=False).astype(np.float64)
    read = table["n_documents"].to_numpy().astype(np.float64)
    mentions = table["n_mentions"].to_numpy()
    weeks = table["ds"].cast(pa.date32()).to_numpy().astype("datetime64[D]")
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.array([], dtype=np.int64)
    for start, end in zip(starts, np.r_[starts[1:], len(ids)].astype(np.int64), strict=False):
        known = np.flatnonzero(~np.isnan(share[start:end]))
        if len(known):
            part = slice(start, start + known[-1] + 1)
            counts = np.nan_to_num(share[part]) * read[part]
            yield History(str(ids[start]), weeks[part], share[part], counts, read[part], mentions[part])


def as_date(value: np.datetime64) -> date:
    """Get a day as Python's date."""
    return date.fromisoformat(str(value))
