"""Styles and values of what a home holds: texts, products, shoppers, brands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modacast.elements.style import StyleReader, StyleReading, StyleReason, pooled_styles
from modacast.elements.values import CARE, read_values
from modacast.errors import ConsentRequired, InvalidInput, NotFound, suggest
from modacast.pipeline.texts import detect_languages
from modacast.pipeline.workspace import Workspace
from modacast.profiles import STATEMENTS, event_strength
from modacast.types import Floats

__all__ = [
    "StyleCounts",
    "StyleProfile",
    "WeighedStyle",
    "as_dicts",
    "reader_of",
    "styles_of_brand",
    "styles_of_home",
    "styles_of_item",
    "styles_of_key",
    "styles_of_texts",
    "styles_of_user",
    "value_statements",
]

_MOST_READ = 400
_MOST_DOCUMENTS = 4_000
_REASONS = 4
_BATCH = 20_000
_CLEAR = 0.15  # a style of less weight than this stands in a text by doubt alone
_LEAST_SHOWN = 0.005


@dataclass(frozen=True, slots=True)
class WeighedStyle:
    """One style of a thing, with what says so.

    Attributes:
        style_id: the style.
        weight: in (0, 1]; the weights of a thing add up to 1.
        reasons: strongest first; of many texts, each with the number of texts that it is found in.
    """

    style_id: str
    weight: float
    reasons: Sequence[tuple[StyleReason, int]]


@dataclass(frozen=True, slots=True)
class StyleProfile:
    """The styles of one thing.

    Attributes:
        subject: what it is, as it was asked for.
        n_read: texts or products that have a style.
        styles: the weightiest first; empty where nothing shows a style.
    """

    subject: str
    n_read: int
    styles: Sequence[WeighedStyle]


@dataclass(frozen=True, slots=True)
class StyleCounts:
    """How much of each style a home holds, and which go together.

    Attributes:
        style_ids: the styles.
        weights: `(k,)` float64 summed weights of texts and products.
        together: `(k, k)` float64 how often two styles stand in one text or product, 0 on the diagonal.
        vectors: `(k, d)` float32 where their descriptions lie.
    """

    style_ids: tuple[str, ...]
    weights: npt.NDArray[np.float64]
    together: npt.NDArray[np.float64]
    vectors: Floats


def styles_of_texts(
    reader: StyleReader, texts: Sequence[str], *, k: int = 5, lang: str = "zh"
) -> list[StyleProfile]:
    """Get the styles of each text by itself."""
    langs = detect_languages(texts, [None] * len(texts))
    reading = reader.read(texts, langs)
    return [_profile(text, reading, [row], None, k=k, lang=lang) for row, text in enumerate(texts)]


def styles_of_item(workspace: Workspace, item_id: str, *, k: int = 5, lang: str = "zh") -> StyleProfile:
    """Get the styles of a product.

    Raises:
        NotFound: there is no such product.
    """
    items = workspace.database.items()
    found = items.filter(pc.equal(items["id"], item_id))
    if not found.num_rows:
        known = items["id"].to_pylist()
        raise NotFound(f"there is no product {item_id!r}{suggest(item_id, known[:2000])}")
    return _profile(item_id, _read_items(reader_of(workspace), found), [0], None, k=k, lang=lang)


def styles_of_user(workspace: Workspace, user: str, *, k: int = 5, lang: str = "zh") -> StyleProfile:
    """Get the styles of what a shopper took to, new things before old ones.

    Args:
        workspace: with events.
        user: the raw id; it is not stored.
        k: how many styles.
        lang: language in which reasons quote descriptions: zh or en.

    Raises:
        ConsentRequired: the shopper did not agree to a profile.
        NotFound: nothing is known of the shopper.
    """
    key = workspace.pseudonymiser.key("user", user)
    if workspace.database.consents().get(key, "granted") != "granted":
        raise ConsentRequired(
            f"shopper {user!r} did not agree to a profile; lists without one: --no-personal"
        )
    return _of_key(workspace, key, user, k, lang)


def styles_of_key(workspace: Workspace, key: str, *, k: int = 5, lang: str = "zh") -> StyleProfile:
    """Get the styles of a shopper who agreed, by pseudonym."""
    return _of_key(workspace, key, key, k, lang)


def _of_key(workspace: Workspace, key: str, subject: str, k: int, lang: str) -> StyleProfile:
    events = workspace.database.events([key])
    if not events.num_rows:
        raise NotFound(f"nothing is known of shopper {subject!r} in {workspace.home}")
    strength = event_strength(events)
    at = events["at"].to_numpy(zero_copy_only=False).astype("datetime64[us]").astype(np.float64) / 8.64e10
    fresh = strength * np.exp2((at - at.max()) / workspace.settings.recommend.half_life_days)
    amount: Counter[str] = Counter()
    for item_id, weight in zip(events["item_id"].to_pylist(), fresh.tolist(), strict=True):
        amount[item_id] += weight
    liked = [item_id for item_id, weight in amount.most_common(_MOST_READ) if weight > 0]
    items = workspace.database.items()
    items = items.filter(pc.is_in(items["id"], pa.array(liked, pa.string())))
    if not items.num_rows:
        return StyleProfile(subject, 0, ())
    amounts = np.array([amount[item_id] for item_id in items["id"].to_pylist()])
    reading = _read_items(reader_of(workspace), items)
    return _profile(subject, reading, range(items.num_rows), amounts, k=k, lang=lang)


def styles_of_brand(workspace: Workspace, brand: str, *, k: int = 5, lang: str = "zh") -> StyleProfile:
    """Get the styles of a brand: of its products, and of the texts that name it.

    Args:
        workspace: with products or texts.
        brand: an id, a name of the lexicon, or words of products' titles.
        k: how many styles.
        lang: language in which reasons quote descriptions: zh or en.

    Raises:
        InvalidInput: the name is empty.
        NotFound: no product and no text names the brand.
    """
    if not brand.strip():
        raise InvalidInput("the name of the brand is empty")
    lexicon, reader = workspace.lexicon, reader_of(workspace)
    named = [e.id for e in lexicon.find(brand) if e.facet == "brand"]
    if brand in lexicon and brand.startswith("brand/"):
        named = [brand]
    items = workspace.database.items()
    edge = r"\b" if brand.isascii() else ""
    wanted = re.compile(f"{edge}{re.escape(brand)}{edge}", re.IGNORECASE)
    mine = [
        bool(set(own or ()) & set(named)) or wanted.search(title) is not None
        for own, title in zip(items["element_ids"].to_pylist(), items["title"].to_pylist(), strict=True)
    ]
    items = items.filter(pa.array(mine, pa.bool_())).slice(0, _MOST_READ)
    in_texts = _elements_of_texts(workspace, named)
    if not items.num_rows and not in_texts:
        known = [] if named else [e.label("en") for e in lexicon.facet("brand")]
        near = suggest(brand, known)
        raise NotFound(f"no product and no text of {workspace.home} names the brand {brand!r}{near}")
    readings = []
    if items.num_rows:
        readings.append(_read_items(reader, items))
    if in_texts:
        readings.append(reader.styles_of_elements(in_texts))
    joined = readings[0] if len(readings) == 1 else _joined(readings[0], readings[1])
    return _profile(brand, joined, range(len(joined.weights)), None, k=k, lang=lang)


def styles_of_home(workspace: Workspace) -> StyleCounts:
    """Get how much of each style texts and products hold: by names and elements, which need no model."""
    reader = reader_of(workspace)
    items = workspace.database.items()["element_ids"].to_pylist()
    every = [own or [] for own in items] + _elements_of_texts(workspace, None)
    plain = StyleReader(workspace.tagger, styles=reader.styles)
    k = len(reader.style_ids)
    total, together = np.zeros(k), np.zeros((k, k))
    for start in range(0, len(every), _BATCH):  # so that memory does not grow with the home
        weights = plain.styles_of_elements(every[start : start + _BATCH]).weights.astype(np.float64)
        clear = np.where(weights >= _CLEAR, weights, 0.0)
        total += weights.sum(axis=0)
        together += clear.T @ clear
    np.fill_diagonal(together, 0.0)
    return StyleCounts(reader.style_ids, total, together, reader.vectors())


def value_statements(workspace: Workspace, events: pa.Table) -> pa.Table:
    """Get what shoppers wrote about values in their reviews; rows of `STATEMENTS`."""
    written = events.filter(pc.is_valid(events["text"]))
    if not written.num_rows:
        return STATEMENTS.empty_table()
    texts = written["text"].to_pylist()
    documents = pa.table(
        {"id": written["id"], "text": texts, "lang": detect_languages(texts, [None] * len(texts))}
    )
    mentions = workspace.tagger.tag(documents, about_fashion=True)
    about = {row["id"]: row for row in written.select(["id", "user_key", "item_id", "at"]).to_pylist()}
    rows = []
    for row in read_values(mentions, documents).to_pylist():
        event = about[row["doc_id"]]
        rows.append(
            {
                "user_key": event["user_key"], "element_id": row["element_id"], "at": event["at"],
                "care": CARE[row["stance"]], "surface": row["surface"], "item_id": event["item_id"],
            }
        )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=STATEMENTS)


def reader_of(workspace: Workspace) -> StyleReader:
    """Get a reader with the workspace's lexicon and language model."""
    return StyleReader(workspace.tagger, workspace.encoder)


