from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.elements.inflection import variants
from modacast.types import LANGUAGES


@pytest.mark.parametrize(
    ("lang", "surface", "expected"),
    [
        ("en", "dress", "dresses"), ("en", "skirt", "skirts"), ("en", "baby", "babies"), ("en", "t-shirt", "tshirts"),
        ("en", "crop top", "croptops"), ("en", "levi's", "levis"), ("fr", "robe longue", "robes longues"),
        ("fr", "manteau", "manteaux"), ("fr", "robe d'été", "robes d'été"), ("de", "hemd", "hemden"),
        ("de", "jacke", "jacken"), ("de", "ärmellos", "aermellos"), ("es", "pantalón", "pantalones"),
        ("es", "algodón", "algodon"), ("es", "falda corta", "faldas cortas"), ("it", "camicia", "camicie"),
        ("it", "giacca", "giacche"), ("it", "vestito lungo", "vestiti lunghi"), ("pt", "calção", "calções"),
        ("pt", "avental", "aventais"), ("pt", "algodão", "algodao"), ("zh", "clean fit", "cleanfit"), ("zh", "t恤", "t 恤"), ("en", "track pants", "track pant"),
    ],
)  # fmt: skip
def test_regular_forms(lang: str, surface: str, expected: str) -> None:
    assert expected in variants(surface, lang)


@pytest.mark.parametrize(
    ("surface", "lang"), [("连衣裙", "zh"), ("シャツ", "ja"), ("501", "en"), ("a line", "zh")]
)
def test_nothing_to_add(surface: str, lang: str) -> None:
    assert variants(surface, lang) == frozenset()


def test_plurals_can_be_left_out() -> None:
    assert variants("t-shirt", "en", plural=False) == {"tshirt"}


@given(st.text(max_size=20), st.sampled_from(LANGUAGES))
def test_any_text(surface: str, lang: str) -> None:
    found = variants(surface, lang)
    assert surface not in found
    assert all(found)
