"""How surprising is a count, given all that came before it and nothing that came after?

For every element and week, the count of the last few weeks is held against what its own past foretells, as a
scan statistic with several window lengths (Kulldorff 2001, "Prospective time periodic geographical disease
surveillance using a scan statistic"). The forecast distribution is the Gamma-Poisson predictive, a negative
binomial: with little past it is wide, so that a few texts of a word that was rare are no proof, and a few more
soon are. The weeks just before the window foretell nothing, so that a slow rise is not held against itself. What
is expected is standardised over panel cells, indirectly, as epidemiologists do with age groups:
each cell (a source in a language) brings its own propensity, learned from the past alone, and a cell that has
not been read for eight weeks yet is left out on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modacast.trends.history import SEASON
from modacast.trends.panel import Array
from modacast.trends.past import Sums, Window, between, dispersion, read_window, sums, was_news, without
from modacast.trends.rare_counts import PRIOR, Foretold, discrete_false_discovery, foretell, tail

__all__ = ["WINDOWS", "Surprise", "surprise"]

WINDOWS = (1, 2, 4, 8, 13)
"""Weeks that are looked at together: a shock shows in one, a slow rise in a quarter of a year."""

_NEWS = 0.1  # false discovery rate up to which a count was news, and no part of what is usual
_YEARS = 3  # earlier years whose season is remembered
_SHIFT = 4  # weeks by which a season may come earlier or later
_HIGH = 1.5  # times the usual rate, from which weeks of an earlier year were a season
_MIN_SEASON = 2.0  # texts that a season has at least
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Surprise:
    """What each element's newest weeks were, against what was to be expected; arrays are `(e, w)`.

    Attributes:
        elements: ids of the rows.
        weeks: Mondays of the columns.
        is_read: `(w,)` bool, whether anything was read.
        count: weighted texts in the window that says most.
        expected: texts to be expected in it.
        rate: count over texts read in it.
        window: weeks of it.
        p: chance of such a count or more, corrected for the number of windows, 1 where there was nothing.
        q: the same, after false discovery control over all elements named so far (`discrete_false_discovery`).
        season_p: the least surprising chance against the same weeks of earlier years, 0 where there are none.
        season_count: the most that an earlier year's season had, scaled to the window.
        n_seasons: earlier years in which the same weeks stood well above the rest of that time.
        phi: dispersion, >= 1; 1 is a Poisson draw.
    """

    elements: tuple[str, ...]
    weeks: tuple[date, ...]
    is_read: npt.NDArray[np.bool_]
    count: Array
    expected: Array
    rate: Array
    window: npt.NDArray[np.int64]
    p: Array
    q: Array
    season_p: Array
    season_count: Array
    n_seasons: Array
    phi: Array


def surprise(
    spoken: pa.Table,
    read: pa.Table,
    *,
    last: date,
    windows: tuple[int, ...] = WINDOWS,
    known_from: Mapping[str, date] | None = None,
) -> Surprise:
    """Hold every week of every element against its own past.

    Args:
        spoken: `SPOKEN`.
        read: `READ`.
        last: the Monday of the last week that was read in full.
        windows: lengths to look at, in weeks.
        known_from: the Monday of the first week in which an element is looked at, where it was not known from the
            beginning.

    Returns:
        One row an element, one column a week from the first that was read; empty where nothing was.
    """
    read = read.filter(pc.less_equal(read["ds"], pa.scalar(last, pa.date32())))
    spoken = spoken.filter(pc.less_equal(spoken["ds"], pa.scalar(last, pa.date32())))
    names = tuple(sorted(pc.unique(spoken["element_id"]).to_pylist()))
    if read.num_rows == 0 or not names:
        return _nothing(names)
    first: date = pc.min(read["ds"]).as_py()
    n_weeks = (last - first).days // 7 + 1
    cells = sorted(set(zip(read["source"].to_pylist(), read["lang"].to_pylist(), strict=True)))
    place = {cell: i for i, cell in enumerate(cells)}
    volumes = np.zeros((len(cells), n_weeks))
    volumes[_at(read, place), _week(read, first)] = read["n"].to_numpy()
    rows = {name: i for i, name in enumerate(names)}
    element = np.array([rows[name] for name in spoken["element_id"].to_pylist()])
    cell, week, n = _at(spoken, place), _week(spoken, first), spoken["n"].to_numpy()
    known = (cell >= 0) & (week >= 0)
    parts = []
    for start in range(0, len(names), _CHUNK):
        size = min(_CHUNK, len(names) - start)
        counts = np.zeros((size, len(cells), n_weeks))
        inside = known & (element >= start) & (element < start + size)
        counts[element[inside] - start, cell[inside], week[inside]] = n[inside]
        parts.append(sums(counts, volumes))
    since = np.array([((known_from or {}).get(name, first) - first).days // 7 for name in names])
    total = np.concatenate([part.total for part in parts])
    looked_at = (np.cumsum(total, axis=1) > 0) & (np.arange(n_weeks) >= since[:, None])
    phi = dispersion(total)
    first_look = _look(parts, phi, phi, windows, looked_at)
    news = was_news(first_look.q <= _NEWS, first_look.window)
    parts = [without(part, phi[rows], news[rows]) for rows, part in _numbered(parts)]
    usual_phi = dispersion(np.concatenate([part.usual_total for part in parts]))
    found = _look(parts, usual_phi, phi, windows, looked_at)
    return Surprise(
        elements=names,
        weeks=tuple(first + timedelta(weeks=k) for k in range(n_weeks)),
        is_read=volumes.sum(axis=0) > 0,
        count=found.count,
        expected=found.expected,
        rate=found.rate,
        window=found.window,
        p=found.p,
        q=found.q,
        season_p=found.season_p,
        season_count=found.season_count,
        n_seasons=found.n_seasons,
        phi=usual_phi,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What `Surprise` says of it."""

    count: Array
    expected: Array
    rate: Array
    window: npt.NDArray[np.int64]
    p: Array
    season_p: Array
    season_count: Array
    n_seasons: Array
    q: Array


