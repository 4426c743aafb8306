"""The trend board as it is shown: a row for each element, the strongest stories first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modacast.elements.reader import MODIFIERS
from modacast.serve.report.courses import Course, Foreseen
from modacast.serve.report.names import Names
from modacast.serve.report.words import Words
from modacast.types import STAGES

__all__ = ["BoardRow", "StageColumn", "board_rows", "by_stage", "closeups", "headlines", "segments_of"]

_MOVING = ("emerging", "rising", "peaking", "declining")
_QUIET_FACETS = frozenset({"season", "occasion", "length"})
_STILL_READ = timedelta(weeks=8)
_MOST_OF_IT = 0.7  # of a broader element's mentions
_COLUMN = 7
_MOST_TIMES = 6.0  # beyond which a rise, or one from nothing, is no larger story


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One element on the board.

    Attributes:
        id: of the element.
        name: what it is called.
        facet: `"garment"`, ...
        facet_name: what the facet is called.
        colour: `"#rrggbb"` of a colour element.
        is_candidate: whether it was discovered rather than listed.
        fields: the row of `TRENDS`.
        course: its weeks and forecast.
        foreseen: the change that the forecast foresees.
        sources: names of the sources that speak of it, loudest first.
        weight: how much of a story it is, larger is more.
    """

    id: str
    name: Words
    facet: str
    facet_name: Words
    colour: str | None
    is_candidate: bool
    fields: Mapping[str, Any]
    course: Course
    foreseen: Foreseen | None
    sources: Sequence[str]
    weight: float

    @property
    def stage(self) -> str:
        """One of `STAGES`."""
        return str(self.fields["stage"])

    @property
    def anchor(self) -> str:
        """Name of the element's place in the page."""
        return "trend-" + "".join(c if c.isalnum() else "-" for c in self.id)

    @property
    def since(self) -> date | None:
        """The week from which it rises, or in which it stood highest."""
        day = self.fields["rising_since"] if self.stage in {"emerging", "rising"} else self.fields["peak"]
        return day if self.stage in _MOVING else None

    @property
    def is_modifier(self) -> bool:
        """Whether it belongs to garments, as colours and fabrics do, rather than being one."""
        return self.facet in MODIFIERS

    @property
    def level_before(self) -> float | None:
        """Share of voice that growth compares with; None where it was nothing, or all of it is gone."""
        growth = self.fields["growth"]
        return None if growth is None or growth <= -1 else float(self.fields["level"]) / (1 + growth)

    @property
    def is_gone(self) -> bool:
        """Whether it was spoken of in the weeks that growth compares with, and is no more."""
        growth = self.fields["growth"]
        return growth is not None and growth <= -1


@dataclass(frozen=True, slots=True)
class StageColumn:
    """The elements of one stage.

    Attributes:
        stage: one of `STAGES`.
        rows: the strongest.
        n_more: how many there are besides.
    """

    stage: str
    rows: Sequence[BoardRow]
    n_more: int


def board_rows(trends: pa.Table, courses: Mapping[str, Course], names: Names) -> list[BoardRow]:
    """Get the rows of the segment "all", those that say most first.

    Args:
        trends: `TRENDS`.
        courses: `"element_id|segment"` to its course.
        names: of the elements.
    """
    sources = _sources(trends)
    rows = []
    for fields in trends.filter(pc.equal(trends["segment"], "all")).to_pylist():
        element_id = fields["element_id"]
        course = courses.get(f"{element_id}|all", Course())
        facet = names.facet(element_id)
        rows.append(
            BoardRow(
                id=element_id,
                name=names.name(element_id),
                facet=facet,
                facet_name=names.facet_name(element_id),
                colour=names.colour(element_id),
                is_candidate=names.is_candidate(element_id),
                fields=fields,
                course=course,
                foreseen=_foreseen(fields, course),
                sources=sources.get(element_id, ()),
                weight=_weight(fields) * (0.4 if facet in _QUIET_FACETS else 1.0),
            )
        )
    rows.sort(key=lambda row: (-row.weight, row.id))
    return rows


def by_stage(rows: Sequence[BoardRow]) -> list[StageColumn]:
    """Get the stages in the order of life, each with its strongest elements."""
    columns = []
    for stage in STAGES:
        found = [row for row in rows if row.stage == stage]
        columns.append(StageColumn(stage, found[:_COLUMN], max(0, len(found) - _COLUMN)))
    return columns


