from __future__ import annotations

import pyarrow as pa
import pytest

from modacast.elements import Lexicon, Tagger
from modacast.elements.values import CARE, HOLDS, STANCES, read_values
from modacast.errors import NotFound

TAGGER: list[Tagger] = []


def stances(text, lang):
    if not TAGGER:
        TAGGER.append(Tagger(Lexicon.load()))
    documents = pa.table({"id": ["0"], "text": [text], "lang": [lang]})
    found = read_values(TAGGER[0].tag(documents, about_fashion=True), documents)
    assert found.schema == STANCES
    return [(row["element_id"], row["stance"]) for row in found.to_pylist()]


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("非遗刺绣，手工制作", "zh", ("value/heritage-craft", "claimed")),
        ("recycled polyester jacket", "en", ("value/recycled", "claimed")),
        ("这件不是纯素的，有真皮", "zh", ("value/vegan", "denied")),
        ("It is not vegan at all", "en", ("value/vegan", "denied")),
        ("Kein veganes Leder", "de", ("value/vegan", "denied")),
        ("号称环保，其实是涤纶", "zh", ("value/sustainable", "doubted")),
        ("So-called sustainable fashion, pure greenwashing", "en", ("value/sustainable", "doubted")),
        ("希望出大码", "zh", ("value/plus-size", "wished")),
        ("I wish they offered plus size", "en", ("value/plus-size", "wished")),
        ("二手衣我不在乎", "zh", ("value/second-hand", "indifferent")),
        ("I don't care whether it is organic cotton", "en", ("value/organic", "indifferent")),
    ],
)
def test_how_a_value_is_meant(text, lang, expected):
    assert expected in stances(text, lang)


def test_doubt_elsewhere_does_not_reach_another_sentence():
    assert ("value/sustainable", "claimed") in stances("这件很环保。号称修身，其实很肥。", "zh")


def test_a_complaint_shows_care_but_no_value():
    assert CARE["doubted"] > 0 > HOLDS["doubted"]
    assert CARE["indifferent"] < 0 == HOLDS["indifferent"]


def test_mentions_need_their_documents():
    table = TAGGER or stances("纯素", "zh")
    assert table
    documents = pa.table({"id": ["0"], "text": ["纯素皮革包"], "lang": ["zh"]})
    mentions = TAGGER[0].tag(documents, about_fashion=True)
    with pytest.raises(NotFound, match="not among the documents"):
        read_values(mentions, documents.set_column(0, "id", pa.array(["1"])))
