"""How well elements are found: `python -m benchmarks.tag --data DIR [--quick] [--json FILE]`.

Everything is done by the shipped lexicon: nothing is trained or looked up in the data sets.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.modifiers import modifiers
from benchmarks.report import Report, parse_arguments, peak_memory
from modacast.elements import Lexicon, Relevance, Tagger
from modacast.elements.folding import fold
from modacast.elements.reader import HEADS
from modacast.types import LANGUAGES

_FOLDER_COLUMNS = {
    "zh": "zh-CN", "en": "en", "ja": "ja", "ko": "ko", "fr": "fr", "de": "de", "es": "es", "it": "it", "pt": "pt-BR",
}  # fmt: skip
_TAG = re.compile(r"<([^/<>]+)>([^<]*)</\1>")
_N_PEER_TITLES = 400
_FOR_WHOM = {"garment/childrenswear", "garment/womenswear", "garment/menswear", "garment/clothing"}
_NOT_IN_JD = HEADS | {"brand", "value", "occasion"}


@dataclass(frozen=True, slots=True)
class Found:
    """One mention."""

    element_id: str
    start: int
    end: int

    @property
    def facet(self) -> str:
        """What kind of element it is."""
        return self.element_id.partition("/")[0]


def main(argv: Sequence[str] | None = None) -> None:
    """Run all parts and print the table."""
    given = parse_arguments("tag", argv)
    limit = 300 if given.quick else None
    report = Report("tag")
    began = time.perf_counter()
    tagger = Tagger(Lexicon.load())
    report.add("lexicon and automaton", "seconds to load", time.perf_counter() - began, better="lower")
    throughput(report, tagger, titles(given.data, 200_000 if limit is None else 5_000))
    advertisegen(report, tagger, given.data, limit)
    jd_spans(report, tagger, given.data)
    myntra(report, tagger, given.data, limit)
    own_labels(report, tagger)
    modifiers(report, tagger)
    same_element(report, tagger, given.data)
    report.finish(given.json)


def tagged(
    tagger: Tagger, texts: Sequence[str], langs: Sequence[str], *, catalogue: bool
) -> list[list[Found]]:
    """Get the mentions of each text."""
    table = pa.table({"id": [str(i) for i in range(len(texts))], "text": list(texts), "lang": list(langs)})
    mentions = tagger.tag(table, about_fashion=catalogue)
    found: list[list[Found]] = [[] for _ in texts]
    columns = (mentions.column(name).to_pylist() for name in ("doc_id", "element_id", "start", "end"))
    for doc_id, element_id, start, end in zip(*columns, strict=True):
        found[int(doc_id)].append(Found(element_id, start, end))
    return found


def titles(data: Path, limit: int) -> list[str]:
    """Get short Chinese titles."""
    with gzip.open(data / "posts" / "weibo_hot_search_2020_2024.tsv.gz", "rt", encoding="utf-8") as stream:
        return [line.rstrip("\n").split("\t")[2] for line in islice(stream, 1, limit + 1)]


def throughput(report: Report, tagger: Tagger, texts: list[str]) -> None:
    """Time the tagger, the relevance score and a plain search for substrings, in one process and thread."""
    table = pa.table({"id": [str(i) for i in range(len(texts))], "text": texts, "lang": ["zh"] * len(texts)})
    tagger.tag(table.slice(0, 1000))
    report.add(
        "throughput, short zh titles",
        "docs/s",
        best_rate(lambda: tagger.tag(table), len(texts)),
        must=20_000,
        ahead=100_000,
    )
    surfaces = [fold(e.surface.text) for e in tagger.lexicon.entries if e.lang in ("zh", "en")]
    some = texts[:_N_PEER_TITLES]
    rate = best_rate(lambda: [[s for s in surfaces if s in title] for title in some], len(some))
    report.add("throughput, short zh titles", "docs/s", rate, peer="plain substrings, zh and en, one by one")
    pattern = re.compile("|".join(map(re.escape, sorted(surfaces, key=len, reverse=True))))
    rate = best_rate(lambda: [pattern.findall(title.lower()) for title in some], len(some))
    report.add("throughput, short zh titles", "docs/s", rate, peer="one regular expression")
    relevance = Relevance(tagger)
    langs = ["zh"] * len(texts)
    report.add(
        "relevance, short zh titles",
        "docs/s",
        best_rate(lambda: relevance(texts, langs), len(texts)),
        must=50_000,
    )
    report.add(
        "relevance, short zh titles", "share that passes .5", float((relevance(texts, langs) >= 0.5).mean())
    )
    report.add("lexicon, automaton and titles", "peak MB of the process", peak_memory(), better="lower")


def best_rate(work: Callable[[], object], n: int) -> float:
    """Get how many units a second the best of three runs does."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return n / min(seconds)


