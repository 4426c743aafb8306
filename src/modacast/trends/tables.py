"""Arrow tables from what people have: pandas, polars, DuckDB and whatever else speaks Arrow."""

from __future__ import annotations

import sys
from typing import Any

import pyarrow as pa

from modacast.errors import InvalidInput

__all__ = ["as_table", "like"]


def as_table(frame: Any, name: str) -> pa.Table:
    """Get a table from an Arrow table, or from a data frame of pandas, polars or another that speaks Arrow.

    Args:
        frame: what was given.
        name: of the argument, for the error.

    Raises:
        InvalidInput: it is no table.
    """
    if isinstance(frame, pa.Table):
        return frame
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        return pa.Table.from_pandas(frame, preserve_index=False)
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(frame)
    raise InvalidInput(
        f"{name}: give a table of Arrow, pandas or polars, got {type(frame).__module__}.{type(frame).__name__}"
    )


def like(frame: Any, table: pa.Table) -> Any:
    """Get a table as the kind of data frame that another one is; Arrow where that is neither pandas' nor polars'."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        return table.to_pandas()
    if polars is not None and isinstance(frame, polars.DataFrame):
        return polars.from_arrow(table)
    return table
