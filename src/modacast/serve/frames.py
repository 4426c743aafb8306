"""Whole files as tables: CSV, TSV, JSONL and Parquet, in the encodings and shapes that offices write."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import polars as pl
import pyarrow as pa

from modacast.errors import InvalidInput, NotFound, suggest
from modacast.sources.delimited import sniff_delimiter

__all__ = ["kind_of", "read_frame", "separator_of"]

_DELIMITED = frozenset(("csv", "tsv", "txt"))
_TITLE_LINES = 20  # at most, above the first line of a table


def read_frame(path: Path, *, as_text: bool = False) -> pa.Table:
    """Read a whole CSV, TSV, JSONL or Parquet file, gzipped or not, as it is.

    Delimited text may have a title above its columns (Google Trends writes one): lines of one field, where those that
    follow have more.

    Args:
        path: of the file.
        as_text: whether the fields of CSV and TSV stay text; else they get the types that they look like.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is empty, or not of its format.
    """
    if not path.is_file():
        near = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise NotFound(f"there is no file {path}{suggest(path.name, near)}")
    kind = kind_of(path)
    try:
        if kind == "parquet":
            return pl.read_parquet(path).to_arrow()
        if kind in _DELIMITED:
            return _delimited(path, as_text=as_text).to_arrow()
        if kind in {"jsonl", "ndjson"}:
            return _json_lines(path).to_arrow()
    except pl.exceptions.NoDataError as error:
        raise InvalidInput(f"{path} is empty") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InvalidInput(f"cannot read {path}: {str(error).splitlines()[0]}") from error
    raise InvalidInput(f"cannot tell the format of {path.name!r}: use .csv, .tsv, .jsonl or .parquet (.gz)")


def kind_of(path: Path) -> str:
    """Get what a file's name ends in, without `.gz`."""
    return path.name.lower().removesuffix(".gz").rpartition(".")[2]


def separator_of(path: Path) -> str:
    """Get what stands between the fields of a file of delimited text."""
    return _separator(path, _table_lines(path, _decoded(path)))


def _delimited(path: Path, *, as_text: bool) -> pl.DataFrame:
    data = _table_lines(path, _decoded(path))
    if not data.strip():
        raise InvalidInput(f"{path} is empty")
    separator = _separator(path, data)
    _check_header(path, data, separator)
    kept = {"infer_schema": False} if as_text else {"try_parse_dates": True, "infer_schema_length": None}
    try:
        return pl.read_csv(data, separator=separator, **kept)
    except pl.exceptions.ComputeError:
        _check_widths(path, data, separator)
        raise


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


def _table_lines(path: Path, data: bytes) -> bytes:
    """Get a text from the line with the names of its columns on, with the line ends of today."""
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    head = data.split(b"\n", _TITLE_LINES)[:_TITLE_LINES]
    lines = [line.decode(errors="replace").strip() for line in head]
    tab = kind_of(path) == "tsv"
    is_split = [any(c in line for c in ("\t" if tab else ",;\t|")) and not _is_hint(line) for line in lines]
    first = next((i for i, split in enumerate(is_split) if split), 0)
    return b"\n".join(data.split(b"\n", first)[first:]) if first else data


def _is_hint(line: str) -> bool:
    """Whether a line is what Excel takes as a hint to the separator."""
    return line.lower().startswith("sep=")


def _separator(path: Path, data: bytes) -> str:
    if kind_of(path) == "tsv":
        return "\t"
    return sniff_delimiter(io.BytesIO(data).readline().decode(errors="replace"))


def _check_header(path: Path, data: bytes, separator: str) -> None:
    first = io.BytesIO(data).readline().decode(errors="replace")
    names = [name.strip() for name in next(csv.reader([first], delimiter=separator), [])]
    twice = next((name for i, name in enumerate(names) if name and name in names[:i]), None)
    if twice is not None:
        raise InvalidInput(f"{path}: two columns are called {twice!r}; rename or drop one of them")


def _check_widths(path: Path, data: bytes, separator: str) -> None:
    """Name the first record that has more fields than there are columns."""
    reader = csv.reader(io.StringIO(data.decode(errors="replace")), delimiter=separator)
    try:
        n_columns = len(next(reader, []))
        for fields in reader:
            if len(fields) > n_columns:
                raise InvalidInput(
                    f"cannot read {path}: the line {separator.join(fields)[:60]!r} has {len(fields)} fields, but there "
                    f"are {n_columns} columns; put a field that holds {separator!r} in quotes"
                )
    except csv.Error:
        return  # nothing better to say than the reader did


def _json_lines(path: Path) -> pl.DataFrame:
    try:
        return pl.read_ndjson(path, infer_schema_length=None)
    except pl.exceptions.NoDataError:
        raise
    except pl.exceptions.PolarsError:
        # slower, but it knows NaN as Python writes it, and the line that is wrong
        return pl.DataFrame(_objects(path), infer_schema_length=None, strict=False)


def _objects(path: Path) -> list[dict[str, object]]:
    found = []
    for number, line in enumerate(_decoded(path).decode().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise InvalidInput(f"cannot read {path}: line {number} is no JSON ({error})") from error
        if not isinstance(value, dict):
            raise InvalidInput(f"cannot read {path}: line {number} is no JSON object, such as {{...}}")
        found.append(value)
    return found