def _look(
    parts: list[Sums],
    phi: Array,
    season_phi: Array,
    windows: tuple[int, ...],
    looked_at: npt.NDArray[np.bool_],
) -> _Look:
    tested = [_one_chunk(part, phi[rows], season_phi[rows], windows) for rows, part in _numbered(parts)]
    count, expected, rate, window, p, season_p, season_count, n_seasons = (
        np.concatenate(columns) for columns in zip(*(best for best, _ in tested), strict=True)
    )
    foretold = Foretold(
        np.concatenate([f.mean for _, f in tested], axis=1),
        np.concatenate([f.size for _, f in tested], axis=1),
    )
    p = np.where(looked_at, p, 1.0)
    q = _over_elements(p, foretold, looked_at)
    return _Look(count, expected, rate, window.astype(np.int64), p, season_p, season_count, n_seasons, q)


def _numbered(parts: list[Sums]) -> Iterator[tuple[slice, Sums]]:
    """Give each part its rows."""
    start = 0
    for part in parts:
        yield slice(start, start + len(part.total)), part
        start += len(part.total)


def _one_chunk(
    part: Sums, phi: Array, season_phi: Array, windows: tuple[int, ...]
) -> tuple[list[Array], Foretold]:
    """Get, of all windows, the one that is least likely by chance; and what was foretold of each `(w, e, t)`."""
    best: list[Array] = []
    means, sizes = [], []
    for width in windows:
        found, foretold = _one_window(part, phi, season_phi, width, len(windows))
        means.append(foretold.mean.astype(np.float32))
        sizes.append(foretold.size.astype(np.float32))
        if not best:
            best = found
        else:
            wins = found[4] < best[4]
            best = [np.where(wins, new, old) for new, old in zip(found, best, strict=True)]
    return best, Foretold(np.stack(means), np.stack(sizes))


def _one_window(
    part: Sums, phi: Array, season_phi: Array, width: int, n_windows: int
) -> tuple[list[Array], Foretold]:
    window = read_window(part, phi, width)
    usual_rate = window.foretold.mean / np.maximum(window.exposure, 1e-9)
    season_p, season_count, n_seasons = _season(part, window, season_phi, usual_rate, width)
    alive = (part.total > 0) & (window.volume.sum(axis=0) > 0)
    p = np.where(alive, np.minimum(1.0, window.p * n_windows), 1.0)
    rate = window.count / np.maximum(window.volume.sum(axis=0), 1.0)
    best = [
        window.count, window.foretold.mean, rate, np.full(p.shape, float(width)), p, season_p, season_count, n_seasons,
    ]  # fmt: skip
    return best, Foretold(np.where(alive, window.foretold.mean, 0.0), window.foretold.size)


def _season(part: Sums, window: Window, phi: Array, usual: Array, width: int) -> tuple[Array, Array, Array]:
    """Hold the window against the same weeks of up to three earlier years; the year that explains most counts.

    The less a year was read, the more its rate is taken to be the usual one.
    """
    count, exposure, propensity = window.count, window.exposure, window.propensity
    end = np.arange(1, part.total.shape[1] + 1)
    worst, most, seasons = (np.zeros_like(count) for _ in range(3))
    for year in range(1, _YEARS + 1):
        first, last = end - width - SEASON * year - _SHIFT, end - SEASON * year + _SHIFT
        said = between(part.said, first, last).sum(axis=1)
        there = (propensity * between(part.read, first, last)).sum(axis=1)
        known = (last > _SHIFT) & (there > 0)
        p = np.where(
            known, tail(count, foretell(said, there + PRIOR / np.maximum(usual, 1e-12), exposure, phi)), 0.0
        )
        rate = said / np.maximum(there, 1e-9)
        worst = np.maximum(worst, p)
        most = np.maximum(most, np.where(known, rate * exposure, 0.0))
        seasons += known & (said >= _MIN_SEASON) & (rate >= _HIGH * usual)
    return worst, most, seasons


def _over_elements(p: Array, foretold: Foretold, looked_at: npt.NDArray[np.bool_]) -> Array:
    """Adjust each week's p-values over the elements that were looked at."""
    q = np.ones_like(p)
    for week in range(p.shape[1]):
        rows = looked_at[:, week]
        if rows.any() and (p[rows, week] < 1).any():
            of_week = Foretold(foretold.mean[:, rows, week], foretold.size[:, rows, week])
            q[rows, week] = discrete_false_discovery(p[rows, week], of_week)
    return q


def _at(table: pa.Table, place: dict[tuple[str, str], int]) -> npt.NDArray[np.int64]:
    pairs = zip(table["source"].to_pylist(), table["lang"].to_pylist(), strict=True)
    return np.array([place.get(pair, -1) for pair in pairs], dtype=np.int64)


def _week(table: pa.Table, first: date) -> npt.NDArray[np.int64]:
    days = table["ds"].to_numpy().astype("datetime64[D]") - np.datetime64(first)
    return days.astype(np.int64) // 7


def _nothing(names: tuple[str, ...]) -> Surprise:
    none = np.zeros((len(names), 0))
    return Surprise(
        names,
        (),
        np.zeros(0, dtype=bool),
        none,
        none,
        none,
        none.astype(np.int64),
        none,
        none,
        none,
        none,
        none,
        none,
    )
