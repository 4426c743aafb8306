"""What the tagger gets wrong: a sample for a person to read, and what has become of the errors that were read.

`--only errors --listing FILE` writes 100 errors, drawn with a fixed seed in fixed shares, with their texts, as CSV
for a reader. The verdicts (`cases/tag_errors.csv`) keep the row's number in its data set and the surface alone.
Errors are drawn from the halves of the data that may be looked at (texts whose hash is even; of AdvertiseGen, from
its last 1,000 texts), so that the other halves stay unread.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from benchmarks.report import Report
from benchmarks.tag import chinese, titles
from benchmarks.tag.finders import Found, closure, tagged
from modacast.elements import Lexicon, Tagger
from modacast.elements.reader import HEADS

__all__ = ["SHARES", "Miss", "Verdict", "errors", "misses", "place", "read_verdicts", "sample"]

VERDICTS = Path(__file__).parents[1] / "cases" / "tag_errors.csv"
SHARES = {
    "AdvertiseGen, value not found": 35,
    "AdvertiseGen, found but no value": 25,
    "JD, found but no value": 10,
    "Myntra, colour": 15,
    "Myntra, article type": 15,
}
"""How many errors of each kind are read."""


@dataclass(frozen=True, slots=True)
class Miss:
    """One error.

    Attributes:
        source: a key of `SHARES`.
        row: number of the text in its data set, from 1.
        surface: the value not found; what was found but is none; or what a title was taken for (`""`: nothing).
        truth: what the data set says.
        text: the text.
    """

    source: str
    row: int
    surface: str
    truth: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person's reading of one error: its cause."""

    source: str
    row: int
    surface: str
    cause: str


def errors(report: Report, tagger: Tagger, data: Path, listing: Path | None) -> None:
    """Add how many errors there are, and of those that were read, how many still stand, by cause.

    Raises:
        OSError: the listing cannot be written.
    """
    found = misses(tagger, data)
    for source in SHARES:
        report.add(
            source, "errors", float(len({place(m) for m in found if m.source == source})), better="lower"
        )
    standing = {place(miss) for miss in found}
    verdicts = read_verdicts()
    for cause, n in Counter(verdict.cause for verdict in verdicts).most_common():
        left = sum(place(verdict) in standing for verdict in verdicts if verdict.cause == cause)
        report.add(f"errors read: {cause}", "of 100", float(n))
        report.add(f"errors read that still stand: {cause}", "of 100", float(left), better="lower")
    if listing is not None:
        with listing.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([field.name for field in fields(Miss)])
            writer.writerows(astuple(miss) for miss in sample(found))


def place(error: Miss | Verdict) -> tuple[str, int, str]:
    """Get where an error stands; a title has one answer, so that another wrong answer is the same error."""
    return error.source, error.row, "" if error.source.startswith("Myntra") else error.surface


def read_verdicts(path: Path = VERDICTS) -> list[Verdict]:
    """Get the verdicts on the errors that were read."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [Verdict(row["source"], int(row["row"]), row["surface"], row["cause"]) for row in rows]


def sample(found: Sequence[Miss], *, shares: dict[str, int] = SHARES, seed: int = 0) -> list[Miss]:
    """Draw errors in fixed shares, in the order of the data; all of a source that has fewer than its share."""
    rng = np.random.default_rng(seed)
    drawn: list[Miss] = []
    for source, n in shares.items():
        mine = list({place(miss): miss for miss in found if miss.source == source}.values())
        drawn += [mine[i] for i in sorted(rng.permutation(len(mine))[:n])]
    return drawn


def misses(tagger: Tagger, data: Path) -> list[Miss]:
    """Get all errors of the parts that may be looked at."""
    return [*_in_advertisegen(tagger, data), *_in_jd(tagger, data), *_in_myntra(tagger, data)]


def _finder(tagger: Tagger, lang: str) -> Callable[[Sequence[str]], list[list[Found]]]:
    return lambda texts: tagged(tagger, texts, [lang] * len(texts), catalogue=True)


def _in_advertisegen(tagger: Tagger, data: Path) -> Iterator[Miss]:
    lexicon = tagger.lexicon
    records = chinese.advertisegen_records(data)
    first = max(0, len(records) - chinese.N_LAST)
    read = [
        (number, record)
        for number, record in enumerate(records[first:], first + 1)
        if titles.is_even(record["summary"])
    ]
    found = _finder(tagger, "zh")([record["summary"] for _, record in read])
    for (number, record), mentions in zip(read, found, strict=True):
        text = record["summary"]
        for value in chinese.literal_values(lexicon, record, mentions):
            if not value.is_found:
                yield Miss("AdvertiseGen, value not found", number, value.text, record["content"], text)
        for mention in mentions:
            if not _is_given(lexicon, mention, record):
                surface = text[mention.start : mention.end]
                yield Miss("AdvertiseGen, found but no value", number, surface, record["content"], text)


def _is_given(lexicon: Lexicon, mention: Found, record: dict) -> bool:
    """Say whether a record names the mention's element, one above or below it, or shares a character run with it."""
    surface = record["summary"][mention.start : mention.end]
    for value in chinese.values_of(record):
        meant = {element.id for element in lexicon.find(value, "zh")}
        if value in surface or surface in value or meant & closure(lexicon, [mention.element_id]):
            return True
        if mention.element_id in closure(lexicon, meant):
            return True
    return False


def _in_jd(tagger: Tagger, data: Path) -> Iterator[Miss]:
    sentences = chinese.jd_sentences(data)
    found = _finder(tagger, "zh")([one.text for one in sentences])
    for number, (one, mentions) in enumerate(zip(sentences, found, strict=True), 1):
        text, spans = one.text, one.spans
        told = "|".join(text[a:b] for a, b in sorted(spans))
        for mention in chinese.comparable(tagger.lexicon, mentions):
            if (mention.start, mention.end) not in spans:
                yield Miss("JD, found but no value", number, text[mention.start : mention.end], told, text)


def _in_myntra(tagger: Tagger, data: Path) -> Iterator[Miss]:
    rows = titles.read_rows(data)
    kinds = (("colour", "baseColour", frozenset({"color"})), ("article type", "articleType", HEADS))
    for name, column, facets in kinds:
        truths = titles.truths_of(tagger, rows, column, facets)
        known = [
            (number, row)
            for number, row in enumerate(rows, 1)
            if truths[row[column]] and titles.is_even(row["productDisplayName"])
        ]
        named = [row["productDisplayName"] for _, row in known]
        answers = titles.chosen(_finder(tagger, "en")(named), named, facets)
        for (number, row), title, answer in zip(known, named, answers, strict=True):
            said = closure(tagger.lexicon, [answer.element_id] if answer else [])
            if not truths[row[column]] & said:
                surface = title[answer.start : answer.end] if answer else ""
                yield Miss(f"Myntra, {name}", number, surface, row[column], title)
