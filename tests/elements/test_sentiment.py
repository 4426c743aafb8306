from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.elements import Sentiment, Tagger
from modacast.elements.clauses import split_clauses
from modacast.elements.polarity import load_polarity
from modacast.errors import InvalidInput, NotFound
from modacast.types import LANGUAGES


@pytest.fixture(scope="module")
def sentiment() -> Sentiment:
    return Sentiment()


@pytest.mark.parametrize(
    ("text", "lang", "sign"),
    [
        ("质量很好，穿着舒服", "zh", 1), ("起球掉色，差评", "zh", -1), ("不好看", "zh", -1), ("没有色差，也不起球", "zh", 1),
        ("不得不说很好看", "zh", 1), ("面料不错，但是太丑了，退货", "zh", -1), ("物超所值", "zh", 1), ("今天星期三", "zh", 0),
        ("没想象中好", "zh", -1), ("没想象中那么差", "zh", 1), ("I don't think it is nice", "en", -1),
        ("I don't think twice, it is nice", "en", 1),
        ("不好意思，请问几号", "zh", 0), ("線頭很多，質量差", "zh", -1),
        ("The fabric is soft and beautiful", "en", 1), ("It is not comfortable at all", "en", -1),
        ("cute, but it fell apart and I returned it", "en", -1), ("it is a table", "en", 0),
        ("とても可愛いです", "ja", 1), ("残念です。返品しました", "ja", -1), ("정말 예뻐요", "ko", 1), ("실망했어요 반품합니다", "ko", -1),
        ("très belle robe, je recommande", "fr", 1), ("mauvaise qualité, déçue", "fr", -1),
        ("wunderschönes Kleid, sehr bequem", "de", 1), ("kratzt und stinkt, zurückgeschickt", "de", -1),
        ("me encanta, muy cómodo", "es", 1), ("mala calidad, no lo recomiendo", "es", -1),
        ("bellissima e morbida", "it", 1), ("pessima qualità, delusa", "it", -1),
        ("amei, muito confortável", "pt", 1), ("péssimo, veio rasgado", "pt", -1),
    ],
)  # fmt: skip
def test_what_texts_feel(sentiment: Sentiment, text: str, lang: str, sign: int) -> None:
    score = float(sentiment.document_polarity([text], [lang])[0])
    assert (score > 0) - (score < 0) == sign


def test_intensifiers_and_contrast(sentiment: Sentiment) -> None:
    plain, much, little = sentiment.document_polarity(["舒服", "非常舒服", "有点舒服"], ["zh"] * 3)
    assert little < plain < much
    first, last = sentiment.document_polarity(["good but ugly", "ugly but good"], ["en"] * 2)
    assert first < last


@pytest.mark.parametrize(
    ("text", "lang", "signs"),
    [
        ("裙子很好看，但是靴子太丑了。", "zh", {"garment/dress": 1, "footwear/boots": -1}),
        ("衬衫收到了，非常满意。毛衣起球严重", "zh", {"garment/shirt": 1, "garment/sweater": -1}),
        (
            "I love the dress, but the boots are uncomfortable",
            "en",
            {"garment/dress": 1, "footwear/boots": -1},
        ),
        ("没有碎花，好看", "zh", {"pattern/floral": -1}),
        ("衬衫没有毛衣好看", "zh", {"garment/shirt": -1, "garment/sweater": 1}),
        ("衬衫没有牛仔裤好看", "zh", {"garment/shirt": -1, "garment/jeans": 1, "fabric/denim": 1}),
        ("la robe est plus jolie que la chemise", "fr", {"garment/dress": 1, "garment/shirt": -1}),
        (
            "I don't think the dress is pretty, but the boots are",
            "en",
            {"garment/dress": -1, "footwear/boots": 1},
        ),
        ("我不觉得这条裙子好看", "zh", {"garment/dress": -1}),
        ("Ich finde nicht, dass das Kleid schön ist", "de", {"garment/dress": -1}),
        ("je ne trouve pas que la robe soit jolie", "fr", {"garment/dress": -1}),
        ("no creo que el vestido sea bonito", "es", {"garment/dress": -1}),
        ("non credo che il vestito sia bello", "it", {"garment/dress": -1}),
        ("não acho que o vestido seja bonito", "pt", {"garment/dress": -1}),
        ("今天穿裙子。天气差", "zh", {"garment/dress": 0}),
    ],
)
def test_what_mentions_feel(
    sentiment: Sentiment, tagger: Tagger, text: str, lang: str, signs: dict[str, int]
) -> None:
    documents = pa.table({"id": ["a", "b"], "text": ["好看", text], "lang": [lang, lang]})
    rows = sentiment.mention_polarity(tagger.tag(documents), documents).to_pylist()
    assert {row["element_id"]: (row["polarity"] > 0) - (row["polarity"] < 0) for row in rows} == signs
    assert all(-1 <= row["polarity"] <= 1 for row in rows)


def test_mentions_of_other_documents(sentiment: Sentiment, tagger: Tagger) -> None:
    documents = pa.table({"id": ["a"], "text": ["裙子"], "lang": ["zh"]})
    mentions = tagger.tag(documents)
    with pytest.raises(NotFound, match="'a'"):
        sentiment.mention_polarity(mentions, documents.slice(1))
    with pytest.raises(InvalidInput, match="no column 'lang'"):
        sentiment.mention_polarity(mentions, documents.drop_columns(["lang"]))


def test_nothing_to_score(sentiment: Sentiment, tagger: Tagger) -> None:
    assert sentiment.document_polarity([], []).shape == (0,)
    none = pa.table(
        {
            "id": pa.array([], pa.string()),
            "text": pa.array([], pa.string()),
            "lang": pa.array([], pa.string()),
        }
    )
    assert sentiment.mention_polarity(tagger.tag(none), none).num_rows == 0


def test_the_shipped_words_suffice() -> None:
    words = load_polarity()
    count = {lang: sum(word.lang == lang for word in words) for lang in LANGUAGES}
    assert count["zh"] >= 300
    assert count["en"] >= 250
    assert min(count.values()) >= 60
    assert len({(word.lang, word.word) for word in words}) == len(words)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("lang,word\n", "line 1"), ("lang,word,score\nzz,好,1\n", "line 2, column lang"), ("lang,word,score\nzh,,1\n", "column word"),
        ("lang,word,score\nzh,好,2\n", "column score"), ("lang,word,score\nzh,好,x\n", "column score"), ("lang,word,score\nzh,好\n", "2 columns"),
    ],
)  # fmt: skip
def test_wrong_polar_words(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "polarity.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        load_polarity(path)
    with pytest.raises(NotFound):
        load_polarity(tmp_path / "none.csv")


@given(st.lists(st.text(max_size=30), max_size=6), st.sampled_from([*LANGUAGES, ""]))
def test_clauses_cover_every_text(texts: list[str], lang: str) -> None:
    clauses = split_clauses(texts, [lang] * len(texts))
    assert sorted(set(clauses.doc.tolist())) == list(range(len(texts)))
    for doc, start in zip(clauses.doc, clauses.start, strict=True):
        assert 0 <= start <= len(texts[doc])
    scores = Sentiment(()).document_polarity(texts, [lang] * len(texts))
    assert scores.tolist() == [0.0] * len(texts)
