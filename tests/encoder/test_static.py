from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from safetensors.numpy import save_file

from modacast.encoder.static import StaticEncoder, distil_static
from modacast.errors import InvalidInput, StorageError
from modacast.types import Encoder


@pytest.fixture(scope="module")
def static(tiny_encoder) -> StaticEncoder:
    texts = ["红红红 dress", "红色裙子", "新中式"]
    return distil_static(tiny_encoder, tiny_encoder.tokenizer, texts, dim=8)


def test_vectors_are_means_of_pieces(static):
    vectors = static.encode_document(["红色", "色红", "红", "", "裙子"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (5, 8)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    np.testing.assert_array_equal(vectors, static.encode_query(["红色", "色红", "红", "", "裙子"]))
    assert isinstance(static, Encoder)


def test_frequent_pieces_weigh_less(static):
    both, frequent, rare = static.encode_document(["红式", "红", "式"])
    assert both @ rare > both @ frequent


def test_saved_and_opened(static, tmp_path):
    opened = StaticEncoder.from_pretrained(static.save_pretrained(tmp_path / "s"))
    texts = ["红色裙子", "新中式 dress"]
    np.testing.assert_array_equal(opened.encode_document(texts), static.encode_document(texts))
    assert opened.dim == 8
    with pytest.raises(StorageError):
        static.save_pretrained(tmp_path / "s")


@pytest.mark.usefixtures("torch")
@pytest.mark.skipif(not find_spec("sentence_transformers"), reason="needs the extra train")
def test_sentence_transformers_opens_it(static, tmp_path):
    from sentence_transformers import SentenceTransformer

    folder = static.save_pretrained(tmp_path / "s")
    texts = ["红色裙子", "新中式 dress"]
    theirs = SentenceTransformer(str(folder), device="cpu").encode(texts)
    np.testing.assert_allclose(static.encode_document(texts), theirs, atol=1e-6)


def test_what_is_no_static_model(static, tmp_path, tiny_encoder):
    with pytest.raises(InvalidInput, match="holds no static model"):
        StaticEncoder.from_pretrained(tmp_path)
    save_file({"a": np.zeros(2)}, tmp_path / "model.safetensors")
    with pytest.raises(InvalidInput, match=r"embedding\.weight"):
        StaticEncoder.from_pretrained(tmp_path)
    with pytest.raises(InvalidInput, match="dim of 1 to 32"):
        distil_static(tiny_encoder, tiny_encoder.tokenizer, ["红"], dim=99)
    with pytest.raises(InvalidInput, match="rows"):
        StaticEncoder(tiny_encoder.tokenizer, np.zeros((3, 8), np.float32), "x")
