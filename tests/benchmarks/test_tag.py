"""The benchmark of the tagger: its truths and its peers."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.tag.chinese import f1, gold_spans
from benchmarks.tag.finders import closure, jieba_words, lexicon_of, plain_substrings

from modacast.elements import Lexicon


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


def test_spans_are_those_of_the_text_without_its_marks() -> None:
    marked = "赋予整款<袖长>短袖</袖长>更好的<版型>贴身</版型>性"
    plain = "赋予整款短袖更好的贴身性"
    assert [plain[a:b] for a, b in gold_spans(marked)] == ["短袖", "贴身"]


def test_f1_of_nothing_is_zero() -> None:
    assert f1(np.array([0]), np.array([[0, 0]])) == 0
    assert f1(np.array([1, 0]), np.array([[1, 2], [0, 1]])) == pytest.approx(0.5)


@pytest.mark.parametrize("peer", ["substrings", "jieba"])
def test_peers_find_the_lexicons_surfaces(lexicon: Lexicon, peer: str) -> None:
    find = plain_substrings(lexicon, "zh") if peer == "substrings" else jieba_words(lexicon)
    text = "这件格纹连衣裙"
    (found,) = find([text])
    assert "连衣裙" in {text[m.start : m.end] for m in found}
    assert all(lexicon_of(lexicon, "zh")[text[m.start : m.end]] == m.element_id for m in found)


def test_closure_holds_what_is_broader(lexicon: Lexicon) -> None:
    broader = closure(lexicon, ["garment/polo-shirt"])
    assert broader >= {"garment/polo-shirt", "garment/top"}
    assert "garment/t-shirt" not in broader
