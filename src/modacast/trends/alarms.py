"""Alarms: what rises now, more than chance, more than its season, and told by more than one story.

The alarms of a week are made from the texts up to that week. They are the same whenever they are computed, as
no count, expectation, season or correction looks ahead; only the `forecast_growth` that the caller joins does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta

import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.trends.alarm_rules import AlarmRules
from modacast.trends.alarm_walk import About, Alarm, walk
from modacast.trends.alarm_words import AlarmFacts, why_en, why_zh
from modacast.trends.counting import count_weeks, with_days
from modacast.trends.series import last_week
from modacast.trends.stories import Stories
from modacast.trends.surprise import surprise
from modacast.types import Element

__all__ = ["ALARMS", "AlarmRules", "alarm_id", "alarms"]

ALARMS = pa.schema([
    pa.field("id", pa.string(), nullable=False),             # of the element and week
    pa.field("element_id", pa.string(), nullable=False),
    pa.field("ds", pa.date32(), nullable=False),             # Monday of the week after which it was raised
    pa.field("kind", pa.string(), nullable=False),           # "new", "rise", or "shock": within about a week, maybe one event
    pa.field("weeks", pa.int32(), nullable=False),           # that the count is of, up to and with `ds`
    pa.field("count", pa.float64(), nullable=False),         # texts, repeated authors and stories weighed less
    pa.field("n_texts", pa.int64(), nullable=False),
    pa.field("expected", pa.float64(), nullable=False),      # texts, from the past, weighed alike
    pa.field("ratio", pa.float64(), nullable=False),         # count over expected
    pa.field("season_count", pa.float64(), nullable=False),  # the most that the same weeks of an earlier year had, unweighed, for as many read
    pa.field("p_value", pa.float64(), nullable=False),
    pa.field("q_value", pa.float64(), nullable=False),       # after false discovery control over all elements
    pa.field("since", pa.date32(), nullable=False),          # week of the first text of the rise
    pa.field("first_seen", pa.date32(), nullable=False),
    pa.field("n_authors", pa.int64(), nullable=False),       # voices: an author and all who repeat that author's words are one
    pa.field("n_stories", pa.int64(), nullable=False),
    pa.field("sources", pa.list_(pa.string())),
    pa.field("evidence_ids", pa.list_(pa.string())),
    pa.field("also", pa.list_(pa.string())),                 # elements that the same texts name
    pa.field("forecast_growth", pa.float64()),               # of the board's forecast, where there is one
    pa.field("why_zh", pa.string(), nullable=False),
    pa.field("why_en", pa.string(), nullable=False),
])  # fmt: skip
"""One row an alarm."""


def alarms(
    mentions: pa.Table,
    documents: pa.Table,
    panel: pa.Table,
    *,
    elements: Mapping[str, Element] | None = None,
    rules: AlarmRules | None = None,
    read_until: date | None = None,
    known_from: Mapping[str, date] | None = None,
    about: About | None = None,
) -> pa.Table:
    """Walk through the weeks and raise an alarm for each rise, once.

    What is said is held against all that is said about fashion, so that a stream that turns to fashion, or away from
    it, makes no rise. An alarm needs a count that its own past does not explain (`q`), nor the same weeks of an earlier year
    (`season_p`), told by several stories. After it, the element is silent until nothing about it has been
    surprising for `refractory` weeks. Where two elements rise in the same texts, one alarm stands for both.
    An element whose season came in two earlier years raises none in its season. The lexicon's word that an
    element has a season stands for one of the two, and such an element waits for a year that it can be held
    against; nor is there an alarm of what rises in the texts of one whose known season has just begun.

    Args:
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`.
        panel: `PANEL`.
        elements: by id: names for the words, and whose season is known (attribute `season`).
        rules: when an alarm is raised.
        read_until: the last day that was read in full, as in `weekly_series`.
        known_from: element to the Monday of the first week in which it may alarm, where it was found on the way.
        about: scores how likely texts, given with their languages, are about fashion (`elements.Relevance`). The
            texts of a rise must be so without the words that name the element (`min_company`): a brand's scandal, a
            film and a bare colour keep other company than clothes. None takes all texts for texts about fashion.

    Returns:
        `ALARMS`, by week, the surest first.

    Raises:
        InvalidInput: a table lacks a column.
    """
    for name, table, columns in (
        ("mentions", mentions, ("doc_id", "element_id")),
        ("documents", documents, ("id", "source", "lang", "published_at", "author_key")),
        ("panel", panel, ("ds", "source", "lang", "n_relevant")),
    ):
        for column in columns:
            if column not in table.column_names:
                raise InvalidInput(
                    f"{name}: there is no column {column!r}{suggest(column, table.column_names)}"
                )
    dated = with_days(documents)
    counts = count_weeks(mentions, dated, panel, only_about=True)
    if counts.read.num_rows == 0:
        return ALARMS.empty_table()
    rules = rules or AlarmRules()
    found = surprise(
        counts.spoken,
        counts.read,
        last=last_week(counts.read, dated, read_until),
        windows=rules.windows,
        known_from=known_from,
    )
    named = elements or {}
    seasonal = [name for name, element in named.items() if "season" in element.attributes]
    rows = [
        _row(alarm, named.get(alarm.element_id), rules.n_evidence)
        for alarm in walk(found, Stories(mentions, documents), rules, seasonal=seasonal, about=about)
    ]
    return pa.Table.from_pylist(rows, schema=ALARMS)


def alarm_id(element_id: str, ds: date) -> str:
    """Get the id of an element's alarm of a week: 16 hexadecimal digits."""
    return hashlib.sha256(f"{element_id}|{ds.isoformat()}".encode()).hexdigest()[:16]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _row(alarm: Alarm, element: Element | None, n_evidence: int) -> dict[str, object]:
    since = _monday(alarm.reading.texts[0].day)
    facts = AlarmFacts(
        name_zh=element.label("zh") if element else alarm.element_id,
        name_en=element.label("en") if element else alarm.element_id,
        kind=alarm.kind,
        ds=alarm.ds,
        weeks=alarm.weeks,
        n_texts=len(alarm.reading.texts),
        count=alarm.count,
        expected=alarm.expected,
        season_count=alarm.season_count,
        q=alarm.q,
        since=since,
        first_seen=alarm.first_seen,
        n_authors=alarm.reading.n_voices,
        n_stories=alarm.reading.n_stories,
        sources=alarm.reading.sources,
        company=alarm.company,
    )
    return {
        "id": alarm_id(alarm.element_id, alarm.ds),
        "element_id": alarm.element_id,
        "ds": alarm.ds,
        "kind": alarm.kind,
        "weeks": alarm.weeks,
        "count": alarm.count,
        "n_texts": facts.n_texts,
        "expected": alarm.expected,
        "ratio": alarm.count / alarm.expected,
        "season_count": alarm.season_count,
        "p_value": alarm.p,
        "q_value": alarm.q,
        "since": since,
        "first_seen": alarm.first_seen,
        "n_authors": facts.n_authors,
        "n_stories": facts.n_stories,
        "sources": list(facts.sources),
        "evidence_ids": alarm.reading.chosen(n_evidence),
        "also": alarm.also,
        "forecast_growth": None,
        "why_zh": why_zh(facts),
        "why_en": why_en(facts),
    }
