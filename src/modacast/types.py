"""The records that travel between the stages, their Arrow schemas, and the Protocols of the plug-ins.

Records are frozen dataclasses for the edges (one document, one recommendation); between stages the same
fields travel as Arrow tables with the schemas below. Column names are spelled here and nowhere else.
Instants are UTC; `ds` is the Monday of an ISO week; shares lie in [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = [
    "ATTACHMENTS",
    "DOCUMENTS",
    "EVENTS",
    "EVENT_KINDS",
    "FACETS",
    "FORECASTS",
    "ITEMS",
    "LANGUAGES",
    "MENTIONS",
    "PANEL",
    "PROFILES",
    "RAW_DOCUMENTS",
    "RAW_EVENTS",
    "RECOMMENDATIONS",
    "REJECTS",
    "SCHEMAS",
    "SERIES",
    "STAGES",
    "TRENDS",
    "Batch",
    "Document",
    "Element",
    "Encoder",
    "Event",
    "EventKind",
    "Facet",
    "Floats",
    "Forecast",
    "Forecaster",
    "Item",
    "Mention",
    "Profile",
    "Ranker",
    "Recommendation",
    "Source",
    "Stage",
    "Trend",
    "schema_name",
    "schema_version",
]

Floats = npt.NDArray[np.float32]

Facet = Literal[
    "garment", "color", "pattern", "fabric", "silhouette", "length", "neckline", "sleeve", "detail",
    "style", "occasion", "season", "value", "footwear", "accessory", "brand",
]  # fmt: skip
FACETS: tuple[Facet, ...] = get_args(Facet)

EventKind = Literal["impression", "view", "cart", "purchase", "return", "rating", "review", "like", "dislike"]
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)

Stage = Literal["emerging", "rising", "peaking", "steady", "seasonal", "declining"]
STAGES: tuple[Stage, ...] = get_args(Stage)

LANGUAGES: tuple[str, ...] = ("zh", "en", "ja", "ko", "fr", "de", "es", "it", "pt")
"""ISO 639-1 codes of the languages that the shipped lexicon speaks, Chinese first."""

_INSTANT = pa.timestamp("us", tz="UTC")
_VECTOR = pa.list_(pa.float32())


def _schema(name: str, version: int, fields: list[pa.Field]) -> pa.Schema:
    return pa.schema(fields, metadata={"modacast.schema": name, "modacast.version": str(version)})


def _text(name: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, pa.string(), nullable=nullable)


RAW_DOCUMENTS = _schema("raw_documents", 2, [
    pa.field("row", pa.int64(), nullable=False),        # line or record number in the source, from 1
    _text("id", nullable=True),                         # the source's own id
    _text("text"),
    _text("lang", nullable=True),                       # a hint; the language is detected where null
    _text("url", nullable=True),
    pa.field("published_at", _INSTANT, nullable=False),
    _text("author", nullable=True),                     # raw; never written
    _text("region", nullable=True),
    pa.field("engagement", pa.float64()),               # likes, score, comments; null where unknown
    _text("audience", nullable=True),                   # whom it is of or for: "women", "18-24"; null where unknown
])  # fmt: skip
"""Texts as a source yields them. Lives in memory only: nothing raw is ever written."""

DOCUMENTS = _schema("documents", 2, [
    _text("id"),
    _text("text"),
    _text("lang"),
    _text("source"),
    _text("url", nullable=True),
    pa.field("published_at", _INSTANT, nullable=False),
    _text("author_key", nullable=True),                 # keyed pseudonym
    _text("region", nullable=True),
    pa.field("engagement", pa.float64()),
    pa.field("relevance", pa.float32(), nullable=False),  # probability of being about fashion
    pa.field("tokens", pa.list_(pa.string())),          # words without stop words, in order
    _text("audience", nullable=True),                   # whom it is of or for, where known
])  # fmt: skip
"""Cleaned, scrubbed, relevant texts."""

PANEL = _schema("panel", 1, [
    pa.field("ds", pa.date32(), nullable=False),
    _text("source"),
    _text("lang"),
    pa.field("n_documents", pa.int64(), nullable=False),   # texts collected, without copies and near copies
    pa.field("n_relevant", pa.int64(), nullable=False),
])  # fmt: skip
"""How much was read each week: the denominators of share of voice. Rows of one key add up."""

REJECTS = _schema("rejects", 1, [
    _text("source"),
    _text("path"),
    pa.field("row", pa.int64(), nullable=False),
    _text("column", nullable=True),
    _text("reason"),                                    # "bad date", "empty text", "duplicate", ...
    _text("detail", nullable=True),                     # never the raw text
])  # fmt: skip
"""Rows that were set aside, each with where it stood and why."""

MENTIONS = _schema("mentions", 1, [
    _text("doc_id"),
    _text("element_id"),
    pa.field("start", pa.int32(), nullable=False),      # character offsets into the document's text
    pa.field("end", pa.int32(), nullable=False),
    _text("surface"),
    pa.field("polarity", pa.float32(), nullable=False),  # -1 (against) .. 1 (for)
    pa.field("confidence", pa.float32(), nullable=False),
])  # fmt: skip

ATTACHMENTS = _schema("attachments", 1, [
    _text("doc_id"),
    _text("element_id"),                                # of the modifier
    pa.field("start", pa.int32(), nullable=False),      # of the modifier, as in the mentions
    pa.field("end", pa.int32(), nullable=False),
    _text("head_id"),                                   # the garment, shoe or accessory that it belongs to
    pa.field("head_start", pa.int32(), nullable=False),
    pa.field("head_end", pa.int32(), nullable=False),
])  # fmt: skip
"""Which mention each modifier among the mentions belongs to."""

SERIES = _schema("series", 1, [
    _text("unique_id"),                                 # "element_id|segment"
    pa.field("ds", pa.date32(), nullable=False),
    pa.field("y", pa.float64()),                        # share of voice; null where nothing was read
    pa.field("n_mentions", pa.int64(), nullable=False),
    pa.field("n_documents", pa.int64(), nullable=False),
])  # fmt: skip

FORECASTS = _schema("forecasts", 1, [
    _text("unique_id"),
    pa.field("ds", pa.date32(), nullable=False),
    pa.field("y_hat", pa.float64(), nullable=False),
    pa.field("lo_80", pa.float64(), nullable=False),
    pa.field("hi_80", pa.float64(), nullable=False),
    pa.field("lo_90", pa.float64(), nullable=False),
    pa.field("hi_90", pa.float64(), nullable=False),
    _text("model"),
    pa.field("made_at", _INSTANT, nullable=False),
])  # fmt: skip

TRENDS = _schema("trends", 3, [
    _text("element_id"),
    _text("segment"),                                   # "all", "lang=zh", "source=weibo"
    pa.field("as_of", pa.date32(), nullable=False),     # the last week that was read
    _text("stage"),
    pa.field("level", pa.float64(), nullable=False),    # share of voice of the last 8 weeks, weighed by texts read
    pa.field("growth", pa.float64()),                   # on the same weeks a year before, else the 8 before; null from nothing
    pa.field("forecast_growth", pa.float64()),          # relative change that the forecast foresees on average
    pa.field("forecast_low", pa.float64()),             # 80 % interval of that change; since version 2
    pa.field("forecast_high", pa.float64()),
    pa.field("chance_of_growth", pa.float64()),         # that it will be above 0, from .05 to .95; since version 3
    pa.field("confidence", pa.float64(), nullable=False),  # 0..1
    pa.field("p_value", pa.float64()),                  # of the weaker of the stage's two tests, after FDR control
    pa.field("season_strength", pa.float64()),          # 0..1
    pa.field("n_mentions", pa.int64(), nullable=False),  # texts, repeats weighed less, since the last gap of 26 weeks
    pa.field("mood", pa.float64()),                     # mean polarity of the last 26 weeks' texts
    pa.field("first_seen", pa.date32(), nullable=False),  # first week with such a text
    pa.field("peak", pa.date32(), nullable=False),      # week of the highest share, smoothed over 5 weeks
    pa.field("rising_since", pa.date32()),              # week from which a higher rate explains the counts best
    pa.field("backtest_mase", pa.float64()),
    pa.field("backtest_coverage_80", pa.float64()),
    pa.field("evidence_ids", pa.list_(pa.string())),
    pa.field("goes_with", pa.list_(pa.string())),       # element ids of the highest lift, over all texts of the last 52 weeks
    _text("why"),                                       # the stage's reason in numbers
])  # fmt: skip

ITEMS = _schema("items", 1, [
    _text("id"),
    _text("title"),
    _text("text"),
    pa.field("element_ids", pa.list_(pa.string())),
    pa.field("price", pa.float64()),
    _text("currency", nullable=True),
    pa.field("available", pa.bool_(), nullable=False),
    pa.field("created_at", _INSTANT),
    _text("group_id", nullable=True),                   # variants (colours, sizes) of one product share it
])  # fmt: skip

RAW_EVENTS = _schema("raw_events", 1, [
    pa.field("row", pa.int64(), nullable=False),
    _text("user"),                                      # raw; never written
    _text("item_id"),
    _text("kind"),
    pa.field("at", _INSTANT, nullable=False),
    pa.field("value", pa.float64()),                    # rating in stars, price paid, dwell seconds
    _text("text", nullable=True),                       # of a review; scrubbed before it is written
    _text("slate_id", nullable=True),
    pa.field("position", pa.int32()),
    pa.field("propensity", pa.float64()),
])  # fmt: skip

EVENTS = _schema("events", 1, [
    _text("id"),                                        # content hash: the same event twice is stored once
    _text("user_key"),
    _text("item_id"),
    _text("kind"),
    pa.field("at", _INSTANT, nullable=False),
    pa.field("value", pa.float64()),
    _text("text", nullable=True),
    _text("slate_id", nullable=True),
    pa.field("position", pa.int32()),
    pa.field("propensity", pa.float64()),
])  # fmt: skip

PROFILES = _schema("profiles", 1, [
    _text("user_key"),
    pa.field("long_vector", _VECTOR),
    pa.field("session_vector", _VECTOR),
    pa.field("affinities", pa.map_(pa.string(), pa.float32())),
    pa.field("price_low", pa.float64()),
    pa.field("price_high", pa.float64()),
    pa.field("values", pa.list_(pa.string())),          # ids of elements of the facet "value"
    _text("consent"),
    pa.field("n_events", pa.int64(), nullable=False),
    pa.field("updated_at", _INSTANT, nullable=False),
])  # fmt: skip

RECOMMENDATIONS = _schema("recommendations", 1, [
    _text("user_key"),
    _text("item_id"),
    pa.field("rank", pa.int32(), nullable=False),       # from 1
    pa.field("score", pa.float64(), nullable=False),
    pa.field("reasons", pa.list_(pa.string())),
    pa.field("contributions", pa.map_(pa.string(), pa.float32())),  # feature -> its part of the score
])  # fmt: skip

SCHEMAS: Mapping[str, pa.Schema] = {
    schema.metadata[b"modacast.schema"].decode(): schema
    for schema in (
        RAW_DOCUMENTS, DOCUMENTS, PANEL, REJECTS, MENTIONS, ATTACHMENTS, SERIES, FORECASTS, TRENDS, ITEMS, RAW_EVENTS,
        EVENTS, PROFILES, RECOMMENDATIONS,
    )
}  # fmt: skip


def schema_name(schema: pa.Schema) -> str:
    """Get the name that a stored table's schema carries, `""` where it carries none."""
    return (schema.metadata or {}).get(b"modacast.schema", b"").decode()


