"""Five known rises on Weibo, and a lexicon that knows none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from modacast.elements import Lexicon
from modacast.errors import NotFound

__all__ = ["CASES", "FIRST", "Case", "cases_within", "first_judged", "frozen_lexicon", "is_about", "lead"]

FIRST = date(2022, 7, 4)
"""The first week of Weibo that is judged; the weeks before are there to choose settings on."""

RECENT = timedelta(weeks=26)
HIDDEN = (
    "style/neo-chinese", "garment/mamian-skirt", "brand/erke", "多巴胺", "美拉德", "新中式", "马面", "尔克",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A known rise.

    Attributes:
        word: that the lexicon lacks.
        first: Monday of its first title on clothes.
        peak: Monday of its highest week.
    """

    word: str
    first: date
    peak: date

    def stands_for(self, element_id: str) -> bool:
        """Whether a new word holds the case's word or is a part of it."""
        word = element_id.split("/", 1)[-1]
        return self.word in word or word in self.word


CASES = (
    Case("多巴胺", date(2023, 5, 15), date(2023, 6, 19)),
    Case("美拉德", date(2023, 8, 21), date(2023, 10, 2)),
    Case("新中式", date(2022, 2, 28), date(2024, 1, 8)),
    Case("马面裙", date(2022, 7, 11), date(2024, 2, 19)),
    Case("鸿星尔克", date(2021, 7, 19), date(2021, 7, 19)),
)


def cases_within(first: date, last: date) -> list[Case]:
    """Get the cases whose rise texts from one day to another can show, from half a year before the peak on."""
    return [case for case in CASES if first <= max(case.first, case.peak - RECENT) and last >= case.peak]


def first_judged(first: date, last: date) -> date:
    """Get the first week that is judged: `FIRST`, or the first of all of texts that end before or begin later."""
    return FIRST if first <= FIRST <= last else first


def frozen_lexicon() -> Lexicon:
    """Get the lexicon without the known cases."""
    lexicon = Lexicon.load()
    for name in HIDDEN:
        try:
            lexicon = lexicon.without(name)
        except NotFound:  # it never held that word
            continue
    return lexicon


def is_about(row: Mapping[str, Any], word: str, texts: Mapping[str, str]) -> bool:
    """Whether at least half of the texts that an alarm shows hold a word."""
    held = [word in texts[i] for i in row["evidence_ids"]]
    return bool(held) and sum(held) >= len(held) / 2


def lead(days: Sequence[date], case: Case) -> float | None:
    """Get the weeks from the first alarm of a case's rise to its peak; None where there is none.

    An alarm before the case's first title, or more than half a year before its peak, is not one of its rise.
    """
    soon = [d for d in sorted(days) if max(case.first, case.peak - RECENT) <= d <= case.peak]
    return (case.peak - soon[0]).days / 7 if soon else None