def _read_items(reader: StyleReader, items: pa.Table) -> StyleReading:
    texts = [
        f"{title}\n{text or ''}"
        for title, text in zip(items["title"].to_pylist(), items["text"].to_pylist(), strict=True)
    ]
    langs = ["zh" if any("\u4e00" <= c <= "\u9fff" for c in text) else "en" for text in texts]
    return reader.read(texts, langs, about_fashion=True)


def _elements_of_texts(workspace: Workspace, named: Sequence[str] | None) -> list[list[str]]:
    """The elements of each text, or of those that name one of `named`, the first thousands."""
    mentions = workspace.lake.read("mentions", columns=["doc_id", "element_id", "polarity"])
    if not mentions.num_rows or (named is not None and not named):
        return []
    mentions = mentions.filter(pc.greater_equal(mentions["polarity"], 0.0))
    if named is not None:
        naming = mentions.filter(pc.is_in(mentions["element_id"], pa.array(list(named), pa.string())))
        ids = pa.array(sorted(set(naming["doc_id"].to_pylist()))[:_MOST_DOCUMENTS], pa.string())
        mentions = mentions.filter(pc.is_in(mentions["doc_id"], ids))
    found: dict[str, list[str]] = {}
    for doc_id, element_id in zip(*(mentions[c].to_pylist() for c in ("doc_id", "element_id")), strict=True):
        found.setdefault(doc_id, []).append(element_id)
    return list(found.values())


