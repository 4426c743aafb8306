"""A past for young series, from those that are like them.

Eight weeks of a series say nothing of its season, and little of how far a rise carries. Before such a series is
forecast, the time before its first value is filled with the course that others took there, brought to its own
level: the median of all that are old enough, and those that are like it (by parent, by the meaning of their
names) with more weight. Every forecaster then meets a series of full length. This is pooling over similar
items, as is usual for new products (Hyndman and Athanasopoulos 2021, section on judgmental analogies), done by
number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from modacast.trends.known_means import mean_known
from modacast.trends.panel import Array, Kin, Panel
from modacast.trends.series import split_unique_id

__all__ = ["hold_young", "kin_of", "with_past"]

_MARGIN = 8  # steps over a season that a series needs to speak for itself
_LEVEL = 26  # steps at most that a level is taken from
_FEWEST_DONORS = 3
_BOARD = 1.0  # weight of the whole board's course, beside that of its kin
_SIBLING = 0.5
_MOST_KIN = 10
_LEAST_COSINE = 0.5  # of centred vectors
_FLOOR, _ROOF = 0.25, 2.0  # of the lowest and highest value of a young series


def kin_of(
    ids: Sequence[str],
    parents: Mapping[str, str | None],
    vectors: Mapping[str, npt.ArrayLike] | None = None,
) -> Kin:
    """Get which series are like which: parents 1, siblings one half, and the cosine of their names' vectors.

    Args:
        ids: `unique_id` of the series, `"element_id|segment"`; kin is looked for within a segment.
        parents: element id to the id of its parent.
        vectors: element id to the `(d,)` vector of its name; none where None.

    Returns:
        Series to `{series: weight}`, at most ten each; those without kin are left out.
    """
    place: dict[str, dict[str, str]] = {}
    for name in ids:
        element, segment = split_unique_id(name)
        place.setdefault(segment, {})[element] = name
    near = _near(vectors or {})
    found: Kin = {}
    for members in place.values():
        below: dict[str, list[str]] = {}
        for element in members:
            if parent := parents.get(element):
                below.setdefault(parent, []).append(element)
        for element, name in members.items():
            weights = {other: weight for other, weight in near.get(element, {}).items() if other in members}
            if parent := parents.get(element):
                siblings = dict.fromkeys(below[parent], _SIBLING) | (
                    {parent: 1.0} if parent in members else {}
                )
                weights = {k: max(weights.get(k, 0.0), siblings.get(k, 0.0)) for k in (*weights, *siblings)}
            weights.pop(element, None)
            best = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:_MOST_KIN]
            if best:
                found[name] = {members[other]: weight for other, weight in best}
    return found


def _near(vectors: Mapping[str, npt.ArrayLike]) -> dict[str, dict[str, float]]:
    """Get the elements whose centred vectors point the same way."""
    names = sorted(vectors)
    if len(names) < 2:
        return {}
    matrix = np.array([np.asarray(vectors[name], dtype=np.float64) for name in names])
    matrix -= matrix.mean(axis=0)
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
    found = {}
    for i, name in enumerate(names):
        cosine = matrix @ matrix[i]
        cosine[i] = 0.0
        best = np.argsort(-cosine, kind="stable")[:_MOST_KIN]
        found[name] = {names[j]: float(cosine[j]) for j in best if cosine[j] >= _LEAST_COSINE}
    return found


def with_past(panel: Panel) -> Panel:
    """Get the panel with what stood before each young series' first value filled in; `observed` stays.

    Series that are older than a season and eight steps stay as they are, and so do all where fewer than three
    series are a season older.
    """
    lengths = panel.lengths()
    young = np.flatnonzero((lengths > 0) & (lengths < panel.season + _MARGIN) & (lengths < panel.n_steps))
    if len(young) == 0:
        return panel
    z = np.sqrt(panel.y)
    filled = panel.y.copy()
    row = {name: i for i, name in enumerate(panel.ids)}
    for length in np.unique(lengths[young]):
        donors = np.flatnonzero(lengths >= min(panel.n_steps, length + panel.season))
        recent = min(int(length), _LEVEL)
        level = mean_known(z[donors][:, -recent:])
        donors, level = donors[level > 0], level[level > 0]
        if len(donors) < _FEWEST_DONORS or lengths[donors].min() <= length:
            continue
        course = z[donors, : panel.n_steps - length] / level[:, None]
        board = np.full(course.shape[1], np.nan)
        begun = ~np.isnan(course).all(axis=0)
        board[begun] = np.nanmedian(course[:, begun], axis=0)
        position = {int(donor): i for i, donor in enumerate(donors)}
        for i in young[lengths[young] == length]:
            like = (panel.kin or {}).get(panel.ids[i], {})
            own = {position[row[name]]: w for name, w in like.items() if row.get(name) in position}
            told = _course(board, course[list(own)], np.array(list(own.values()))) if own else board
            start = panel.n_steps - int(length)
            filled[i, :start] = (mean_known(z[i : i + 1, -recent:]) * told) ** 2
    return replace(panel, y=filled)


def hold_young(panel: Panel, forecast: Array) -> Array:
    """Keep `(n, h)` forecasts of young series between a quarter of their lowest and twice their highest value.

    A line through eight steep weeks, carried on for half a year, ends anywhere.
    """
    young = panel.lengths() < panel.season
    if not young.any():
        return forecast
    held = forecast.copy()
    seen = panel.y[young]
    known = ~np.isnan(seen)
    low = np.where(known, seen, np.inf).min(axis=1, keepdims=True)
    high = np.where(known, seen, 0.0).max(axis=1, keepdims=True)
    begun = known.any(axis=1)
    rows = np.flatnonzero(young)[begun]
    held[rows] = np.clip(forecast[rows], _FLOOR * low[begun], _ROOF * high[begun])
    return held


def _course(board: Array, course: Array, weight: Array) -> Array:
    """Average the kin's courses and the board's, with what there is at each step."""
    rows = np.vstack([board[None], course])
    weights = np.r_[_BOARD, weight][:, None] * ~np.isnan(rows)
    total = weights.sum(axis=0)
    summed = (np.nan_to_num(rows) * weights).sum(axis=0)
    return np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)
