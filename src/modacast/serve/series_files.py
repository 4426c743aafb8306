"""Files of series in the long format, as people write them: delimiters, dates and numbers of many kinds."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.sources.coercion import coerce
from modacast.sources.delimited import sniff_delimiter

__all__ = ["frame_of", "read_series_file"]

_TEXTS = frozenset(("unique_id", "parent", "model", "made_at"))
_USUAL = {
    "unique_id": ("id", "series", "series_id", "name", "sku", "item", "item_id", "element", "element_id", "key", "名称", "编号"),
    "ds": ("date", "week", "month", "day", "time", "timestamp", "period", "datum", "日期", "周", "月份", "时间"),
    "y": ("value", "values", "sales", "units", "count", "n", "amount", "qty", "quantity", "share", "target", "值", "销量"),
    "y_hat": ("forecast", "prediction", "predicted", "yhat"),
}  # fmt: skip
_FEWEST_WIDE = 3  # columns: days and two series; fewer may be anything
_MONTH = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})月?", re.ASCII)
_PARTS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T\s].*)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_INFINITE = frozenset(("inf", "+inf", "-inf", "infinity", "-infinity"))


def read_series_file(
    path: Path, needed: Sequence[str] = ("unique_id", "ds", "y"), *, columns: Mapping[str, Any] | None = None
) -> pa.Table:
    """Read a file of series: `unique_id` and `parent` as text, `ds` as dates, all else as numbers where they are.

    Commas, semicolons, tabs and bars may stand between fields, text is UTF-8 or GB18030. Dates are understood as in
    `modacast.sources.instants`, and months (`2024-03`) as their first day. `18/03/2024` is read where the column
    tells which number is the day. A number may have thousands set apart (`1,234.5`), and a decimal comma in
    files whose fields are parted by semicolons. A file of `ds` and `y` alone is one series, called by the file's name.
    A wide file, a column of days that each stand once and then a column of numbers a series, is turned to long.

    Args:
        path: CSV, TSV, JSONL or Parquet, gzipped or not.
        needed: columns that must be there.
        columns: column to the file's name for it.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it cannot be read, a column is missing, or a date or number is none.
    """
    from modacast.serve.scoring import read_frame

    table = _renamed(path, read_frame(path, as_text=True), columns or {})
    names = table.column_names
    if "unique_id" in needed and set(names) == set(needed) - {"unique_id"}:
        one = pa.repeat(pa.scalar(path.name.partition(".")[0]), table.num_rows)
        table = table.add_column(0, "unique_id", one)
    if set(needed) == {"unique_id", "ds", "y"}:
        table = _long(table)
    _check_names(path, table.column_names, needed)
    comma = _has_decimal_comma(path, table)
    made = {name: _typed(path, name, table[name], needed, comma=comma) for name in table.column_names}
    return pa.table(made)


def _decoded(path: Path) -> bytes:
    """Get a text file, gunzipped where its name ends so, in UTF-8 without a byte order mark.

    Raises:
        InvalidInput: it is neither UTF-8 nor GB18030.
    """
    data = path.read_bytes()
    if path.name.lower().endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise InvalidInput(f"cannot read {path}: it is no whole gzip file ({error})") from error
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16").encode()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    raise InvalidInput(f"cannot read {path}: it is neither UTF-8 nor GB18030; save it as UTF-8")


def _separator_of(path: Path, data: bytes) -> str:
    """Get what stands between the fields of a delimited text."""
    if path.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    return sniff_delimiter(io.BytesIO(data).readline().decode(errors="replace"))


def _renamed(path: Path, table: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    names = {str(old): new for new, old in columns.items()}
    for old in names:
        if old not in table.column_names:
            raise InvalidInput(f"{path} has no column {old!r}{suggest(old, table.column_names)}")
    # what was named takes the place of a column that is called so already
    table = table.select([name for name in table.column_names if name in names or name not in columns])
    return table.rename_columns([names.get(name, name.strip()) for name in table.column_names])


def _long(table: pa.Table) -> pa.Table:
    """Turn a wide table to the long format; give any other back as it is."""
    lower = [name.lower() for name in table.column_names]
    taken = {usual for column in ("unique_id", "y") for usual in (column, *_USUAL[column])}
    if len(lower) < _FEWEST_WIDE or taken & set(lower):
        return table
    at = next((lower.index(usual) for usual in ("ds", *_USUAL["ds"]) if usual in lower), 0)
    days, values = table.column(at), table.remove_column(at)
    days = days.combine_chunks()
    if days.null_count or len(days.unique()) < len(days) or not all(map(_is_numeric, values.columns)):
        return table
    names = [name for name in values.column_names for _ in range(table.num_rows)]
    made = {"unique_id": names, "ds": pa.concat_arrays([days] * values.num_columns)}
    return pa.table(
        made | {"y": pa.chunked_array([c.cast(pa.string()).combine_chunks() for c in values.columns])}
    )


def _is_numeric(column: pa.ChunkedArray) -> bool:
    """Whether a column holds numbers and nothing else, in whatever form."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return True
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    texts = [(text or "").strip() for text in column.to_pylist()]
    plain = [text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text for text in texts]
    return any(plain) and not coerce(plain, pa.float64()).problems


