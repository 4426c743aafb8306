"""A trend in close-up: its charts, its places, its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
from markupsafe import Markup

from modacast.pipeline.context import TrendContext
from modacast.serve.report import story
from modacast.serve.report.board import BoardRow, segments_of
from modacast.serve.report.charts import NARROW, WIDE, Compared, fan_chart, season_overlay, sparkline
from modacast.serve.report.courses import Course
from modacast.serve.report.names import Names
from modacast.serve.report.phrases import PHRASES
from modacast.serve.report.surroundings import Surroundings, surroundings
from modacast.serve.report.words import Words, change, join, share
from modacast.serve.scorecards import CardLine, card_lines

__all__ = ["Closeup", "Place", "Quote", "closeup", "segment_ids"]

_PLACES, _QUOTES, _PARTNERS = 8, 4, 8
_QUOTE_CHARS = 140
_LATIN_FACTOR = 2  # Latin letters are about half as wide as Han characters


@dataclass(frozen=True, slots=True)
class Place:
    """A language or source in which a trend lives."""

    name: Words
    kind: str
    chart: Markup
    level: str
    growth: Words
    stage: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A text that speaks of the element; `url` is None where it cannot be linked to."""

    text: str
    lang: str
    source: str
    day: date
    url: str | None


@dataclass(frozen=True, slots=True)
class Closeup:
    """Everything on the page of one trend."""

    row: BoardRow
    wide: Markup
    narrow: Markup
    overlay: Markup
    places: Sequence[Place]
    quotes: Sequence[Quote]
    partners: Sequence[tuple[str, Words]]
    why: Sequence[Words]
    backtest: Sequence[Words]
    around: Surroundings | None = None
    cards: Sequence[CardLine] = ()


def segment_ids(trends: pa.Table, rows: Sequence[BoardRow]) -> list[str]:
    """Get the ids of the series that the pages of `rows` draw besides those of the board."""
    return [f"{row.id}|{place['segment']}" for row in rows for place in segments_of(trends, row.id)]


def closeup(
    row: BoardRow,
    trends: pa.Table,
    courses: Mapping[str, Course],
    documents: Mapping[str, Mapping[str, Any]],
    names: Names,
    context: TrendContext | None = None,
    cards: pa.Table | None = None,
) -> Closeup:
    """Get the page of one trend.

    Args:
        row: the trend.
        trends: `TRENDS`, for its languages and sources.
        courses: of these too.
        documents: id to row of `DOCUMENTS`.
        names: of the elements.
        context: what surrounds it, None where unknown.
        cards: its rows of `SCORECARDS`, None where unknown.
    """
    label = story.chart_label(row)
    since = row.fields["rising_since"] if row.stage in {"emerging", "rising"} else None
    compared = Compared(float(row.fields["level"]), row.level_before)
    return Closeup(
        row=row,
        wide=fan_chart(row.course, WIDE, label, since=since, compared=compared),
        narrow=fan_chart(row.course, NARROW, label, since=since, compared=compared),
        overlay=season_overlay(row.course, join([row.name, PHRASES["season_overlay"]], zh="：", en=": ")),
        places=[_place(found, courses, names) for found in _loudest(segments_of(trends, row.id))],
        quotes=_quotes(row, documents),
        partners=[(other, names.name(other)) for other in (row.fields["goes_with"] or ())[:_PARTNERS]],
        why=story.why(row),
        backtest=story.was_off(row),
        around=None if context is None else surroundings(context, names),
        cards=[] if cards is None else card_lines(cards),
    )


def _loudest(segments: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Half of the places are languages and half sources, as far as there are so many."""
    languages = [row for row in segments if row["segment"].startswith("lang=")]
    sources = [row for row in segments if row["segment"].startswith("source=")]
    n_sources = min(len(sources), max(_PLACES // 2, _PLACES - len(languages)))
    return [*languages[: _PLACES - n_sources], *sources[:n_sources]]


def _place(fields: Mapping[str, Any], courses: Mapping[str, Course], names: Names) -> Place:
    course = courses.get(f"{fields['element_id']}|{fields['segment']}", Course())
    return Place(
        name=names.segment(fields["segment"]),
        kind=fields["segment"].partition("=")[0],
        chart=sparkline(course, width=150.0, height=38.0),
        level=share(fields["level"]),
        growth=_growth(fields),
        stage=fields["stage"],
    )


def _growth(fields: Mapping[str, Any]) -> Words:
    """Get a place's growth as the board says it; a place without a level has none."""
    said = change(fields["growth"])
    return PHRASES["from_nothing"] if fields["growth"] is None and fields["level"] > 0 else Words(said, said)


def _quotes(row: BoardRow, documents: Mapping[str, Mapping[str, Any]]) -> list[Quote]:
    found = [documents[doc_id] for doc_id in row.fields["evidence_ids"] or () if doc_id in documents]
    return [
        Quote(
            text=_shortened(document["text"], document["lang"]),
            lang=document["lang"],
            source=document["source"],
            day=document["published_at"].date(),
            url=_link(document["url"]),
        )
        for document in found[:_QUOTES]
    ]


def _shortened(text: str, lang: str) -> str:
    most = _QUOTE_CHARS * (1 if lang in {"zh", "ja", "ko"} else _LATIN_FACTOR)
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def _link(url: str | None) -> str | None:
    """The address where it is one of the web; anything else (`javascript:`, a file) is not linked to."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None
