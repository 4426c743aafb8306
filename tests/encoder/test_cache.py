from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modacast.encoder import CachedEncoder, VectorCache
from modacast.errors import InvalidInput, StorageError
from modacast.types import Encoder

SECRET = "王小明的地址是长安街一号"


class CountingEncoder:
    """Its vectors say how long a text is; it counts what it is asked for."""

    model_id = "counting@1"
    dim = 4

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def encode_query(self, texts):
        return self._encode("query", texts)

    def encode_document(self, texts):
        return self._encode("document", texts)

    def _encode(self, kind, texts):
        self.asked += [(kind, text) for text in texts]
        return np.array([[len(text), kind == "query", 1 / 3, -1] for text in texts], np.float32).reshape(
            -1, 4
        )


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def cache(tmp_path):
    with VectorCache(tmp_path / "vectors.sqlite", "counting@1", 4) as cache:
        yield cache


def vectors_of(n: int) -> np.ndarray:
    return np.arange(n * 4, dtype=np.float32).reshape(n, 4)


def test_what_was_put_is_found(cache):
    cache.put_many("document", ["a", "红"], vectors_of(2))
    vectors, found = cache.get_many("document", ["红", "none", "a", "红"])
    assert found.tolist() == [True, False, True, True]
    np.testing.assert_array_equal(vectors, vectors_of(2)[[1, 0, 0, 1]] * found[:, None])
    assert vectors.dtype == np.float32


def test_kinds_are_apart(cache):
    cache.put_many("document", ["a"], vectors_of(1))
    assert not cache.get_many("query", ["a"])[1].any()


def test_it_outlives_its_process(tmp_path):
    for _ in range(2):
        with VectorCache(tmp_path / "deep" / "v.sqlite", "m", 4) as cache:
            cache.put_many("query", ["a"], vectors_of(1))
    with VectorCache(tmp_path / "deep" / "v.sqlite", "m", 4) as cache:
        assert len(cache) == 1


def test_thousands_at_once(cache):
    texts = [f"text {i}" for i in range(3001)]
    cache.put_many("document", texts, vectors_of(3001) / 100)
    vectors, found = cache.get_many("document", texts[::-1])
    assert found.all()
    np.testing.assert_allclose(vectors[::-1], vectors_of(3001) / 100, rtol=1e-3)


@given(st.dictionaries(st.text(st.characters()), st.floats(-1, 1, width=16), max_size=20))
@settings(max_examples=25, deadline=None)
def test_any_text_is_a_key_of_its_own(tmp_path_factory, values):
    texts = list(values)
    with VectorCache(tmp_path_factory.mktemp("any") / "v.sqlite", "m", 1) as cache:
        cache.put_many("query", texts, np.array([[values[t]] for t in texts], np.float32).reshape(-1, 1))
        vectors, found = cache.get_many("query", texts)
    assert found.all()
    assert vectors.ravel().tolist() == [values[text] for text in texts]


def test_no_text_is_in_the_file(cache):
    cache.put_many("document", [SECRET], vectors_of(1))
    for path in cache.path.parent.iterdir():
        data = path.read_bytes()
        assert SECRET.encode() not in data
        assert SECRET.encode("utf-16-le") not in data


def test_the_key_hides_which_texts_are_stored(tmp_path):
    keys = set()
    for secret in (b"one", b"two"):
        path = tmp_path / f"{secret.decode()}.sqlite"
        with VectorCache(path, "m", 4, key=secret) as cache:
            cache.put_many("query", ["a"], vectors_of(1))
        with sqlite3.connect(path) as connection:
            keys |= {row[0] for row in connection.execute("SELECT key FROM vectors")}
        connection.close()
    assert len(keys) == 2
    assert {len(key) for key in keys} == {16}
    with pytest.raises(InvalidInput, match="64"):
        VectorCache(tmp_path / "v", "m", 4, key=b"x" * 65)


def test_forgotten_is_gone_from_the_file(tmp_path):
    marker = np.array([[1.5, -2.25, 3.125, 4.75]], np.float32)
    path = tmp_path / "v.sqlite"
    path.with_name("v.sqlite.corrupt").write_bytes(marker.tobytes())
    with VectorCache(path, "m", 4, dtype="float32") as cache:
        cache.put_many("document", ["gone", "stays"], np.concatenate([marker, vectors_of(1)]))
        assert any(marker.tobytes() in file.read_bytes() for file in tmp_path.iterdir())
        assert cache.delete_many("document", ["gone", "never there"]) == 1
        assert not any(marker.tobytes() in file.read_bytes() for file in tmp_path.iterdir())
        assert cache.get_many("document", ["gone", "stays"])[1].tolist() == [False, True]
        cache.clear()
        assert len(cache) == 0


def test_another_models_cache_is_refused(cache):
    for model_id, dim in (("other@1", 4), ("counting@1", 8)):
        with pytest.raises(InvalidInput, match="cache of its own"):
            VectorCache(cache.path, model_id, dim)


