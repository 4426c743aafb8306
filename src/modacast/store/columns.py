"""How Arrow columns become database values and come back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["from_rows", "to_rows"]


def to_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Get one dictionary a row, with values that every database takes.

    Instants become naive UTC, lists of float32 little-endian bytes, other lists and maps JSON.
    """
    columns = {name: _encode(table[name]) for name in table.column_names}
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def from_rows(rows: Sequence[Sequence[Any]], names: Sequence[str], schema: pa.Schema) -> pa.Table:
    """Get the Arrow table back that `to_rows` took apart, in the schema's types.

    Args:
        rows: values in the order of `names`.
        names: of the columns that were read; those of the schema are among them.
        schema: of the table.
    """
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    arrays = [_decode(columns.get(field.name, ()), field.type) for field in schema]
    return pa.table(arrays, schema=schema)


def _encode(column: pa.ChunkedArray) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us")).to_pylist()
    values = column.to_pylist()
    if pa.types.is_list(kind) and pa.types.is_float32(kind.value_type):
        return [None if value is None else np.asarray(value, "<f4").tobytes() for value in values]
    if pa.types.is_nested(kind):
        return [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    return values


def _decode(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_list(kind) and pa.types.is_float32(kind.value_type):
        return pa.array([None if v is None else np.frombuffer(v, "<f4") for v in values], kind)
    if pa.types.is_map(kind):
        pairs = [None if v is None else [(key, part) for key, part in json.loads(v)] for v in values]
        return pa.array(pairs, kind)
    if pa.types.is_nested(kind):
        return pa.array([None if v is None else json.loads(v) for v in values], kind)
    return pa.array(values, kind)  # a naive instant counts as UTC
