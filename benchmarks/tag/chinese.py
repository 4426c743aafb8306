"""Chinese texts with attribute values: AdvertiseGen, and JD sentences with spans."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.data_sets import ADVERTISEGEN, JD, find_file, open_text
from benchmarks.report import Report
from benchmarks.tag.finders import Finder, Found, closure
from benchmarks.tag.titles import is_even
from modacast.elements import Lexicon, Tagger
from modacast.elements.product_values import product_values
from modacast.elements.reader import HEADS

__all__ = [
    "NOT_IN_JD",
    "N_LAST",
    "Sentence",
    "Value",
    "advertisegen",
    "advertisegen_records",
    "comparable",
    "f1",
    "gold_spans",
    "jd_sentences",
    "jd_spans",
    "literal_values",
    "values_of",
]

N_LAST = 1000
"""The last texts of AdvertiseGen are no one's training texts."""

_TAG = re.compile(r"<([^/<>]+)>([^<]*)</\1>")
NOT_IN_JD = HEADS | {"brand", "value", "occasion"}
_FEW = 200
_N_CELLS = 4


def advertisegen(
    report: Report, lexicon: Lexicon, finders: dict[str | None, Finder], data: Path, limit: int | None
) -> None:
    """Recall of the attribute values that stand word for word in the text, by each finder.

    Row one: a value is found where a mention has exactly its span, where the text's mentions name the element that
    the lexicon gives for the value, or one below it, or where a garment's name ends in the value (`连衣裙` is a
    `裙`). Row two, exact span: a mention has exactly the value's span.
    """
    records = advertisegen_records(data, limit)
    for peer, find in finders.items():
        some = records[:_FEW] if peer and peer.startswith("raw e5") else records
        found = find([r["summary"] for r in some])
        _recall(report, lexicon, found, some, peer, is_whole=limit is None)


def advertisegen_records(data: Path, limit: int | None = None) -> list[dict]:
    """Get the records of AdvertiseGen: `content` with attribute#value pairs, and the `summary` written from them."""
    with open_text(find_file(data, ADVERTISEGEN)) as stream:
        return [json.loads(line) for line in islice(stream, limit)]


def values_of(record: dict) -> list[str]:
    """Get the different values of a record, in the order in which they stand."""
    return list(dict.fromkeys(pair.partition("#")[2] for pair in record["content"].split("*")))


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute's value that stands word for word in its text.

    Attributes:
        text: the value.
        has_span: whether a mention has exactly its span.
        is_found: whether it is found by the rule of `advertisegen`.
    """

    text: str
    has_span: bool
    is_found: bool


def literal_values(lexicon: Lexicon, record: dict, mentions: list[Found]) -> Iterator[Value]:
    """Yield the values of a record that stand word for word in its text, and whether they are found."""
    named = closure(lexicon, (m.element_id for m in mentions))
    spans = {(m.start, m.end) for m in mentions}
    ends = {m.end for m in mentions if m.facet == "garment"}
    for value in values_of(record):
        places = {(m.start(), m.end()) for m in re.finditer(re.escape(value), record["summary"])}
        if places:
            meant = {element.id for element in lexicon.find(value, "zh")}
            has_span = bool(places & spans)
            is_head = any(end in ends for _, end in places)
            yield Value(value, has_span, has_span or bool(meant & named) or is_head)


def _recall(
    report: Report,
    lexicon: Lexicon,
    found: list[list[Found]],
    records: list[dict],
    peer: str | None,
    *,
    is_whole: bool,
) -> None:
    by_element, by_span, misses = [], [], Counter()
    unseen = []
    first_unseen = len(records) - N_LAST if is_whole else len(records)
    for number, (record, mentions) in enumerate(zip(records, found, strict=True)):
        is_unseen = number >= first_unseen and not is_even(record["summary"])
        for value in literal_values(lexicon, record, mentions):
            by_span.append(value.has_span)
            by_element.append(value.is_found)
            misses[value.text] += not value.is_found
            if is_unseen:
                unseen.append(value.is_found)
    goal = {"must": 0.90, "ahead": 0.97} if peer is None else {"peer": peer}
    report.add_mean("AdvertiseGen literal values", "recall", by_element, **goal)
    report.add_mean(
        "AdvertiseGen literal values, exact span",
        "recall",
        by_span,
        **({} if peer is None else {"peer": peer}),
    )
    if peer is None and unseen:
        report.add_mean("AdvertiseGen literal values, texts not in sight", "recall", unseen)
    if peer is None:
        worst = ", ".join(f"{value} {n}" for value, n in misses.most_common(12))
        report.note(f"AdvertiseGen values missed most: {worst}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of JD, the spans of its values, and whether it is of the test file, which nobody read."""

    text: str
    spans: frozenset[tuple[int, int]]
    is_unread: bool


