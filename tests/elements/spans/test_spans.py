"""Spans that the lexicon lacks: labels, search, learning, storage, lists."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from modacast.elements import Lexicon, Tagger
from modacast.elements.spans import COUNTED_SPANS, SPANS, SpanTagger, counted
from modacast.elements.spans.lessons import Marked, marked, swapped
from modacast.elements.spans.models import Linear, spans_of, trimmed
from modacast.elements.spans.tokens import Sentence, Span, sentences
from modacast.encoder.states import TokenStates
from modacast.errors import InvalidInput, NotFitted, NotFound
from modacast.types import FACETS

GARMENTS = ("连衣裙", "衬衫", "羽绒服", "牛仔裤", "毛衣")
COLORS = ("碎花", "蕾丝", "无袖", "纯棉", "真皮")
OTHERS = ("朋友", "天气", "电影", "咖啡", "公司")


class Letters:
    """A language model that knows each character by its number, and whether `穿` or `件` stands before it."""

    model_id = "letters"
    dim = 34

    def states(self, texts):
        return [self._states(text) for text in texts]

    def encode(self, texts):
        rows = np.stack([self._states(text).states.astype(np.float32).mean(axis=0) + 1e-3 for text in texts])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def _states(self, text):
        rows = np.zeros((len(text), self.dim), np.float16)
        for i, character in enumerate(text):
            rows[i, ord(character) % 32] = 1
            rows[i, 32] = i > 0 and text[i - 1] in "穿件"
            rows[i, 33] = i > 1 and text[i - 2] in "穿件"
        places = np.arange(len(text))
        return (
            TokenStates(rows, places, places + 1)
            if text
            else TokenStates(rows.reshape(0, self.dim), places, places)
        )


def documents(texts, lang="zh"):
    return pa.table({"id": [f"d{i}" for i in range(len(texts))], "text": texts, "lang": [lang] * len(texts)})


def corpus(n=80):
    rng = np.random.default_rng(0)
    pick = lambda words: words[int(rng.integers(len(words)))]  # noqa: E731
    return [
        f"{pick(OTHERS)}说今天穿{pick(GARMENTS)}好看，这件{pick(COLORS)}不错，{pick(OTHERS)}很好"
        for _ in range(n)
    ]


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    from elements.conftest import ROWS

    path = tmp_path_factory.mktemp("lexicon") / "lexicon.csv"
    path.write_text(ROWS, encoding="utf-8")
    return Tagger(Lexicon.load(path, shipped=False))


@pytest.fixture(scope="module")
def learned(tagger):
    return SpanTagger(Letters(), tagger).fit(documents(corpus()), about_fashion=True)


def test_a_word_that_the_lexicon_lacks_is_found_by_what_stands_before_it(learned):
    table = learned.find(documents(["今天穿马甲好看", "今天穿连衣裙好看"]), about_fashion=True, least=0.0)
    assert table.schema == SPANS
    rows = table.to_pylist()
    assert [(row["doc_id"], row["start"], row["text"]) for row in rows] == [("d0", 3, "马甲")]
    row = rows[0]
    assert 0 < row["by_context"] <= 1
    assert 0 < row["by_word"] < 1
    assert row["probability"] == pytest.approx(row["by_context"] * row["by_word"])
    assert row["facet"] in FACETS
    assert len(row["nearest"]) == 3
    assert not row["is_known"]


def test_known_spans_are_told_where_they_are_asked_for(learned):
    texts = documents(["今天穿连衣裙好看", "今天穿马甲好看"])
    rows = learned.find(texts, about_fashion=True, least=0.0, known=True).to_pylist()
    assert [(row["doc_id"], row["start"], row["is_known"]) for row in rows] == [
        ("d0", 3, True),
        ("d1", 3, False),
    ]


def test_the_least_probability_counts(learned):
    texts = documents(["今天穿马甲好看"])
    probability = learned.find(texts, least=0.0)["probability"][0].as_py()
    assert learned.find(texts, least=probability + 0.01).num_rows == 0
    assert learned.find(texts, least=probability - 0.01).num_rows == 1


def test_learning_twice_gives_the_same(learned, tagger):
    again = SpanTagger(Letters(), tagger).fit(documents(corpus()), about_fashion=True)
    for part in ("tokens", "facets", "words"):
        np.testing.assert_array_equal(
            getattr(again.models_, part).weights, getattr(learned.models_, part).weights
        )


def test_what_was_saved_finds_the_same(learned, tagger, tmp_path):
    texts = documents(["今天穿马甲好看", "", "这件亚麻不错"])
    learned.save(tmp_path / "model")
    loaded = SpanTagger.load(tmp_path / "model", Letters(), tagger)
    assert loaded.find(texts, least=0.0).equals(learned.find(texts, least=0.0))


def test_a_model_of_another_encoder_or_none_is_refused(learned, tagger, tmp_path):
    learned.save(tmp_path / "model")
    other = Letters()
    other.model_id = "other"
    with pytest.raises(InvalidInput, match="learned with the language model letters"):
        SpanTagger.load(tmp_path / "model", other, tagger)
    with pytest.raises(NotFound, match="no span tagger"):
        SpanTagger.load(tmp_path / "nothing", Letters(), tagger)
    (tmp_path / "model" / "spans.safetensors").write_bytes(b"broken")
    with pytest.raises(InvalidInput, match="not a whole span tagger"):
        SpanTagger.load(tmp_path / "model", Letters(), tagger)


def test_nothing_is_found_before_learning_and_too_little_is_refused(tagger):
    spans = SpanTagger(Letters(), tagger)
    with pytest.raises(NotFitted):
        spans.find(documents(["今天穿马甲好看"]))
    with pytest.raises(InvalidInput, match="at least 50"):
        spans.fit(documents(["今天穿连衣裙"]))
    with pytest.raises(InvalidInput, match="2 rows of values for 1 texts"):
        spans.fit(documents(["今天穿连衣裙"]), values=[["马甲"], []])


def test_values_are_marked_where_they_cut_no_known_name(tagger):
    text = marked(
        documents(["这件马甲配连衣裙"]), tagger, about_fashion=True, values=[["马甲", "配连", "无"]]
    )[0]
    assert [(s.start, s.end, s.facet) for s in text.spans if s.facet < 0] == [(2, 4, -1)]
    assert text.covered(5, 8)
    assert not text.covered(4, 8)


def test_half_the_names_are_swapped_for_others_of_their_kind():
    garment = FACETS.index("garment")
    texts = [Marked("穿连衣裙了", "zh", (Span(1, 4, garment),)) for _ in range(400)]
    rng = np.random.default_rng(0)
    names = {("zh", garment): ["衫", "羽绒大衣"]}
    made = [swapped(text, names, rng) for text in texts]
    assert {text.text for text in made} == {"穿连衣裙了", "穿衫了", "穿羽绒大衣了"}
    assert 0.4 < np.mean([text.text == "穿连衣裙了" for text in made]) < 0.6
    for text in made:
        span = text.spans[0]
        assert text.text == "穿" + text.text[span.start : span.end] + "了"


def test_tags_begin_and_go_on():
    sentence = sentences(Letters(), ["穿连衣裙，棉"], ["zh"])[0]
    assert sentence.tags([Span(1, 4), Span(3, 4), Span(5, 6)]).tolist() == [0, 1, 2, 2, 0, 1]


def test_an_inside_never_follows_an_outside():
    nothing = np.zeros(3, np.int64)
    sentence = Sentence("abc", np.zeros((3, 1), np.float32), nothing, nothing, np.ones(3, np.bool_))
    scores = np.log(np.array([[0.9, 0.05, 0.05], [0.02, 0.38, 0.6], [0.1, 0.1, 0.8]], np.float32))
    spans = spans_of(sentence, scores, lean=0.0)
    assert [(span.first, span.last) for span in spans] == [(1, 3)]
    assert spans[0].probability == pytest.approx(np.sqrt(0.98 * 0.9), rel=1e-4)


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("撞色的领口", 0, 3, (0, 2)),
        ("与流苏，", 0, 4, (1, 3)),
        ("[phone] 裙", 1, 6, None),
        ("的", 0, 1, None),
        ("裙", 0, 1, None),
        ("前襟", 0, 2, (0, 2)),
    ],
)
def test_particles_and_stand_ins_are_no_names(text, start, end, expected):
    assert trimmed(text, start, end) == expected


def test_a_class_without_examples_never_wins():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200) * 2
    features = (truth[:, None] + rng.normal(0, 0.1, (200, 3))).astype(np.float32)
    model = Linear.fit(features, truth, strength=1.0, n_classes=4)
    log_probabilities = model.log_probabilities(features)
    assert (log_probabilities.argmax(axis=1) == truth).all()
    np.testing.assert_allclose(np.exp(log_probabilities).sum(axis=1), 1, rtol=1e-5)


def span(doc_id, text, probability, facet="garment"):
    return {"doc_id": doc_id, "start": 0, "end": len(text), "text": text, "lang": "zh", "facet": facet,
            "probability": probability, "by_context": 1.0, "by_word": probability, "nearest": ["garment/vest"],
            "cosine": 0.5, "is_known": False}  # fmt: skip


def test_the_list_counts_texts_and_shows_the_best_place():
    rows = [
        span("a", "马甲", 0.2),
        span("a", "马甲", 0.3),
        span("b", "马甲", 0.9, "style"),
        span("b", "马褂", 0.8),
    ]
    texts = {"a": "一件马甲", "b": "[phone] 穿马甲和" + "长" * 50}
    table = counted(pa.Table.from_pylist(rows, schema=SPANS), texts)
    assert table.schema == COUNTED_SPANS
    first, second = table.to_pylist()
    assert (first["text"], first["n_texts"], first["facet"]) == ("马甲", 2, "garment")
    assert first["probability"] == pytest.approx((0.2 + 0.3 + 0.9) / 3, abs=1e-4)
    assert first["example"].startswith("[phone] 穿马甲和")
    assert len(first["example"]) < 50
    assert second["example"] is None  # the scrubbed text does not hold it
    assert counted(pa.Table.from_pylist(rows, schema=SPANS), texts, fewest=2).num_rows == 1
