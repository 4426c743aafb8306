"""One week of one language, read: its units and runs, where words meet, and what the lexicon knows in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from modacast.elements.discovery.grams import Floats64, Grams, count_grams
from modacast.elements.discovery.units import UNSPACED, Flags, Ints, Units
from modacast.elements.reader import Reader

__all__ = ["Texts", "Week", "read_week", "sizes_for"]


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language in one week.

    Attributes:
        ds: Monday of the week.
        ids: of the documents.
        texts: as they were written.
        authors: pseudonyms, None where unknown.
        days: of publication.
        relevance: `(n,)` float64, probability of being about fashion.
    """

    ds: date
    ids: Sequence[str]
    texts: Sequence[str]
    authors: Sequence[str | None]
    days: Sequence[date]
    relevance: Floats64


@dataclass(frozen=True, slots=True)
class Week:
    """What was read.

    Attributes:
        given: the texts.
        units: of all texts in one row.
        grams: the runs that may be words, and what those are made of.
        border: `(len(units.text) + 1,)` whether a word of the dictionary begins or ends there.
        known_start: `(len(units.text) + 1,)` end of the longest known surface that begins there, 0 for none.
        known_end: `(len(units.text) + 1,)` start of the longest known surface that ends there, plus 1; 0 for none.
        element_at: `(len(units.text) + 1,)` element number of that which begins there, -1 for none.
        element_to: `(len(units.text) + 1,)` element number of that which ends there, -1 for none.
        begins: `(n + 1,)` where each text begins in `units.text`, and where the last one ends.
        score: `(n,)` how like fashion each text is.
    """

    given: Texts
    units: Units
    grams: Grams
    border: Flags
    known_start: Ints
    known_end: Ints
    element_at: Ints
    element_to: Ints
    begins: Ints
    score: Floats64

    def line(self, doc: int) -> str:
        """Get one folded text."""
        return self.units.text[int(self.begins[doc]) : int(self.begins[doc + 1]) - 1]


def sizes_for(lang: str) -> tuple[int, ...]:
    """Get how many units the runs of a language may have, ascending."""
    return (1, 2, 3, 4, 5, 6) if lang in UNSPACED else (1, 2, 3)


def read_week(given: Texts, lang: str, units: Units, reader: Reader, weight: Floats64) -> Week:
    """Read the texts of one week.

    Args:
        given: the texts.
        lang: their language.
        units: of the texts.
        reader: finds what the lexicon knows.
        weight: `(n,)` how like fashion each text is, which is added up for the runs.
    """
    grams = count_grams(units, weight, sizes_for(lang))
    n = len(units.text) + 1
    breaks = np.flatnonzero(np.frombuffer(units.text.encode("utf-32-le", "surrogatepass"), np.uint32) == 10)
    begins = np.append(0, breaks + 1)
    known_start, known_end = np.zeros(n, np.int64), np.zeros(n, np.int64)
    element_at, element_to = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    reading = reader.read(given.texts, [lang] * len(given.texts), about_fashion=True)
    for matches in (reading.cues, reading.mentions):
        start, end = begins[matches.doc] + matches.start, begins[matches.doc] + matches.end
        order = np.argsort(end - start, kind="stable")  # what is longer is written later and stays
        start, end, owner = start[order], end[order], reader.element[matches.claim][order]
        known_start[start], element_at[start] = end, owner
        known_end[end], element_to[end] = start + 1, owner
    return Week(
        given,
        units,
        grams,
        _borders(units.text, lang),
        known_start,
        known_end,
        element_at,
        element_to,
        begins,
        weight,
    )


def _borders(text: str, lang: str) -> Flags:
    """Mark where words begin or end; everywhere in languages whose units are words."""
    border = np.ones(len(text) + 1, np.bool_)
    if lang != "zh":
        return border
    import rjieba

    position = 0
    border[:] = False
    for line in text.split("\n"):
        # no guessing of unknown words: what is unknown is what is looked for
        for word in rjieba.cut(line, False):
            border[position] = True
            position += len(word)
        border[position] = True
        position += 1
    return border
