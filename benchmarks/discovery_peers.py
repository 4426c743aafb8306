"""What discovery is compared with: other ways to find new words in the same texts, best finds first."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

import pyarrow as pa

from modacast.elements import Lexicon
from modacast.elements.discovery import discover
from modacast.elements.folding import fold_all

__all__ = ["PEERS"]

WINDOW, PAST, WARM_UP = 8, 52, 26
MIN_TEXTS = 3
ABOUT_FASHION = 0.5
HAN = re.compile(r"[\u4e00-\u9fff]+")

Finds = list[tuple[str, date]]


def by_growth(documents: pa.Table, lexicon: Lexicon) -> Finds:
    """Runs of two to five characters of texts about fashion, by the z-score of their last eight weeks."""
    return _walk(documents, lexicon, _runs)


def by_dictionary(documents: pa.Table, lexicon: Lexicon) -> Finds:
    """Words of texts about fashion that jieba guesses and its dictionary lacks, by the same z-score."""
    return _walk(documents, lexicon, _guessed)


def by_shape(documents: pa.Table, lexicon: Lexicon) -> Finds:
    """Our own counts, freedom and cohesion without the language model, by growth and likeness to fashion."""
    rows = discover(documents, lexicon).to_pylist()
    rows.sort(key=lambda row: -row["probability"])
    return [(row["text"], row["ds"]) for row in rows]


PEERS: Mapping[str, Callable[[pa.Table, Lexicon], Finds]] = {
    "z-score of character runs": by_growth,
    "jieba's unknown words": by_dictionary,
    "branching entropy and PMI alone": by_shape,
}


def _walk(documents: pa.Table, lexicon: Lexicon, words_of: Callable[[str], Iterable[str]]) -> Finds:
    listed = {entry.surface.text for entry in lexicon.entries if entry.lang == "zh"}
    by_week: dict[date, list[str]] = defaultdict(list)
    texts = fold_all(documents["text"].to_pylist())
    for text, at, relevance in zip(
        texts, documents["published_at"].to_pylist(), documents["relevance"].to_pylist(), strict=True
    ):
        if relevance >= ABOUT_FASHION:
            day = at.date()
            by_week[day - timedelta(days=day.weekday())].append(text)
    window: deque[Counter[str]] = deque()
    past: deque[Counter[str]] = deque()
    best: dict[str, tuple[float, date]] = {}
    now: Counter[str] = Counter()
    before: Counter[str] = Counter()
    week = min(by_week)
    n_weeks = 0
    while week <= max(by_week):
        counts = Counter(word for text in by_week.get(week, ()) for word in set(words_of(text)))
        window.append(counts)
        now.update(counts)
        if len(window) > WINDOW:
            old = window.popleft()
            now.subtract(old)
            past.append(old)
            before.update(old)
            if len(past) > PAST:
                before.subtract(past.popleft())
        n_weeks += 1
        if n_weeks > WARM_UP:
            for word in counts:
                if now[word] >= MIN_TEXTS and word not in best and word not in listed:
                    expected = (before[word] + 0.5) * WINDOW / max(len(past), 1)
                    best[word] = ((now[word] - expected) / math.sqrt(expected), week)
        week += timedelta(weeks=1)
    ranked = sorted(best.items(), key=lambda item: -item[1][0])
    return [(word, day) for word, (_, day) in ranked]


def _runs(text: str) -> Iterable[str]:
    for run in HAN.findall(text):
        for size in range(2, 6):
            for i in range(len(run) - size + 1):
                yield run[i : i + size]


def _guessed(text: str) -> Iterable[str]:
    import rjieba

    for word in rjieba.cut(text):
        if len(word) > 1 and HAN.fullmatch(word) and not _JIEBA.setdefault(word, rjieba.has_word(word)):
            yield word


_JIEBA: dict[str, bool] = {}
