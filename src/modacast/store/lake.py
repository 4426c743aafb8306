"""The lake: Parquet files that count only once a manifest names them.

A commit has a key (what was computed) and a fingerprint (from which input, with which settings). It writes
its Parquet files aside first and its manifest last, in one rename, so that a killed run leaves the last good
state, and a run that starts again sees which commits are already there. A commit under an old key replaces
what that key held. Files that no manifest names are rubbish of killed runs; `sweep` removes them.

    lake/
      _commits/<id>.json                        {"key", "fingerprint", "seq", "files", ...}
      documents/month=2024-02/<id>-<hash>.parquet
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from modacast.errors import InvalidInput, StorageError
from modacast.store.files import write_atomically
from modacast.store.upgrades import upgrade
from modacast.types import SCHEMAS

__all__ = ["Commit", "Lake"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Commit:
    """One finished write.

    Attributes:
        key: what was computed, for example `"clean/weibo/000003"`.
        fingerprint: of the input and the settings that it was computed from.
        seq: its place in the order of writing, from 1.
        rows: number of rows of each data set.
        files: paths relative to the lake, by data set.
        facts: small JSON-serialisable facts that the writer kept with it.
    """

    key: str
    fingerprint: str
    seq: int
    rows: Mapping[str, int]
    files: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, Any]


class Lake:
    """Parquet data sets in a folder.

    Args:
        root: the folder; created where absent.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        try:
            (self.root / "_commits").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot open the lake at {self.root}: {error.strerror or error}") from error
        self._commits = {commit.key: commit for commit in self._load()}

    # -- commits ------------------------------------------------------------------------------------------

    def commits(self, prefix: str = "") -> list[Commit]:
        """Get the commits whose key starts with `prefix`, in the order of writing."""
        found = [commit for key, commit in self._commits.items() if key.startswith(prefix)]
        return sorted(found, key=lambda commit: commit.seq)

    def find(self, key: str, fingerprint: str | None = None) -> Commit | None:
        """Get the commit of that key (and fingerprint, where one is given), or None."""
        commit = self._commits.get(key)
        if commit is None or (fingerprint is not None and commit.fingerprint != fingerprint):
            return None
        return commit

    def commit(
        self,
        key: str,
        tables: Mapping[str, pa.Table],
        *,
        fingerprint: str,
        months: Mapping[str, pa.Array] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Commit:
        """Write tables as one unit: all of them, or none.

        Args:
            key: what was computed; replaces what that key held before.
            tables: data set name to table; names are those of `modacast.types.SCHEMAS`, or any other name
                for tables without a declared schema.
            fingerprint: of the input and settings.
            months: data set name to an array of dates or instants, one a row, to partition it by month.
            facts: small JSON-serialisable facts to keep with the commit.

        Returns:
            The finished commit.

        Raises:
            InvalidInput: a table does not have the columns of its schema.
            StorageError: the disk refused; the state before is whole.
        """
        name = _short_hash(key.encode())
        files: dict[str, tuple[str, ...]] = {}
        for dataset, table in tables.items():
            conformed = _conform(dataset, table)
            parts = _by_month(conformed, (months or {}).get(dataset))
            files[dataset] = tuple(self._write_part(dataset, month, part, name) for month, part in parts)
        old = self._commits.get(key)
        commit = Commit(
            key=key,
            fingerprint=fingerprint,
            seq=old.seq if old else 1 + max((c.seq for c in self._commits.values()), default=0),
            rows={dataset: table.num_rows for dataset, table in tables.items()},
            files=files,
            facts=dict(facts or {}),
        )
        self._write_manifest(commit)
        self._commits[key] = commit
        if old:
            self._unlink(set(_paths(old)) - set(_paths(commit)))
        return commit

    def drop(self, prefix: str) -> int:
        """Remove all commits whose key starts with `prefix`; returns how many there were."""
        gone = self.commits(prefix)
        for commit in gone:
            self._manifest_path(commit.key).unlink(missing_ok=True)
            del self._commits[commit.key]
            self._unlink(_paths(commit))
        return len(gone)

    def sweep(self) -> int:
        """Remove files that no commit names (left by killed runs); returns how many there were."""
        named = {path for commit in self._commits.values() for path in _paths(commit)}
        strays = [
            path
            for path in self.root.rglob("*")
            if path.is_file()
            and path.parent.name != "_commits"
            and path.relative_to(self.root).as_posix() not in named
        ]
        strays += list((self.root / "_commits").glob(".*.tmp"))
        for path in strays:
            path.unlink(missing_ok=True)
        return len(strays)

    # -- reading ------------------------------------------------------------------------------------------

    def scan(self, dataset: str, *, prefix: str = "", columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Yield the data set one commit at a time, in the order of writing, in the schema of today.

        Args:
            dataset: its name.
            prefix: only commits whose key starts so.
            columns: only these columns.

        Raises:
            StorageError: a file is missing or damaged, or was written by a newer modacast.
        """
        for commit in self.commits(prefix):
            for path in commit.files.get(dataset, ()):
                table = upgrade(dataset, self._read_file(self.root / path))
                yield table.select(columns) if columns else table

    def read(self, dataset: str, *, prefix: str = "", columns: list[str] | None = None) -> pa.Table:
        """Get a whole data set (see `scan`) as one table; an empty one where nothing was written."""
        tables = list(self.scan(dataset, prefix=prefix, columns=columns))
        if tables:
            return pa.concat_tables(tables, promote_options="permissive")
        if dataset not in SCHEMAS:
            return pa.table({})
        empty = SCHEMAS[dataset].empty_table()
        return empty.select(columns) if columns else empty

    def read_latest(self, dataset: str, *, prefix: str = "") -> pa.Table:
        """Get the data set as the newest commit (by key, so keys that end in a date sort) holds it."""
        keys = [commit.key for commit in self.commits(prefix) if dataset in commit.files]
        return self.read(dataset, prefix=max(keys) if keys else "\0")

    def sql(self, query: str, **tables: pa.Table) -> pa.Table:
        """Run a DuckDB query over the lake.

        Args:
            query: SQL; every data set with files is a view of its name.
            **tables: further Arrow tables to name in the query.

        Returns:
            The result as an Arrow table.
        """
        import duckdb

        with duckdb.connect() as connection:
            for dataset in sorted({name for commit in self._commits.values() for name in commit.files}):
                if dataset in query:
                    connection.register(dataset, self.read(dataset))
            for name, table in tables.items():
                connection.register(name, table)
            return connection.sql(query).to_arrow_table()

    # -- files --------------------------------------------------------------------------------------------

    def _load(self) -> Iterator[Commit]:
        for path in sorted((self.root / "_commits").glob("*.json")):
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                if found["format"] > _FORMAT:
                    raise StorageError(
                        f"{path} was written by a newer modacast (format {found['format']}, this one reads up "
                        f"to {_FORMAT}): pip install -U modacast"
                    )
                yield Commit(
                    key=found["key"],
                    fingerprint=found["fingerprint"],
                    seq=found["seq"],
                    rows=found["rows"],
                    files={name: tuple(paths) for name, paths in found["files"].items()},
                    facts=found["facts"],
                )
            except (ValueError, KeyError, TypeError) as error:
                raise StorageError(
                    f"the manifest {path} is damaged ({error}); restore it from a backup, or delete it to have "
                    "its part computed again"
                ) from error

    def _manifest_path(self, key: str) -> Path:
        return self.root / "_commits" / f"{_short_hash(key.encode())}.json"

    def _write_manifest(self, commit: Commit) -> None:
        content = {
            "format": _FORMAT,
            "key": commit.key,
            "fingerprint": commit.fingerprint,
            "seq": commit.seq,
            "rows": dict(commit.rows),
            "files": {name: list(paths) for name, paths in commit.files.items()},
            "facts": dict(commit.facts),
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        data = json.dumps(content, ensure_ascii=False, indent=1, default=str).encode()
        write_atomically(self._manifest_path(commit.key), lambda file: file.write(data))

    def _write_part(self, dataset: str, month: str | None, part: pa.Table, name: str) -> str:
        sink = pa.BufferOutputStream()
        pq.write_table(part, sink, compression="zstd")
        data = sink.getvalue()
        folder = f"{dataset}/month={month}" if month else dataset
        path = f"{folder}/{name}-{_short_hash(memoryview(data))[:8]}.parquet"
        write_atomically(self.root / path, lambda file: file.write(memoryview(data)))
        return path

    def _read_file(self, path: Path) -> pa.Table:
        try:
            return pq.ParquetFile(path).read()
        except (OSError, pa.ArrowInvalid) as error:
            raise StorageError(
                f"cannot read {path}: {error}; restore it from a backup, or delete its manifest in "
                f"{self.root / '_commits'} to have it computed again"
            ) from error

    def _unlink(self, paths: Iterable[str]) -> None:
        for path in paths:
            (self.root / path).unlink(missing_ok=True)


def _paths(commit: Commit) -> list[str]:
    return [path for paths in commit.files.values() for path in paths]


def _short_hash(data: bytes | memoryview) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def _conform(dataset: str, table: pa.Table) -> pa.Table:
    schema = SCHEMAS.get(dataset)
    if schema is None:
        return table
    missing = [name for name in schema.names if name not in table.column_names]
    if missing:
        raise InvalidInput(
            f"a table for {dataset!r} lacks the column(s) {', '.join(missing)}; it has {table.column_names}"
        )
    return table.select(schema.names).cast(schema)


def _by_month(table: pa.Table, dates: pa.Array | None) -> list[tuple[str | None, pa.Table]]:
    if dates is None:
        return [(None, table)]
    months = pc.strftime(dates, format="%Y-%m")
    found = sorted(pc.unique(months).to_pylist())
    return [(month, table.filter(pc.equal(months, month))) for month in found] or [(None, table)]
