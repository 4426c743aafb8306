"""What surrounds one trend of a home, gathered for the command line and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from modacast.elements.attachment import attach
from modacast.pipeline.board import latest_board
from modacast.pipeline.workspace import Workspace
from modacast.trends.carriers import CARRIERS, carriers
from modacast.trends.context import bonds, moves_against, who_and_where, worn
from modacast.trends.evidence import mood
from modacast.trends.lookalikes import look_alikes
from modacast.trends.second_signals import signal_levels

__all__ = ["ContextReader", "TrendContext"]


_MOST_TEXTS = 5_000  # that are read for what belongs to what


@dataclass(frozen=True, slots=True)
class TrendContext:
    """Everything around one element.

    Attributes:
        element_id: the element.
        against: `AGAINST`: what falls as it rises.
        bonds: `BONDS`: what it is named with in the texts of the last year.
        worn: `WORN`: what it belongs to in the texts of the last year, or what belongs to it.
        split: `SPLIT`: who and where, of the last 26 weeks.
        mood: `MOOD`: weekly feeling with counts.
        look_alikes: `LOOKALIKES`: trends of the past that went like it.
        carriers: `CARRIERS`: its products.
        signals: `SIGNAL_LEVELS`: early adopters, views and sales.
    """

    element_id: str
    against: pa.Table
    bonds: pa.Table
    worn: pa.Table
    split: pa.Table
    mood: pa.Table
    look_alikes: pa.Table
    carriers: pa.Table
    signals: pa.Table


class ContextReader:
    """Reads a home once, and then the context of one trend after the other.

    Args:
        workspace: with a board.
        board: of `latest_board`, where it has been read already.
    """

    def __init__(self, workspace: Workspace, board: Mapping[str, pa.Table] | None = None) -> None:
        self._workspace = workspace
        self._board = latest_board(workspace) if board is None else board
        self._parents = {e.id: e.parent for e in workspace.wider_lexicon.elements.values()}

    def read(self, element_id: str) -> TrendContext:
        """Get the context of one element of the board."""
        series = self._board["series"]
        below = self._below(element_id)
        line = self._line(element_id)
        relatives = {*below, *line}
        until = self._until(element_id)
        trend = pa.table({
            "unique_id": [f"{element_id}|all"], "as_of": pa.array([until], pa.date32()),
            "rising_since": pa.array([None], pa.date32()),
        })  # fmt: skip
        return TrendContext(
            element_id=element_id,
            against=moves_against(series, element_id, self._rivals(element_id, relatives)),
            bonds=bonds(
                self._mentions_of(self._year_to(until)),
                [element_id],
                descendants={element_id: below},
                relatives={element_id: relatives},
            ),
            worn=worn(self._attachments([element_id, *below], until), [element_id, *below]),
            split=who_and_where(
                self._mentions, self._documents, [element_id, *below], until=until + timedelta(days=6)
            ),
            mood=mood(self._mentions, self._documents, trend, descendants={element_id: below}),
            look_alikes=look_alikes(series, element_id, skip=relatives, parents=self._parents),
            carriers=self._carriers([element_id, *below]),
            signals=signal_levels(self._board["signals"], element_id, until=until),
        )

    @cached_property
    def _mentions(self) -> pa.Table:
        mentions = self._workspace.lake.read("mentions")
        if self._workspace.settings.trends.as_of is None:
            return mentions
        return mentions.filter(pc.is_in(mentions["doc_id"], self._documents["id"].combine_chunks()))

    @cached_property
    def _documents(self) -> pa.Table:
        documents, as_of = self._workspace.lake.read("documents"), self._workspace.settings.trends.as_of
        if as_of is None:
            return documents
        end = pa.scalar(_day_after(as_of), documents["published_at"].type)
        return documents.filter(pc.less(documents["published_at"], end))

    @cached_property
    def _shop(self) -> tuple[pa.Table, pa.Table]:
        database = self._workspace.database
        return database.items(), database.events()

    def _attachments(self, element_ids: Sequence[str], until: date) -> pa.Table:
        """Get what belongs to what in the newest texts of a year that name the elements."""
        named = self._mentions.filter(
            pc.is_in(self._mentions["element_id"], pa.array(element_ids, pa.string()))
        )
        recent = self._year_to(until)
        documents = recent.filter(pc.is_in(recent["id"], pc.unique(named["doc_id"])))
        newest = documents.sort_by([("published_at", "descending"), ("id", "ascending")]).slice(
            0, _MOST_TEXTS
        )
        return attach(self._mentions_of(newest), newest)

    def _year_to(self, until: date) -> pa.Table:
        """Get the documents of the 52 weeks that end with the week of `until`."""
        days = pc.cast(self._documents["published_at"], pa.date32())
        last = until + timedelta(days=6)
        is_recent = pc.and_(pc.greater(days, last - timedelta(weeks=52)), pc.less_equal(days, last))
        return self._documents.filter(is_recent)

    def _mentions_of(self, documents: pa.Table) -> pa.Table:
        return self._mentions.filter(pc.is_in(self._mentions["doc_id"], documents["id"].combine_chunks()))

    def _carriers(self, element_ids: Sequence[str]) -> pa.Table:
        items, events = self._shop
        if not items.num_rows:
            return CARRIERS.empty_table()
        as_of = self._workspace.settings.trends.as_of
        if as_of is not None:  # a board of the past knows no later sales
            events = events.filter(pc.less(events["at"], pa.scalar(_day_after(as_of), events["at"].type)))
        known = events["at"] if events.num_rows else self._documents["published_at"]
        return carriers(items, events, element_ids, now=pc.max(known).as_py())

    def _until(self, element_id: str) -> date:
        """Get the last week of the element's row of all sources: reviews may be newer, and other segments older."""
        trends = self._board["trends"]
        mine = trends.filter(pc.equal(trends["element_id"], element_id))
        of_all = mine.filter(pc.equal(mine["segment"], "all"))
        last: date = pc.max(next(t for t in (of_all, mine, trends) if t.num_rows)["as_of"]).as_py()
        return last

    def _line(self, element_id: str) -> list[str]:
        found: list[str] = []
        step = self._parents.get(element_id)
        while step and step not in found:
            found.append(step)
            step = self._parents.get(step)
        return found

    def _below(self, element_id: str) -> list[str]:
        below = [element_id]
        for name in below:
            below += [
                child for child, parent in self._parents.items() if parent == name and child not in below
            ]
        return below[1:]

    def _rivals(self, element_id: str, relatives: set[str]) -> list[str]:
        """Elements of the same facet that are neither above nor below it."""
        facet = element_id.partition("/")[0]
        on_board = sorted(set(self._board["trends"]["element_id"].to_pylist()))
        return [
            e for e in on_board if e.partition("/")[0] == facet and e not in relatives and e != element_id
        ]


def _day_after(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=1)