def _check_names(path: Path, names: Sequence[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in names]
    if not missing:
        return
    free = [name for name in names if name not in needed]
    lower = {name.lower(): name for name in free}
    guessed = {
        column: next((lower[usual] for usual in (column.lower(), *_USUAL.get(column, ())) if usual in lower), None)
        for column in missing
    }  # fmt: skip
    how = " ".join(f"--column {column}={guess or 'NAME'}" for column, guess in guessed.items())
    has = ", ".join(repr(name) for name in names)
    wanted = ", ".join(repr(name) for name in missing)
    raise InvalidInput(f"{path}: there is no column {wanted}; it has {has}. Say which is meant: {how}")


def _has_decimal_comma(path: Path, table: pa.Table) -> bool:
    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if kind not in {"csv", "txt"} or _separator_of(path, _decoded(path)) != ";":
        return False
    texts = [
        text for name in table.column_names if name not in _TEXTS and name != "ds" for text in table[name].to_pylist() if text
    ]  # fmt: skip
    return any(_DECIMAL_COMMA.fullmatch(text.strip()) for text in texts) and not any("." in t for t in texts)


def _typed(
    path: Path, name: str, column: pa.ChunkedArray, needed: Sequence[str], *, comma: bool
) -> pa.ChunkedArray | pa.Array:
    if name == "ds":
        return _dates(path, column)
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if name in _TEXTS:
        return column if is_text else column.cast(pa.string())
    if not is_text:
        return column
    texts = [None if text is None else text.strip() for text in column.to_pylist()]
    if comma:
        texts = [
            text.replace(",", ".") if text and _DECIMAL_COMMA.fullmatch(text) else text for text in texts
        ]
    found = coerce([None if t and t.lower() in _INFINITE else t for t in texts], pa.float64())
    if found.problems and name not in needed:
        return column  # a column of words, which is nobody's business
    if found.problems:
        row = min(found.problems)
        raise InvalidInput(f"{path} row {row + 1}: column {name!r} is no number: {str(texts[row])[:40]!r}")
    if any(t and t.lower() in _INFINITE for t in texts):
        values = found.values.to_pylist()
        return pa.array(
            [float(t) if t and t.lower() in _INFINITE else v for t, v in zip(texts, values, strict=True)]
        )
    return found.values


def _dates(path: Path, column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return column
    values = [text.strip() if isinstance(text, str) else text for text in column.to_pylist()]
    day_first = _is_day_first(path, values)
    made: list[Any] = [_known_form(value, day_first=day_first) for value in values]
    found = coerce(made, pa.timestamp("us", tz="UTC"))
    empty = [i for i, value in enumerate(values) if value is None or value == ""]
    for i in sorted([*found.problems, *empty]):
        what = "is empty" if i in empty else f"is no date: {str(values[i])[:40]!r}"
        raise InvalidInput(f"{path} row {i + 1}: column 'ds' {what}; write it as 2024-03-18")
    return found.values.cast(pa.date32(), safe=False)


def _known_form(value: Any, *, day_first: bool | None) -> Any:
    """Get a month as its first day, and a date whose year comes last as a date; others as they are."""
    if not isinstance(value, str):
        return value
    month = _MONTH.fullmatch(value)
    parts = _PARTS.fullmatch(value)
    try:
        if month:
            return datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC)
        if parts:
            day, number = (parts[1], parts[3]) if day_first else (parts[3], parts[1])
            return datetime(int(parts[4]), int(number), int(day), tzinfo=UTC)
    except ValueError:
        pass
    return value


def _is_day_first(path: Path, values: Sequence[Any]) -> bool | None:
    """Say whether `18/03/2024` begins with the day, from the whole column; None where no date is written so."""
    found = [parts for v in values if isinstance(v, str) and (parts := _PARTS.fullmatch(v))]
    if not found:
        return None
    first, second = (any(int(parts[i]) > 12 for parts in found) for i in (1, 3))
    if first == second and not (not first and found[0][2] == "."):
        example = date(2024, 3, 18).isoformat()
        raise InvalidInput(
            f"{path}: column 'ds': nobody can tell day from month in {found[0][0]!r} and the others; "
            f"write them as {example}"
        )
    return first or not second


def frame_of(path: Path, *, as_text: bool) -> pl.DataFrame:
    """Read a delimited text as it is, with every field as text or with types as they look."""
    data = _decoded(path)
    if not data.strip():
        raise InvalidInput(f"{path} is empty")
    kept = {"infer_schema": False} if as_text else {"try_parse_dates": True, "infer_schema_length": None}
    return pl.read_csv(data, separator=_separator_of(path, data), **kept)
