"""Files of series in the long format, as people write them: delimiters, dates and numbers of many kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modacast.errors import InvalidInput, suggest
from modacast.serve.frames import kind_of, read_frame, separator_of
from modacast.serve.series_shapes import USUAL, Shaped, is_number_text, lay_long, pointed
from modacast.sources.coercion import coerce

__all__ = ["read_series_file", "without_short"]

_TEXTS = frozenset(("unique_id", "parent", "model", "made_at"))
_LISTED = 12  # columns that an error names
_MONTH = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})月?", re.ASCII)
_PARTS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T\s].*)?", re.ASCII)
_ZONED = re.compile(
    r"(\d{4}.+[T\s]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s*(?:z|utc|gmt|[+-]\d{2}(?::?\d{2})?)",
    re.ASCII | re.IGNORECASE,
)
_INFINITE = frozenset(("inf", "+inf", "-inf", "infinity", "-infinity"))


def read_series_file(
    path: Path, needed: Sequence[str] = ("unique_id", "ds", "y"), *, columns: Mapping[str, Any] | None = None
) -> pa.Table:
    """Read a file of series: `unique_id` and `parent` as text, `ds` as dates, all else as numbers where they are.

    Commas, semicolons, tabs and bars may stand between fields, text is UTF-8 or GB18030. Dates are understood as in
    `modacast.sources.instants`, but a time with a zone is the day that it says and not that of Greenwich; months
    (`2024-03`) are their first day. `18/03/2024` is read where the column tells which number is the day. A number may
    have thousands set apart (`1,234.5`), and a decimal comma in files whose fields are parted by semicolons
    (`1.234,5`); `<1` is .5. Rows in which nothing stands are passed over. A file of days and numbers alone is one
    series, called by the column or the file. A wide file, a column of days that each stand once and then a column of
    numbers a series, or a row a series and a column a day, is turned to long.

    Args:
        path: CSV, TSV, JSONL or Parquet, gzipped or not.
        needed: columns that must be there.
        columns: column to the file's name for it.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it cannot be read, a column is missing, or a date or number is none.
    """
    table = _without_unnamed(_renamed(path, read_frame(path, as_text=True), columns or {}))
    blank = _blank_rows(table)
    shaped = Shaped(table)
    if set(needed) == {"unique_id", "ds", "y"} and not set(needed) <= set(table.column_names):
        filled = table.filter(pa.array([not row for row in blank])) if any(blank) else table
        try:
            shaped = lay_long(
                filled, path.name.partition(".")[0], lambda texts: _dates(path, pa.array(texts), ())
            )
        except InvalidInput as error:
            raise InvalidInput(f"{path}: {error}") from error
        if shaped.table is filled:
            shaped = Shaped(table, shaped.why_not)
        else:
            table, blank = shaped.table, []
    _check_names(path, table.column_names, needed, shaped.why_not)
    comma = _has_decimal_comma(path, table)
    made = pa.table(
        {name: _typed(path, name, table[name], needed, blank, comma=comma) for name in table.column_names}
    )
    return made.filter(pa.array([not row for row in blank])) if any(blank) else made


def _renamed(path: Path, table: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    names = {str(old): new for new, old in columns.items()}
    for old in names:
        if old not in table.column_names:
            raise InvalidInput(f"{path} has no column {old!r}{suggest(old, table.column_names)}")
    # what was named takes the place of a column that is called so already
    table = table.select([name for name in table.column_names if name in names or name not in columns])
    return table.rename_columns([names.get(name, name.strip()) for name in table.column_names])


def _without_unnamed(table: pa.Table) -> pa.Table:
    """Leave out columns without name and content, as spreadsheets write them."""
    kept = [
        i
        for i, name in enumerate(table.column_names)
        if name or any(str(v).strip() for v in table.column(i).to_pylist() if v is not None)
    ]
    return table.select(kept)


def _blank_rows(table: pa.Table) -> list[bool]:
    """Say of each row of a text table whether nothing stands in it; empty where no row may be so."""
    if not table.num_columns or not all(_is_text(c.type) for c in table.columns):
        return []
    columns = [pc.fill_null(pc.utf8_trim_whitespace(c), "") for c in table.columns]
    blank = pc.equal(columns[0], "")
    for column in columns[1:]:
        blank = pc.and_(blank, pc.equal(column, ""))
    return blank.to_pylist()


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _check_names(path: Path, names: Sequence[str], needed: Sequence[str], why_not: str) -> None:
    missing = [name for name in needed if name not in names]
    if not missing:
        return
    free = [name for name in names if name not in needed]
    lower = {name.lower(): name for name in free}
    guessed = {
        column: next((lower[usual] for usual in (column.lower(), *USUAL.get(column, ())) if usual in lower), None)
        for column in missing
    }  # fmt: skip
    how = " ".join(f"--column {column}={guess or 'NAME'}" for column, guess in guessed.items())
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    has = ", ".join(repr(name[:40]) for name in names[:_LISTED]) + more
    wanted = ", ".join(repr(name) for name in missing)
    raise InvalidInput(
        f"{path}: there is no column {wanted}; it has {has}. Say which is meant: {how}{why_not}"
    )


def _has_decimal_comma(path: Path, table: pa.Table) -> bool:
    if kind_of(path) not in {"csv", "txt"} or separator_of(path) != ";":
        return False
    texts = [
        text.strip() for name in table.column_names if name not in _TEXTS and name != "ds" for text in table[name].to_pylist() if text
    ]  # fmt: skip
    return any(map(is_number_text, texts)) and not any(
        "." in text and pointed(text, comma=True) == text for text in texts
    )


def _typed(
    path: Path,
    name: str,
    column: pa.ChunkedArray,
    needed: Sequence[str],
    blank: Sequence[bool],
    *,
    comma: bool,
) -> pa.ChunkedArray | pa.Array:
    if name == "ds":
        return _dates(path, column, blank)
    if name in _TEXTS:
        trimmed = pc.utf8_trim_whitespace(column if _is_text(column.type) else column.cast(pa.string()))
        return pc.if_else(pc.equal(trimmed, ""), None, trimmed)
    if not _is_text(column.type):
        return column
    texts = [None if text is None else pointed(text.strip(), comma=comma) for text in column.to_pylist()]
    found = coerce([None if t and t.lower() in _INFINITE else t for t in texts], pa.float64())
    if found.problems and name not in needed:
        return column  # a column of words, which is nobody's business
    if found.problems:
        row = min(found.problems)
        raise InvalidInput(
            f"{path} row {row + 1}: column {name!r} is no number: {str(column[row])[:40]!r}; write it as 1234.5, or "
            "leave it empty where nothing is known"
        )
    if any(t and t.lower() in _INFINITE for t in texts):
        values = found.values.to_pylist()
        return pa.array(
            [float(t) if t and t.lower() in _INFINITE else v for t, v in zip(texts, values, strict=True)]
        )
    return found.values


def _dates(
    path: Path, column: pa.ChunkedArray | pa.Array, blank: Sequence[bool]
) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return column
    values = [text.strip() if isinstance(text, str) else text for text in column.to_pylist()]
    day_first = _is_day_first(path, values)
    made: list[Any] = [_known_form(value, day_first=day_first) for value in values]
    found = coerce(made, pa.timestamp("us", tz="UTC"))
    empty = {i for i, value in enumerate(values) if value is None or value == ""}
    for i in sorted({*found.problems, *empty}):
        if blank and blank[i]:
            continue
        what = "is empty" if i in empty else f"is no date: {str(values[i])[:40]!r}"
        raise InvalidInput(f"{path} row {i + 1}: column 'ds' {what}; write it as 2024-03-18")
    return found.values.cast(pa.date32(), safe=False)


def _known_form(value: Any, *, day_first: bool | None) -> Any:
    """Get a month as its first day, a date whose year comes last as a date, a time without its zone; others as they are."""
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
    zoned = _ZONED.fullmatch(value)
    return zoned[1] if zoned else value


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


def without_short(table: pa.Table, fewest: int) -> tuple[pa.Table, list[str]]:
    """Get a table of series without those of fewer values, and the names of these.

    Args:
        table: `unique_id`, `ds`, `y`.
        fewest: values that a series needs.
    """
    seen = pa.table({"unique_id": table["unique_id"], "y": pc.is_valid(table["y"])})
    if pa.types.is_floating(table["y"].type):
        seen = seen.set_column(1, "y", pc.is_finite(pc.fill_null(table["y"], float("nan"))))
    counts = seen.group_by("unique_id").aggregate([("y", "sum")])
    short = counts.filter(pc.less(pc.fill_null(counts["y_sum"], 0), fewest))["unique_id"]
    return table.filter(pc.invert(pc.is_in(table["unique_id"], short.combine_chunks()))), sorted(
        name for name in short.to_pylist() if name is not None
    )