def advertisegen(report: Report, tagger: Tagger, data: Path, limit: int | None) -> None:
    """Recall of the attribute values that stand word for word in the text.

    A value is found where a mention has exactly its span, where the text's mentions name the element that the
    lexicon gives for the value, or one below it, or where a garment's name ends in the value (`连衣裙` is a `裙`).
    """
    path = data / "attributes" / "advertisegen_zh_5000.jsonl"
    with path.open(encoding="utf-8") as stream:
        records = [json.loads(line) for line in islice(stream, limit)]
    found = tagged(tagger, [r["summary"] for r in records], ["zh"] * len(records), catalogue=True)
    by_element, by_span, misses = [], [], {}
    for record, mentions in zip(records, found, strict=True):
        named = closure(tagger.lexicon, (m.element_id for m in mentions))
        spans = {(m.start, m.end) for m in mentions}
        for value in {pair.partition("#")[2] for pair in record["content"].split("*")}:
            places = {(m.start(), m.end()) for m in re.finditer(re.escape(value), record["summary"])}
            if places:
                exact = bool(places & spans)
                meant = {element.id for element in tagger.lexicon.find(value, "zh")}
                by_span.append(exact)
                ends = {m.end for m in mentions if m.facet == "garment"}
                is_head = any(end in ends for _, end in places)
                by_element.append(exact or bool(meant & named) or is_head)
                if not by_element[-1]:
                    misses[value] = misses.get(value, 0) + 1
    report.add_mean("AdvertiseGen literal values", "recall", by_element, must=0.90, ahead=0.97)
    report.add_mean("AdvertiseGen literal values, exact span", "recall", by_span)
    worst = sorted(misses.items(), key=lambda item: -item[1])[:12]
    report.note("AdvertiseGen values missed most: " + ", ".join(f"{value} {n}" for value, n in worst))


def closure(lexicon: Lexicon, element_ids: Iterable[str]) -> set[str]:
    """Get elements and all that are broader."""
    direct = set(element_ids)
    return direct.union(*(lexicon.ancestors(element_id) for element_id in direct))


