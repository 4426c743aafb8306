"""The products that carry a trend, and how they sell."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import polars as pl
import pyarrow as pa

from modacast.errors import InvalidInput, suggest

__all__ = ["CARRIERS", "carriers"]

CARRIERS = pa.schema([
    pa.field("item_id", pa.string(), nullable=False),
    pa.field("title", pa.string(), nullable=False),
    pa.field("price", pa.float64()),
    pa.field("available", pa.bool_(), nullable=False),
    pa.field("units", pa.int64(), nullable=False),         # bought in the last 28 days
    pa.field("units_before", pa.int64(), nullable=False),  # in the 28 days before
    pa.field("views", pa.int64(), nullable=False),         # seen or opened in the last 28 days
    pa.field("bought_of_views", pa.float64()),             # units over views; null without views
])  # fmt: skip
"""Products of an element, the best-selling first."""

_DAYS = 28
_SEEN = ("view", "impression")


def carriers(
    items: pa.Table, events: pa.Table, element_ids: Collection[str], *, now: datetime, k: int = 10
) -> pa.Table:
    """Get the products that carry an element, with what they sold.

    Args:
        items: rows of `ITEMS`.
        events: rows of `EVENTS`; empty where sales are not known, then all counts are 0.
        element_ids: the element and those below it.
        now: UTC, the end of the last 28 days.
        k: how many products.

    Returns:
        `CARRIERS`; returns do not lower `units`.

    Raises:
        InvalidInput: a column is missing.
    """
    for name, table, columns in (
        ("items", items, ("id", "title", "element_ids", "price", "available")),
        ("events", events, ("item_id", "kind", "at")),
    ):
        for column in columns:
            if column not in table.column_names:
                raise InvalidInput(
                    f"{name}: there is no column {column!r}{suggest(column, table.column_names)}"
                )
    wanted = set(element_ids)
    mine = [bool(wanted & set(own or ())) for own in items["element_ids"].to_pylist()]
    frame = pl.DataFrame(
        items.filter(pa.array(mine, pa.bool_())).select(["id", "title", "price", "available"])
    )
    since, before = now - timedelta(days=_DAYS), now - timedelta(days=2 * _DAYS)
    at = pl.col("at").is_between(since, now, closed="right")
    sold = (
        pl.DataFrame(events.select(["item_id", "kind", "at"]))
        .filter(pl.col("item_id").is_in(frame["id"].to_list()))
        .group_by("item_id")
        .agg(
            ((pl.col("kind") == "purchase") & at).sum().alias("units"),
            ((pl.col("kind") == "purchase") & pl.col("at").is_between(before, since, closed="right"))
            .sum()
            .alias("units_before"),
            (pl.col("kind").is_in(_SEEN) & at).sum().alias("views"),
        )
    )
    counts = ("units", "units_before", "views")
    joined = (
        frame.rename({"id": "item_id"})
        .join(sold, on="item_id", how="left")
        .with_columns(pl.col(c).fill_null(0).cast(pl.Int64) for c in counts)
        .with_columns(
            pl.when(pl.col("views") > 0)
            .then(pl.min_horizontal(pl.col("units") / pl.col("views"), pl.lit(1.0)))
            .otherwise(None)
            .alias("bought_of_views")
        )
        .sort(["units", "units_before", "views", "item_id"], descending=[True, True, True, False])
        .head(k)
    )
    return joined.select(CARRIERS.names).to_arrow().cast(CARRIERS)
