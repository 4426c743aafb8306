"""New words of a stream of titles, week by week, without a look ahead: the candidates of `benchmarks.emergence`.

A string of three or four Chinese characters is a candidate from the week in which, within the last eight weeks,
several titles of the fashion stream hold it, with different neighbours on both sides (branching entropy, Jin and
Tanaka-Ishii 2006), while the year before hardly had it, and a good part of all titles that hold it are about
fashion. It is a word that the lexicon lacks if no surface of the lexicon holds it or lies in it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Title", "weekly_words"]

WINDOW = 8
YEAR = 52
MIN_TITLES = 3
MIN_NEIGHBOURS = 2
FASHION_SHARE = 0.4
HAN = re.compile(r"[\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Title:
    """One title: Monday of its week, its text, and whether it is in the fashion stream."""

    week: date
    text: str
    is_fashion: bool


def weekly_words(titles: Iterable[Title], surfaces: frozenset[str]) -> dict[str, date]:
    """Get each new word and the Monday of the week after which it was known to be one.

    Args:
        titles: of any order.
        surfaces: the lexicon's words, folded.
    """
    by_week: dict[date, list[Title]] = defaultdict(list)
    for title in titles:
        by_week[title.week].append(title)
    if not by_week:
        return {}
    found: dict[str, date] = {}
    said: dict[str, Counter[date]] = defaultdict(Counter)
    everywhere: dict[str, Counter[date]] = defaultdict(Counter)
    sides: dict[str, list[tuple[date, str, str]]] = defaultdict(list)
    week = min(by_week)
    while week <= max(by_week):
        fresh: set[str] = set()
        for title in by_week.get(week, ()):
            grams = set(_grams(title.text))
            for gram, _, _ in grams:
                everywhere[gram][week] += 1
            if title.is_fashion:
                for gram, left, right in grams:
                    said[gram][week] += 1
                    sides[gram].append((week, left, right))
                    fresh.add(gram)
        for gram in fresh - found.keys():
            if _is_new(gram, week, said[gram], everywhere[gram], sides[gram]) and not _is_listed(
                gram, surfaces
            ):
                found[gram] = week
        week += timedelta(weeks=1)
    return _whole(found, said)


def _grams(text: str) -> Iterable[tuple[str, str, str]]:
    for run in HAN.finditer(text):
        word = run[0]
        for size in (3, 4):
            for i in range(len(word) - size + 1):
                left = word[i - 1] if i else f"^{text[:1]}" if run.start() == 0 else "|"
                right = word[i + size] if i + size < len(word) else "$"
                yield word[i : i + size], left, right


def _is_new(
    gram: str, week: date, said: Counter[date], everywhere: Counter[date], sides: list[tuple[date, str, str]]
) -> bool:
    first = week - timedelta(weeks=WINDOW - 1)
    now = sum(n for w, n in said.items() if w >= first)
    if now < MIN_TITLES:
        return False
    all_now = sum(n for w, n in everywhere.items() if w >= first)
    before = sum(n for w, n in everywhere.items() if first - timedelta(weeks=YEAR) <= w < first)
    if now < FASHION_SHARE * all_now or before > all_now / 2:
        return False
    lefts = {left for w, left, _ in sides if w >= first}
    rights = {right for w, _, right in sides if w >= first}
    return len(lefts) >= MIN_NEIGHBOURS and len(rights) >= MIN_NEIGHBOURS


def _is_listed(gram: str, surfaces: frozenset[str]) -> bool:
    """Whether a listed word is all of it, or it is a listed word with a character more."""
    parts = {gram[i:j] for i in range(len(gram)) for j in range(i + 2, len(gram) + 1)}
    return bool(parts & surfaces)


def _whole(found: Mapping[str, date], said: Mapping[str, Counter[date]]) -> dict[str, date]:
    """Leave out parts of longer candidates that are hardly ever said without the rest, known in the same week."""
    kept = dict(found)
    for gram, week in found.items():
        for part in (gram[1:], gram[:-1]):
            if part in kept and kept[part] == week and said[part][week] <= said[gram][week]:
                del kept[part]
    return kept