def test_vectors_of_another_width_are_refused(cache):
    with pytest.raises(InvalidInput, match="shape"):
        cache.put_many("query", ["a"], np.zeros((1, 5), np.float32))


def test_a_broken_file_is_set_aside(tmp_path, caplog):
    path = tmp_path / "v.sqlite"
    path.write_bytes(b"no database at all" * 500)
    with caplog.at_level(logging.WARNING), VectorCache(path, "m", 4) as cache:
        cache.put_many("query", ["a"], vectors_of(1))
        assert len(cache) == 1
    assert "set aside" in caplog.text
    assert path.with_name("v.sqlite.corrupt").read_bytes().startswith(b"no database")


def test_a_file_that_breaks_in_use_is_set_aside(tmp_path, caplog):
    texts = [str(i) for i in range(2000)]
    path = tmp_path / "v.sqlite"
    with VectorCache(path, "m", 64) as cache:
        cache.put_many("query", texts, np.ones((2000, 64), np.float32))
    data = bytearray(path.read_bytes())
    data[8192:] = os.urandom(len(data) - 8192)
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING), VectorCache(path, "m", 64) as cache:
        assert not cache.get_many("query", texts)[1].any()
        cache.put_many("query", texts, np.ones((2000, 64), np.float32))
        assert cache.get_many("query", texts)[1].all()
    assert "set aside" in caplog.text


def test_a_folder_in_its_place(tmp_path):
    with pytest.raises(StorageError, match=r"v\.sqlite"):
        VectorCache(_made(tmp_path / "v.sqlite"), "m", 4)


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_threads_share_a_cache(cache):
    def work(i: int) -> None:
        texts = [f"{i} {j}" for j in range(50)]
        cache.put_many("query", texts, vectors_of(50))
        assert cache.get_many("query", texts)[1].all()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) == 300


WRITER = """
import sys
import numpy as np
from modacast.encoder.cache import VectorCache
path, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
cache = VectorCache(path, "m", 64)
i = 0
while i != rounds:
    cache.put_many("query", [f"{name} {i} {j}" for j in range(100)], np.full((100, 64), i, np.float32))
    i += 1
    print(i, flush=True)
"""


def write_in_process(path: Path, name: str, rounds: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_share_a_cache(tmp_path):
    path = tmp_path / "v.sqlite"
    writers = [write_in_process(path, name, 10) for name in "abc"]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    with VectorCache(path, "m", 64) as cache:
        assert len(cache) == 3000


def test_killed_in_the_middle_it_is_whole(tmp_path, caplog):
    path = tmp_path / "v.sqlite"
    writer = write_in_process(path, "a", -1)
    done = [int(writer.stdout.readline()) for _ in range(5)][-1]
    writer.send_signal(signal.SIGKILL)
    writer.communicate(timeout=60)
    with caplog.at_level(logging.WARNING), VectorCache(path, "m", 64) as cache:
        vectors, found = cache.get_many("query", [f"a {i} {j}" for i in range(done) for j in range(100)])
        assert found.all()
        assert np.array_equal(vectors[:, 0], np.repeat(np.arange(done), 100))
        assert len(cache) % 100 == 0
    assert not caplog.records


def test_a_text_is_computed_once(encoder, cache):
    cached = CachedEncoder(encoder, cache)
    assert isinstance(cached, Encoder)
    first = cached.encode_document(["a", "bb"])
    second = cached.encode_document(["bb", "ccc", "a"])
    assert encoder.asked == [("document", "a"), ("document", "bb"), ("document", "ccc")]
    assert np.array_equal(second[[2, 0]], first)
    assert cached.encode_query(["a"])[0, 1] == 1
    assert cached.encode_document([]).shape == (0, 4)


def test_a_hit_and_a_miss_give_the_same_numbers(encoder, cache):
    cached = CachedEncoder(encoder, cache)
    miss = cached.encode_document(["a"])
    assert np.array_equal(miss, cached.encode_document(["a"]))
    assert miss[0, 2] != np.float32(1 / 3)


def test_another_encoder_is_refused(encoder, tmp_path):
    with pytest.raises(InvalidInput, match=r"other@1.*counting@1"):
        CachedEncoder(encoder, VectorCache(tmp_path / "v.sqlite", "other@1", 4))


@pytest.mark.parametrize("texts", ["abc", [None], ["a", 1]])
def test_what_is_no_list_of_strings_is_refused(encoder, cache, texts):
    with pytest.raises(InvalidInput, match="list of strings"):
        CachedEncoder(encoder, cache).encode_query(texts)


def test_a_cache_that_fails_costs_time_but_no_result(encoder, cache, caplog, monkeypatch):
    def fail(*_):
        raise StorageError("disk full")

    monkeypatch.setattr(cache, "get_many", fail)
    monkeypatch.setattr(cache, "put_many", fail)
    with caplog.at_level(logging.WARNING):
        assert CachedEncoder(encoder, cache).encode_document(["abc"])[0, 0] == 3
    assert caplog.text.count("disk full") == 2
