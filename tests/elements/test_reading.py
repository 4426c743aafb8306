"""The shipped sentiment model, with the bundled encoder."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import modacast.elements
from modacast.elements import Sentiment
from modacast.elements.mood_model import MoodModel
from modacast.elements.seeds import MOODS, load_seeds
from modacast.encoder import get_encoder
from modacast.errors import InvalidInput
from modacast.pipeline.build_sentiment import learn_shipped
from modacast.types import MENTIONS


@pytest.fixture(scope="module")
def sentiment() -> Sentiment:
    return Sentiment(encoder=get_encoder())


@pytest.mark.slow
def test_the_shipped_weights_belong_to_the_shipped_seeds() -> None:
    for name, again in learn_shipped().items():
        shipped = Sentiment(encoder=again.encoder).model
        assert shipped.report.n_texts == len(load_seeds()), "run python -m modacast.pipeline.build_sentiment"
        # float32 rounds by about 5e-6 differently from one processor to another
        np.testing.assert_allclose(again.model.weights, shipped.weights, atol=1e-4, err_msg=name)
        np.testing.assert_allclose(again.model.bias, shipped.bias, atol=1e-4, err_msg=name)


def test_the_shipped_weights_are_small() -> None:
    with modacast.elements.sentiment.as_file(
        modacast.elements.sentiment.files("modacast.elements") / "data"
    ) as data:
        sizes = [
            path.stat().st_size
            for name in ("sentiment", "sentiment_lexicon")
            for path in (data / name).iterdir()
        ]
    assert len(sizes) == 4
    assert sum(sizes) < 1_000_000


@pytest.mark.parametrize(
    ("text", "lang", "mood"),
    [
        ("这条裙子不要太好看，姐妹们都在问", "zh", "positive"), ("不是一般的好，值得买", "zh", "positive"),
        ("呵呵，穿一次就开线，真是好质量", "zh", "negative"), ("好看是好看，就是穿一次就坏了，退货了", "zh", "negative"),
        ("请问有没有大码", "zh", "neutral"), ("还行吧，一般般", "zh", "neutral"),
        ("Not bad at all, I love the fit", "en", "positive"), ("Great, it fell apart after one wash", "en", "negative"),
        ("I couldn't be happier with these shoes", "en", "positive"), ("What size should I order?", "en", "neutral"),
        ("思ったより暖かくて満足です", "ja", "positive"), ("すぐ破れて最悪でした", "ja", "negative"),
        ("정말 예뻐요 만족합니다", "ko", "positive"), ("냄새도 나고 찢어졌어요", "ko", "negative"),
        ("Magnifique, je suis ravie", "fr", "positive"), ("Très déçue, à fuir", "fr", "negative"),
        ("Bin begeistert, sitzt perfekt", "de", "positive"), ("Nach einer Wäsche kaputt, nie wieder", "de", "negative"),
        ("Me encanta, muy cómodo", "es", "positive"), ("Se rompió enseguida, una estafa", "es", "negative"),
        ("Bellissimo, lo adoro", "it", "positive"), ("Soldi buttati, pessima qualità", "it", "negative"),
        ("Amei, caimento perfeito", "pt", "positive"), ("Rasgou logo, não recomendo", "pt", "negative"),
    ],
)  # fmt: skip
def test_what_texts_feel(sentiment: Sentiment, text: str, lang: str, mood: str) -> None:
    assert sentiment.predict([text], lang) == [mood]


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "12345", "！！！…", "\ud800", "١٢٣", "ᏣᎳᎩ ᎦᏬᏂ"])
def test_nobody_can_tell_what_says_nothing(sentiment: Sentiment, text: str) -> None:
    for reader in (sentiment, Sentiment()):
        assert reader.predict_proba([text], "zh")[0].tolist() == pytest.approx([0.3, 0.4, 0.3])
        assert reader.explain(text, "zh").mood == "neutral"


@pytest.mark.parametrize(
    ("text", "lang"),
    [("好" * 1_000_000, "zh"), ("裙子 so nice です", "zh"), ("فستان جميل", "ar"), ("a\ud800b good", "en"), ("שמלה", "xx"), ("dress", "")],
)  # fmt: skip
def test_odd_texts_get_chances_that_sum_to_one(sentiment: Sentiment, text: str, lang: str) -> None:
    shares = sentiment.predict_proba([text], lang)
    assert shares.shape == (1, 3)
    assert shares.sum() == pytest.approx(1)
    assert np.isfinite(shares).all()
    sentiment.explain(text, lang)


def test_no_text_and_wrong_lengths(sentiment: Sentiment) -> None:
    assert sentiment.predict_proba([], []).shape == (0, 3)
    with pytest.raises(InvalidInput, match="2 texts, but 1 languages"):
        sentiment.predict_proba(["a", "b"], ["en"])


def test_reasons_are_pieces_of_the_text(sentiment: Sentiment) -> None:
    text = "颜色很好看，但是面料太差了，一洗就起球"
    reading = sentiment.explain(text, "zh")
    assert reading.mood == "negative"
    assert sum(reading.probabilities.values()) == pytest.approx(1)
    assert all(text[reason.start : reason.end] == reason.text for reason in reading.reasons)
    weight = {reason.text: reason.weight for reason in reading.reasons}
    assert weight["一洗就起球"] < 0
    assert weight["颜色很好看"] > 0


def test_mentions_without_words_of_praise_or_blame(sentiment: Sentiment) -> None:
    text = "风衣每天都穿，帽子到手就压箱底了"
    rows = [
        dict(
            zip(
                MENTIONS.names, ("a", "garment/x", text.index(s), text.index(s) + 2, s, 0.0, 1.0), strict=True
            )
        )
        for s in ("风衣", "帽子")
    ]
    documents = pa.table({"id": ["a"], "text": [text], "lang": ["zh"]})
    felt = sentiment.mention_polarity(pa.Table.from_pylist(rows, MENTIONS), documents)["polarity"].to_pylist()
    assert felt[0] > 0 > felt[1]


@pytest.mark.slow
def test_fitting_on_ratings(tmp_path, monkeypatch) -> None:
    some = load_seeds()[::5]
    monkeypatch.setattr("modacast.elements.sentiment.load_seeds", lambda: some)
    sentiment = Sentiment(encoder=get_encoder())
    texts = [f"吴侬软语 {i}" for i in range(30)] + [f"阳春白雪 {i}" for i in range(30)]
    before = sentiment.version
    assert sentiment.fit(texts, [5] * 30 + [1] * 30, "zh") is sentiment
    assert sentiment.model.report.n_texts == 60 + len(some)
    assert sentiment.version != before
    new = ["吴侬软语", "阳春白雪"]
    assert sentiment.predict(new, "zh") == ["positive", "negative"]
    again = Sentiment.load(sentiment.save(tmp_path / "model"), encoder=get_encoder())
    np.testing.assert_allclose(again.predict_proba(new, "zh"), sentiment.predict_proba(new, "zh"), atol=1e-4)
    with pytest.raises(InvalidInput, match="open it with that encoder"):
        Sentiment.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("ratings", "message"),
    [([6], "1 to 5"), (["nice"], "no mood"), ([float("nan")], "1 to 5"), ([], "1 texts")],
)
def test_wrong_ratings(ratings: list[float | str], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Sentiment().fit(["a"], ratings, "en")


def test_a_learned_mood_without_neutral_texts_gives_it_no_chance() -> None:
    model = Sentiment().fit(["good"] * 9 + ["bad"] * 9, [5] * 9 + [1] * 9, "en", seeds=False)
    assert isinstance(model.model, MoodModel)
    assert model.predict_proba(["good"], "en")[0][MOODS.index("neutral")] == 0


def test_stars_are_moods() -> None:
    from modacast.elements.ratings import moods_of

    assert moods_of([1, 2, 3, 4.0, 5, " Neutral"]) == ["negative", "negative", "neutral", "positive", "positive", "neutral"]  # fmt: skip