def schema_version(schema: pa.Schema) -> int:
    """Get the version that a stored table's schema carries, 0 where it carries none."""
    return int((schema.metadata or {}).get(b"modacast.version", b"0"))


@dataclass(frozen=True, slots=True)
class Document:
    """One cleaned text; see `DOCUMENTS`."""

    id: str
    text: str
    lang: str
    source: str
    url: str | None
    published_at: datetime
    author_key: str | None = None
    region: str | None = None
    engagement: float | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """One fashion element of the lexicon.

    Attributes:
        id: `"facet/name"`, for example `"garment/shirt-dress"`.
        facet: one of `FACETS`.
        labels: language code to surfaces, the first of which is the label that people are shown.
        parent: id of the broader element, None at the top.
        status: `"listed"` (in the lexicon), `"candidate"` or `"admitted"` (discovered).
        attributes: further facts, for example `{"hex": "#d32f2f", "family": "red"}`.
    """

    id: str
    facet: Facet
    labels: Mapping[str, tuple[str, ...]]
    parent: str | None = None
    status: Literal["listed", "candidate", "admitted"] = "listed"
    attributes: Mapping[str, str] = field(default_factory=dict)

    def label(self, lang: str = "zh") -> str:
        """Get the name to show in a language; falls back to English, then Chinese, then the id."""
        for code in (lang, "en", "zh"):
            if self.labels.get(code):
                return self.labels[code][0]
        return self.id


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a text names an element; see `MENTIONS`."""

    doc_id: str
    element_id: str
    start: int
    end: int
    surface: str
    polarity: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """One forecast week of one series; see `FORECASTS`."""

    unique_id: str
    ds: date
    y_hat: float
    lo_80: float
    hi_80: float
    lo_90: float
    hi_90: float
    model: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Trend:
    """One row of the trend board; see `TRENDS`."""

    element_id: str
    segment: str
    stage: Stage
    growth: float | None
    level: float
    forecast: tuple[Forecast, ...]
    confidence: float
    evidence_ids: tuple[str, ...]
    backtest: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Item:
    """One product of the catalogue; see `ITEMS`."""

    id: str
    title: str
    text: str = ""
    element_ids: tuple[str, ...] = ()
    price: float | None = None
    currency: str | None = None
    available: bool = True
    created_at: datetime | None = None
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a shopper did; see `EVENTS`."""

    user_key: str
    item_id: str
    kind: EventKind
    at: datetime
    value: float | None = None
    text: str | None = None
    slate_id: str | None = None
    position: int | None = None
    propensity: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of one shopper; see `PROFILES`."""

    user_key: str
    long_vector: Floats | None
    session_vector: Floats | None
    affinities: Mapping[str, float]
    price_band: tuple[float, float] | None
    values: tuple[str, ...]
    consent: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One product for one shopper; see `RECOMMENDATIONS`."""

    user_key: str
    item_id: str
    rank: int
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A piece of a source: good rows, and the rows that were set aside.

    Attributes:
        table: rows of the schema that was asked for.
        rejects: rows of `REJECTS`.
    """

    table: pa.Table
    rejects: pa.Table


@runtime_checkable
class Source(Protocol):
    """Something that yields raw documents; plug-ins register under the entry point `modacast.sources`."""

    name: str

    def read(self) -> Iterator[Batch]:
        """Yield batches of `RAW_DOCUMENTS` in a stable order, in bounded memory."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors."""

    model_id: str
    dim: int

    def encode_query(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised, of texts that ask."""
        ...

    def encode_document(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised, of texts that are searched."""
        ...


@runtime_checkable
class Forecaster(Protocol):
    """Forecasts weekly series in the long format."""

    def fit(self, series: pa.Table) -> Forecaster:
        """Learn from a table of `SERIES` (columns `unique_id, ds, y`)."""
        ...

    def predict(self, h: int) -> pa.Table:
        """Get a table of `FORECASTS` with `h` rows a series."""
        ...


@runtime_checkable
class Ranker(Protocol):
    """Scores candidates from their features."""

    def fit(self, features: Floats, labels: Floats, groups: npt.NDArray[np.int64]) -> Ranker:
        """Learn from `(n, f)` features, `(n,)` labels in [0, 1] and the sizes of the groups (lists)."""
        ...

    def predict(self, features: Floats) -> Floats:
        """Get `(n,)` scores; higher is better within one group."""
        ...

    def contributions(self, features: Floats) -> Floats:
        """Get `(n, f)` parts that add up, with a constant, to the scores."""
        ...

    def to_dict(self) -> Mapping[str, Any]:
        """Get everything that `from_dict` needs to rebuild the ranker, as JSON-serialisable values."""
        ...
