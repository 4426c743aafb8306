"""Reads the text columns of Arrow tables."""

from __future__ import annotations

import pyarrow as pa

from modacast.errors import InvalidInput, suggest

__all__ = ["text_column"]


def text_column(table: pa.Table, name: str) -> list[str]:
    """Get a string column as a list, nulls as `""`.

    Raises:
        InvalidInput: the table has no such column.
    """
    if name not in table.column_names:
        raise InvalidInput(f"the table has no column {name!r}{suggest(name, table.column_names)}")
    return [value or "" for value in table.column(name).to_pylist()]
