"""Vectors of a table's texts, a record batch at a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from modacast.encoder.recipe import KINDS
from modacast.errors import InvalidInput, suggest
from modacast.types import Encoder

__all__ = ["embed"]


def embed(
    batch: pa.RecordBatch,
    encoder: Encoder,
    *,
    column: str = "text",
    id_column: str = "id",
    kind: str = "document",
) -> pa.RecordBatch:
    """Get the vectors of one column.

    Args:
        batch: rows with a string column; memory is bounded by its size.
        encoder: makes the vectors.
        column: the texts.
        id_column: copied to the result.
        kind: `"document"` or `"query"`.

    Returns:
        One row a row: `id`, of the type that it had, and `vector`, a fixed-size list of float32, null where
        the text is null.

    Raises:
        InvalidInput: a column is missing, or is not of strings; or an unknown kind.
    """
    if kind not in KINDS:
        raise InvalidInput(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
    for name in (column, id_column):
        if name not in batch.schema.names:
            raise InvalidInput(f"there is no column {name!r}{suggest(name, batch.schema.names)}")
    texts = batch.column(column)
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        raise InvalidInput(f"column {column!r} must hold strings; it is of type {texts.type}")
    encode = encoder.encode_query if kind == "query" else encoder.encode_document
    vectors = encode(texts.drop_null().to_pylist())
    missing = np.asarray(texts.is_null())
    if missing.any():
        spread = np.zeros((len(texts), encoder.dim), np.float32)
        spread[~missing] = vectors
        vectors = spread
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    column_of_vectors = pa.FixedSizeListArray.from_arrays(flat, encoder.dim, mask=pa.array(missing))
    return pa.RecordBatch.from_arrays([batch.column(id_column), column_of_vectors], names=["id", "vector"])
