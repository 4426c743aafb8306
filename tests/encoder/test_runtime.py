from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modacast.encoder import Encoder, get_encoder
from modacast.encoder import runtime as runtime_module
from modacast.errors import InvalidInput, StorageError
from modacast.types import Encoder as EncoderProtocol

TEXTS = ["红色连衣裙", "dress", "", "新中式马面裙的红", "多巴胺 dress", "长"]
WORDS = [list("红色连衣裙"), ["dress"], [], list("新中式马面裙的红"), [*"多巴胺", "dress"], ["长"]]


def open_tiny(tiny, tmp_path, **options) -> Encoder:
    options = {"precision": "float32", "threads": 2, **options}
    return Encoder.from_pretrained(tiny.folder, cache_dir=tmp_path / "cache", **options)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_vectors_are_those_of_a_plain_forward_pass(tiny, tmp_path, pooling):
    vectors = open_tiny(tiny, tmp_path, pooling=pooling).encode(TEXTS)
    wanted = np.stack([tiny.vector(words, pooling) for words in WORDS])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, wanted, atol=2e-5)


def test_int8_stays_near_float32(tiny, tmp_path):
    exact = open_tiny(tiny, tmp_path).encode(TEXTS)
    rounded = open_tiny(tiny, tmp_path, precision="int8").encode(TEXTS)
    # processors without VNNI round a little more
    assert ((exact * rounded).sum(axis=1) > 0.99).all()
    assert not np.array_equal(exact, rounded)


def test_it_is_an_encoder(tiny_encoder):
    assert isinstance(tiny_encoder, EncoderProtocol)
    assert tiny_encoder.dim == 32


def test_nothing_in_nothing_out(tiny_encoder):
    assert tiny_encoder.encode([]).shape == (0, 32)


@pytest.mark.parametrize("texts", ["红色", None, ["红", None], ["红", 3], {"红"}, [b"red"]])
def test_what_is_no_list_of_strings_is_refused(tiny_encoder, texts):
    with pytest.raises(InvalidInput, match="list of strings"):
        tiny_encoder.encode(texts)


@pytest.mark.parametrize(
    "options", [{"kind": "passage"}, {"pooling": "max"}, {"batch_tokens": 0}], ids=lambda o: next(iter(o))
)
def test_unknown_options_are_refused(tiny_encoder, options):
    with pytest.raises(InvalidInput, match=next(iter(options))):
        tiny_encoder.encode(["红"], **options)


def test_unknown_ways_of_opening_are_refused(tiny, tmp_path):
    for options in ({"pooling": "max"}, {"precision": "int3"}, {"threads": 0}, {"prefixes": {"ask": "q: "}}):
        with pytest.raises(InvalidInput, match=next(iter(options))):
            open_tiny(tiny, tmp_path, **options)


def test_order_and_repetition_do_not_matter(tiny_encoder):
    once = tiny_encoder.encode(TEXTS)
    again = tiny_encoder.encode([*reversed(TEXTS), *TEXTS])
    np.testing.assert_allclose(again[len(TEXTS) :], once, atol=1e-6)
    np.testing.assert_allclose(again[: len(TEXTS)][::-1], once, atol=1e-6)


def test_the_same_call_gives_the_same_bits(tiny_encoder):
    texts = [text * n for text in TEXTS for n in range(1, 30)]
    assert np.array_equal(tiny_encoder.encode(texts), tiny_encoder.encode(texts))


def test_batch_size_and_windows_do_not_matter(tiny_encoder, monkeypatch):
    texts = [text * n for text in TEXTS for n in range(1, 10)]
    usual = tiny_encoder.encode(texts)
    monkeypatch.setattr(runtime_module, "_TEXTS_AT_ONCE", 7)
    np.testing.assert_allclose(tiny_encoder.encode(texts, batch_tokens=3), usual, atol=1e-5)


