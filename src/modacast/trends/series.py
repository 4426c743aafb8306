"""Weekly share of voice: of all that was read in a week, how much spoke of an element?

Sources come and go, and grow. A raw count, and even a raw share, then rises because a chatty source was
added. So shares are computed for each panel cell (a source in a language), cells are combined with fixed
weights (their long-run weekly size), and a cell that was not read in some week is imputed from a
multiplicative model, share = cell effect x week effect, fitted by iterative proportional fitting (Deming
and Stephan 1940).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modacast.errors import InvalidInput, suggest
from modacast.types import DOCUMENTS, MENTIONS, PANEL, SERIES

__all__ = ["SEGMENTS", "ancestors", "split_unique_id", "weekly_series"]

SEGMENTS = ("all", "lang", "source")
"""What series are made for: everything, each language, each source."""

_CHUNK = 256  # elements held as a dense (element, cell, week) block
_ROUNDS = 8
_WHOLE = 0.8  # of a usual week's volume

_COUNT = """
WITH docs AS (
    SELECT id, source, lang, coalesce(author_key, id) AS author, CAST(date_trunc('week', day) AS DATE) AS ds
    FROM dated
),
spoken AS (
    SELECT DISTINCT tree.ancestor AS element_id, mentions.doc_id
    FROM mentions JOIN tree ON tree.element_id = mentions.element_id
),
ranked AS (
    SELECT spoken.element_id, docs.source, docs.lang, docs.ds,
           row_number() OVER (
               PARTITION BY spoken.element_id, docs.ds, docs.author ORDER BY docs.id
           ) AS nth
    FROM spoken JOIN docs ON docs.id = spoken.doc_id
)
SELECT element_id, source, lang, ds, CAST(count(*) AS BIGINT) AS n
FROM ranked WHERE nth <= {cap}
GROUP BY element_id, source, lang, ds
ORDER BY element_id, source, lang, ds
"""

_READ = """
WITH counted AS (
    SELECT CAST(date_trunc('week', day) AS DATE) AS ds, source, lang, count(*) AS n
    FROM dated GROUP BY 1, 2, 3
),
told AS (
    SELECT CAST(date_trunc('week', ds) AS DATE) AS ds, source, lang, sum(n_documents) AS n
    FROM panel GROUP BY 1, 2, 3
),
either AS (SELECT * FROM counted UNION ALL SELECT * FROM told)
SELECT ds, source, lang, CAST(max(n) AS BIGINT) AS n FROM either GROUP BY ds, source, lang HAVING max(n) > 0
ORDER BY ds, source, lang
"""


@dataclass(frozen=True, slots=True)
class _Grid:
    """The panel as a matrix: `n[cell, week]` texts read, with the names of its rows and columns."""

    cells: tuple[tuple[str, str], ...]
    weeks: tuple[date, ...]
    n: npt.NDArray[np.float64]


def weekly_series(
    mentions: pa.Table,
    documents: pa.Table,
    panel: pa.Table,
    *,
    lexicon_parents: Mapping[str, str | None] | None = None,
    segments: Sequence[str] = SEGMENTS,
    min_mentions: int = 20,
    author_cap: int = 3,
    read_until: date | None = None,
) -> pa.Table:
    """Count how much is said of each element, week by week.

    A document counts once for an element however often it names it, and counts for the element's ancestors
    too. Every series of a segment spans all weeks from the first that the segment was read to the last that
    anything was read: a week in which nothing was read is null, one in which much was read and nothing said
    is 0. The last week is dropped where it is unfinished. Segments of a language or source are left out
    where there is only one, as they would equal "all".

    Args:
        mentions: `MENTIONS`; of documents that are not in `documents` nothing is counted.
        documents: `DOCUMENTS`.
        panel: `PANEL`, the denominators; a week's texts are never fewer than its documents.
        lexicon_parents: element id to the id of its parent.
        segments: some of `SEGMENTS`.
        min_mentions: fewest counted documents of a series.
        author_cap: documents of one author that count for an element and week, so that one voice is no trend.
        read_until: the last day that was read in full; where None, the last week counts as finished if its
            Sunday was read or it has 80 % of the usual volume.

    Returns:
        `SERIES`, sorted by `unique_id` (`"element_id|segment"`) and `ds` (Mondays).

    Raises:
        InvalidInput: a table lacks a column, a segment is unknown, a number is out of range, or an element
            is its own ancestor.
    """
    _check(mentions, documents, panel, segments)
    if min_mentions < 1 or author_cap < 1:
        raise InvalidInput(
            f"series: min_mentions and author_cap must be >= 1, got {min_mentions}, {author_cap}"
        )
    dated = _dated(documents)
    tree = _tree(pc.unique(mentions["element_id"]).to_pylist(), lexicon_parents or {})
    counts, read = _query(mentions, dated, panel, tree, author_cap)
    if read.num_rows == 0:
        return SERIES.empty_table()
    grid = _grid(read, _last_week(read, dated, read_until))
    if not grid.weeks:
        return SERIES.empty_table()
    parts = [
        _segment_series(counts, grid, rows, name, min_mentions)
        for name, rows in _segments(grid.cells, segments)
    ]
    return pa.concat_tables([SERIES.empty_table(), *parts]).sort_by(
        [("unique_id", "ascending"), ("ds", "ascending")]
    )


def split_unique_id(unique_id: str) -> tuple[str, str]:
    """Get the element id and the segment of a series; the segment is "all" where none is named."""
    element, _, segment = unique_id.rpartition("|")
    return (element, segment) if element else (segment, "all")


def ancestors(element_id: str, parents: Mapping[str, str | None]) -> list[str]:
    """Get an element and all that stand above it, nearest first.

    Raises:
        InvalidInput: the element is its own ancestor.
    """
    line = [element_id]
    while (parent := parents.get(line[-1])) is not None:
        if parent in line:
            raise InvalidInput(
                f"lexicon: element {parent!r} is its own ancestor ({' > '.join([*line, parent])})"
            )
        line.append(parent)
    return line


def _check(mentions: pa.Table, documents: pa.Table, panel: pa.Table, segments: Sequence[str]) -> None:
    wanted = (
        ("mentions", mentions, MENTIONS, ("doc_id", "element_id")),
        ("documents", documents, DOCUMENTS, ("id", "source", "lang", "published_at", "author_key")),
        ("panel", panel, PANEL, ("ds", "source", "lang", "n_documents")),
    )
    for name, table, _, columns in wanted:
        for column in columns:
            if column not in table.column_names:
                raise InvalidInput(
                    f"{name}: there is no column {column!r}{suggest(column, table.column_names)}"
                )
    for segment in segments:
        if segment not in SEGMENTS:
            raise InvalidInput(f"series: unknown segment {segment!r}{suggest(segment, SEGMENTS)}")


def _dated(documents: pa.Table) -> pa.Table:
    """Keep what is counted, with the UTC day."""
    day = pc.cast(documents["published_at"], pa.timestamp("us"), safe=False).cast(pa.date32(), safe=False)
    return documents.select(["id", "source", "lang", "author_key"]).append_column("day", day)


def _tree(elements: Iterable[str], parents: Mapping[str, str | None]) -> pa.Table:
    pairs = [(element, above) for element in elements for above in ancestors(element, parents)]
    return pa.table(
        {
            "element_id": pa.array([a for a, _ in pairs], pa.string()),
            "ancestor": pa.array([b for _, b in pairs], pa.string()),
        }
    )


def _query(
    mentions: pa.Table, dated: pa.Table, panel: pa.Table, tree: pa.Table, cap: int
) -> tuple[pa.Table, pa.Table]:
    import duckdb

    with duckdb.connect() as db:
        db.register("mentions", mentions.select(["doc_id", "element_id"]))
        db.register("dated", dated)
        db.register("panel", panel.select(["ds", "source", "lang", "n_documents"]))
        db.register("tree", tree)
        return _arrow(db, _COUNT.format(cap=int(cap))), _arrow(db, _READ)


def _arrow(db: Any, sql: str) -> pa.Table:
    # the one spelling that old and new releases of DuckDB share
    return db.sql(sql).to_arrow_table()


def _last_week(read: pa.Table, dated: pa.Table, read_until: date | None) -> date:
    """Get the Monday of the last week that is finished."""
    last: date = pc.max(read["ds"]).as_py()
    sunday = last + timedelta(days=6)
    if read_until is not None:
        return last if read_until >= sunday else read_until - timedelta(days=read_until.weekday() + 7)
    if dated.num_rows and pc.max(dated["day"]).as_py() >= sunday:
        return last
    volumes = read.group_by("ds").aggregate([("n", "sum")]).sort_by("ds")["n_sum"].to_pylist()
    usual = float(np.median([float(v) for v in volumes[-9:-1]])) if len(volumes) > 1 else 0.0
    return last if float(volumes[-1]) >= _WHOLE * usual else last - timedelta(days=7)


def _grid(read: pa.Table, last: date) -> _Grid:
    read = read.filter(pc.less_equal(read["ds"], pa.scalar(last, pa.date32())))
    if read.num_rows == 0:
        return _Grid((), (), np.zeros((0, 0)))
    first: date = pc.min(read["ds"]).as_py()
    weeks = tuple(first + timedelta(days=7 * k) for k in range((last - first).days // 7 + 1))
    cells = tuple(sorted(set(zip(read["source"].to_pylist(), read["lang"].to_pylist(), strict=True))))
    n = np.zeros((len(cells), len(weeks)))
    row = _cell_index(read, cells)
    n[row, _week_index(read["ds"], first)] = read["n"].to_numpy().astype(np.float64)
    return _Grid(cells, weeks, n)


def _cell_index(table: pa.Table, cells: tuple[tuple[str, str], ...]) -> npt.NDArray[np.int64]:
    """Get the cell's number of each row, -1 for cells that are not in the grid."""
    number = {cell: i for i, cell in enumerate(cells)}
    pairs = zip(table["source"].to_pylist(), table["lang"].to_pylist(), strict=True)
    return np.array([number.get(pair, -1) for pair in pairs], dtype=np.int64)


