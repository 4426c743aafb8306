"""Reads and makes the columns of Arrow tables.

`pyarrow.array` of a list or an array loads pandas where it is installed, which takes 30 MB; these do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.errors import InvalidInput, suggest

__all__ = ["number_column", "string_column", "text_column"]

_MOST_BYTES = 2**31 - 1


def text_column(table: pa.Table, name: str) -> list[str]:
    """Get a string column as a list, nulls as `""`.

    Raises:
        InvalidInput: the table has no such column.
    """
    if name not in table.column_names:
        raise InvalidInput(f"the table has no column {name!r}{suggest(name, table.column_names)}")
    return [value or "" for value in table.column(name).to_pylist()]


def string_column(texts: Sequence[str]) -> pa.StringArray:
    """Get strings as an Arrow column."""
    encoded = [text.encode() for text in texts]
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded)), out=ends[1:])
    if ends[-1] > _MOST_BYTES:
        return pa.array(texts, pa.string())
    return pa.StringArray.from_buffers(
        len(texts), pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))
    )


def number_column(values: npt.NDArray[np.number[Any]], dtype: pa.DataType) -> pa.Array:
    """Get numbers as an Arrow column of a fixed-width type."""
    numbers = np.ascontiguousarray(values, dtype=dtype.to_pandas_dtype())
    return pa.Array.from_buffers(dtype, len(numbers), [None, pa.py_buffer(numbers)])