def test_unnormalised_vectors_are_the_same_but_for_their_length(tiny_encoder):
    raw = tiny_encoder.encode(TEXTS, normalize=False)
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    assert abs(lengths - 1).max() > 0.1
    np.testing.assert_allclose(raw / lengths, tiny_encoder.encode(TEXTS), atol=1e-6)


def test_prefixes_are_put_before_and_change_the_id(tiny, tmp_path):
    plain = open_tiny(tiny, tmp_path)
    prefixed = open_tiny(tiny, tmp_path, prefixes={"query": "a ", "document": "b "})
    np.testing.assert_array_equal(prefixed.encode_query(["红"]), plain.encode(["a 红"]))
    np.testing.assert_array_equal(prefixed.encode_document(["红"]), plain.encode(["b 红"]))
    np.testing.assert_array_equal(prefixed.encode(["红"]), plain.encode_query(["红"]))
    assert prefixed.model_id != plain.model_id


def test_the_id_stands_for_all_that_decides_the_vectors(tiny, tmp_path):
    ids = {
        open_tiny(tiny, tmp_path, **options).model_id
        for options in ({}, {"pooling": "cls"}, {"precision": "int8"}, {"prefixes": {"query": "a "}})
    }
    assert len(ids) == 4
    assert open_tiny(tiny, tmp_path, threads=1).model_id in ids
    assert all(model_id.startswith("tiny-bert@") for model_id in ids)


def test_long_texts_are_cut_where_the_model_ends(tiny, tmp_path):
    encoder = open_tiny(tiny, tmp_path)
    wanted = tiny.vector(["红"] * 600)
    np.testing.assert_allclose(encoder.encode(["红" * 600])[0], wanted, atol=1e-4)


def test_a_megabyte_of_text_is_quick(tiny_encoder):
    began = time.process_time()  # other work may take the processor
    tiny_encoder.encode(["红色" * 500_000, " \n" * 500_000, "x" * 1_000_000, "dress " * 200_000])
    assert time.process_time() - began < 3


def test_lone_surrogates_are_read_as_replacements(tiny_encoder):
    vectors = tiny_encoder.encode(["红\ud83d色", "红\ufffd色"])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


@given(st.lists(st.text(st.characters(), max_size=60), max_size=5))
@settings(max_examples=40, deadline=None)
def test_any_text_has_a_vector(tiny_encoder, texts):
    vectors = tiny_encoder.encode(texts)
    assert vectors.shape == (len(texts), 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_progress_counts_distinct_texts_to_the_end(tiny_encoder):
    seen: list[tuple[int, int]] = []
    tiny_encoder.encode(TEXTS + TEXTS, batch_tokens=8, progress=lambda done, n: seen.append((done, n)))
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_threads_share_one_encoder(tiny_encoder):
    texts = [[text + str(i) for text in TEXTS] for i in range(8)]
    alone = [tiny_encoder.encode(t) for t in texts]
    together: dict[int, np.ndarray] = {}

    def work(i: int) -> None:
        together[i] = tiny_encoder.encode(texts[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, vectors in enumerate(alone):
        np.testing.assert_array_equal(together[i], vectors)


def test_one_instance_a_process(tiny, tmp_path):
    options = {"cache_dir": tmp_path / "cache", "threads": 1}
    first = get_encoder(tiny.folder, **options)
    assert get_encoder(tiny.folder, **options) is first
    assert get_encoder(tiny.folder, pooling="cls", **options) is not first


def test_saved_and_opened_again_it_is_the_same(tiny, tmp_path):
    encoder = open_tiny(tiny, tmp_path, pooling="cls", prefixes={"query": "a "})
    encoder.save_pretrained(tmp_path / "saved")
    opened = Encoder.from_pretrained(tmp_path / "saved", cache_dir=tmp_path / "unused")
    np.testing.assert_array_equal(opened.encode_query(TEXTS), encoder.encode_query(TEXTS))
    assert opened.model_id == encoder.model_id
    assert not (tmp_path / "unused").exists()
    with pytest.raises(StorageError, match="saved"):
        encoder.save_pretrained(tmp_path / "saved")
