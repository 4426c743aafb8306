"""Tables of files, read piece by piece into the schemas of `modacast.types`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from modacast.errors import InvalidInput
from modacast.sources.coercion import Coerced, Problem, coerce, join_texts
from modacast.sources.columns import Mapped, Naming, resolve_columns
from modacast.sources.instants import parse_instant
from modacast.sources.records import Chunk, Reading, read_chunks
from modacast.sources.rejects import Rejects
from modacast.types import Batch

__all__ = ["Checks", "RowChecker", "read_rows"]

_EARLIEST = parse_instant("1990-01-01")
_LEEWAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Checks:
    """What every row is checked against.

    Attributes:
        source: name for the rejects.
        now: instants more than a day later are wrong; by default the clock.
        max_bytes: longest line and longest text.
        seen_ids: hashes of the ids that came before; pass the same set for several files of one source.
    """

    source: str = ""
    now: datetime | None = None
    max_bytes: int = 1_000_000
    seen_ids: set[int] = field(default_factory=set)


def read_rows(
    path: str | Path,
    *,
    schema: pa.Schema,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    constants: Mapping[str, Any] | None = None,
    chunk_rows: int = 20_000,
    fmt: str | None = None,
    encoding: str | None = None,
    checks: Checks | None = None,
) -> Iterator[Batch]:
    """Read a CSV, TSV, JSON-lines, Parquet or plain text file, gzipped or not, in bounded memory.

    A row that cannot be used is set aside with its line and reason, and the others go on: a wrong date, a date in
    the future or before 1990, an empty text, an id that came before, a broken line, a wrong number of fields, an
    encoding that is none. A gzip that breaks off yields all rows before the break.

    Args:
        path: of the file; its name tells the format.
        schema: for example `RAW_DOCUMENTS`, `RAW_EVENTS` or `ITEMS`.
        columns: column of the schema to the file's column, or to a list of columns that are joined by a line break;
            columns of the same or a usual other name are found without.
        constants: column of the schema to a value for all rows, or for those where `columns` finds none.
        chunk_rows: rows of a batch; fewer where texts are long.
        fmt: `"csv"`, `"tsv"`, `"jsonl"`, `"parquet"` or `"txt"` (one text a line), where the name does not tell.
        encoding: of a text file; by default UTF-8, line by line with GB18030 to fall back to.
        checks: further settings.

    Yields:
        Batches with rows of the schema and rows of `REJECTS`; at least one, if only to say "empty file".

    Raises:
        NotFound: there is no such file.
        InvalidInput: the file is not of its format, or a column is wrong, ambiguous or missing.
    """
    path = Path(path)
    checks = checks or Checks()
    rejects = Rejects(checks.source, str(path))
    reading = Reading(chunk_rows, fmt, encoding, checks.max_bytes)
    naming = Naming(columns or {}, constants or {})
    table_of = RowChecker(schema, naming, checks, rejects)
    n_rows, tells = 0, False
    for chunk in read_chunks(path, reading, rejects):
        n_rows += len(chunk.rows)
        table = table_of(chunk)
        tells = tells or len(rejects) > 0
        if table.num_rows or len(rejects):
            yield Batch(table, rejects.take())
    if n_rows == 0 and not tells and len(rejects) == 0:
        rejects.add(0, "empty file")
    if len(rejects) or n_rows == 0:
        yield Batch(schema.empty_table(), rejects.take())


class RowChecker:
    """Turns chunks of one file or feed into tables; what cannot be used goes to the rejects.

    Args:
        schema: of the tables.
        naming: of the columns; resolved against the first chunk.
        checks: what every row is checked against.
        rejects: takes the rows that are set aside.
    """

    def __init__(self, schema: pa.Schema, naming: Naming, checks: Checks, rejects: Rejects) -> None:
        self._path = rejects.path
        self._schema = schema
        self._naming = naming
        self._checks = checks
        self._rejects = rejects
        self._mapped: list[Mapped] | None = None
        self._latest = parse_instant((checks.now or datetime.now(UTC)) + _LEEWAY)

    def __call__(self, chunk: Chunk) -> pa.Table:
        """Get the good rows of a chunk."""
        if self._mapped is None:
            self._mapped = resolve_columns(self._path, self._schema, self._naming, chunk.names)
        columns: dict[str, pa.Array] = {"row": pa.array(chunk.rows, pa.int64())}
        wrong: dict[int, tuple[str, Problem]] = {}
        for mapped in self._mapped:
            coerced = self._column(mapped, chunk)
            for i, problem in coerced.problems.items():
                wrong.setdefault(i, (mapped.field.name, problem))
            columns[mapped.field.name] = coerced.values
        if "id" in columns:
            self._check_ids(columns["id"], wrong)
        for i, (name, problem) in wrong.items():
            self._rejects.add(chunk.rows[i], problem.reason, column=name, detail=problem.detail)
        return self._table(columns, wrong)

    def _table(self, columns: Mapping[str, pa.Array], wrong: Mapping[int, object]) -> pa.Table:
        keep = np.ones(len(columns["row"]), dtype=np.bool_)
        keep[list(wrong)] = False
        chosen = pa.array(keep)
        arrays = [columns[name].filter(chosen) for name in self._schema.names]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def _column(self, mapped: Mapped, chunk: Chunk) -> Coerced:
        kind = mapped.field.type
        default = _constant(self._path, mapped)
        present = [column for column in mapped.names if column in chunk.names]
        if not present:
            return self._checked(mapped, Coerced(pa.repeat(default, len(chunk.rows)), {}))
        values = [chunk.column(column) for column in present]
        coerced = coerce(
            values[0] if len(values) == 1 else join_texts(values), kind, max_chars=self._checks.max_bytes
        )
        if default.is_valid:
            coerced = Coerced(coerced.values.fill_null(default), coerced.problems)
        return self._checked(mapped, coerced)

    def _checked(self, mapped: Mapped, coerced: Coerced) -> Coerced:
        problems = coerced.problems
        if not mapped.field.nullable and coerced.values.null_count:
            reason = f"empty {mapped.field.name}"
            for i in np.flatnonzero(coerced.values.is_null().to_numpy(zero_copy_only=False)).tolist():
                problems.setdefault(i, Problem(reason))
        if pa.types.is_timestamp(mapped.field.type) and not mapped.field.nullable:
            micros = coerced.values.cast(pa.int64()).fill_null(_EARLIEST).to_numpy(zero_copy_only=False)
            for i in np.flatnonzero(micros > self._latest).tolist():
                problems.setdefault(i, Problem("future date", "more than a day ahead"))
            for i in np.flatnonzero(micros < _EARLIEST).tolist():
                problems.setdefault(i, Problem("date before 1990"))
        return coerced

    def _check_ids(self, ids: pa.Array, wrong: dict[int, tuple[str, Problem]]) -> None:
        seen = self._checks.seen_ids
        for i, raw_id in enumerate(ids.to_pylist()):
            if raw_id is None or i in wrong:
                continue
            key = hash(raw_id)
            if key in seen:
                wrong[i] = ("id", Problem("duplicate id"))
            seen.add(key)


def _constant(path: str, mapped: Mapped) -> pa.Scalar:
    coerced = coerce([mapped.default], mapped.field.type)
    # an empty text is a value here
    value = pa.scalar("", mapped.field.type) if mapped.default == "" else coerced.values[0]
    if coerced.problems:
        raise InvalidInput(
            f"{path}: the constant {mapped.field.name}={mapped.default!r} is no {mapped.field.type}"
        )
    return value
