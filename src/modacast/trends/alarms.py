"""Alarms: what rises now, more than chance, more than its season, and told by more than one story.

The alarms of a week are made from the texts up to that week. They are the same whenever they are computed, as
no count, expectation, season or correction looks ahead; only the `forecast_growth` that the caller joins does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.trends.alarm_words import AlarmFacts, why_en, why_zh
from modacast.trends.counting import count_weeks, with_days
from modacast.trends.history import SEASON
from modacast.trends.series import last_week
from modacast.trends.stories import Reading, Stories
from modacast.trends.surprise import WINDOWS, Surprise, surprise
from modacast.types import Element

__all__ = ["ALARMS", "AlarmRules", "alarm_id", "alarms"]

ALARMS = pa.schema([
    pa.field("id", pa.string(), nullable=False),             # of the element and week
    pa.field("element_id", pa.string(), nullable=False),
    pa.field("ds", pa.date32(), nullable=False),             # Monday of the week after which it was raised
    pa.field("kind", pa.string(), nullable=False),           # "new", "rise" or "shock"
    pa.field("weeks", pa.int32(), nullable=False),           # that the count is of, up to and with `ds`
    pa.field("count", pa.float64(), nullable=False),         # texts, repeated authors and stories weighed less
    pa.field("n_texts", pa.int64(), nullable=False),
    pa.field("expected", pa.float64(), nullable=False),      # texts, from the past
    pa.field("ratio", pa.float64(), nullable=False),         # count over expected
    pa.field("season_count", pa.float64(), nullable=False),  # the most that the same weeks of an earlier year had
    pa.field("p_value", pa.float64(), nullable=False),
    pa.field("q_value", pa.float64(), nullable=False),       # after false discovery control over all elements
    pa.field("since", pa.date32(), nullable=False),          # week of the first text of the rise
    pa.field("first_seen", pa.date32(), nullable=False),
    pa.field("n_authors", pa.int64(), nullable=False),
    pa.field("n_stories", pa.int64(), nullable=False),
    pa.field("sources", pa.list_(pa.string())),
    pa.field("evidence_ids", pa.list_(pa.string())),
    pa.field("also", pa.list_(pa.string())),                 # elements that the same texts name
    pa.field("forecast_growth", pa.float64()),               # of the board's forecast, where there is one
    pa.field("why_zh", pa.string(), nullable=False),
    pa.field("why_en", pa.string(), nullable=False),
])  # fmt: skip
"""One row an alarm."""

Kind = Literal["new", "rise", "shock"]

_TWICE = 2  # seasons, after which a third is no news however high it is


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """When an alarm is raised.

    Attributes:
        q: largest false discovery rate in (0, 1].
        min_count: fewest weighted texts.
        min_stories: fewest separate stories, and fewest authors.
        min_ratio: smallest count over expectation.
        season_p: an earlier year's season explains a count that is likelier than this beside it.
        refractory: weeks without surprise after which an element may alarm again.
        budget: alarms a week that are raised on average; what is less sure waits. None for no limit.
        same_story: share of the texts from which two elements' alarms are one.
        windows: weeks that are looked at together.
        n_evidence: most texts that an alarm shows.
    """

    q: float = 0.1
    min_count: float = 3.0
    min_stories: int = 3
    min_ratio: float = 3.0
    season_p: float = 0.01
    refractory: int = 13
    budget: float | None = 2.0
    same_story: float = 0.5
    windows: tuple[int, ...] = WINDOWS
    n_evidence: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.q <= 1 or not 0 < self.season_p <= 1 or self.refractory < 1:
            raise InvalidInput(
                f"alarms: q and season_p lie in (0, 1] and refractory is >= 1, got {self.q}, {self.season_p}, "
                f"{self.refractory}"
            )
        if not self.windows or min(self.windows) < 1 or (self.budget is not None and self.budget <= 0):
            raise InvalidInput(
                f"alarms: windows must be >= 1 week and the budget above 0, got {self.windows}, {self.budget}"
            )


def alarms(
    mentions: pa.Table,
    documents: pa.Table,
    panel: pa.Table,
    *,
    elements: Mapping[str, Element] | None = None,
    rules: AlarmRules | None = None,
    since: date | None = None,
    read_until: date | None = None,
) -> pa.Table:
    """Walk through the weeks and raise an alarm for each rise, once.

    An alarm needs a count that its own past does not explain (`q`), nor the same weeks of an earlier year
    (`season_p`), told by several stories. After it, the element is silent until nothing about it has been
    surprising for `refractory` weeks. Where two elements rise in the same texts, one alarm stands for both.
    An element whose season came in two earlier years raises none in its season; one whose season is known
    beforehand, or whose texts are mostly about such a one, raises none once a year has been read.

    Args:
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`.
        panel: `PANEL`.
        elements: by id: names for the words, and whose season is known (attribute `season`).
        rules: when an alarm is raised.
        since: the first Monday whose alarms are wanted; earlier ones only silence what they would.
        read_until: the last day that was read in full, as in `weekly_series`.

    Returns:
        `ALARMS`, by week, the surest first.

    Raises:
        InvalidInput: a table lacks a column.
    """
    for name, table, columns in (
        ("mentions", mentions, ("doc_id", "element_id")),
        ("documents", documents, ("id", "source", "lang", "published_at", "author_key")),
        ("panel", panel, ("ds", "source", "lang", "n_documents")),
    ):
        for column in columns:
            if column not in table.column_names:
                raise InvalidInput(
                    f"{name}: there is no column {column!r}{suggest(column, table.column_names)}"
                )
    dated = with_days(documents)
    counts = count_weeks(mentions, dated, panel)
    if counts.read.num_rows == 0:
        return ALARMS.empty_table()
    rules = rules or AlarmRules()
    found = surprise(
        counts.spoken, counts.read, last=last_week(counts.read, dated, read_until), windows=rules.windows
    )
    named = elements or {}
    seasonal = [name for name, element in named.items() if "season" in element.attributes]
    walk = _Walk(found, Stories(mentions, documents), rules, seasonal)
    rows = [
        _row(alarm, named.get(alarm.element_id), rules.n_evidence)
        for alarm in walk.run()
        if since is None or alarm.ds >= since
    ]
    return pa.Table.from_pylist(rows, schema=ALARMS)


def alarm_id(element_id: str, ds: date) -> str:
    """Get the id of an element's alarm of a week: 16 hexadecimal digits."""
    return hashlib.sha256(f"{element_id}|{ds.isoformat()}".encode()).hexdigest()[:16]


@dataclass(slots=True)
class _Alarm:
    element_id: str
    ds: date
    kind: Kind
    weeks: int
    count: float
    expected: float
    season_count: float
    p: float
    q: float
    since: date
    first_seen: date
    reading: Reading
    also: list[str] = field(default_factory=list)


class _Walk:
    """Goes through the weeks in order and remembers what has been told."""

    def __init__(self, found: Surprise, stories: Stories, rules: AlarmRules, seasonal: list[str]) -> None:
        self._found = found
        self._stories = stories
        self._rules = rules
        self._seasonal = stories.naming(seasonal)
        self._silent_until: dict[str, int] = {}
        self._recent: list[tuple[int, _Alarm]] = []
        self._purse = 0.0

    def run(self) -> Iterator[_Alarm]:
        """Yield the alarms, week by week."""
        found, rules = self._found, self._rules
        for week in range(len(found.weeks)):
            if rules.budget is not None:
                self._purse = min(self._purse + rules.budget, max(2 * rules.budget, 1.0))
            if not found.is_read[week]:
                continue
            hot = np.flatnonzero((found.q[:, week] <= rules.q) & (found.count[:, week] >= rules.min_count))
            told: list[_Alarm] = []
            for row in hot[np.argsort(found.p[hot, week], kind="stable")]:
                alarm = self._look(int(row), week, told)
                if alarm is not None:
                    told.append(alarm)
            yield from told

    def _look(self, row: int, week: int, told: list[_Alarm]) -> _Alarm | None:
        """Decide on one element in one week."""
        rules, name = self._rules, self._found.elements[row]
        if self._silent_until.get(name, -1) >= week:
            self._hush(name, week)
            return None
        if self._is_season(row, week):
            return None
        alarm = self._alarm(row, week)
        if alarm is None or (week >= SEASON and self._tells_of_season(alarm)):
            return None
        other = self._same_story(alarm, week)
        if other is not None:
            if name not in other.also and other in told:
                other.also.append(name)
            self._hush(name, week)
            return None
        if rules.budget is not None:
            if self._purse < 1:
                return None
            self._purse -= 1
        self._hush(name, week)
        self._recent.append((week, alarm))
        return alarm

    def _hush(self, name: str, week: int) -> None:
        self._silent_until[name] = week + self._rules.refractory

    def _is_season(self, row: int, week: int) -> bool:
        found = self._found
        return bool(found.season_p[row, week] > self._rules.season_p or found.n_seasons[row, week] >= _TWICE)

    def _tells_of_season(self, alarm: _Alarm) -> bool:
        ids = {text.id for text in alarm.reading.texts}
        return len(ids & self._seasonal) >= self._rules.same_story * len(ids)

    def _alarm(self, row: int, week: int) -> _Alarm | None:
        """Hold the count that is left of the stories against the rules; None where it is too little."""
        found, rules = self._found, self._rules
        width = int(found.window[row, week])
        reading = self._stories.read(found.elements[row], found.weeks[week], width)
        count = float(found.count[row, week]) * reading.worth
        expected = float(found.expected[row, week])
        if min(reading.n_stories, reading.n_authors) < rules.min_stories or count < rules.min_count:
            return None
        if count < rules.min_ratio * expected:
            return None
        past = found.rate[row, :week]
        named = np.flatnonzero(found.count[row, : week + 1] > 0)
        first = found.weeks[int(named[0])]
        return _Alarm(
            element_id=found.elements[row],
            ds=found.weeks[week],
            kind=_kind(found, row, week, past),
            weeks=width,
            count=count,
            expected=expected,
            season_count=float(found.season_count[row, week]),
            p=float(found.p[row, week]),
            q=float(found.q[row, week]),
            since=_monday(reading.texts[0].day),
            first_seen=first,
            reading=reading,
        )

    def _same_story(self, alarm: _Alarm, week: int) -> _Alarm | None:
        """Find an alarm of these weeks that most of the texts belong to."""
        ids = {text.id for text in alarm.reading.texts}
        for then, other in self._recent:
            if week - then > self._rules.refractory:
                continue
            theirs = self._stories.read(other.element_id, alarm.ds, max(alarm.weeks, week - then + 1))
            if len(ids & {text.id for text in theirs.texts}) >= self._rules.same_story * len(ids):
                return other
        return None


def _kind(found: Surprise, row: int, week: int, past: np.ndarray) -> Kind:
    """A shock came within one week; what was never at a quarter of this rate before is new."""
    rate = found.rate[row, week]
    earlier = past[: max(0, week - int(found.window[row, week]) + 1)]
    if len(earlier) == 0 or earlier.max() < 0.25 * rate:
        return "new"
    return "shock" if found.window[row, week] == 1 else "rise"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _row(alarm: _Alarm, element: Element | None, n_evidence: int) -> dict[str, object]:
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
        since=alarm.since,
        first_seen=alarm.first_seen,
        n_authors=alarm.reading.n_authors,
        n_stories=alarm.reading.n_stories,
        sources=alarm.reading.sources,
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
        "since": alarm.since,
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
