"""Second signals beside share of voice: what early adopters say, and what is sold and viewed.

All are long-format tables that `EnsembleForecaster.fit(..., exog=...)` and `modacast forecast --exog` take.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import polars as pl
import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.trends.counting import ancestors

__all__ = [
    "EARLY",
    "SHOP_SIGNALS",
    "SIGNALS",
    "SIGNAL_LEVELS",
    "early_adopters",
    "shop_signals",
    "signal_levels",
]

EARLY = pa.schema(
    [
        pa.field("unique_id", pa.string(), nullable=False),
        pa.field("ds", pa.date32(), nullable=False),
        pa.field("early", pa.float64()),
    ]
)
"""Share of the people known as early adopters who wrote that week, that named the element; null where none wrote."""

SHOP_SIGNALS = pa.schema(
    [
        pa.field("unique_id", pa.string(), nullable=False),
        pa.field("ds", pa.date32(), nullable=False),
        pa.field("sales", pa.float64()),
        pa.field("views", pa.float64()),
    ]
)
"""Share of a week's buyers, and of its viewers, whose products carry the element; null where there were none."""

SIGNALS = pa.schema([*EARLY, SHOP_SIGNALS.field("views"), SHOP_SIGNALS.field("sales")])
"""All second signals beside one another; a null says that nobody is known to have written, viewed or bought."""

SIGNAL_LEVELS = pa.schema(
    [
        pa.field("signal", pa.string(), nullable=False),
        pa.field("now", pa.float64(), nullable=False),
        pa.field("before", pa.float64()),
        pa.field("n_weeks", pa.int32(), nullable=False),
    ]
)
"""Mean share of the last four weeks, and of the 26 before; weeks of the four in which anything was known."""

_NOW, _BEFORE = 4, 26  # weeks
_FIRST = 0.1  # share of an element's people that were early
_FEWEST = 10  # people that an element needs before anyone was early
_PRIOR = 5.0  # elements that everyone is given at the usual chance of being early
_LIFT = 1.5  # times the usual chance from which someone counts as an early adopter
_HITS = 2  # elements that they were early with


def early_adopters(mentions: pa.Table, documents: pa.Table) -> pa.Table:
    """Get what those say who were early before.

    Someone was early with an element if they were among the first tenth of the people who ever named it; that is
    known once ten times as many have followed. A week knows only what was so before it: nobody is an early adopter
    for what came later (Rogers 1962, "Diffusion of Innovations").

    Args:
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`; those without an author say nothing.

    Returns:
        `EARLY`, sorted; one row an element and week from the element's first.

    Raises:
        InvalidInput: a table lacks a column.
    """
    _need(mentions, "mentions", ("doc_id", "element_id"))
    _need(documents, "documents", ("id", "author_key", "published_at"))
    written = (
        pl.DataFrame(documents.select(["id", "author_key", "published_at"]))
        .drop_nulls("author_key")
        .with_columns(pl.col("published_at").dt.date().dt.truncate("1w").alias("ds"))
    )
    named = pl.DataFrame(mentions.select(["doc_id", "element_id"])).join(
        written, left_on="doc_id", right_on="id"
    )
    said = named.select("element_id", "author_key", "ds").unique()
    if said.height == 0:
        return EARLY.empty_table()
    # pseudonyms differ from home to home, so among those of a week the text decides who was first
    firsts = (
        named.group_by("element_id", "author_key")
        .agg(pl.col("ds").min(), pl.col("published_at").min(), pl.col("doc_id").min())
        .sort("element_id", "published_at", "doc_id")
    )
    adopted = dict(firsts.group_by("ds").agg("author_key").iter_rows())
    proven = _proofs(firsts)
    active = dict(written.group_by("ds").agg(pl.col("author_key").unique()).iter_rows())
    by_week = {
        key[0]: part.select("element_id", "author_key").rows()
        for key, part in said.group_by("ds", maintain_order=True)
    }
    begun: set[str] = set()
    tried: dict[str, int] = {}
    hits: dict[str, int] = {}
    rows: list[tuple[str, date, float | None]] = []
    week, last = min(active), max(active)
    while week <= last:
        early = {a for a, n in hits.items() if n >= _HITS and _lift(n, tried[a]) >= _LIFT}
        wrote = early & set(active.get(week, ()))
        names: dict[str, int] = {}
        for element, author in by_week.get(week, ()):
            begun.add(element)
            names[element] = names.get(element, 0) + (author in wrote)
        rows += [(f"{e}|all", week, names.get(e, 0) / len(wrote) if wrote else None) for e in begun]
        for author in adopted.get(week, ()):
            tried[author] = tried.get(author, 0) + 1
        for author in proven.get(week, ()):
            hits[author] = hits.get(author, 0) + 1
        week += timedelta(weeks=1)
    ids, ds, values = zip(*sorted(rows, key=lambda row: row[:2]), strict=True)
    return pa.table([pa.array(ids), pa.array(ds, pa.date32()), pa.array(values, pa.float64())], schema=EARLY)


