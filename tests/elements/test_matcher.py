from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.elements.matcher import Claim, Matcher, Matches, leftmost_longest
from modacast.types import LANGUAGES


def found(matcher: Matcher, text: str, lang: str) -> list[str]:
    matches = matcher.find([text], [lang])
    return [text[s:e] for s, e in zip(matches.start, matches.end, strict=True)]


@pytest.mark.parametrize(
    ("surface", "lang", "text", "expected"),
    [
        ("dress", "en", "a DRESS, undress addressed dress2 #dress!", ["DRESS", "dress"]),
        ("裙子", "zh", "红裙子A裙子", ["裙子", "裙子"]),
        ("T恤", "zh", "白Ｔ恤 ST恤 T恤衫", ["Ｔ恤", "T恤"]),
        ("襯衫", "zh", "这件衬衫和襯衫", ["衬衫", "襯衫"]),
        ("치마", "ko", "예쁜 치마를 미니치마", ["치마"]),
        ("원피스", "ko", "롱원피스", ["원피스"]),
        ("ベル", "ja", "ベルト ベル レベル", ["ベル"]),
        ("コート", "ja", "ロングコートが", ["コート"]),
        ("новый", "en", "новый", ["новый"]),
    ],
)
def test_where_words_begin_and_end(surface: str, lang: str, text: str, expected: list[str]) -> None:
    assert found(Matcher([Claim(surface, lang, 0)]), text, lang) == expected


def test_the_case_counts_where_it_is_asked_for() -> None:
    matcher = Matcher([Claim("Gap", "en", 0, exact=True)])
    assert found(matcher, "mind the gap at Gap, GAP", "en") == ["Gap"]


def test_german_heads_end_longer_words() -> None:
    matcher = Matcher([Claim("kleid", "de", 0, tail=True)])
    assert found(matcher, "Sommerkleid, Kleider, Kleidung, verkleiden", "de") == ["kleid"]


@pytest.mark.parametrize(
    ("lang", "text_lang", "counts"),
    [("en", "zh", True), ("en", "fr", True), ("en", "", True), ("zh", "zh", True), ("zh", "", True), ("zh", "en", True),
     ("zh", "ja", False), ("ja", "zh", False), ("fr", "en", False), ("fr", "xx", False)],
)  # fmt: skip
def test_languages_whose_surfaces_count(lang: str, text_lang: str, *, counts: bool) -> None:
    assert bool(found(Matcher([Claim("長袖", lang, 0)]), "長袖", text_lang)) == counts


def test_english_words_that_mean_something_else() -> None:
    assert found(Matcher([Claim("hat", "en", 0)]), "er hat", "de") == []
    assert found(Matcher([Claim("rock", "de", 0), Claim("rock", "en", 1)]), "Rock", "de") == ["Rock"]


def test_the_texts_own_language_wins_and_then_the_rank() -> None:
    claims = [Claim("robe", "en", 0), Claim("robe", "fr", 1), Claim("robe", "en", 2, rank=-1)]
    matcher = Matcher(claims)
    assert matcher.find(["robe", "robe"], ["fr", "de"]).claim.tolist() == [1, 2]


def test_no_match_reaches_into_the_next_text() -> None:
    matches = Matcher([Claim("ab", "en", 0), Claim("a b", "en", 1)]).find(["a", "b", "a\nb", ""], ["en"] * 4)
    assert matches.doc.tolist() == [2]


def test_nothing_to_look_for_or_in() -> None:
    assert len(Matcher([]).find(["裙子"], ["zh"])) == 0
    assert len(Matcher([Claim("", "zh", 0)]).find([], [])) == 0


def test_a_batch_is_cut_without_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{'x' * (i % 7)} dress {i}" for i in range(60)]
    matcher = Matcher([Claim("dress", "en", 0)])
    whole = matcher.find(texts, ["en"] * 60)
    monkeypatch.setattr("modacast.elements.matcher._BATCH_CHARACTERS", 50)
    cut = matcher.find(texts, ["en"] * 60)
    for name in Matches.__slots__:
        assert getattr(whole, name).tolist() == getattr(cut, name).tolist()
    assert whole.doc.tolist() == list(range(60))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(1, 6)), max_size=30))
def test_leftmost_longest_is_the_greedy_choice(spans: list[tuple[int, int, int]]) -> None:
    ordered = sorted({(doc, start, -(start + length)) for doc, start, length in spans})
    array = np.array(ordered, dtype=np.int64).reshape(-1, 3)
    keep = leftmost_longest(Matches(array[:, 0], array[:, 1], -array[:, 2], array[:, 0]))
    expected, reach = [], {}
    for doc, start, minus_end in ordered:
        expected.append(start >= reach.get(doc, 0))
        if expected[-1]:
            reach[doc] = -minus_end
    assert keep.tolist() == expected


@given(st.text(alphabet="白裙子 Tt恤x-3\n", max_size=30))
def test_every_match_reads_as_its_surface(text: str) -> None:
    claims = [Claim("裙子", "zh", 0), Claim("白t", "zh", 1), Claim("t 恤", "zh", 2)]
    matches = Matcher(claims).find([text], ["zh"])
    for start, end, claim in zip(matches.start, matches.end, matches.claim, strict=True):
        assert text[start:end].lower().replace("-", " ").replace("\n", " ") == claims[claim].surface


def test_the_winner_of_each_language_is_kept() -> None:
    claims = [
        Claim("top", "en", 0),
        Claim("top", "fr", 1),
        Claim("top", "zh", 2),
        Claim("haut", "fr", 3),
        Claim("裙子", "zh", 4),
        Claim("裙子", "ja", 5),
    ]
    matcher = Matcher(claims)
    texts = [text for text in ("top", "haut", "裙子") for _ in LANGUAGES]
    matches = matcher.find(texts, [*LANGUAGES] * 3)
    places = zip(matches.doc.tolist(), matches.claim.tolist(), strict=True)
    won = {(texts[doc], LANGUAGES[doc % len(LANGUAGES)]): claim for doc, claim in places}
    assert won == {
        **{("top", lang): 1 if lang == "fr" else 2 if lang == "zh" else 0 for lang in LANGUAGES},
        ("haut", "fr"): 3,
        **{("裙子", lang): 5 if lang == "ja" else 4 for lang in LANGUAGES},
    }


def test_rare_characters_fold_to_themselves() -> None:
    matcher = Matcher([Claim("dress", "en", 0)])
    assert found(matcher, "\U0001f457\U000e0041 dress \U0010ffff", "en") == ["dress"]
