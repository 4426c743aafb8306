"""Second signals of a home, for its board: what early adopters say, what is viewed and what is sold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from modacast.pipeline.workspace import Workspace
from modacast.trends.second_signals import SIGNALS, early_adopters, shop_signals

__all__ = ["events_until", "second_signals"]

_SHOP = ("views", "sales")


def second_signals(
    workspace: Workspace, documents: pa.Table, mentions: pa.Table, *, wanted: Sequence[str], until: date
) -> pa.Table:
    """Get the table of `SIGNALS` up to a week.

    Args:
        workspace: holds catalogue, events and lexicon.
        documents: `DOCUMENTS` that the board is made from.
        mentions: `MENTIONS` of them.
        wanted: which of `"early"`, `"views"` and `"sales"`; the others stay null.
        until: the last week's Monday.
    """
    parents = {element.id: element.parent for element in workspace.wider_lexicon.elements.values()}
    both = pl.DataFrame(SIGNALS.empty_table())
    if "early" in wanted:
        both = pl.DataFrame(early_adopters(mentions, documents)).with_columns(
            pl.lit(None, pl.Float64).alias(name) for name in _SHOP
        )
    if set(_SHOP) & set(wanted):
        events, items = events_until(workspace, until), workspace.database.items()
        shop = pl.DataFrame(shop_signals(events, items, parents=parents))
        both = both.select("unique_id", "ds", "early").join(
            shop, on=["unique_id", "ds"], how="full", coalesce=True
        )
    kept = both.with_columns(
        pl.when(pl.lit(name in wanted)).then(pl.col(name)).otherwise(None).alias(name)
        for name in ("early", "views", "sales")
    ).filter((pl.col("ds") <= until) & pl.any_horizontal(pl.col("early", "views", "sales").is_not_null()))
    return kept.select(SIGNALS.names).sort("unique_id", "ds").to_arrow().cast(SIGNALS)


def events_until(workspace: Workspace, until: date) -> pa.Table:
    """Get the events up to the end of a week.

    Args:
        workspace: holds them.
        until: the week's Monday.
    """
    events = workspace.database.events()
    days = pc.days_between(pc.cast(events["at"], pa.date32()), pa.scalar(until, pa.date32()))
    return events.filter(pc.greater(days, -7))
