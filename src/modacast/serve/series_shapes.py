"""Tables of series in the shapes that people keep them in, turned to the long format."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from modacast.errors import InvalidInput
from modacast.sources.coercion import coerce

__all__ = ["USUAL", "Shaped", "is_number_text", "lay_long", "pointed"]

USUAL = {
    "unique_id": ("id", "series", "series_id", "name", "sku", "item", "item_id", "element", "element_id", "key", "名称", "编号"),
    "ds": ("date", "week", "month", "day", "time", "timestamp", "period", "datum", "日期", "周", "月份", "时间"),
    "y": ("value", "values", "sales", "units", "count", "n", "amount", "qty", "quantity", "share", "target", "值", "销量"),
    "y_hat": ("forecast", "prediction", "predicted", "yhat"),
}  # fmt: skip
"""What columns are often called, in lower case."""

_FEWEST_DATES = 2  # columns named by dates that make a table of one row a series
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+", re.ASCII)
_POINTED = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?", re.ASCII)
_BELOW = re.compile(r"<\s*(\d+(?:\.\d+)?)", re.ASCII)

DatesOf = Callable[[Sequence[Any]], pa.Array | pa.ChunkedArray]
"""Get the dates that texts say; raises `InvalidInput` where one is none."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """A table in the long format, as far as it could be brought to it.

    Attributes:
        table: with `unique_id`, `ds` and `y` where its shape was understood, else as it came.
        why_not: why it was not taken as wide, to follow an error; empty where there is nothing to say.
    """

    table: pa.Table
    why_not: str = ""


def lay_long(table: pa.Table, name: str, dates_of: DatesOf) -> Shaped:
    """Turn a table of one series a column, one series a row, or of one series alone, to the long format.

    Args:
        table: as it was read.
        name: of a series that has none.
        dates_of: reads dates.

    Raises:
        InvalidInput: a table of one series a row has a name twice, or none.
    """
    names = table.column_names
    if {"unique_id", "ds", "y"} <= set(names):
        return Shaped(table)
    if {"ds", "y"} == set(names):
        one = pa.repeat(pa.scalar(name), table.num_rows)
        return Shaped(table.add_column(0, "unique_id", one))
    across = _dates_across(names, dates_of)
    if len(across) >= _FEWEST_DATES and "y" not in names and "ds" not in names:
        return Shaped(_from_rows(table, across))
    return _from_columns(table, name)


def _from_columns(table: pa.Table, name: str) -> Shaped:
    """A column of days that each stand once, and then a column of numbers a series."""
    lower = [column.lower() for column in table.column_names]
    at = next((lower.index(usual) for usual in ("ds", *USUAL["ds"]) if usual in lower), None)
    if len(lower) == 2 and at is not None:
        other = 1 - at
        is_y = lower[other] in {"y", *USUAL["y"]}
        return _columns_long(table, at, [name if is_y else table.column_names[other]])
    taken = {usual for column in ("unique_id", "y") for usual in (column, *USUAL[column])}
    if len(lower) <= 2 or taken & set(lower):
        return Shaped(table)
    at = at or 0
    return _columns_long(table, at, [n for i, n in enumerate(table.column_names) if i != at])


def _columns_long(table: pa.Table, at: int, names: list[str]) -> Shaped:
    days, values = table.column(at).combine_chunks(), table.remove_column(at)
    what = (
        f"; to be read as wide, with a column a series, {table.column_names[at]!r} has to hold each day once"
    )
    if days.null_count:
        return Shaped(table, f"{what}, but it is empty in some row")
    if len(days.unique()) < len(days):
        counts = days.value_counts()
        twice = next(row["values"] for row in counts.to_pylist() if row["counts"] > 1)
        return Shaped(table, f"{what}, but {str(twice)!r} stands twice")
    for name, column in zip(names, values.columns, strict=True):
        word = _first_word(column)
        if word is not None:
            return Shaped(
                table,
                "; to be read as wide, with a column a series, all others must hold numbers, but "
                f"{name!r} holds {word[:40]!r}",
            )
    return Shaped(
        pa.table(
            {
                "unique_id": [name for name in names for _ in range(table.num_rows)],
                "ds": pa.concat_arrays([days] * values.num_columns),
                "y": pa.chunked_array([c.cast(pa.string()).combine_chunks() for c in values.columns]),
            }
        )
    )


def _from_rows(table: pa.Table, across: dict[str, Any]) -> pa.Table:
    """A row a series, with a column a day."""
    free = [name for name in table.column_names if name not in across]
    lower = {name.lower(): name for name in reversed(free)}
    usual = next((lower[u] for u in ("unique_id", *USUAL["unique_id"]) if u in lower), None)
    named = usual or next(iter(free), None)
    if named is None:
        raise InvalidInput(
            "a table with a column for each day needs one more with the names of its series, a row each"
        )
    ids = [None if v is None else str(v).strip() for v in table[named].to_pylist()]
    for row, unique_id in enumerate(ids):
        if not unique_id:
            raise InvalidInput(f"column {named!r} is empty in row {row + 1}; each series needs a name")
        if unique_id in ids[:row]:
            raise InvalidInput(
                f"column {named!r} has {unique_id!r} in row {ids.index(unique_id) + 1} and row {row + 1}; a table with "
                "a column for each day needs one row a series: sum them up, or map another column to unique_id"
            )
    columns = [table[name].cast(pa.string()).combine_chunks() for name in across]
    return pa.table(
        {
            "unique_id": ids * len(columns),
            "ds": pa.array([day for day in across.values() for _ in ids], pa.date32()),
            "y": pa.chunked_array(columns),
        }
    )


def _dates_across(names: Sequence[str], dates_of: DatesOf) -> dict[str, Any]:
    """Get the columns that are called by a date, with it."""
    found: dict[str, str] = {name: name for name in names if name[:1].isdigit() and len(name) > 5}
    if len(found) < _FEWEST_DATES:
        return {}
    try:
        days = dates_of(list(found.values())).to_pylist()
    except InvalidInput:
        return {}
    return dict(zip(found, days, strict=True))


def is_number_text(text: str) -> bool:
    """Whether a text is a number with a decimal comma (`3,5`, `1.234,5`)."""
    return _DECIMAL_COMMA.fullmatch(text) is not None


def pointed(text: str, *, comma: bool) -> str:
    """Get a number as programs write it; `<1` (Google Trends) as the half of it, other texts as they are.

    Args:
        text: a field.
        comma: whether decimals follow a comma, and points part thousands.
    """
    below = _BELOW.fullmatch(text)
    if below:
        return str(float(below[1]) / 2)
    if comma and (_DECIMAL_COMMA.fullmatch(text) or _POINTED.fullmatch(text)):
        return text.replace(".", "").replace(",", ".")
    return text


def _first_word(column: pa.ChunkedArray) -> str | None:
    """Get the first value of a column that is no number in whatever form; None where all are."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return None
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return f"values of type {column.type}"
    texts = [(text or "").strip() for text in column.to_pylist()]
    problems = coerce([pointed(text, comma=True) for text in texts], pa.float64()).problems
    return texts[min(problems)] if problems else None
