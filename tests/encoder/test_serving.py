from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tiny_bert import make_tiny_bert

from modacast.encoder import BatchingEncoder, Encoder, get_encoder, get_serving_encoder
from modacast.errors import InvalidInput, ModacastError, Overloaded


class LetterEncoder:
    """Counts letters; says what it was asked together, waits to be let go, and chokes on some texts."""

    model_id, dim = "letters@1", 3

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()
        self.began = threading.Event()
        if not held:
            self.go.set()

    def _vectors(self, texts, scale):
        self.batches.append(list(texts))
        self.began.set()
        assert self.go.wait(10)
        if "choke" in texts:
            raise RuntimeError("choked")
        return np.asarray([[text.count(c) * scale for c in "abc"] for text in texts], np.float32)

    def encode_query(self, texts):
        return self._vectors(texts, 1)

    def encode_document(self, texts):
        return self._vectors(texts, 10)


def test_32_threads_get_what_one_caller_gets(tiny_encoder):
    words = "的红黑白色裙子马面新中式长短连衣风多巴胺"
    texts = [words[i % 20] * (1 + i % 7) + words[(7 * i) % 20] for i in range(640)]
    alone = {text: tiny_encoder.encode_query([text])[0] for text in texts}
    barrier = threading.Barrier(32)
    with BatchingEncoder(tiny_encoder) as serving:

        def ask(part):
            barrier.wait()
            return [serving.encode_query([text])[0] for text in part]

        with ThreadPoolExecutor(32) as pool:
            found = list(pool.map(ask, [texts[i::32] for i in range(32)]))
    for i, rows in enumerate(found):
        for text, row in zip(texts[i::32], rows, strict=True):
            assert np.allclose(row, alone[text], atol=1e-5), text


def test_requests_that_wait_are_computed_together_in_order():
    encoder = LetterEncoder(held=True)
    with BatchingEncoder(encoder, workers=1, max_texts=8) as serving, ThreadPoolExecutor(8) as pool:
        first = pool.submit(serving.encode_query, ["a"])
        assert encoder.began.wait(5)
        others = [pool.submit(serving.encode_query, ["b" * n, "c"]) for n in range(1, 4)]
        documents = pool.submit(serving.encode_document, ["ab"])
        _until(lambda: serving._n_waiting == 7)
        encoder.go.set()
        assert first.result(5).tolist() == [[1, 0, 0]]
        for n, other in enumerate(others, 1):
            assert other.result(5).tolist() == [[0, n, 0], [0, 0, 1]]
        assert documents.result(5).tolist() == [[10, 10, 0]]
    assert [len(batch) for batch in encoder.batches] == [1, 6, 1]


def test_an_error_reaches_only_the_caller_that_caused_it():
    encoder = LetterEncoder(held=True)
    with BatchingEncoder(encoder, workers=1) as serving, ThreadPoolExecutor(8) as pool:
        pool.submit(serving.encode_query, ["a"])
        assert encoder.began.wait(5)
        good, bad = pool.submit(serving.encode_query, ["b"]), pool.submit(serving.encode_query, ["choke"])
        _until(lambda: serving._n_waiting == 2)
        encoder.go.set()
        assert good.result(5).tolist() == [[0, 1, 0]]
        with pytest.raises(RuntimeError, match="choked"):
            bad.result(5)
        assert serving.encode_query(["c"]).tolist() == [[0, 0, 1]], "the worker must live on"


def test_no_more_wait_than_there_is_room_for():
    encoder = LetterEncoder(held=True)
    serving = BatchingEncoder(encoder, workers=1, max_texts=2, max_waiting=2, timeout=0.05)
    with serving, ThreadPoolExecutor(4) as pool:
        running = pool.submit(serving.encode_query, ["a"])
        assert encoder.began.wait(5)
        waiting = pool.submit(serving.encode_query, ["b", "b"])
        _until(lambda: serving._n_waiting == 2)
        with pytest.raises(Overloaded, match="2 texts wait"):
            serving.encode_query(["c"])
        with pytest.raises(Overloaded):
            asyncio.run(serving.aencode_query(["c"]))
        encoder.go.set()
        assert len(running.result(5)) == 1
        assert len(waiting.result(5)) == 2


def test_large_requests_do_not_wait_in_the_queue():
    encoder = LetterEncoder()
    with BatchingEncoder(encoder, max_texts=4, max_waiting=4) as serving:
        assert serving.encode_query(["a"] * 9).shape == (9, 3)
        assert asyncio.run(serving.aencode_document(["a"] * 9)).shape == (9, 3)
    assert [len(batch) for batch in encoder.batches] == [9, 9]


