"""How Arrow columns become database values and come back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
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


def from_rows(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Get the Arrow table back that `to_rows` took apart, in the schema's types."""
    arrays = [
        pa.array([_decode(row[field.name], field.type) for row in rows], field.type) for field in schema
    ]
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


def _decode(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_timestamp(kind) and isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if pa.types.is_list(kind) and pa.types.is_float32(kind.value_type):
        return np.frombuffer(value, "<f4")
    if pa.types.is_map(kind):
        return [(key, part) for key, part in json.loads(value)]
    if pa.types.is_nested(kind):
        return json.loads(value)
    return value
