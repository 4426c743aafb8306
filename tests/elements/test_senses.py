from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from elements.conftest import CUES

from modacast.elements import Lexicon, Tagger
from modacast.elements.context import Context, Sense, load_senses, signs_beside
from modacast.elements.matcher import Matches
from modacast.errors import InvalidInput, NotFitted, NotFound
from modacast.types import Floats

WORDS = ("wear", "wore", "skirt", "bake", "oven", "mountain")


def encode(texts: Sequence[str]) -> Floats:
    """Count a few words: enough to tell cooking from clothes."""
    counts = np.array([[text.lower().count(word) for word in WORDS] + [0.1] for text in texts], np.float32)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def sense(text: str, word: str, *, is_fashion: bool) -> Sense:
    start = text.index(word)
    return Sense("en", "train", start, start + len(word), is_fashion, text)


SENSES = [
    sense("I wear a white one", "white", is_fashion=True),
    sense("she wore the red skirt", "red", is_fashion=True),
    sense("bake until white", "white", is_fashion=False),
    sense("the red oven", "red", is_fashion=False),
    sense("top of the mountain", "top", is_fashion=False),
]


@pytest.fixture
def context() -> Context:
    return Context(encode).fit(SENSES, np.zeros((len(SENSES), 2), np.float32))


def tag(tagger: Tagger, text: str, *, about_fashion: bool = False) -> list[dict]:
    documents = pa.table({"id": ["1"], "text": [text], "lang": ["en"]})
    return tagger.tag(documents, about_fashion=about_fashion).to_pylist()


def test_context_counts_what_the_rules_leave_out(lexicon: Lexicon, context: Context) -> None:
    assert tag(Tagger(lexicon, CUES), "I wear white") == []
    (mention,) = tag(Tagger(lexicon, CUES, context=context), "I wear white")
    assert mention["element_id"] == "color/white"
    assert 0.5 <= mention["confidence"] <= 1


def test_context_leaves_out_another_sense(lexicon: Lexicon, context: Context) -> None:
    text = "bake the cake in the oven until white, says the one with the jeans"
    assert [m["surface"] for m in tag(Tagger(lexicon, CUES), text)] == ["white", "jeans"]
    assert [m["surface"] for m in tag(Tagger(lexicon, CUES, context=context), text)] == ["jeans"]


def test_only_texts_with_an_ambiguous_word_are_encoded(lexicon: Lexicon, context: Context) -> None:
    def refuse(texts: Sequence[str]) -> Floats:
        raise AssertionError(texts)

    unread = Context(refuse)
    unread.weights_ = context.weights_
    tagger = Tagger(lexicon, CUES, context=unread)
    assert len(tag(tagger, "jeans and a sweater")) == 2
    assert len(tag(tagger, "a white top", about_fashion=True)) == 2


def test_a_word_is_read_once_a_text_and_not_beside_a_clear_garment(
    lexicon: Lexicon, context: Context
) -> None:
    read: list[str] = []

    def note(texts: Sequence[str]) -> Floats:
        read.extend(texts)
        return encode(texts)

    noting = Context(note)
    noting.weights_ = context.weights_
    tagger = Tagger(lexicon, CUES, context=noting)
    found = tag(tagger, "I wear white, and white again, with white jeans")
    assert [m["surface"] for m in found] == ["white", "white", "white", "jeans"]
    assert len(read) == 1
    read.clear()
    assert [m["surface"] for m in tag(tagger, "bake white jeans")] == ["white", "jeans"]
    assert read == []


def test_many_clear_signs_make_an_open_word_fashion(lexicon: Lexicon, context: Context) -> None:
    flat = Context(encode)
    flat.weights_ = np.zeros_like(context.weights_)
    flat.weights_[-1] = -0.3
    tagger = Tagger(lexicon, CUES, context=flat)
    assert [m["surface"] for m in tag(tagger, "white, so the jeans")] == ["jeans"]
    long = "white, so the jeans, then a sweater, at last a skirt"
    assert "white" in [m["surface"] for m in tag(tagger, long)]


def test_what_stands_near_is_counted() -> None:
    doc, start = np.array([0, 0, 0, 1]), np.array([0, 10, 200, 5])
    mentions = Matches(doc, start, start + 4, np.zeros(4, np.int64))
    signs = signs_beside(mentions, np.arange(4), np.array([True, True, False, False]))
    np.testing.assert_allclose(signs[:, 1], np.log1p([1, 1, 0, 0]))
    assert signs[:, 0].tolist() == [1, 1, 0, 0]


def test_tagger_without_context_is_as_before(lexicon: Lexicon, context: Context) -> None:
    tagger = Tagger(lexicon, CUES, context=context)
    assert tag(tagger.with_context(None), "I wear white") == []
    assert tag(tagger, "I wear white") != []


def test_saved_model_is_the_same(tmp_path: Path, context: Context) -> None:
    context.save(tmp_path / "c.safetensors")
    again = Context.load(encode, tmp_path / "c.safetensors")
    assert np.array_equal(again.weights_, context.weights_)


def test_errors(tmp_path: Path, context: Context) -> None:
    one, none = np.zeros(1, np.int64), np.zeros((1, 2), np.float32)
    with pytest.raises(NotFitted, match="fit"):
        Context(encode).probabilities(["a"], one, one, one + 1, none)
    with pytest.raises(InvalidInput, match="both kinds"):
        Context(encode).fit(SENSES[:2], np.zeros((2, 2), np.float32))
    with pytest.raises(NotFound, match="no\\.safetensors"):
        Context.load(encode, tmp_path / "no.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidInput, match="no context model"):
        Context.load(encode, tmp_path / "bad.safetensors")
    shipped = Context.load(encode)
    with pytest.raises(InvalidInput, match="width 384"):
        shipped.probabilities(["a"], one, one, one + 1, none)


def test_examples_are_whole_and_test_words_are_apart() -> None:
    senses = load_senses()
    assert {s.part for s in senses} == {"train", "test", "everyday"}
    assert len({s.lang for s in senses}) == 9
    texts = {part: {s.text for s in senses if s.part == part} for part in ("train", "test", "everyday")}
    assert not texts["train"] & (texts["test"] | texts["everyday"])
    assert not texts["test"] & texts["everyday"]


def test_example_without_its_word_is_named(tmp_path: Path) -> None:
    path = tmp_path / "senses.csv"
    path.write_text("lang,part,surface,is_fashion,text\nen,train,bow,1,no such word\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="line 2"):
        load_senses(path)


@pytest.mark.slow
def test_the_shipped_model_was_learned_from_the_shipped_examples() -> None:
    from benchmarks.context import signs_of

    from modacast.encoder import Encoder

    senses = [sense for sense in load_senses() if sense.part == "train"]
    exact = Encoder.from_pretrained("bundled", precision="float32")
    again = Context(exact.encode).fit(senses, signs_of(Tagger(Lexicon.load()), senses))
    np.testing.assert_allclose(again.weights_, Context.load(encode).weights_, atol=0.05)