def test_coroutines_are_answered_together():
    encoder = LetterEncoder()

    async def ask():
        with BatchingEncoder(encoder, workers=1, wait=0.1) as serving:
            return await asyncio.gather(*(serving.aencode_query(["a" * n]) for n in range(1, 9)))

    assert [rows.tolist() for rows in asyncio.run(ask())] == [[[n, 0, 0]] for n in range(1, 9)]
    assert len(encoder.batches) < 8


def test_a_coroutine_that_is_cancelled_disturbs_nobody():
    encoder = LetterEncoder(held=True)

    async def ask():
        with BatchingEncoder(encoder, workers=1) as serving:
            first = asyncio.create_task(serving.aencode_query(["a"]))
            await asyncio.to_thread(encoder.began.wait, 5)
            given_up = asyncio.create_task(serving.aencode_query(["b"]))
            last = asyncio.create_task(serving.aencode_query(["c"]))
            await asyncio.sleep(0.05)
            given_up.cancel()
            await asyncio.sleep(0.05)
            encoder.go.set()
            return await asyncio.gather(first, last)

    assert [rows.tolist() for rows in asyncio.run(ask())] == [[[1, 0, 0]], [[0, 0, 1]]]
    assert ["b"] not in encoder.batches


def test_closing_answers_what_waits_and_refuses_what_comes():
    encoder = LetterEncoder(held=True)
    serving = BatchingEncoder(encoder, workers=1)
    with ThreadPoolExecutor(4) as pool:
        pool.submit(serving.encode_query, ["a"])
        assert encoder.began.wait(5)
        waiting = pool.submit(serving.encode_query, ["b"])
        _until(lambda: serving._n_waiting == 1)
        closing = pool.submit(serving.close)
        _until(lambda: serving._closed)
        encoder.go.set()
        closing.result(5)
        assert waiting.result(5).tolist() == [[0, 1, 0]]
    with pytest.raises(ModacastError, match="closed"):
        serving.encode_query(["c"])
    serving.close()


def test_callers_do_not_share_memory():
    encoder = LetterEncoder()
    with BatchingEncoder(encoder) as serving:
        rows = serving.encode_query(["a", "b"])
        assert rows.base is None
        assert serving.encode_query([]).shape == (0, 3)


@pytest.mark.parametrize(
    "settings", [{"max_texts": 0}, {"max_waiting": 1}, {"timeout": -1}, {"wait": -1}, {"workers": 0}]
)
def test_impossible_settings(settings):
    with pytest.raises(InvalidInput):
        BatchingEncoder(LetterEncoder(), **settings)


@pytest.mark.parametrize("texts", ["one text", ["a", None]])
def test_what_is_no_list_of_texts(texts):
    with BatchingEncoder(LetterEncoder()) as serving, pytest.raises(InvalidInput, match="list of strings"):
        serving.encode_query(texts)


def test_one_instance_a_process(tiny, tmp_path):
    options = {"cache_dir": tmp_path / "cache", "precision": "float32", "threads": 1}
    serving = get_serving_encoder(tiny.folder, **options)
    assert serving is get_serving_encoder(tiny.folder, **options)
    cached = get_serving_encoder(tiny.folder, cache=tmp_path / "vectors.db", **options)
    assert cached is get_serving_encoder(tiny.folder, cache=tmp_path / "vectors.db", **options)
    assert np.allclose(cached.encode_query(["红裙"]), serving.encode_query(["红裙"]), atol=1e-3)
    assert serving.model_id == get_encoder(tiny.folder, **options).model_id
    serving.close()


def _ask_in_child(serving, folder, options, queue):
    try:
        serving.encode_query(["红裙"])
    except ModacastError as error:
        queue.put(str(error))
    queue.put(get_serving_encoder(folder, **options).encode_query(["红裙"]))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_is_told_and_can_open_its_own(tmp_path):
    bert = make_tiny_bert(tmp_path / "tiny-bert")
    options = {"cache_dir": tmp_path / "cache", "precision": "float32", "threads": 1}
    with BatchingEncoder(Encoder.from_pretrained(bert.folder, **options)) as serving:
        expected = serving.encode_query(["红裙"])
        context = multiprocessing.get_context("fork")
        queue = context.SimpleQueue()
        child = context.Process(target=_ask_in_child, args=(serving, bert.folder, options, queue))
        child.start()
        child.join(60)
        assert not child.is_alive()
        assert "forked" in queue.get()
        assert np.allclose(queue.get(), expected, atol=1e-5)


def _until(is_so, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)
