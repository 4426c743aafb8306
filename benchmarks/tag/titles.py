"""English catalogue titles: Myntra's, with colour and article type."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

from benchmarks.data_sets import MYNTRA, find_file, open_text
from benchmarks.report import Report
from benchmarks.tag.finders import Found, NearestLabels, closure, plain_substrings, tagged
from modacast.elements import Tagger
from modacast.elements.reader import HEADS

__all__ = ["chosen", "is_even", "meant_by", "myntra", "read_rows", "truths_of"]

_FOR_WHOM = {"garment/childrenswear", "garment/womenswear", "garment/menswear", "garment/clothing"}
_FEW = 2000

Answer = Callable[[Sequence[str]], list[str | None]]


def myntra(report: Report, tagger: Tagger, data: Path, limit: int | None) -> None:
    """Colour and article type from the English title alone, the answer being as fine as the truth or finer.

    Errors were read on the half of the titles whose hash is even; the other half has rows of its own.
    """
    rows = read_rows(data, limit and limit * 10)
    substrings = plain_substrings(tagger.lexicon, "en")
    for name, column, facets in (("colour", "baseColour", {"color"}), ("article type", "articleType", HEADS)):
        truths = truths_of(tagger, rows, column, facets)
        known = [row for row in rows if truths[row[column]]]
        titles = [row["productDisplayName"] for row in known]

        def right(
            answers: list[str | None], rows: list[dict] = known, truths: dict = truths, key: str = column
        ) -> list[bool]:
            return [
                bool(truths[row[key]] & closure(tagger.lexicon, [answer] if answer else []))
                for row, answer in zip(rows, answers, strict=False)
            ]

        found = tagged(tagger, titles, ["en"] * len(titles), catalogue=True)
        own = right(_ids(chosen(found, titles, facets)))
        row = f"Myntra titles, {name}"
        report.add_mean(row, "accuracy", own, must=0.85, ahead=0.93)
        unseen = [good for good, title in zip(own, titles, strict=True) if not is_even(title)]
        report.add_mean(f"{row}, half not in sight", "accuracy", unseen)
        plain = right(_ids(chosen(substrings(titles), titles, facets)))
        report.add_mean(row, "accuracy", plain, peer="plain substrings")
        few = titles[:: max(1, len(titles) // _FEW)]
        some = known[:: max(1, len(titles) // _FEW)]
        nearest = NearestLabels(tagger.lexicon, "en", facets).of(few)
        raw = right([element_id for element_id, _ in nearest], rows=some)
        report.add_mean(
            row, "accuracy", raw, peer=f"raw e5, nearest label to the title ({len(few):,} titles)"
        )
        unknown = sorted({row_[column] for row_ in rows if not truths[row_[column]]})
        report.note(
            f"Myntra {name}: {len(known) / len(rows):.1%} of titles have a truth in the lexicon; "
            f"not {', '.join(unknown[:25])}"
        )


def read_rows(data: Path, limit: int | None = None) -> list[dict]:
    """Get the titles with their columns."""
    with open_text(find_file(data, MYNTRA)) as stream:
        return list(islice(csv.DictReader(stream), limit))


def truths_of(
    tagger: Tagger, rows: Sequence[dict], column: str, facets: Iterable[str]
) -> dict[str, set[str]]:
    """Get the elements that each value of a column means; none where the lexicon does not know it."""
    return {value: meant_by(tagger, value, facets) for value in {row[column] for row in rows}}


def chosen(found: list[list[Found]], titles: Sequence[str], facets: Iterable[str]) -> list[Found | None]:
    """Get the mention that answers for each title; None where it names nothing of the facets."""
    answers: list[Found | None] = []
    for mentions, title in zip(found, titles, strict=True):
        fitting = [m for m in mentions if m.facet in facets and m.element_id not in _FOR_WHOM]
        if facets is HEADS:
            # an English title names its garment last, but for what comes along with it
            end = title.lower().find(" with ") % (1 << 20)
            fitting = [m for m in fitting if m.start < end][::-1] or fitting
        answers.append(fitting[0] if fitting else None)
    return answers


def _ids(answers: Sequence[Found | None]) -> list[str | None]:
    return [answer.element_id if answer else None for answer in answers]


def meant_by(tagger: Tagger, value: str, facets: Iterable[str]) -> set[str]:
    """Get the elements that the tagger reads a catalogue's value as: of the whole value, or of its last word."""
    (mentions,) = tagged(tagger, [value], ["en"], catalogue=True)
    whole = [m for m in mentions if m.facet in facets and m.end == len(value)]
    return {m.element_id for m in whole if m.start == 0 or m.facet not in HEADS}


def is_even(title: str) -> bool:
    """Say whether a text is of the half that may be looked at."""
    return int(hashlib.md5(title.encode(), usedforsecurity=False).hexdigest(), 16) % 2 == 0
