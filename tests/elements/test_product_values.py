from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest

from modacast.elements import Lexicon, Tagger
from modacast.elements.product_values import PRODUCT_VALUES, product_values
from modacast.errors import InvalidInput


@pytest.fixture(scope="module")
def shipped() -> Tagger:
    return Tagger(Lexicon.load())


def values(tagger: Tagger, text: str, lang: str = "zh") -> list[str]:
    documents = pa.table({"id": ["1"], "text": [text], "lang": [lang]})
    table = product_values(tagger.tag(documents, about_fashion=True), documents, tagger.lexicon)
    assert table.schema.equals(PRODUCT_VALUES)
    for row in table.to_pylist():
        assert row["value"] == text[row["start"] : row["end"]]
    return table["value"].to_pylist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("圆领长袖毛衣", ["圆领", "长袖"]),
        # names of things and of parts are none
        ("牛皮鞋底，裙摆和袖口", ["牛皮"]),
        # the longest fabric, the parts of a print
        ("头层牛皮单肩包", ["头层牛皮"]),
        ("字母印花T恤", ["字母", "印花"]),
        # a kind of heel is a value, a heeled shoe a thing
        ("粗跟浅口设计", ["粗跟", "浅口"]),
        ("经典的粗跟鞋", []),
        ("加厚的卫衣，微弹", ["加厚", "微弹"]),
        # claims are none
        ("舒适透气又百搭", []),
        # joined colours are one
        ("橙色与黑色的卫衣", ["橙色与黑色"]),
        ("米色和棕色", ["米色和棕色"]),
        ("白色衬衫，黑色纽扣", ["白色", "黑色", "纽扣"]),
        # praise that leads to the name of a style, and praise that does not
        ("俏皮可爱的学院风", ["学院风"]),
        ("复古风与可爱风", ["复古风", "可爱风"]),
        # worn with it
        ("印花上衣，可以搭配一条黑色牛仔裤", ["印花"]),
        ("搭配着圆领的设计", ["圆领"]),
        # denied
        ("没有蕾丝的圆领上衣", ["圆领"]),
        # single characters that are no word
        ("质感很棉软的圆领衫", ["圆领"]),
        ("", []),
    ],
)
def test_values_are_what_the_product_is_like(shipped: Tagger, text: str, expected: list[str]) -> None:
    assert values(shipped, text) == expected


def test_values_in_other_languages(shipped: Tagger) -> None:
    assert values(shipped, "black and white striped crew neck t-shirt", "en")[0] == "black and white"
    assert "low top" in values(shipped, "a low top in suede", "en")


def test_joined_colors_keep_both_elements_and_the_attribute_is_told(shipped: Tagger) -> None:
    documents = pa.table({"id": ["x"], "text": ["红色与白色，平跟"], "lang": ["zh"]})
    rows = product_values(shipped.tag(documents, about_fashion=True), documents, shipped.lexicon).to_pylist()
    assert [(row["attribute"], row["element_ids"]) for row in rows] == [
        ("color", ["color/red", "color/white"]),
        ("heel", ["footwear/flat"]),
    ]


def test_values_follow_the_documents_and_do_not_overlap(shipped: Tagger) -> None:
    texts = ["蕾丝拼接的雪纺裙", "圆领", "高腰阔腿的水洗牛仔"]
    documents = pa.table({"id": ["c", "a", "b"], "text": texts, "lang": ["zh"] * 3})
    rows = product_values(shipped.tag(documents, about_fashion=True), documents, shipped.lexicon).to_pylist()
    assert list(dict.fromkeys(row["doc_id"] for row in rows)) == ["c", "a", "b"]
    for one, other in pairwise(rows):
        assert one["doc_id"] != other["doc_id"] or one["end"] <= other["start"]


def test_missing_columns_are_refused(shipped: Tagger) -> None:
    documents = pa.table({"id": ["1"], "text": ["圆领"]})
    with pytest.raises(InvalidInput, match="lang"):
        product_values(pa.table({"doc_id": ["1"]}), documents, shipped.lexicon)
