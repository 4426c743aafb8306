from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from modacast.elements import Lexicon, Relevance, Tagger
from modacast.elements.discovery import (
    NEW_WORDS,
    Discovery,
    DiscoveryRules,
    as_elements,
    discover,
    find_new_words,
    with_new_words,
)
from modacast.elements.discovery.grams import count_grams
from modacast.elements.discovery.nearby import is_nearby
from modacast.elements.discovery.units import Cutter
from modacast.errors import InvalidInput
from modacast.types import MENTIONS

START = date(2023, 1, 2)
N_WEEKS, BORN = 44, 34
RULES = DiscoveryRules()

NAMES = ["林小满", "周一诺", "苏打水", "何处去", "陈米米", "许多多", "江边柳", "白日梦"]
THINGS = ["连衣裙", "羽绒服", "衬衫", "毛衣", "牛仔裤", "靴子"]
FASHION = [
    "{name}的{thing}太好看",
    "{name}{thing}造型",
    "今天穿{thing}出门",
    "{thing}怎么搭配{name}示范",
    "秋天的{thing}穿搭",
]
OTHER = [
    "{name}发布新歌",
    "地铁{k}号线停运",
    "暴雨红色预警第{k}天",
    "{name}回应争议",
    "高考成绩第{k}名",
    "火锅店排队{k}小时",
    "油价又涨{k}分",
]
NEW = [
    "{name}云朵风毛衣",
    "云朵风穿搭",
    "{name}的云朵风",
    "今年流行云朵风吗",
    "{thing}也能云朵风",
    "一起云朵风",
]


HEADER = "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes\n"
ROWS = """garment/dress,,连衣裙,dress,ワンピース,원피스,robe,kleid,vestido,vestito,vestido,
garment/down,,羽绒服,down jacket,ダウン,패딩,doudoune,daunenjacke,plumífero,piumino,jaqueta,
garment/shirt,,衬衫,shirt,シャツ,셔츠,chemise,hemd,camisa,camicia,camisa,
garment/sweater,,毛衣,sweater,セーター,스웨터,pull,pullover,jersey,maglione,suéter,
garment/jeans,,牛仔裤,jeans,ジーンズ,청바지,jean,jeans,vaqueros,jeans,jeans,
garment/coat,,大衣,coat,コート,코트,manteau,mantel,abrigo,cappotto,casaco,
footwear/boots,,靴子,boots,ブーツ,부츠,bottes,stiefel,botas,stivali,botas,
"""


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory) -> Lexicon:
    path = tmp_path_factory.mktemp("lexicon") / "small.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return Lexicon.load(path, shipped=False)


@pytest.fixture(scope="module")
def found(stream, lexicon) -> pa.Table:
    return discover(stream, lexicon, rules=RULES)


@pytest.fixture(scope="module")
def stream(lexicon) -> pa.Table:
    """Titles of 44 weeks; from week 34 on, a style of which no lexicon knows."""
    chance = random.Random(3)
    texts, days = [], []
    for week in range(N_WEEKS):
        said = [(FASHION, 25), (OTHER, 60)] + ([(NEW, 4)] if week >= BORN else [])
        for forms, n in said:
            for _ in range(n):
                form = chance.choice(forms)
                texts.append(
                    form.format(
                        name=chance.choice(NAMES), thing=chance.choice(THINGS), k=chance.randint(2, 99)
                    )
                )
                days.append(START + timedelta(weeks=week, days=chance.randrange(7)))
    return documents(lexicon, texts, days)


def documents(lexicon, texts, days, lang="zh") -> pa.Table:
    langs = [lang] * len(texts)
    return pa.table(
        {
            "id": [f"d{i}" for i in range(len(texts))],
            "text": pa.array(texts, pa.string()),
            "lang": pa.array(langs, pa.string()),
            "published_at": pa.array(
                [None if d is None else datetime(d.year, d.month, d.day, tzinfo=UTC) for d in days],
                pa.timestamp("us", tz="UTC"),
            ),
            "relevance": pa.array(Relevance(Tagger(lexicon))([t or "" for t in texts], langs)),
        }
    )


def test_a_planted_style_is_found_soon_after_it_is_born(stream, found, lexicon):
    assert found.schema.equals(NEW_WORDS)
    row = next(row for row in found.to_pylist() if row["text"] == "云朵风")
    born = START + timedelta(weeks=BORN)
    assert born <= row["ds"] <= born + timedelta(weeks=3)
    assert row["first_seen"] == born
    assert row["n_texts"] >= 3
    assert row["n_before"] == 0
    texts = dict(zip(stream["id"].to_pylist(), stream["text"].to_pylist(), strict=True))
    assert row["evidence_ids"]
    assert all("云朵风" in texts[i] for i in row["evidence_ids"])


