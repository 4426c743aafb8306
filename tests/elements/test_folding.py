from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.elements.folding import CLASSES, character_classes, decode, encode, fold, fold_all, fold_codes


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Ｔ恤", "t恤"),
        ("襯衫裙褲", "衬衫裙裤"),
        ("T-Shirt", "t shirt"),
        ("CRÈME Größe", "crème größe"),
        ("l\u2019été", "l'été"),
        ("a\u3000b\nc", "a b c"),
        ("𝓕𝓪𝓼𝓱𝓲𝓸𝓷", "fashion"),
        ("İ", "i"),
        ("", ""),
    ],
)
def test_one_spelling(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_every_character_is_folded_at_once() -> None:
    folded = fold_codes(np.arange(0x31400, dtype=np.uint32))
    assert np.array_equal(fold_codes(folded), folded)
    assert fold("\ufa52") == fold("禍") == "祸"


@given(st.text())
def test_no_character_moves(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert decode(encode(text)) == text
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.text(max_size=8)))
def test_many_are_folded_as_one(texts: list[str]) -> None:
    assert fold_all(texts) == [fold(text) for text in texts]


def test_lone_surrogates_do_no_harm() -> None:
    assert fold("裙\ud800子") == "裙\ufffd子"


def test_character_classes() -> None:
    names = [
        "letter",
        "letter",
        "digit",
        "han",
        "hiragana",
        "katakana",
        "katakana",
        "hangul",
        "other",
        "other",
    ]
    assert character_classes(encode("aя7裙のドー치 👗")).tolist() == [CLASSES[name] for name in names]
