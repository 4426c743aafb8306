"""Weekly share of voice: of all that was read in a week, how much spoke of an element?

Sources come and go, and grow. A raw count, and even a raw share, then rises because a chatty source was
added. So shares are computed for each panel cell (a source in a language), cells are combined with fixed
weights, and a cell that was not read in some week is imputed; see `modacast.trends.shares`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modacast.errors import InvalidInput, suggest
from modacast.trends.shares import read_grid, segment_series
from modacast.types import DOCUMENTS, MENTIONS, PANEL, SERIES

__all__ = ["SEGMENTS", "ancestors", "split_unique_id", "weekly_series"]

SEGMENTS = ("all", "lang", "source")
"""What series are made for: everything, each language, each source."""

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
    grid = read_grid(read, _last_week(read, dated, read_until))
    if not grid.weeks:
        return SERIES.empty_table()
    parts = [
        segment_series(counts, grid, rows, name, min_mentions)
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
        days_into_week = (read_until.weekday() + 1) % 7
        return min(last, read_until - timedelta(days=days_into_week + 6))
    if dated.num_rows and pc.max(dated["day"]).as_py() >= sunday:
        return last
    volumes = read.group_by("ds").aggregate([("n", "sum")]).sort_by("ds")["n_sum"].to_pylist()
    usual = float(np.median([float(v) for v in volumes[-9:-1]])) if len(volumes) > 1 else 0.0
    return last if float(volumes[-1]) >= _WHOLE * usual else last - timedelta(days=7)


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
