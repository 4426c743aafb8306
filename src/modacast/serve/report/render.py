"""The report as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from modacast.errors import InvalidInput
from modacast.serve.report import scorecard, story, words
from modacast.serve.report.alarm_list import alarm_lines
from modacast.serve.report.board import BoardRow, board_rows, by_stage, closeups, headlines
from modacast.serve.report.charts import sparkline
from modacast.serve.report.closeup import closeup, segment_ids
from modacast.serve.report.courses import Course, read_courses
from modacast.serve.report.data import ReportData
from modacast.serve.report.lists import shopper_view
from modacast.serve.report.names import Names
from modacast.serve.report.palette import palette
from modacast.serve.report.phrases import ANSWERS, FACET_NAMES, PHRASES, REASON_NAMES, STAGE_NAMES, STEP_NAMES
from modacast.serve.report.silhouettes import pattern_defs
from modacast.serve.report.training import latest_trainings, lesson
from modacast.serve.scorecards import scorecard_of
from modacast.types import STAGES, TRENDS

__all__ = ["Reading", "reading", "render"]

_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the first and last day, and how much from where; counts are None where unknown."""

    first: Any
    last: Any
    n_documents: int | None
    n_relevant: int | None
    sources: tuple[str, ...]
    languages: tuple[str, ...]


def render(data: ReportData) -> str:
    """Get the report as HTML that needs nothing else: no script, font or picture from elsewhere.

    It carries Chinese and English and shows `data.lang` first.

    Raises:
        InvalidInput: the language is neither `"zh"` nor `"en"`, or a table lacks a column.
    """
    if data.lang not in {"zh", "en"}:
        raise InvalidInput(f"report: lang is zh or en, got {data.lang!r}")
    missing = [name for name in TRENDS.names if name not in data.trends.column_names]
    if missing:
        raise InvalidInput(f"report: the trends lack the columns {', '.join(missing)}")
    return _environment().get_template("report.html.jinja").render(**_context(data))


def reading(data: ReportData) -> Reading | None:
    """Get what was read, None where nothing was."""
    if data.panel is not None and data.panel.num_rows:
        days = data.panel["ds"]
        return Reading(
            first=pc.min(days).as_py(),
            last=_end(pc.max(days).as_py(), data.made_at.date()),
            n_documents=pc.sum(data.panel["n_documents"]).as_py(),
            n_relevant=pc.sum(data.panel["n_relevant"]).as_py(),
            sources=tuple(sorted(pc.unique(data.panel["source"]).to_pylist())),
            languages=tuple(sorted(pc.unique(data.panel["lang"]).to_pylist())),
        )
    if data.series.num_rows == 0:
        return None
    segments = set(data.trends["segment"].to_pylist())
    named = {
        kind: sorted(s.partition("=")[2] for s in segments if s.startswith(kind))
        for kind in ("source", "lang")
    }
    return Reading(
        first=pc.min(data.series["ds"]).as_py(), last=_end(pc.max(data.series["ds"]).as_py(), data.made_at.date()), n_documents=None,
        n_relevant=None, sources=tuple(named["source"]), languages=tuple(named["lang"]),
    )  # fmt: skip


def _end(week: date, made: date) -> date:
    """The last day of a week that starts on `week`, as far as it had come when the report was made."""
    return max(week, min(week + timedelta(days=6), made))


def _context(data: ReportData) -> dict[str, Any]:
    names = Names(data.elements)
    ids = [
        f"{e}|all"
        for e in data.trends.filter(pc.equal(data.trends["segment"], "all"))["element_id"].to_pylist()
    ]
    rows = board_rows(data.trends, read_courses(data.series, data.forecasts, ids), names)
    pages = _pages(data, rows, names)
    return {
        "data": data,
        "reading": reading(data),
        "rows": rows,
        "alarms": alarm_lines(data.alarms, data.documents, names),
        "columns": by_stage(rows),
        "headlines": headlines(rows, names),
        "pages": pages,
        "paged": {page.row.id for page in pages},
        "swatches": palette(rows, names),
        "facets": sorted(
            {row.facet for row in rows}, key=lambda f: list(FACET_NAMES).index(f) if f in FACET_NAMES else 99
        ),
        "shoppers": [shopper_view(page, names) for page in data.shoppers],
        "changes": scorecard.changes(data.feedback) if data.feedback else (),
        "weights": scorecard.weights(data.feedback) if data.feedback else None,
        "scores": scorecard.scores(rows),
        "verdicts": scorecard.verdicts(data.truth, names) if data.truth else (),
        "false_alarms": [names.name(e) for e in data.truth.false_alarms] if data.truth else (),
        "lessons": [lesson(record) for record in latest_trainings(data.language_models)],
        "patterns": pattern_defs(),
        "names": names,
        "n_shown": _SHOWN,
    }


def _pages(data: ReportData, rows: list[BoardRow], names: Names) -> list[Any]:
    chosen = closeups(rows, names)
    ids = [*segment_ids(data.trends, chosen), *(f"{row.id}|all" for row in chosen)]
    courses: Mapping[str, Course] = read_courses(data.series, data.forecasts, ids)
    wanted = pa.array([e for row in chosen for e in row.fields["evidence_ids"] or ()], pa.string())
    found = (
        data.documents.filter(pc.is_in(data.documents["id"], wanted))
        if len(chosen)
        else data.documents.slice(0, 0)
    )
    documents = {row["id"]: row for row in found.to_pylist()}
    around = {row.id: data.context(row.id) for row in chosen} if data.context else {}
    cards = (
        {}
        if data.scorecards is None
        else {row.id: scorecard_of(data.scorecards, f"{row.id}|all") for row in chosen}
    )
    return [
        closeup(row, data.trends, courses, documents, names, around.get(row.id), cards.get(row.id))
        for row in chosen
    ]


@cache
def _environment() -> Environment:
    """Get the templates' environment; made once, as it compiles each template once."""
    environment = Environment(
        loader=PackageLoader("modacast.serve.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": words.share,
        "change": words.change,
        "counted": words.counted,
        "percent": words.percent,
        "score": words.score,
        "month": words.month,
        "interval": words.interval,
    }
    environment.globals |= {
        "t": PHRASES,
        "stage_names": STAGE_NAMES,
        "facet_names": FACET_NAMES,
        "step_names": STEP_NAMES,
        "reason_names": REASON_NAMES,
        "answers": ANSWERS,
        "stages": STAGES,
        "story": story,
        "sparkline": sparkline,
        "css": _shipped("report.css"),
        "js": _shipped("report.js"),
    }
    return environment


def _shipped(name: str) -> Markup:
    """A style sheet or script of ours, which stands in the page as it is."""
    return Markup(files(__package__).joinpath("templates", name).read_text(encoding="utf-8"))  # noqa: S704 - our own file
