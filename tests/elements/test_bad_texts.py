"""Texts that nobody writes on purpose, or in languages that the lexicon lacks: an honest answer in bounded time."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from modacast.elements import Lexicon, Relevance, Tagger
from modacast.elements.attachment import attach
from modacast.elements.context import Context
from modacast.types import MENTIONS, Floats


def encode(texts: Sequence[str]) -> Floats:
    return np.full((len(texts), 384), 384**-0.5, np.float32)


@pytest.fixture(scope="module", params=["rules", "context"])
def tagger(request: pytest.FixtureRequest) -> Tagger:
    return Tagger(Lexicon.load(), context=Context.load(encode) if request.param == "context" else None)


def tag(tagger: Tagger, text: str, lang: str | None) -> pa.Table:
    schema = pa.schema([("id", pa.string()), ("text", pa.string()), ("lang", pa.string())])
    documents = pa.table([["a"], [text], [lang]], schema=schema)
    found = tagger.tag(documents)
    assert found.schema == MENTIONS
    attach(found, documents)
    spans = zip(
        found["start"].to_pylist(), found["end"].to_pylist(), found["surface"].to_pylist(), strict=True
    )
    assert all(text[start:end] == surface for start, end, surface in spans)
    return found


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("", "zh"), (" \n\t\u3000", "en"), ("\0\0\0", "en"), ("👗👠👜🧥" * 50, "zh"), ("🏳️‍🌈👩‍👩‍👧‍👦", "en"),
        ("ชุดกระโปรงสีแดงสวยมาก", "th"), ("فستان أحمر جميل جدا", "ar"), ("שמלה אדומה יפה", "he"),
        ("красное платье в горошек", "ru"), ("लाल साड़ी", "hi"), ("…!!??——", "zh"), ("1234567890", ""),
        ("\u202e\u200f\u200b\ufeff", "ar"), ("x" * 5000, "en"),
    ],
)  # fmt: skip
def test_nothing_is_found_where_nothing_is_named(tagger: Tagger, text: str, lang: str) -> None:
    assert tag(tagger, text, lang).num_rows == 0


@pytest.mark.parametrize(
    ("text", "lang", "surfaces"),
    [
        ("ชุด denim jacket สวย", "th", ["denim jacket"]),
        ("فستان من Zara مع sneakers", "ar", ["Zara", "sneakers"]),
        ("👗碎花连衣裙👗 sneakers ワンピース дресс", "zh", ["碎花连衣裙", "碎花", "sneakers"]),
        ("\u202b שמלה jeans \u202c", "he", ["jeans"]),
        ("jeans\0sneakers", None, ["jeans", "sneakers"]),
        ("j\u200beans, jeans", "en", ["jeans"]),
    ],
)
def test_scripts_may_mix(tagger: Tagger, text: str, lang: str | None, surfaces: list[str]) -> None:
    found = tag(tagger, text, lang)["surface"].to_pylist()
    assert [surface for surface in found if surface in surfaces] == surfaces


def test_halves_of_surrogate_pairs_are_read_as_unknown_characters(tagger: Tagger) -> None:
    # an Arrow column cannot hold them, the reader can get them from other callers
    text = "\ud83d碎花连衣裙\udc57 \ud800jeans"
    reading = tagger.reader.read([text], ["zh"])
    spans = zip(reading.mentions.start.tolist(), reading.mentions.end.tolist(), strict=True)
    assert {"碎花", "连衣裙", "jeans"} <= {text[start:end] for start, end in spans}
    assert Relevance(tagger)([text], ["zh"])[0] > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unit", "lang", "names_clothes"),
    [
        ("碎花连衣裙配黑色高跟鞋，", "zh", True),
        ("red shoes and a white shirt ", "en", True),
        ("裙", "zh", None),
        ("black ", "en", None),
        ("a", "en", False),
        ("ก", "th", False),
    ],
)
def test_a_megabyte_takes_seconds(
    tagger: Tagger, unit: str, lang: str, *, names_clothes: bool | None
) -> None:
    text = unit * (1_000_000 // len(unit.encode()))
    began = time.process_time()
    found = tagger.tag(pa.table({"id": ["a"], "text": [text], "lang": [lang]}))
    assert time.process_time() - began < 20
    if names_clothes is not None:
        assert (found.num_rows > 0) == names_clothes
