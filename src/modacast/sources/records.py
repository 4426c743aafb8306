"""Records of CSV, TSV, JSON-lines, Parquet and plain text files, in chunks, before they have a schema."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from modacast.errors import InvalidInput, suggest
from modacast.sources.delimited import Dialect, read_records, sniff_delimiter
from modacast.sources.rejects import Rejects
from modacast.sources.streams import Lines, is_gzipped, open_bytes
from modacast.sources.unpacking import DamagedGzip, TruncatedGzip

__all__ = ["FORMATS", "Chunk", "Reading", "chunk_of_objects", "format_of", "read_chunks"]

FORMATS: Mapping[str, str] = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet", ".txt": "txt",
}  # fmt: skip
"""File name endings (before `.gz`) and the formats that they stand for."""

_MAX_CHUNK_CHARS = 64_000_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some records of a file.

    Attributes:
        rows: line (CSV, TSV, JSON lines, text) or record (Parquet) number of each, from 1.
        names: of the columns that occur.
        column: name to the `len(rows)` values, as the format gives them.
    """

    rows: Sequence[int]
    names: tuple[str, ...]
    column: Callable[[str], list[Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a file.

    Attributes:
        chunk_rows: records of a chunk; fewer where their texts are long.
        fmt: `"csv"`, `"tsv"`, `"jsonl"`, `"parquet"` or `"txt"` (one text a line); None to go by the file's name.
        encoding: None for UTF-8 with GB18030 to fall back to.
        max_bytes: longest line.
    """

    chunk_rows: int = 20_000
    fmt: str | None = None
    encoding: str | None = None
    max_bytes: int = 1_000_000


def format_of(path: Path) -> str:
    """Get the format that a file's name stands for.

    Raises:
        InvalidInput: none is known for it.

    >>> format_of(Path("posts.2024.tsv.gz"))
    'tsv'
    """
    if path.is_dir():
        raise InvalidInput(f"{str(path)!r} is a folder; name a file in it")
    endings = [ending.lower() for ending in path.suffixes]
    if endings and endings[-1] in {".gz", ".gzip"}:
        endings.pop()
    if endings and endings[-1] in FORMATS:
        return FORMATS[endings[-1]]
    raise InvalidInput(
        f"cannot tell the format of {path.name!r} from its name; rename it to .csv, .tsv, .jsonl, .parquet "
        f"or .txt (one text a line), with or without .gz"
    )


def read_chunks(path: Path, reading: Reading, rejects: Rejects) -> Iterator[Chunk]:
    """Yield the records of a file, in its order and in bounded memory.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is not of its format, or the format is unknown.
    """
    readers = {"csv": _read_delimited, "tsv": _read_delimited, "jsonl": _read_json, "parquet": _read_parquet,
               "txt": _read_plain}  # fmt: skip
    fmt = reading.fmt or format_of(path)
    if fmt not in readers:
        raise InvalidInput(f"unknown format {fmt!r}{suggest(fmt, readers)}")
    if reading.chunk_rows < 1:
        raise InvalidInput(f"chunk_rows must be at least 1, got {reading.chunk_rows}")
    yield from readers[fmt](path, reading, rejects)


def _lines(path: Path, reading: Reading, rejects: Rejects) -> Lines:
    return Lines(path, rejects, encoding=reading.encoding, max_bytes=reading.max_bytes)


def _read_delimited(path: Path, reading: Reading, rejects: Rejects) -> Iterator[Chunk]:
    lines = _lines(path, reading, rejects)
    first = next((line for line in lines if line[1].strip()), None)
    if first is None:
        return
    lines.give_back([first])
    delimiter = "\t" if (reading.fmt or format_of(path)) == "tsv" else sniff_delimiter(first[1])
    records = read_records(lines, Dialect(delimiter, reading.max_bytes), rejects)
    header = next(records, None)
    if header is None:
        return
    names = tuple(name.strip() for name in header.fields)
    if not any(names):
        raise InvalidInput(f"{path}: the first line holds no column names")
    rows: list[int] = []
    fields: list[list[str]] = []
    n_chars = 0
    for record in records:
        rows.append(record.row)
        fields.append(record.fields)
        n_chars += record.n_chars
        if len(rows) >= reading.chunk_rows or n_chars > _MAX_CHUNK_CHARS or len(rejects) > reading.chunk_rows:
            yield _chunk_of_fields(rows, names, fields)
            rows, fields, n_chars = [], [], 0
    # a file without rows still has columns to check
    yield _chunk_of_fields(rows, names, fields)


def _read_plain(path: Path, reading: Reading, rejects: Rejects) -> Iterator[Chunk]:
    rows: list[int] = []
    texts: list[list[str]] = []
    n_chars = 0
    for number, line in _lines(path, reading, rejects):
        if line and not line.isspace():
            rows.append(number)
            texts.append([line])
            n_chars += len(line)
        if len(rows) >= reading.chunk_rows or n_chars > _MAX_CHUNK_CHARS or len(rejects) > reading.chunk_rows:
            yield _chunk_of_fields(rows, ("text",), texts)
            rows, texts, n_chars = [], [], 0
    yield _chunk_of_fields(rows, ("text",), texts)


def _chunk_of_fields(rows: list[int], names: tuple[str, ...], fields: list[list[str]]) -> Chunk:
    position = {name: i for i, name in reversed(list(enumerate(names)))}

    def column(name: str) -> list[Any]:
        at = position[name]
        return [record[at] for record in fields]

    return Chunk(rows, names, column)


def _read_json(path: Path, reading: Reading, rejects: Rejects) -> Iterator[Chunk]:
    rows: list[int] = []
    records: list[dict[str, Any]] = []
    n_chars = 0
    for number, line in _lines(path, reading, rejects):
        if not line or line.isspace():
            continue
        record = _parse_json(path, number, line, rejects)
        if record is None:
            continue
        rows.append(number)
        records.append(record)
        n_chars += len(line)
        if len(rows) >= reading.chunk_rows or n_chars > _MAX_CHUNK_CHARS or len(rejects) > reading.chunk_rows:
            yield chunk_of_objects(rows, records)
            rows, records, n_chars = [], [], 0
    if rows:
        yield chunk_of_objects(rows, records)


def _parse_json(path: Path, number: int, line: str, rejects: Rejects) -> dict[str, Any] | None:
    if number == 1 and line.strip() == "[":
        raise InvalidInput(
            f"{path} is one JSON array; write one object a line (JSON lines), for example: jq -c '.[]' {path}"
        )
    try:
        record = json.loads(line)
    except RecursionError:
        rejects.add(number, "invalid JSON", detail="nested too deep")
    except ValueError as error:
        rejects.add(number, "invalid JSON", detail=f"at character {getattr(error, 'pos', 0)}")
    else:
        if isinstance(record, dict):
            return record
        if number == 1 and isinstance(record, list):
            raise InvalidInput(f"{path} is one JSON array; write one object a line (JSON lines)")
        rejects.add(number, "invalid JSON", detail=f"a {type(record).__name__} instead of an object")
    return None


def chunk_of_objects(rows: Sequence[int], records: Sequence[Mapping[str, Any]]) -> Chunk:
    """Get a chunk of JSON objects; a field within a field is a column `"outer.inner"`."""
    names = dict.fromkeys(name for record in records for name in record)

    def column(name: str) -> list[Any]:
        if name in names or "." not in name:
            return [record.get(name) for record in records]
        return [_nested(record, name) for record in records]

    nested = dict.fromkeys(
        f"{name}.{inner}"
        for record in records
        for name, value in record.items()
        if isinstance(value, dict)
        for inner in value
    )
    return Chunk(rows, (*names, *nested), column)


def _nested(record: Mapping[str, Any], name: str) -> Any:
    outer, _, inner = name.partition(".")
    value = record.get(outer)
    return value.get(inner) if isinstance(value, dict) else None


def _read_parquet(path: Path, reading: Reading, rejects: Rejects) -> Iterator[Chunk]:
    if is_gzipped(path):
        # unpacked in memory: raw texts are not written anywhere
        with open_bytes(path) as stream:
            opened: Any = io.BytesIO(_whole(path, stream))
    else:
        opened = path
    try:
        file = pq.ParquetFile(opened)
        at = 0
        if file.metadata.num_rows == 0:
            yield _chunk_of_batch(0, pa.RecordBatch.from_pylist([], schema=file.schema_arrow))
        for batch in file.iter_batches(batch_size=reading.chunk_rows):
            yield _chunk_of_batch(at, batch)
            at += batch.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidInput(f"{path} is no Parquet file that can be read: {error}") from error


def _whole(path: Path, stream: BinaryIO) -> bytes:
    try:
        return stream.read()
    except (TruncatedGzip, DamagedGzip) as error:
        raise InvalidInput(
            f"{path} is a broken gzip: {error}; a Parquet file is read whole or not at all"
        ) from error


def _chunk_of_batch(at: int, batch: pa.RecordBatch) -> Chunk:
    def column(name: str) -> list[Any]:
        values = batch.column(name)
        if pa.types.is_timestamp(values.type):
            values = values.cast(pa.timestamp("us", tz=values.type.tz), safe=False)
        return list(values.to_pylist())

    return Chunk(range(at + 1, at + 1 + batch.num_rows), tuple(batch.schema.names), column)
