from __future__ import annotations

import pyarrow as pa
import pytest

from modacast.elements import Tagger
from modacast.elements.attachment import attach
from modacast.errors import InvalidInput
from modacast.types import ATTACHMENTS, MENTIONS


def attached(tagger: Tagger, text: str, lang: str) -> set[tuple[str, str]]:
    documents = pa.table({"id": ["1"], "text": [text], "lang": [lang]})
    table = attach(tagger.tag(documents, about_fashion=True), documents)
    assert table.schema.equals(ATTACHMENTS)
    return {
        (text[row["start"] : row["end"]], text[row["head_start"] : row["head_end"]])
        for row in table.to_pylist()
    }


@pytest.mark.parametrize(
    ("lang", "text", "pairs"),
    [
        ("en", "red dress and white boots", {("red", "dress"), ("white", "boots")}),
        ("en", "a dress in red with white boots", {("red", "dress"), ("white", "boots")}),
        ("en", "the dress is red and the boots are white", {("red", "dress"), ("white", "boots")}),
        ("en", "a red and white dress with boots", {("red", "dress"), ("white", "dress")}),
        ("en", "a shirt of leather. The boots are red", {("leather", "shirt"), ("red", "boots")}),
        ("zh", "红色连衣裙配白色靴子", {("红色", "连衣裙"), ("白色", "靴子")}),
        ("zh", "白色的、碎花的连衣裙", {("白色", "连衣裙"), ("碎花", "连衣裙")}),
        ("zh", "裙子是红色的，靴子是白色的", {("红色", "裙子"), ("白色", "靴子")}),
        ("fr", "robe rouge et bottes blanche", {("rouge", "robe"), ("blanche", "bottes")}),
        ("es", "vestido rojo y botas blanca", {("rojo", "vestido"), ("blanca", "botas")}),
        ("de", "ein Hemd aus Leder und Jeans", {("Leder", "Hemd")}),
        ("ja", "赤シャツと白ブーツ", {("赤", "シャツ"), ("白", "ブーツ")}),
        ("ja", "シャツは赤でブーツは白です", {("赤", "シャツ"), ("白", "ブーツ")}),
        ("ja", "赤でかわいいブーツとシャツ", {("赤", "ブーツ")}),
        ("ko", "원피스는 빨간색이고 부츠는 흰색이다", {("빨간", "원피스"), ("흰색", "부츠")}),
    ],
)
def test_modifier_belongs_to_its_garment(tagger: Tagger, lang: str, text: str, pairs: set) -> None:
    assert attached(tagger, text, lang) == pairs


def test_modifier_inside_a_name_belongs_to_it(tagger: Tagger) -> None:
    assert ("牛仔", "牛仔裤") in attached(tagger, "裙子和牛仔裤", "zh")


def test_modifier_goes_on_about_the_only_garment(tagger: Tagger) -> None:
    assert attached(tagger, "This dress! All lace.", "en") == {("lace", "dress")}


def test_modifier_without_garment_belongs_to_nothing(tagger: Tagger) -> None:
    assert attached(tagger, "lace and leather", "en") == set()


def test_no_mentions_give_an_empty_table(tagger: Tagger) -> None:
    documents = pa.table({"id": ["1"], "text": [""], "lang": ["zh"]})
    assert attach(MENTIONS.empty_table(), documents).num_rows == 0


def test_missing_column_is_named(tagger: Tagger) -> None:
    with pytest.raises(InvalidInput, match="lang"):
        attach(MENTIONS.empty_table(), pa.table({"id": ["1"], "text": ["a dress"]}))
