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
from modacast.trends.rare_counts import PRIOR, Foretold, discrete_false_discovery, foretell, tail

__all__ = ["WINDOWS", "Surprise", "surprise"]

WINDOWS = (1, 2, 4, 8)
"""Weeks that are looked at together: a shock shows in one, a slow rise in eight."""

_PAST = 104  # weeks that foretell
_GUARD = 8  # weeks before the window that do not: a slow rise must not foretell itself
_RIPE = 8  # weeks that a cell was read before it counts
_KAPPA = 2.0  # texts that pull a cell's propensity towards the other cells'
_CALM = 12.0  # weeks with mentions that an element's own dispersion has to outweigh
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
        parts.append(_chunk(counts, volumes))
    total = np.concatenate([part.total for part in parts])
    phi = _dispersion(total)
    tested = [_one_chunk(part, phi[i : i + len(part.total)], windows) for i, part in _numbered(parts)]
    count, expected, rate, window, p, season_p, season_count, n_seasons = (
        np.concatenate(columns) for columns in zip(*(best for best, _ in tested), strict=True)
    )
    foretold = Foretold(
        np.concatenate([f.mean for _, f in tested], axis=1),
        np.concatenate([f.size for _, f in tested], axis=1),
    )
    known = np.array([((known_from or {}).get(name, first) - first).days // 7 for name in names])
    looked_at = (np.cumsum(total, axis=1) > 0) & (np.arange(n_weeks) >= known[:, None])
    p = np.where(looked_at, p, 1.0)
    return Surprise(
        elements=names,
        weeks=tuple(first + timedelta(weeks=k) for k in range(n_weeks)),
        is_read=volumes.sum(axis=0) > 0,
        count=count,
        expected=expected,
        rate=rate,
        window=window.astype(np.int64),
        p=p,
        q=_over_elements(p, foretold, looked_at),
        season_p=season_p,
        season_count=season_count,
        n_seasons=n_seasons,
        phi=phi,
    )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Running sums over weeks, `(e, c, w + 1)` of counts and `(c, w + 1)` of volumes; `total` is `(e, w)`."""

    said: Array
    read: Array
    total: Array


def _chunk(counts: Array, volumes: Array) -> _Chunk:
    return _Chunk(_running(counts), _running(volumes), counts.sum(axis=1))


def _running(values: Array) -> Array:
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)


def _between(running: Array, first: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> Array:
    """Sum the weeks from `first` up to but not with `end`, each `(w,)`; what lies before the first week is 0."""
    return running[..., np.maximum(end, 0)] - running[..., np.maximum(first, 0)]


def _numbered(parts: list[_Chunk]) -> Iterator[tuple[int, _Chunk]]:
    """Give each part the row that it begins with."""
    start = 0
    for part in parts:
        yield start, part
        start += len(part.total)


def _one_chunk(part: _Chunk, phi: Array, windows: tuple[int, ...]) -> tuple[list[Array], Foretold]:
    """Get, of all windows, the one that is least likely by chance; and what was foretold of each `(w, e, t)`."""
    best: list[Array] = []
    means, sizes = [], []
    for width in windows:
        found, foretold = _one_window(part, phi, width, len(windows))
        means.append(foretold.mean.astype(np.float32))
        sizes.append(foretold.size.astype(np.float32))
        if not best:
            best = found
        else:
            wins = found[4] < best[4]
            best = [np.where(wins, new, old) for new, old in zip(found, best, strict=True)]
    return best, Foretold(np.stack(means), np.stack(sizes))


def _one_window(part: _Chunk, phi: Array, width: int, n_windows: int) -> tuple[list[Array], Foretold]:
    n_weeks = part.total.shape[1]
    end = np.arange(1, n_weeks + 1)
    begin = end - width
    until = begin - _GUARD
    ripe = _between(np.cumsum(part.read > 0, axis=-1), np.zeros_like(begin), until) >= _RIPE
    said = np.where(ripe, _between(part.said, until - _PAST, until), 0.0)
    seen = np.where(ripe, _between(part.read, until - _PAST, until), 0.0)
    usual = said.sum(axis=1) / np.maximum(seen.sum(axis=0), 1.0)
    propensity = (said + _KAPPA) / (seen * usual[:, None, :] + _KAPPA)
    volume = np.where(ripe, _between(part.read, begin, end), 0.0)
    now = np.where(ripe, _between(part.said, begin, end), 0.0).sum(axis=1)
    exposure = (propensity * volume).sum(axis=1)
    past = (propensity * seen).sum(axis=1)
    before = said.sum(axis=1)
    foretold = foretell(before, past, exposure, phi)
    p = np.where(past > 0, tail(now, foretold), 1.0)
    usual_rate = foretold.mean / np.maximum(exposure, 1e-9)
    season_p, season_count, n_seasons = _season(part, propensity, (now, exposure, phi, usual_rate), width)
    alive = (part.total > 0) & (volume.sum(axis=0) > 0)
    p = np.where(alive, np.minimum(1.0, p * n_windows), 1.0)
    rate = now / np.maximum(volume.sum(axis=0), 1.0)
    best = [now, foretold.mean, rate, np.full(p.shape, float(width)), p, season_p, season_count, n_seasons]
    return best, Foretold(np.where(alive, foretold.mean, 0.0), foretold.size)


def _season(
    part: _Chunk, propensity: Array, now: tuple[Array, Array, Array, Array], width: int
) -> tuple[Array, Array, Array]:
    """Hold the window against the same weeks of up to three earlier years; the year that explains most counts.

    The less a year was read, the more its rate is taken to be the usual one.
    """
    count, exposure, phi, usual = now
    end = np.arange(1, part.total.shape[1] + 1)
    worst, most, seasons = (np.zeros_like(count) for _ in range(3))
    for year in range(1, _YEARS + 1):
        first, last = end - width - SEASON * year - _SHIFT, end - SEASON * year + _SHIFT
        said = _between(part.said, first, last).sum(axis=1)
        there = (propensity * _between(part.read, first, last)).sum(axis=1)
        known = (last > _SHIFT) & (there > 0)
        p = np.where(
            known, tail(count, foretell(said, there + PRIOR / np.maximum(usual, 1e-12), exposure, phi)), 0.0
        )
        rate = said / np.maximum(there, 1e-9)
        worst = np.maximum(worst, p)
        most = np.maximum(most, np.where(known, rate * exposure, 0.0))
        seasons += known & (said >= _MIN_SEASON) & (rate >= _HIGH * usual)
    return worst, most, seasons


def _dispersion(total: Array) -> Array:
    """How much more weekly counts scatter than Poisson draws, by the past alone, pulled to what all elements do.

    All elements share a size `k` of negative binomials, so that one with a mean of `m` a week scatters `1 + m / k`
    times as much as a Poisson draw: what is rare hardly more, what is much talked of several times as much. A
    dispersion that is the same for all would take ten texts of a rare word for a burst of the usual kind.
    """
    n_weeks = total.shape[1]
    end = np.arange(n_weeks) - _GUARD
    begin = end - _PAST
    n = np.maximum(np.minimum(end, _PAST), 1)
    mean = _between(_running(total), begin, end) / n
    square = _between(_running(total**2), begin, end) / n
    named = _between(_running((total > 0).astype(float)), begin, end)
    fano = np.divide(np.maximum(square - mean**2, 0.0), mean, out=np.ones_like(mean), where=mean > 0)
    weight = named * (mean > 0)
    per_mean = np.maximum(((fano - 1.0) * weight).sum(axis=0), 0.0) / np.maximum(
        (mean * weight).sum(axis=0), 1e-9
    )
    common = 1.0 + per_mean * mean
    return np.maximum(1.0, (fano * weight + common * _CALM) / (weight + _CALM))


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