def shop_signals(
    events: pa.Table, items: pa.Table, *, parents: Mapping[str, str | None] | None = None
) -> pa.Table:
    """Get which share of a week's buyers and viewers took to each element; one person counts once a week.

    Args:
        events: `EVENTS`.
        items: `ITEMS`.
        parents: element id to the id of its parent; a product speaks for the elements above its own.

    Returns:
        `SHOP_SIGNALS`, sorted; weeks without any purchase (or view) are null, not zero.

    Raises:
        InvalidInput: a table lacks a column.
    """
    _need(events, "events", ("user_key", "item_id", "kind", "at"))
    _need(items, "items", ("id", "element_ids"))
    carried = [
        (row["id"], above)
        for row in items.select(["id", "element_ids"]).to_pylist()
        for above in {a for e in row["element_ids"] or () for a in ancestors(e, parents or {})}
    ]
    tree = pl.DataFrame(carried, schema={"item_id": pl.String, "element_id": pl.String}, orient="row")
    done = pl.DataFrame(events.select(["user_key", "item_id", "kind", "at"])).with_columns(
        pl.col("at").dt.date().dt.truncate("1w").alias("ds")
    )
    parts = []
    for column, kind in (("sales", "purchase"), ("views", "view")):
        chosen = done.filter(pl.col("kind") == kind)
        people = chosen.group_by("ds").agg(pl.col("user_key").n_unique().alias("people"))
        took = (
            chosen.join(tree, on="item_id")
            .group_by("element_id", "ds")
            .agg(pl.col("user_key").n_unique().alias("n"))
        )
        every = tree.select("element_id").unique().join(people, how="cross")
        share = every.join(took, on=["element_id", "ds"], how="left")
        parts.append(
            share.select("element_id", "ds", (pl.col("n").fill_null(0) / pl.col("people")).alias(column))
        )
    both = parts[0].join(parts[1], on=["element_id", "ds"], how="full", coalesce=True)
    found = both.select((pl.col("element_id") + "|all").alias("unique_id"), "ds", "sales", "views")
    return found.sort("unique_id", "ds").to_arrow().cast(SHOP_SIGNALS)


def signal_levels(signals: pa.Table, element_id: str, *, until: date) -> pa.Table:
    """Get where each signal of an element stands, and stood.

    Args:
        signals: `SIGNALS`.
        element_id: whose.
        until: Monday of the last week.

    Returns:
        `SIGNAL_LEVELS`; a signal of which nothing was known in the last four weeks is left out.
    """
    mine = pl.DataFrame(signals).filter(pl.col("unique_id") == f"{element_id}|all")
    turn, start = until - timedelta(weeks=_NOW), until - timedelta(weeks=_NOW + _BEFORE)
    rows = []
    for name in SIGNALS.names[2:]:
        known = mine.select("ds", pl.col(name).alias("y")).drop_nulls()
        now = known.filter(pl.col("ds").is_between(turn, until, closed="right"))["y"]
        before = known.filter(pl.col("ds").is_between(start, turn, closed="right"))["y"]
        if len(now):
            rows.append({"signal": name, "now": now.mean(), "before": before.mean(), "n_weeks": len(now)})
    return pa.Table.from_pylist(rows, schema=SIGNAL_LEVELS)


def _proofs(firsts: pl.DataFrame) -> dict[date, list[str]]:
    """Get, by week, who was proven early with some element then: the k-th when ten times k have followed."""
    proven: dict[date, list[str]] = {}
    for _, part in firsts.group_by("element_id", maintain_order=True):
        people, weeks = part["author_key"].to_list(), part["ds"].to_list()
        for k in range(int(len(people) * _FIRST)):
            at = int(np.ceil((k + 1) / _FIRST)) - 1
            if at + 1 >= _FEWEST and weeks[k] < weeks[at]:
                proven.setdefault(weeks[at], []).append(people[k])
    return proven


def _lift(hits: int, tried: int) -> float:
    return (hits + _PRIOR * _FIRST) / (tried + _PRIOR) / _FIRST


def _need(table: pa.Table, name: str, columns: tuple[str, ...]) -> None:
    for column in columns:
        if column not in table.column_names:
            raise InvalidInput(f"{name}: there is no column {column!r}{suggest(column, table.column_names)}")
