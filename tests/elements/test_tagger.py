from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from elements.conftest import CUES, ROWS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modacast.elements import Lexicon, Tagger
from modacast.errors import InvalidInput
from modacast.types import LANGUAGES, MENTIONS


def documents(*texts: str, lang: str | None = "zh") -> pa.Table:
    schema = pa.schema([("id", pa.string()), ("text", pa.string()), ("lang", pa.string())])
    return pa.table([[f"d{i}" for i in range(len(texts))], texts, [lang] * len(texts)], schema=schema)


def names(tagger: Tagger, text: str, lang: str | None = "zh", *, about_fashion: bool = False) -> list[str]:
    table = tagger.tag(documents(text, lang=lang), about_fashion=about_fashion)
    return [element_id.partition("/")[2] for element_id in table.column("element_id").to_pylist()]


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("碎花连衣裙", "zh", ["floral", "dress"]),
        ("碎花連衣裙", "zh", ["floral", "dress"]),
        ("Ｖ領襯衫", None, ["v-neck", "shirt"]),
        ("牛仔裤", "zh", ["jeans", "denim"]),
        ("白 T 恤", "zh", ["t-shirt"]),
        ("衬衫裙", "zh", ["shirt-dress"]),
        ("衬衫领", "zh", ["shirt-collar"]),
        ("无袖连衣裙", "zh", ["sleeveless", "dress"]),
        ("Floral Dresses & T Shirts", "en", ["floral", "dress", "t-shirt"]),
        ("tshirt / t–shirts / #tshirts", "en", ["t-shirt"] * 3),
        ("undress, address, shirting", "en", []),
        ("Schönes Sommerkleid, Lederstiefel", "de", ["dress", "boots"]),
        ("robes fleuries en denim", "fr", ["dress", "floral", "denim"]),
        ("vestidos de algodon", "es", ["dress", "cotton"]),
        ("白いワンピースとデニム", "ja", ["white", "dress", "denim"]),
        ("꽃무늬 원피스", "ko", ["floral", "dress"]),
        ("this denim dress", "it", ["denim", "dress"]),
    ],
)
def test_what_texts_name(tagger: Tagger, text: str, lang: str | None, expected: list[str]) -> None:
    assert names(tagger, text, lang) == expected


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("白色的墙", "zh", []),
        ("白色的毛衣", "zh", ["white", "sweater"]),
        ("白色穿搭", "zh", ["white"]),
        ("红毯上的红色", "zh", ["red"]),
        ("发红包的白色", "zh", []),
        ("连衣裙与红包", "zh", ["dress"]),
        ("裙带关系与衬衫", "zh", ["shirt"]),
        ("the red top of the mountain", "en", ["red", "top"]),
        ("on top of a red mountain", "en", []),
        ("a red wall and my outfit", "en", ["red"]),
        ("mind the gap", "en", []),
        ("my outfit is from Gap, mind the gap", "en", ["gap"]),
    ],
)
def test_ambiguous_surfaces_want_a_context(tagger: Tagger, text: str, lang: str, expected: list[str]) -> None:
    assert names(tagger, text, lang) == expected


def test_in_a_catalogue_ambiguous_surfaces_count(tagger: Tagger) -> None:
    assert names(tagger, "on top of a red wall", "en", about_fashion=True) == ["top", "red"]
    assert names(tagger, "dress recipe", "en", about_fashion=True) == ["dress"]
    assert names(tagger, "裙子关系") == []
    assert names(tagger, "裙子关系", about_fashion=True) == ["dress"]


@pytest.mark.parametrize(
    ("text", "lang", "denied"),
    [
        ("没有碎花的连衣裙", "zh", ["floral"]),
        ("这不是连衣裙", "zh", ["dress"]),
        ("不太喜欢羽绒服", "zh", ["down-jacket"]),
        ("别再穿牛仔裤了", "zh", ["jeans", "denim"]),
        ("不得不买的羽绒服", "zh", []),
        ("要不要买羽绒服", "zh", []),
        ("不显胖的连衣裙", "zh", []),
        ("无袖连衣裙，非常好看的碎花", "zh", []),
        ("特别碎花", "zh", []),
        ("a dress without any denim", "en", ["denim"]),
        ("this isn't a dress, but jeans", "en", ["dress"]),
        ("not only a dress", "en", []),
        ("no doubt, the dress", "en", []),
        ("I can't wait to wear this dress", "en", []),
        ("une robe sans denim", "fr", ["denim"]),
        ("robe sans manches", "fr", []),
        ("kein Kleid, nicht nur Jeans", "de", ["dress"]),
        ("vestido sin encaje", "es", ["lace"]),
        ("camicia senza pizzo", "it", ["lace"]),
        ("牛仔裤没有连衣裙好看", "zh", []),
        ("里面没有碎花的连衣裙", "zh", ["floral"]),
        ("再也不穿牛仔裤", "zh", ["jeans", "denim"]),
        ("anything but a dress", "en", ["dress"]),
        ("la robe est plus jolie que la chemise", "fr", []),
        ("je ne porte plus de robe", "fr", ["dress"]),
        ("je n'aime plus cette robe", "fr", ["dress"]),
        ("je ne suis pas fan de cette robe", "fr", ["dress"]),
        ("no soy fan de las botas", "es", ["boots"]),
        ("non sono un fan degli stivali", "it", ["boots"]),
        ("não sou fã de botas", "pt", ["boots"]),
        ("ich bin kein Fan von Jeans", "de", ["jeans"]),
        ("vestido sem renda", "pt", ["lace"]),
        ("ワンピースではないデニム", "ja", ["dress"]),
        ("레이스 없는 원피스", "ko", ["lace"]),
    ],
)
def test_denials(tagger: Tagger, text: str, lang: str, denied: list[str]) -> None:
    rows = tagger.tag(documents(text, lang=lang)).to_pylist()
    assert rows
    assert [row["element_id"].partition("/")[2] for row in rows if row["polarity"] < 0] == denied


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("白皙的连衣裙", ["dress"]),
        ("明白，这件连衣裙", ["dress"]),
        ("白连衣裙", ["white", "dress"]),
        ("连衣裙：白", ["dress", "white"]),
        ("白、红连衣裙", ["white", "red", "dress"]),
        ("红白喜事的连衣裙", ["dress"]),
    ],
)
def test_single_characters_inside_other_words(tagger: Tagger, text: str, expected: list[str]) -> None:
    assert names(tagger, text) == expected


