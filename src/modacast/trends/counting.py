"""How much is said of each element, by week and panel cell, before anything is divided by anything.

A panel cell is a source in a language. What one author says of an element in a week counts with falling weight,
and so does a text that repeats another's words, so that neither a loud voice nor a copied text makes a trend.
Nothing here looks at any other week, so a count never changes when later texts arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modacast.errors import InvalidInput

__all__ = ["READ", "SPOKEN", "Counts", "Weighing", "ancestors", "count_weeks", "with_days"]

SPOKEN = pa.schema(
    [
        pa.field("element_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("ds", pa.date32(), nullable=False),
        pa.field("n", pa.float64(), nullable=False),
        pa.field("n_authors", pa.int64(), nullable=False),
    ]
)
"""Weighted documents and distinct authors of an element in a cell and week; absent where there are none."""

READ = pa.schema(
    [
        pa.field("ds", pa.date32(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("n", pa.int64(), nullable=False),
    ]
)
"""Texts read in a cell and week; absent where none were."""

_COUNT = """
WITH docs AS (
    SELECT id, source, lang, coalesce(author_key, id) AS author, copy, notice,
           CAST(date_trunc('week', day) AS DATE) AS ds
    FROM dated
),
spoken AS (
    SELECT DISTINCT tree.ancestor AS element_id, mentions.doc_id
    FROM mentions JOIN tree ON tree.element_id = mentions.element_id
),
ranked AS (
    SELECT spoken.element_id, docs.source, docs.lang, docs.ds, docs.author, docs.notice,
           row_number() OVER (
               PARTITION BY spoken.element_id, docs.ds, docs.author ORDER BY docs.id
           ) AS nth,
           row_number() OVER (
               PARTITION BY spoken.element_id, docs.ds, docs.copy ORDER BY docs.id
           ) AS nth_copy
    FROM spoken JOIN docs ON docs.id = spoken.doc_id
)
SELECT element_id, source, lang, ds, sum(notice * power({decay}, greatest(nth, nth_copy) - 1)) AS n,
       CAST(count(DISTINCT author) AS BIGINT) AS n_authors
FROM ranked WHERE greatest(nth, nth_copy) <= {cap}
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

_ABOUT = """
WITH counted AS (
    SELECT CAST(date_trunc('week', day) AS DATE) AS ds, source, lang, count(*) AS n
    FROM dated GROUP BY 1, 2, 3
),
told AS (
    SELECT CAST(date_trunc('week', ds) AS DATE) AS ds, source, lang, sum(n_relevant) AS n
    FROM panel GROUP BY 1, 2, 3
)
SELECT ds, source, lang, CAST(coalesce(told.n, counted.n) AS BIGINT) AS n
FROM told FULL JOIN counted USING (ds, source, lang) WHERE coalesce(told.n, counted.n) > 0
ORDER BY ds, source, lang
"""

_NOTICE = """
SELECT * EXCLUDE (noticed),
       CASE WHEN noticed IS NULL THEN 1.0
            ELSE noticed / greatest(avg(noticed) OVER (
                PARTITION BY source, lang, date_trunc('week', day)), 1e-9)
       END AS notice
FROM (SELECT *, CASE WHEN engagement >= 0 THEN ln(1 + engagement) END AS noticed FROM given)
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was said and what was read.

    Attributes:
        spoken: `SPOKEN`.
        read: `READ`.
    """

    spoken: pa.Table
    read: pa.Table


@dataclass(frozen=True, slots=True)
class Weighing:
    """How much a document counts.

    Attributes:
        author_cap: documents of one author that count for an element and week at all, >= 1.
        repeat_weight: weight of an author's second document, or of a copy, in (0, 1]; each further one counts
            that much less again. 1 counts all alike.
        by_engagement: weigh each document by ln(1 + engagement) over the mean of its cell and week, so that
            what was noticed counts more and no week counts more than another; 1 where it is unknown.
    """

    author_cap: int = 3
    repeat_weight: float = 0.5
    by_engagement: bool = False

    def __post_init__(self) -> None:
        if self.author_cap < 1 or not 0 < self.repeat_weight <= 1:
            raise InvalidInput(
                "weighing: author_cap must be >= 1 and repeat_weight in (0, 1], got "
                f"{self.author_cap}, {self.repeat_weight}"
            )


def count_weeks(
    mentions: pa.Table,
    dated: pa.Table,
    panel: pa.Table,
    *,
    parents: Mapping[str, str | None] | None = None,
    weighing: Weighing | None = None,
    only_about: bool = False,
) -> Counts:
    """Count documents and what was read, week by week and cell by cell.

    A document counts once for an element however often it names it, and for the element's ancestors too. An
    author's further documents, and texts whose letters and digits are those of another, count less.

    Args:
        mentions: `doc_id` and `element_id`.
        dated: documents as `with_days` gives them.
        panel: `PANEL`, the denominators; a week's texts are never fewer than its documents.
        parents: element id to the id of its parent; None counts what is named itself and nothing above it.
        weighing: how much a document counts.
        only_about: count only texts about fashion as read (`n_relevant`); where the panel says nothing of a cell
            and week, its documents.

    Raises:
        InvalidInput: an element is its own ancestor.
    """
    import duckdb

    weighing = weighing or Weighing()
    tree = _tree(pc.unique(mentions["element_id"]).to_pylist(), parents or {})
    with duckdb.connect() as db:
        db.register("given", dated)
        weighed = _NOTICE if weighing.by_engagement else "SELECT *, 1.0 AS notice FROM given"
        db.execute(f"CREATE TEMP TABLE dated AS {weighed}")
        db.register("mentions", mentions.select(["doc_id", "element_id"]))
        db.register(
            "panel", panel.select(["ds", "source", "lang", "n_relevant" if only_about else "n_documents"])
        )
        db.register("tree", tree)
        spoken = _arrow(db, _COUNT.format(cap=int(weighing.author_cap), decay=float(weighing.repeat_weight)))
        return Counts(spoken.cast(SPOKEN), _arrow(db, _ABOUT if only_about else _READ).cast(READ))


def with_days(documents: pa.Table) -> pa.Table:
    """Keep what is counted of `DOCUMENTS`, with the UTC `day` and a key `copy` of the words of each text."""
    day = pc.cast(documents["published_at"], pa.timestamp("us"), safe=False).cast(pa.date32(), safe=False)
    kept = documents.select(["id", "source", "lang", "author_key"]).append_column("day", day)
    n = documents.num_rows
    engagement = (
        documents["engagement"].cast(pa.float64())
        if "engagement" in documents.column_names
        else pa.nulls(n, pa.float64())
    )
    return kept.append_column("engagement", engagement).append_column("copy", _copies(documents))


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


def _copies(documents: pa.Table) -> Any:
    """A document without words is no copy of another."""
    if "text" not in documents.column_names:
        return documents["id"]
    words = pc.replace_substring_regex(pc.utf8_lower(documents["text"]), r"[^\p{L}\p{N}]+", "")
    return pc.if_else(pc.equal(pc.fill_null(words, ""), ""), documents["id"], words)


def _tree(elements: Iterable[str], parents: Mapping[str, str | None]) -> pa.Table:
    pairs = [(element, above) for element in elements for above in ancestors(element, parents)]
    return pa.table(
        {
            "element_id": pa.array([a for a, _ in pairs], pa.string()),
            "ancestor": pa.array([b for _, b in pairs], pa.string()),
        }
    )


def _arrow(db: Any, sql: str) -> pa.Table:
    # the one spelling that old and new releases of DuckDB share
    return db.sql(sql).to_arrow_table()