def _week_index(ds: pa.ChunkedArray, first: date) -> npt.NDArray[np.int64]:
    days = ds.cast(pa.date32()).to_numpy().astype("datetime64[D]") - np.datetime64(first)
    return days.astype(np.int64) // 7


def _segments(
    cells: tuple[tuple[str, str], ...], segments: Sequence[str]
) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Get each segment's name and the numbers of its cells."""
    found: list[tuple[str, npt.NDArray[np.int64]]] = []
    for segment in dict.fromkeys(segments):
        if segment == "all":
            found.append(("all", np.arange(len(cells))))
            continue
        part = ("source", "lang").index(segment)
        values = sorted({cell[part] for cell in cells})
        if len(values) > 1:
            found += [(f"{segment}={v}", np.flatnonzero([cell[part] == v for cell in cells])) for v in values]
    return found


def _segment_series(
    counts: pa.Table, grid: _Grid, rows: npt.NDArray[np.int64], segment: str, min_mentions: int
) -> pa.Table:
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
            pa.array(counts.sum(axis=1).astype(np.int64).ravel()),
            pa.array(np.tile(n_read.astype(np.int64), size)),
        ],
        schema=SERIES,
    )


def _share_of_voice(
    counts: npt.NDArray[np.float64], read: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Combine the cells' shares with fixed weights; `(e, c, w)` and `(c, w)` in, `(e, w)` out."""
    was_read = read > 0
    weight = read.sum(axis=1) / np.maximum(was_read.sum(axis=1), 1)
    share = np.divide(counts, read, out=np.zeros_like(counts), where=was_read)
    weighted = share * weight[None, :, None]
    present = np.where(was_read, weight[:, None], 0.0)
    cell_effect = np.ones(counts.shape[:2])
    for _ in range(_ROUNDS if not was_read.all() else 1):
        expected = np.einsum("ec,cw->ew", cell_effect, present)
        total = weighted.sum(axis=1)
        week_effect = np.divide(total, expected, out=np.zeros_like(total), where=expected > 0)
        reach = np.einsum("ew,cw->ec", week_effect, present)
        spoken = weighted.sum(axis=2)
        cell_effect = np.divide(spoken, reach, out=np.zeros_like(spoken), where=reach > 0)
    absent = np.where(was_read, 0.0, weight[:, None])
    imputed = np.einsum("ec,cw->ew", cell_effect, absent) * week_effect
    return np.minimum((weighted.sum(axis=1) + imputed) / max(weight.sum(), 1e-12), 1.0)