def test_what_cuts_across_two_words_is_no_mention(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(
        "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes\naccessory/strap,,表带,watch strap,,,,,,,,\n",
        encoding="utf-8",
    )
    tagger = Tagger(Lexicon.load(path, shipped=False), ())
    assert names(tagger, "人大代表带着螺蛳粉参加两会") == []
    assert names(tagger, "人大代表带着", about_fashion=True) == ["strap"]
    assert names(tagger, "这款手表表带是真皮的") == ["strap"]


def test_a_generic_word_is_no_part_of_the_name(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text(
        "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes\nfabric/cotton,,棉质|棉质面料|亚麻面料,cotton,,,,,,,,\n",
        encoding="utf-8",
    )
    tagger = Tagger(Lexicon.load(path, shipped=False), ())
    surfaces = tagger.tag(documents("棉质面料和亚麻面料")).column("surface").to_pylist()
    assert surfaces == ["棉质", "亚麻面料"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("《裙子的秘密》今晚开播", []),
        ("电视剧《红裙子》开机", []),
        ("《裙子的秘密》里的牛仔裤", ["dress", "jeans", "denim"]),
        ("《今年的裙子怎么买》穿搭", ["dress"]),
        ("裙子的秘密", ["dress"]),
    ],
)
def test_the_title_of_a_work_names_nothing_by_itself(tagger: Tagger, text: str, expected: list[str]) -> None:
    assert names(tagger, text) == expected


def test_a_colour_of_one_character_counts_where_the_rest_is_a_thing(tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text(
        ROWS + "garment/white-shirt,,白衬衫,,,,,,,,,\naccessory/ring,,白金戒指|戒指,,,,,,,,,\n",
        encoding="utf-8",
    )
    tagger = Tagger(Lexicon.load(path, shipped=False), CUES)
    assert names(tagger, "白衬衫配白金戒指") == ["white-shirt", "white", "ring"]


def test_mentions_stand_where_they_say(tagger: Tagger) -> None:
    table = tagger.tag(documents("", "买了件\n碎花裙子", "👗 牛仔裤", "没有"))
    assert table.schema.equals(MENTIONS, check_metadata=True)
    assert table.select(["doc_id", "start", "end", "surface"]).to_pylist() == [
        {"doc_id": "d1", "start": 4, "end": 6, "surface": "碎花"},
        {"doc_id": "d1", "start": 6, "end": 8, "surface": "裙子"},
        {"doc_id": "d2", "start": 2, "end": 5, "surface": "牛仔裤"},
        {"doc_id": "d2", "start": 2, "end": 4, "surface": "牛仔"},
    ]


def test_confidence_falls_with_doubt(tagger: Tagger) -> None:
    clear = tagger.tag(documents("衬衫")).column("confidence").to_pylist()
    doubtful = tagger.tag(documents("白色衬衫")).column("confidence").to_pylist()
    foreign = tagger.tag(documents("sweater", lang="fr")).column("confidence").to_pylist()
    assert clear == [1.0]
    assert doubtful[0] < doubtful[1] == 1.0
    assert foreign[0] < 1.0


def test_a_missing_column_is_named(tagger: Tagger) -> None:
    with pytest.raises(InvalidInput, match="no column 'text'"):
        tagger.tag(pa.table({"id": ["1"], "txt": ["裙子"], "lang": ["zh"]}))


def test_no_documents(tagger: Tagger) -> None:
    table = tagger.tag(documents())
    assert table.num_rows == 0
    assert table.schema.equals(MENTIONS)


def test_no_elements(lexicon: Lexicon) -> None:
    empty = Tagger(lexicon.without(*lexicon.elements), ())
    assert empty.tag(documents("碎花连衣裙")).num_rows == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(alphabet="白裙子碎花 dresTtop没有不\n，ワ원피스👗", max_size=40), max_size=5),
    lang=st.sampled_from([*LANGUAGES, "", "xx"]),
    about_fashion=st.booleans(),
)
def test_any_text_gives_sound_mentions(
    tagger: Tagger, texts: list[str], lang: str, *, about_fashion: bool
) -> None:
    rows = tagger.tag(documents(*texts, lang=lang), about_fashion=about_fashion).to_pylist()
    for row in rows:
        text = texts[int(row["doc_id"][1:])]
        assert text[row["start"] : row["end"]] == row["surface"]
        assert row["element_id"] in tagger.lexicon
        assert 0 < row["confidence"] <= 1
        assert row["polarity"] in (-1.0, 0.0)
    alone = [
        row
        for text in texts
        for row in tagger.tag(documents(text, lang=lang), about_fashion=about_fashion).to_pylist()
    ]
    assert [row["surface"] for row in alone] == [row["surface"] for row in rows]