def test_what_a_word_of_a_style_begins_with_is_the_style(stream, lexicon, found):
    later = [f"{name}的云朵{thing}" for name in NAMES for thing in ("衬衫", "大衣", "靴子")]
    last = START + timedelta(weeks=N_WEEKS)
    more = documents(lexicon, later, [last] * len(later))
    more = more.set_column(0, "id", pa.array([f"m{i}" for i in range(len(later))]))
    both = pa.concat_tables([stream, more])
    style = next(row for row in found.to_pylist() if row["text"] == "云朵风")
    whole = discover(both, lexicon, rules=RULES)
    resumed = Discovery(lexicon, rules=RULES, since=last, known={"云朵风": style["probability"]}).read(both)
    for table in (whole, resumed):
        row = next(row for row in table.to_pylist() if row["text"] == "云朵")
        assert row["ds"] == last
        assert (row["facet"], row["facet_probability"]) == ("style", 0.9)
        assert row["probability"] >= style["probability"]


def test_what_is_old_or_of_the_lexicon_is_not_found(found):
    words = found["text"].to_pylist()
    assert not {*NAMES, *THINGS, "穿搭", "朵风", "云朵", "云朵风穿", "云朵风毛衣"} & set(words)


def test_nothing_looks_ahead(stream, found, lexicon):
    whole = found.to_pylist()
    walk, stepwise = Discovery(lexicon, rules=RULES), []
    for week in range(N_WEEKS):
        first = START + timedelta(weeks=week)
        day = pc.cast(stream["published_at"], pa.date32())
        part = stream.filter(pc.and_(pc.greater_equal(day, first), pc.less(day, first + timedelta(weeks=1))))
        stepwise += walk.read(part).to_pylist()
    assert stepwise == whole


def test_weeks_are_read_in_order(stream, lexicon):
    walk = Discovery(lexicon, rules=RULES)
    walk.read(stream)
    with pytest.raises(InvalidInput, match="in order"):
        walk.read(stream.slice(0, 10))


def test_weeks_without_texts_are_read_as_well(stream, lexicon):
    walk = Discovery(lexicon, rules=RULES)
    last = START + timedelta(weeks=N_WEEKS + 3)
    walk.read(stream, until=last)
    with pytest.raises(InvalidInput, match=str(last)):
        walk.read(stream)


@pytest.mark.parametrize("lang", ["zh", "en", "ja", "ko", "de", "xx", ""])
@pytest.mark.parametrize(
    "texts",
    [[], ["连衣裙"], ["😀😀😀", "👗"], ["", None], [" ", "\n\n", "a"], ["裙" * 3000], ["\u0000连衣裙\u0000"]],
)
def test_any_text_is_read(lexicon, texts, lang):
    found = discover(documents(lexicon, texts, [START] * len(texts), lang), lexicon)
    assert found.num_rows == 0


def test_rows_without_a_date_are_passed_over(lexicon, stream, found):
    texts = ["云朵风连衣裙"] * 5
    without = documents(lexicon, texts, [None] * 5)
    both = pa.concat_tables([stream, without])
    assert discover(both, lexicon, rules=RULES).equals(found)


def test_a_missing_column_is_named(lexicon):
    with pytest.raises(InvalidInput, match="relevance"):
        discover(pa.table({"id": ["a"], "text": ["b"], "lang": ["zh"], "published_at": [START]}), lexicon)


@pytest.mark.parametrize(
    "setting", [{"window": 0}, {"min_probability": 1.5}, {"max_bound": -0.1}, {"min_texts": 0}]
)
def test_rules_are_checked(setting):
    with pytest.raises(InvalidInput, match=next(iter(setting))):
        DiscoveryRules(**setting)


def test_new_words_become_elements_that_the_tagger_finds(stream, found, lexicon):
    (element,) = [e for e in as_elements(found) if "云朵风" in e.labels["zh"]]
    assert element.status == "admitted"
    wider = with_new_words(lexicon, found)
    assert wider[element.id].status == "admitted"
    texts = documents(wider, ["她的云朵风毛衣"], [START])
    assert element.id in Tagger(wider).tag(texts)["element_id"].to_pylist()
    mentions = find_new_words(found, texts)
    assert mentions.schema.equals(MENTIONS)
    assert element.id in mentions["element_id"].to_pylist()
    assert with_new_words(wider, found).version == wider.version


