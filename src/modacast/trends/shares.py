"""From counts in panel cells to shares of voice that do not follow the panel.

Cells (a source in a language) are combined with fixed weights, their long-run weekly size. A cell that was
not read in some week is imputed from share = cell effect x week effect, fitted by iterative proportional
fitting (Deming and Stephan 1940). Week effects are pulled a little towards 1: where the other cells never speak of an
element they say nothing of how much of it an unread cell would have held, and its usual share is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modacast.types import SERIES

__all__ = ["Grid", "read_grid", "segment_series"]

_CHUNK = 256  # elements held as a dense (element, cell, week) block
_ROUNDS = 8
_CALM = 0.01  # texts a week that the pull towards 1 is worth: it only decides where nothing else does


@dataclass(frozen=True, slots=True)
class Grid:
    """The panel as a matrix: `n[cell, week]` texts read, with the names of its rows and columns."""

    cells: tuple[tuple[str, str], ...]
    weeks: tuple[date, ...]
    n: npt.NDArray[np.float64]


def read_grid(read: pa.Table, last: date) -> Grid:
    """Lay the weekly volumes out as a matrix, up to and with the week of `last`."""
    read = read.filter(pc.less_equal(read["ds"], pa.scalar(last, pa.date32())))
    if read.num_rows == 0:
        return Grid((), (), np.zeros((0, 0)))
    first: date = pc.min(read["ds"]).as_py()
    weeks = tuple(first + timedelta(days=7 * k) for k in range((last - first).days // 7 + 1))
    cells = tuple(sorted(set(zip(read["source"].to_pylist(), read["lang"].to_pylist(), strict=True))))
    n = np.zeros((len(cells), len(weeks)))
    row = _cell_index(read, cells)
    n[row, _week_index(read["ds"], first)] = read["n"].to_numpy().astype(np.float64)
    return Grid(cells, weeks, n)


def _cell_index(table: pa.Table, cells: tuple[tuple[str, str], ...]) -> npt.NDArray[np.int64]:
    """Get the cell's number of each row, -1 for cells that are not in the grid."""
    number = {cell: i for i, cell in enumerate(cells)}
    pairs = zip(table["source"].to_pylist(), table["lang"].to_pylist(), strict=True)
    return np.array([number.get(pair, -1) for pair in pairs], dtype=np.int64)


def _week_index(ds: pa.ChunkedArray, first: date) -> npt.NDArray[np.int64]:
    days = ds.cast(pa.date32()).to_numpy().astype("datetime64[D]") - np.datetime64(first)
    return days.astype(np.int64) // 7


def segment_series(
    counts: pa.Table, grid: Grid, rows: npt.NDArray[np.int64], segment: str, min_mentions: int
) -> pa.Table:
    """Make the series of one segment.

    Args:
        counts: `SPOKEN`.
        grid: the volumes.
        rows: numbers of the segment's cells.
        segment: its name.
        min_mentions: fewest counted documents of a series.

    Returns:
        `SERIES`, from the first week that the segment was read.
    """
    local = np.full(len(grid.cells) + 1, -1)
    local[rows] = np.arange(len(rows))
    cell = local[_cell_index(counts, grid.cells)]
    week = _week_index(counts["ds"], grid.weeks[0])
    elements = counts["element_id"].to_numpy(zero_copy_only=False)
    n = counts["n"].to_numpy().astype(np.float64)
    keep = (cell >= 0) & (week >= 0) & (week < len(grid.weeks))
    cell, week, elements, n = cell[keep], week[keep], elements[keep], n[keep]
    names, code = np.unique(elements.astype(str), return_inverse=True)
    enough = np.flatnonzero(np.bincount(code, weights=n, minlength=len(names)) >= min_mentions)
    read = grid.n[rows]
    start = int(np.argmax(read.sum(axis=0) > 0))
    parts = []
    for first in range(0, len(enough), _CHUNK):
        chosen = enough[first : first + _CHUNK]
        place = np.full(len(names), -1)
        place[chosen] = np.arange(len(chosen))
        inside = place[code] >= 0
        dense = np.zeros((len(chosen), *read.shape))
        dense[place[code[inside]], cell[inside], week[inside]] = n[inside]
        parts.append(_table(names[chosen], segment, grid.weeks[start:], dense[:, :, start:], read[:, start:]))
    return pa.concat_tables([SERIES.empty_table(), *parts])


def _table(
    names: npt.NDArray[np.str_],
    segment: str,
    weeks: tuple[date, ...],
    counts: npt.NDArray[np.float64],
    read: npt.NDArray[np.float64],
) -> pa.Table:
    share = _share_of_voice(counts, read)
    n_read = read.sum(axis=0)
    size = len(names)
    return pa.table(
        [
            pa.array(np.repeat([f"{name}|{segment}" for name in names], len(weeks)), pa.string()),
            pa.array(list(weeks) * size, pa.date32()),
            pa.array(share.ravel(), pa.float64(), mask=np.tile(n_read == 0, size)),
            pa.array(_whole(counts.sum(axis=1)).ravel()),
            pa.array(np.tile(n_read.astype(np.int64), size)),
        ],
        schema=SERIES,
    )


def _whole(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Round, but let what was named at all be one text."""
    return np.where(weights > 0, np.maximum(np.rint(weights), 1), 0).astype(np.int64)


def _share_of_voice(
    counts: npt.NDArray[np.float64], read: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Combine the cells' shares with fixed weights; `(e, c, w)` and `(c, w)` in, `(e, w)` out."""
    was_read = read > 0
    weight = read.sum(axis=1) / np.maximum(was_read.sum(axis=1), 1)
    share = np.divide(counts, read, out=np.zeros_like(counts), where=was_read)
    weighted = share * weight[None, :, None]
    present = np.where(was_read, weight[:, None], 0.0)
    n_weeks = np.maximum(was_read.sum(axis=1), 1)
    cell_effect = weighted.sum(axis=2) / (weight * n_weeks)[None, :].clip(1e-12)
    week_effect = np.ones((len(counts), read.shape[1]))
    for _ in range(_ROUNDS if not was_read.all() else 1):
        expected = np.einsum("ec,cw->ew", cell_effect, present)
        week_effect = (weighted.sum(axis=1) + _CALM) / (expected + _CALM)
        reach = np.einsum("ew,cw->ec", week_effect, present)
        spoken = weighted.sum(axis=2)
        cell_effect = np.divide(spoken, reach, out=np.zeros_like(spoken), where=reach > 0)
    absent = np.where(was_read, 0.0, weight[:, None])
    imputed = np.einsum("ec,cw->ew", cell_effect, absent) * week_effect
    return np.minimum((weighted.sum(axis=1) + imputed) / max(weight.sum(), 1e-12), 1.0)
