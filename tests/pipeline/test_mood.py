"""Sentiment that is learned from rated reviews, behind its guard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from modacast.elements import Sentiment
from modacast.encoder import get_encoder
from modacast.pipeline.mood import RatedTexts, rated_texts, try_sentiment
from modacast.types import EVENTS


def rated(praise: str, blame: str, n: int = 300) -> RatedTexts:
    texts = [f"{(praise, blame)[i % 2]} number {i}" for i in range(n)]
    return RatedTexts(texts, ["en"] * n, ["positive" if i % 2 == 0 else "negative" for i in range(n)])


@pytest.mark.slow
def test_what_is_surely_better_is_kept() -> None:
    texts = rated("the parcel is blue", "a train leaves in May")
    learned = try_sentiment(Sentiment(encoder=get_encoder()), texts)
    assert learned is not None
    assert learned.is_kept
    assert learned.after > learned.before
    assert learned.gain.low > 0
    assert learned.n_texts == (240, 60)
    assert learned.sentiment.predict(["the parcel is blue number 9"], "en") == ["positive"]


def test_what_learned_nothing_is_refused() -> None:
    texts = rated("zorgle", "zorgle")
    in_use = Sentiment()
    learned = try_sentiment(in_use, texts)
    assert learned is None or learned.is_kept == (learned.gain.low > 0)
    shuffled = RatedTexts(texts.texts, texts.langs, texts.moods[:240] + texts.moods[240:][::-1])
    refused = try_sentiment(Sentiment().fit(texts.texts, texts.moods, "en", seeds=False), shuffled)
    assert refused is not None
    assert not refused.is_kept


@pytest.mark.parametrize("n", [0, 100])
def test_too_few_ratings_teach_nothing(n: int) -> None:
    assert try_sentiment(Sentiment(), rated("good", "bad", n)) is None


def test_which_events_are_rated_reviews() -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [("review", 5.0, "great"), ("review", 1.0, "bad"), ("rating", 5.0, None), ("review", None, "no stars"),
            ("review", 9.0, "out of range"), ("purchase", 3.0, "a price"), ("review", 3.0, " ")]  # fmt: skip
    given = [
        {field.name: None for field in EVENTS}
        | {"id": str(i), "user_key": "u", "item_id": "x", "kind": kind, "at": now - timedelta(days=i), "value": value, "text": text}
        for i, (kind, value, text) in enumerate(rows)
    ]  # fmt: skip
    found = rated_texts(pa.Table.from_pylist(given, EVENTS))
    assert found.texts == ["bad", "great"]
    assert found.moods == ["negative", "positive"]
