from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from modacast.elements import Lexicon, Tagger
from modacast.elements.matcher import Matches, leftmost_longest
from modacast.elements.overlaps import best_cover

SPANS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8), st.integers(1, 4)), max_size=9, unique=True)

TEXTS = ["甲乙丙丁戊己庚辛壬癸子丑"] * 3


def matches(spans: list[tuple[int, int, int]]) -> Matches:
    ordered = sorted(spans, key=lambda span: (span[0], span[1], -span[2]))
    doc, start, length = (np.array([span[i] for span in ordered], dtype=np.int64) for i in range(3))
    return Matches(doc, start, start + length, np.arange(len(ordered)))


def covered(found: Matches) -> int:
    return int((found.end - found.start).sum())


@given(SPANS)
def test_nothing_covers_more_and_nothing_overlaps(spans: list[tuple[int, int, int]]) -> None:
    found = matches(spans)
    kept = found.where(best_cover(found, np.zeros(len(found), dtype=np.bool_), TEXTS))
    places = [(d, p) for d, s, e in zip(kept.doc, kept.start, kept.end, strict=True) for p in range(s, e)]
    assert len(places) == len(set(places))
    best = 0
    for n in range(len(spans) + 1):
        for some in combinations(spans, n):
            cells = [(d, p) for d, s, length in some for p in range(s, s + length)]
            if len(cells) == len(set(cells)):
                best = max(best, len(cells))
    assert covered(kept) == best


@given(SPANS)
def test_names_of_things_stay_as_the_leftmost_longest(spans: list[tuple[int, int, int]]) -> None:
    found = matches(spans)
    kept = best_cover(found, np.ones(len(found), dtype=np.bool_), TEXTS)
    assert kept.tolist() == leftmost_longest(found).tolist()


def test_the_cover_without_a_loose_character_is_read() -> None:
    tagger = Tagger(Lexicon.load())
    texts = ["用白色系带装饰", "领子和袖口"]
    documents = pa.table({"id": ["1", "2"], "text": texts, "lang": ["zh", "zh"]})
    found = tagger.tag(documents, about_fashion=True)["surface"].to_pylist()
    assert found == ["白色", "系带", "领子", "袖口"]
