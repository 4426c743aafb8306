"""What a report is made of: tables of the run, and a few small records for what stands in no table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
from markupsafe import Markup

from modacast.evaluate import Interval
from modacast.pipeline.context import TrendContext
from modacast.pipeline.models import ModelRecord
from modacast.pipeline.progress import StageRow
from modacast.types import Element, Item

__all__ = [
    "FeedbackSummary",
    "Lang",
    "MetricChange",
    "Pick",
    "Reasons",
    "ReportData",
    "ShopperPage",
    "TruthCheck",
    "WeightChange",
]

Lang = Literal["zh", "en"]
"""The languages that a report speaks; it carries both, and this is the one shown first."""

Reasons = Sequence[str] | Mapping[str, Sequence[str]]
"""Reasons in words, in one language, or by language code."""

_UP = frozenset({"emerging", "rising", "peaking"})


@dataclass(frozen=True, slots=True)
class Pick:
    """One product on a shopper's list.

    Attributes:
        item: the product.
        rank: from 1.
        reasons: why it is there.
    """

    item: Item
    rank: int
    reasons: Reasons = ()


@dataclass(frozen=True, slots=True)
class ShopperPage:
    """One shopper, without anything that says who it is.

    Attributes:
        label: `"A"`, `"B"`, ...; never an id.
        affinities: element id to weight, larger is dearer.
        price_band: lowest and highest usual price.
        currency: of the price band, ISO 4217.
        values: ids of elements of the facet "value".
        purchases: what was bought, latest first.
        before: the list before feedback, by rank.
        after: the list after feedback, by rank; empty where there was none.
        answers: item id to what the shopper did with it in between, one of `EVENT_KINDS`.
        value_notes: id of a value to what it rests on, in Chinese and in English.
        styles: id of a style to its weight in (0, 1], the weightiest first.
    """

    label: str
    affinities: Mapping[str, float] = field(default_factory=dict)
    price_band: tuple[float, float] | None = None
    currency: str | None = None
    values: Sequence[str] = ()
    purchases: Sequence[Item] = ()
    before: Sequence[Pick] = ()
    after: Sequence[Pick] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    value_notes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    styles: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One figure before and after.

    Attributes:
        name: `"NDCG@12"`, or any other name; `"liking"` is shown in words.
        before: with its interval.
        after: likewise.
        gain: the paired difference, None where it was not tested.
    """

    name: str
    before: Interval
    after: Interval
    gain: Interval | None = None


@dataclass(frozen=True, slots=True)
class WeightChange:
    """What the ranker makes of one feature, before and after.

    Attributes:
        feature: name of the feature, such as `"trend_for_you"`.
        before: its weight, any real number.
        after: likewise.
    """

    feature: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class FeedbackSummary:
    """What shoppers answered, and what became of it.

    Attributes:
        n_events: answers that came back.
        kinds: event kind to number of answers.
        metrics: figures before and after.
        weights: what the ranker changed.
        is_kept: whether the newly learned ranker was taken over, None where none was learned.
    """

    n_events: int
    kinds: Mapping[str, int] = field(default_factory=dict)
    metrics: Sequence[MetricChange] = ()
    weights: Sequence[WeightChange] = ()
    is_kept: bool | None = None


@dataclass(frozen=True, slots=True)
class TruthCheck:
    """The board against trends that are known to be there; only a made world has such a truth.

    Attributes:
        planted: element id to the stage that was planted.
        found: element id to the stage on the board, None where it is not there.
        false_alarms: elements that were called emerging or rising, and are not.
    """

    planted: Mapping[str, str]
    found: Mapping[str, str | None]
    false_alarms: Sequence[str] = ()

    def is_hit(self, element_id: str) -> bool:
        """Whether the board agrees: what rises was called rising in some form, what does not was not."""
        planted, found = self.planted[element_id], self.found.get(element_id)
        return found in _UP if planted in _UP else found not in _UP

    @property
    def hits(self) -> tuple[str, ...]:
        """Planted elements of which the board says what is true."""
        return tuple(e for e in self.planted if self.is_hit(e))

    @property
    def missed(self) -> tuple[str, ...]:
        """Planted elements of which the board says something else, or nothing."""
        return tuple(e for e in self.planted if not self.is_hit(e))


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that a report shows. What is optional may be absent, and its section says so or is left out.

    Attributes:
        title: of the report.
        made_at: UTC instant.
        lang: the language shown first.
        trends: rows of `TRENDS`, of several segments; the board shows the segment "all".
        series: rows of `SERIES`.
        forecasts: rows of `FORECASTS`.
        documents: rows of `DOCUMENTS` that `trends` names as evidence.
        elements: element id to its labels, facet and colour.
        panel: rows of `PANEL`, for how much was read from where; None where unknown.
        scorecards: rows of `SCORECARDS`, what was said earlier of each trend and what came; None where unknown.
        shoppers: pages of shoppers that may be shown.
        feedback: what feedback changed.
        truth: the board against a known truth.
        run: what each stage did.
        rejects: reason to number of rows set aside.
        alarms: rows of `ALARMS` of the last weeks, newest first.
        language_models: versions of the language model that were trained.
        style_map: the map of styles as SVG, empty where none is drawn.
        context: gives what surrounds an element, for the trends that are shown in close-up; None where unknown.
    """

    title: str
    made_at: datetime
    lang: Lang
    trends: pa.Table
    series: pa.Table
    forecasts: pa.Table
    documents: pa.Table
    elements: Mapping[str, Element]
    panel: pa.Table | None = None
    scorecards: pa.Table | None = None
    shoppers: Sequence[ShopperPage] = ()
    feedback: FeedbackSummary | None = None
    truth: TruthCheck | None = None
    run: Sequence[StageRow] = ()
    rejects: Mapping[str, int] = field(default_factory=dict)
    alarms: Sequence[Mapping[str, Any]] = ()
    language_models: Sequence[ModelRecord] = ()
    style_map: Markup = field(default_factory=Markup)
    context: Callable[[str], TrendContext] | None = None