def jd_spans(report: Report, tagger: Tagger, data: Path) -> None:
    """F1 of attribute values in JD's product sentences, by exact span.

    Facets that have no counterpart among that data set's attributes are left out of both sides.
    """
    gold, texts = [], []
    for path in sorted((data / "attributes" / "jave_zh_90").glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            cells = line.split("\t")
            texts.append(cells[2])
            gold.append(set(gold_spans(cells[3])))
    predicted = [
        {(m.start, m.end) for m in mentions if m.facet not in _NOT_IN_JD}
        for mentions in tagged(tagger, texts, ["zh"] * len(texts), catalogue=True)
    ]
    hits = np.array([len(p & g) for p, g in zip(predicted, gold, strict=True)])
    sizes = np.array([[len(p), len(g)] for p, g in zip(predicted, gold, strict=True)])
    rng = np.random.default_rng(0)
    draws = [f1(hits[i], sizes[i]) for i in (rng.integers(0, len(hits), len(hits)) for _ in range(1000))]
    low, high = np.quantile(draws, [0.025, 0.975])
    report.add(
        "JD sentences, exact spans",
        "F1",
        f1(hits, sizes),
        low=float(low),
        high=float(high),
        must=0.60,
        ahead=0.75,
    )
    report.add("JD sentences, exact spans", "precision", float(hits.sum() / max(1, sizes[:, 0].sum())))
    report.add("JD sentences, exact spans", "recall", float(hits.sum() / max(1, sizes[:, 1].sum())))
    report.add("JD sentences, exact spans", "F1", 0.872, peer="supervised on 71,000 sentences (recalled)")


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


def myntra(report: Report, tagger: Tagger, data: Path, limit: int | None) -> None:
    """Colour and article type from the English title alone, the answer being as fine as the truth or finer."""
    path = data / "attributes" / "myntra_titles_en.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = list(islice(csv.DictReader(stream), limit and limit * 10))
    found = tagged(tagger, [r["productDisplayName"] for r in rows], ["en"] * len(rows), catalogue=True)
    for name, column, facets in (("colour", "baseColour", {"color"}), ("article type", "articleType", HEADS)):
        truths = {value: meant_by(tagger, value, facets) for value in {row[column] for row in rows}}
        right = []
        for row, mentions in zip(rows, found, strict=True):
            if truths[row[column]]:
                chosen = [m for m in mentions if m.facet in facets and m.element_id not in _FOR_WHOM]
                if name == "article type":
                    # an English title names its garment last, but for what comes along with it
                    end = row["productDisplayName"].lower().find(" with ") % (1 << 20)
                    chosen = [m for m in chosen if m.start < end][::-1] or chosen
                answer = [m.element_id for m in chosen[:1]]
                right.append(bool(truths[row[column]] & closure(tagger.lexicon, answer)))
        report.add_mean(f"Myntra titles, {name}", "accuracy", right, must=0.85, ahead=0.93)
        unknown = sorted({row[column] for row in rows if not truths[row[column]]})
        share = len(right) / len(rows)
        report.note(
            f"Myntra {name}: {share:.1%} of titles have a truth in the lexicon; not {', '.join(unknown[:25])}"
        )


def meant_by(tagger: Tagger, value: str, facets: Iterable[str]) -> set[str]:
    """Get the elements that the tagger reads a catalogue's value as: of the whole value, or of its last word."""
    (mentions,) = tagged(tagger, [value], ["en"], catalogue=True)
    whole = [m for m in mentions if m.facet in facets and m.end == len(value)]
    return {m.element_id for m in whole if m.start == 0 or m.facet not in HEADS}


def same_element(report: Report, tagger: Tagger, data: Path) -> None:
    """Whether a category's name in each language leads to the element that its English name leads to.

    Categories count whose English name is, as a whole, one element.
    """
    path = data / "taxonomy" / "apparel_categories_multilang.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    truths = [(row, meant_by(tagger, row["en"], HEADS)) for row in rows]
    known = [(row, truth) for row, truth in truths if truth]
    for lang, column in _FOLDER_COLUMNS.items():
        if lang == "en":
            continue
        found = tagged(tagger, [row[column] for row, _ in known], [lang] * len(known), catalogue=True)
        right = [
            bool(truth & closure(tagger.lexicon, (m.element_id for m in mentions)))
            for (_, truth), mentions in zip(known, found, strict=True)
        ]
        report.add_mean(f"shop category leads where its English name leads, {lang}", "accuracy", right)
    report.note(
        f"shop categories: {len(known)} of {len(rows)} names are one element in English; the names are "
        "machine-translated and finer than the lexicon, so no goal is set"
    )


def own_labels(report: Report, tagger: Tagger) -> None:
    """Whether each element's label, read as a text, leads back to it: surfaces of elements may hide one another."""
    for lang in LANGUAGES:
        elements = [element for element in tagger.lexicon if element.labels.get(lang)]
        found = tagged(tagger, [e.labels[lang][0] for e in elements], [lang] * len(elements), catalogue=True)
        right = [
            any(m.element_id == element.id for m in mentions)
            for element, mentions in zip(elements, found, strict=True)
        ]
        report.add_mean(
            f"same element from the lexicon's label, {lang}", "accuracy", right, must=0.95, ahead=0.99
        )
    report.note("same element: labels of the lexicon itself; words that it lacks are the encoder's part")


if __name__ == "__main__":
    main()