def jd_sentences(data: Path) -> list[Sentence]:
    """Get the JD sentences; lines without all columns are left out."""
    found = []
    for path in sorted(find_file(data, JD).parent.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            cells = line.split("\t")
            if len(cells) >= _N_CELLS:
                spans = frozenset(gold_spans(cells[3]))
                found.append(Sentence(cells[2], spans, path.name.startswith("test")))
    return found


def jd_spans(report: Report, tagger: Tagger, finders: dict[str | None, Finder], data: Path) -> None:
    """F1 of attribute values in JD's product sentences, by exact span.

    modacast's own row are the values of the product, as `product_values` tells them. Finders know mentions alone: of
    theirs, facets that have no counterpart among that data set's attributes are left out: things that are worn (parts
    of shoes stay, as its toe shapes do), brands, values and occasions. The plain tagger is one of them. The rules of
    `product_values` were chosen on the sample's training and validation sentences, so the 20 test sentences, which
    nobody read, have a row of their own.
    """
    sentences = jd_sentences(data)
    texts, gold = [one.text for one in sentences], [one.spans for one in sentences]
    unread = np.array([one.is_unread for one in sentences])
    spans: dict[str | None, list[set[tuple[int, int]]]] = {None: _value_spans(tagger, texts)}
    for peer, find in finders.items():
        name = peer or "plain mentions"
        spans[name] = [{(m.start, m.end) for m in comparable(tagger.lexicon, some)} for some in find(texts)]
    for peer, predicted in spans.items():
        hits = np.array([len(p & g) for p, g in zip(predicted, gold, strict=True)])
        sizes = np.array([[len(p), len(g)] for p, g in zip(predicted, gold, strict=True)])
        rng = np.random.default_rng(0)
        draws = [f1(hits[i], sizes[i]) for i in (rng.integers(0, len(hits), len(hits)) for _ in range(1000))]
        low, high = map(float, np.quantile(draws, [0.025, 0.975]))
        goal = {"must": 0.60, "ahead": 0.75} if peer is None else {"peer": peer}
        report.add("JD sentences, exact spans", "F1", f1(hits, sizes), low=low, high=high, **goal)
        if peer is None:
            precision, recall = (float(hits.sum() / max(1, sizes[:, side].sum())) for side in (0, 1))
            report.add("JD sentences, exact spans", "precision", precision)
            report.add("JD sentences, exact spans", "recall", recall)
        if peer in {None, "plain mentions"} and unread.any():
            report.add(
                "JD sentences, exact spans, sentences not in sight",
                "F1",
                f1(hits[unread], sizes[unread]),
                **({} if peer is None else {"peer": peer}),
            )
    report.add("JD sentences, exact spans", "F1", 0.872, peer="supervised on 71,000 sentences (recalled)")


def _value_spans(tagger: Tagger, texts: list[str]) -> list[set[tuple[int, int]]]:
    ids = [str(i) for i in range(len(texts))]
    documents = pa.table({"id": ids, "text": texts, "lang": ["zh"] * len(texts)})
    values = product_values(tagger.tag(documents, about_fashion=True), documents, tagger.lexicon)
    spans: list[set[tuple[int, int]]] = [set() for _ in texts]
    for doc_id, start, end in zip(
        *(values[name].to_pylist() for name in ("doc_id", "start", "end")), strict=True
    ):
        spans[int(doc_id)].add((start, end))
    return spans


def comparable(lexicon: Lexicon, mentions: list[Found]) -> list[Found]:
    """Get the mentions of facets that JD's attributes have, too."""
    return [m for m in mentions if may_be_value(lexicon, m)]


def may_be_value(lexicon: Lexicon, mention: Found) -> bool:
    """Say whether a mention has a counterpart among that data set's attributes."""
    return mention.facet not in NOT_IN_JD or _is_part(lexicon, mention)


def _is_part(lexicon: Lexicon, mention: Found) -> bool:
    return mention.facet == "footwear" and lexicon[mention.element_id].attributes.get("family") == "part"


def gold_spans(marked: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of `<type>value</type>` in the text without the marks."""
    removed = 0
    for match in _TAG.finditer(marked):
        removed += len(match[1]) + 2
        start = match.start(2) - removed
        yield start, start + len(match[2])
        removed += len(match[1]) + 3


def f1(hits: np.ndarray, sizes: np.ndarray) -> float:
    """Get the F1 from hits and (predicted, gold) counts a sentence."""
    return float(2 * hits.sum() / max(1, sizes.sum()))
