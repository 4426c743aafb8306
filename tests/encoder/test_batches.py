from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from modacast.encoder import embed
from modacast.errors import InvalidInput


def batch(texts, *, column="text", kind=None) -> pa.RecordBatch:
    ids = pa.array([f"d{i}" for i in range(len(texts))], pa.string())
    return pa.RecordBatch.from_arrays([ids, pa.array(texts, kind or pa.string())], names=["id", column])


def test_a_row_a_row(tiny_encoder):
    out = embed(batch(["红色连衣裙", "dress"]), tiny_encoder)
    assert out.schema.names == ["id", "vector"]
    assert out.schema.field("vector").type == pa.list_(pa.float32(), 32)
    assert out.column("id").to_pylist() == ["d0", "d1"]
    vectors = out.column("vector").flatten().to_numpy().reshape(-1, 32)
    np.testing.assert_array_equal(vectors, tiny_encoder.encode_document(["红色连衣裙", "dress"]))


def test_a_null_text_has_a_null_vector(tiny_encoder):
    out = embed(batch([None, "红", None], kind=pa.large_string()), tiny_encoder)
    vectors = out.column("vector").to_pylist()
    assert vectors[0] is None
    assert vectors[2] is None
    np.testing.assert_array_equal(np.float32(vectors[1]), tiny_encoder.encode_document(["红"])[0])


@pytest.mark.parametrize("texts", [[], [None]])
def test_no_text_at_all(tiny_encoder, texts):
    out = embed(batch(texts), tiny_encoder)
    assert out.num_rows == len(texts)
    assert out.schema.field("vector").type == pa.list_(pa.float32(), 32)


def test_a_slice_of_a_batch(tiny_encoder):
    whole = batch(["红", None, "dress", "裙"])
    out = embed(whole.slice(1, 2), tiny_encoder)
    assert out.column("id").to_pylist() == ["d1", "d2"]
    assert out.column("vector").to_pylist()[0] is None
    np.testing.assert_array_equal(
        np.float32(out.column("vector").to_pylist()[1]), tiny_encoder.encode_document(["dress"])[0]
    )


def test_columns_and_kind_by_name(bundled_like):
    out = embed(batch(["红"], column="title"), bundled_like, column="title", kind="query")
    np.testing.assert_array_equal(
        np.float32(out.column("vector").to_pylist()[0]), bundled_like.encode_query(["红"])[0]
    )
    assert not np.array_equal(bundled_like.encode_query(["红"]), bundled_like.encode_document(["红"]))


@pytest.fixture
def bundled_like(tiny, tmp_path):
    from modacast.encoder import Encoder

    return Encoder.from_pretrained(tiny.folder, cache_dir=tmp_path, prefixes={"query": "a "})


def test_a_missing_column_is_named(tiny_encoder):
    with pytest.raises(InvalidInput, match="'txt'; did you mean 'text'"):
        embed(batch(["红"]), tiny_encoder, column="txt")
    with pytest.raises(InvalidInput, match="'ids'"):
        embed(batch(["红"]), tiny_encoder, id_column="ids")


def test_numbers_are_no_texts(tiny_encoder):
    with pytest.raises(InvalidInput, match="int64"):
        embed(batch([1], kind=pa.int64()), tiny_encoder)
    with pytest.raises(InvalidInput, match="kind"):
        embed(batch(["红"]), tiny_encoder, kind="passage")