def headlines(rows: Sequence[BoardRow], names: Names, *, most: int = 3) -> list[BoardRow]:
    """Get what to say first: what comes up, and last what goes down, each of its own kind."""
    up = _apart([row for row in rows if row.stage in {"emerging", "rising"}], names)
    down = _apart([row for row in rows if row.stage in {"peaking", "declining"}], names)
    first = up[: most - 1] if down else up[:most]
    return [*first, *down[: most - len(first)]]


def closeups(rows: Sequence[BoardRow], names: Names, *, most: int = 8) -> list[BoardRow]:
    """Get the trends that are shown on a page of their own: mostly risers, some that turn or fall."""
    up = _apart([row for row in rows if row.stage in {"emerging", "rising"}], names)
    rest = _apart([row for row in rows if row.stage in {"peaking", "declining", "seasonal"}], names)
    n_rest = min(len(rest), max(2, most - len(up)))
    return [*up[: most - n_rest], *rest[:n_rest]]


def segments_of(trends: pa.Table, element_id: str) -> list[dict[str, Any]]:
    """Get the rows of an element's languages and sources, loudest first."""
    of_element = trends.filter(pc.equal(trends["element_id"], element_id)).to_pylist()
    return sorted(
        (row for row in of_element if row["segment"] != "all"),
        key=lambda row: (row["segment"].partition("=")[0], -row["n_mentions"], row["segment"]),
    )


def _foreseen(fields: Mapping[str, Any], course: Course) -> Foreseen | None:
    """Get the change that is foreseen, with the interval of the mean where the board has it."""
    seen = course.foreseen(fields["level"])
    low, high = fields["forecast_low"], fields["forecast_high"]
    return seen if seen is None or low is None or high is None else replace(seen, low=low, high=high)


def _weight(fields: Mapping[str, Any]) -> float:
    """Confidence times how far it moved times how loud it is; what does not move comes after what does."""
    growth = fields["growth"]
    factor = _MOST_TIMES if growth is None else 1 + growth
    moved = abs(math.log(min(max(factor, 0.25), _MOST_TIMES)))
    loud = math.log10(10 + fields["n_mentions"])
    base = float(fields["confidence"] * loud)
    return base * (0.2 + moved) if fields["stage"] in _MOVING else base * 0.05


def _sources(trends: pa.Table) -> dict[str, list[str]]:
    """Sources by element; those that were last read much earlier than all together are left out."""
    # reviews may have been read for longer than what is published, so the board's week is that of all together
    week = pc.max(trends.filter(pc.equal(trends["segment"], "all"))["as_of"]).as_py()
    if week is None:
        return {}
    trends = trends.filter(pc.greater_equal(trends["as_of"], week - _STILL_READ))
    of_source = trends.filter(pc.starts_with(trends["segment"], "source=")).select(
        ["element_id", "segment", "n_mentions"]
    )
    found: dict[str, list[str]] = {}
    for row in of_source.sort_by([("n_mentions", "descending"), ("segment", "ascending")]).to_pylist():
        if row["n_mentions"] > 0:
            found.setdefault(row["element_id"], []).append(row["segment"].partition("=")[2])
    return found


def _apart(rows: Sequence[BoardRow], names: Names) -> list[BoardRow]:
    """Tell each story once: of elements in one line the first, or the narrower one that it is almost all about."""
    kept: list[BoardRow] = []
    for row in rows:
        line = set(names.line(row.id))
        if not any(other.id in line or row.id in names.line(other.id) for other in kept):
            kept.append(_narrowest(row, rows, names))
    return kept


def _narrowest(row: BoardRow, rows: Sequence[BoardRow], names: Names) -> BoardRow:
    """Get the element that most of the row's mentions name, so that the news is the mamianqun and not the skirt."""
    below = [
        other
        for other in rows
        if row.id in names.line(other.id)[1:]
        and other.fields["n_mentions"] >= _MOST_OF_IT * row.fields["n_mentions"]
    ]
    return max(below, key=lambda other: (len(names.line(other.id)), other.fields["n_mentions"]), default=row)