def test_collocations_of_a_language_with_spaces(lexicon):
    chance = random.Random(1)
    texts, days = [], []
    subjects = ["my sister", "the girls", "everyone", "a friend", "our teacher", "some people", "the band"]
    things = ["jeans", "dresses", "boots", "sweaters", "coats"]
    for week in range(N_WEEKS):
        day = START + timedelta(weeks=week)
        for _ in range(20):
            texts.append(
                f"{chance.choice(subjects)} wore {chance.choice(things)} with {chance.choice(things)} today"
            )
            texts.append(
                f"{chance.choice(subjects)} watched the game number {chance.randint(2, 99)} on television"
            )
        if week >= BORN:
            texts += [
                f"{chance.choice(subjects)} love ghostcore {chance.choice(things)} now",
                f"ghostcore is what {chance.choice(subjects)} wear, with {chance.choice(things)}",
                f"is ghostcore over? asks {chance.choice(subjects)}",
            ]
        days += [day] * (len(texts) - len(days))
    found = discover(documents(lexicon, texts, days, "en"), lexicon, rules=RULES)
    assert "ghostcore" in found["text"].to_pylist()


def test_words_that_mean_the_same_in_two_languages_are_one_element(found):
    row = next(row for row in found.to_pylist() if row["text"] == "云朵风")
    other = row | {
        "id": "e1",
        "text": "cloudcore",
        "lang": "en",
        "same_as": [row["id"]],
        "ds": row["ds"] + timedelta(weeks=1),
    }
    both = pa.Table.from_pylist([row, other], schema=NEW_WORDS)
    (element,) = as_elements(both)
    assert element.labels == {"zh": ("云朵风",), "en": ("cloudcore",)}
    texts = pa.table({"id": ["a", "b"], "text": ["一起云朵风", "all in cloudcore now"], "lang": ["zh", "en"]})
    assert find_new_words(both, texts)["element_id"].to_pylist() == [element.id, element.id]


def test_the_language_model_judges_and_names(stream, lexicon):
    """With vectors in which whatever holds `风` or a garment lies on one side, and names on the other."""
    import numpy as np

    chance = np.random.default_rng(0)

    def encode(texts):
        vectors = chance.normal(0, 0.05, (len(texts), 4)).astype(np.float32)
        vectors[:, 0] += [1.0 if any(c in t for c in "风裙服衫衣裤靴") else -1.0 for t in texts]
        return vectors

    from modacast.elements.discovery.judge import Example, Judge

    things = [Example(f"裙{i}", (f"〇好看{i}", f"今天的裙〇{i}"), 1, 2.0, 0.8) for i in range(40)]
    others = [Example(f"人{i}", (f"〇回应{i}", f"见到〇{i}"), -1, -2.0, 0.1) for i in range(40)]
    judge = Judge(encode).fit([*things, *others])
    assert judge.is_fitted
    assert judge.auc_ > 0.95
    said = judge.judge(
        [Example("云朵风", ("〇裙",), -1, 1.0, 0.5), Example("某人", ("〇回应",), -1, -1.0, 0.0)]
    )
    assert said.probability[0] > 0.9
    assert said.probability[1] < 0.1
    assert not Judge(encode).fit(things).is_fitted


def test_no_chinese_word_holds_what_joins_words():
    units = Cutter("zh").cut(["质感的百褶裙", "云朵风毛衣"])
    grams = count_grams(units, np.ones(2), (2, 3, 4, 5))
    first = grams.first[grams.offset[:-1]]
    runs = {units.surface(int(at), int(size)) for at, size in zip(first, grams.size, strict=True)}
    assert {"质感", "百褶", "百褶裙", "云朵风"} <= runs
    assert not any("的" in run for run in runs)


def test_a_kind_of_haircut_is_no_new_word_of_fashion(stream, lexicon):
    texts = [text.replace("云朵风", "云朵短发") for text in stream["text"].to_pylist()]
    held = stream.set_column(stream.column_names.index("text"), "text", pa.array(texts))
    assert any("云朵短发" in text for text in texts)
    assert not any("云朵" in word for word in discover(held, lexicon, rules=RULES)["text"].to_pylist())


@pytest.mark.parametrize(("text", "lang", "is_near"), [
    ("丸子头", "zh", True),
    ("拍摄路透", "zh", True),
    ("路透社", "zh", False),
    ("奶茶", "zh", True),
    ("厚乳奶茶", "zh", False),
    ("curly hairstyle", "en", True),
    ("hairstyle band", "en", False),
    ("peinado bob", "es", True),
    ("bob peinado", "es", False),
    ("カール髪型", "ja", True),
    ("16度", "ja", True),
    ("8分裤", "zh", False),
    ("90s", "en", False),
    ("", "ko", False),
    ("短发", "xx", False),
])  # fmt: skip
def test_the_head_of_a_word_says_what_it_is(text, lang, is_near):
    assert is_nearby(text, lang) is is_near