def _joined(first: StyleReading, second: StyleReading) -> StyleReading:
    return StyleReading(
        first.style_ids,
        np.concatenate([first.weights, second.weights]),
        np.concatenate([first.parts, second.parts]),
        [*first.evidence, *second.evidence],
        first.sentences,
        first.unit,
    )


def _profile(
    subject: str,
    reading: StyleReading,
    rows: Sequence[int],
    amounts: npt.ArrayLike | None,
    *,
    k: int,
    lang: str,
) -> StyleProfile:
    if k < 1:
        raise InvalidInput(f"k is at least 1, got {k}")
    chosen = np.asarray(list(rows), dtype=np.int64)
    weights = reading.weights[chosen]
    has_style = weights.sum(axis=1) > 0
    pooled = weights[0] if len(chosen) == 1 else pooled_styles(weights, amounts)
    styles = []
    for column in np.argsort(-pooled, kind="stable")[:k]:
        if pooled[column] < _LEAST_SHOWN:
            break
        style_id = reading.style_ids[column]
        owners = chosen[weights[:, column] >= min(0.1, float(weights[:, column].max()))]
        styles.append(
            WeighedStyle(style_id, float(pooled[column]), _reasons(reading, owners.tolist(), style_id, lang))
        )
    return StyleProfile(subject, int(has_style.sum()), styles)


def _reasons(
    reading: StyleReading, rows: Sequence[int], style_id: str, lang: str
) -> list[tuple[StyleReason, int]]:
    best: dict[tuple[str, str], StyleReason] = {}
    total: Counter[tuple[str, str]] = Counter()
    texts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for reason in reading.reasons(row, style_id, lang):
            name = (reason.kind, reason.element_id or reason.what)
            best.setdefault(name, reason)
            total[name] += reason.part  # type: ignore[assignment]
            texts[name] += 1
    return [(best[name], texts[name]) for name, _ in total.most_common(_REASONS)]


def as_dicts(profile: StyleProfile, label: Any, lang: str) -> Mapping[str, Any]:
    """Get a profile as plain values, for JSON."""
    return {
        "subject": profile.subject,
        "n_read": profile.n_read,
        "styles": [
            {
                "style_id": style.style_id,
                "label": label(style.style_id, lang),
                "weight": round(style.weight, 4),
                "reasons": [
                    {
                        "kind": r.kind,
                        "what": r.what,
                        "element_id": r.element_id,
                        "part": round(r.part, 3),
                        "texts": n,
                    }
                    for r, n in style.reasons
                ],
            }
            for style in profile.styles
        ],
    }
