"""Texts from files."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from modacast.errors import NotFound, suggest
from modacast.sources.tables import Checks, read_rows
from modacast.types import RAW_DOCUMENTS, Batch

__all__ = ["FileSource", "find_files"]


@dataclass(slots=True)
class FileSource:
    """Raw documents from CSV, TSV, JSON-lines or Parquet files, gzipped or not.

    Attributes:
        name: of the source.
        path: a file, or a pattern such as `posts/*.csv.gz`; files are read in the order of their names.
        columns: column of `RAW_DOCUMENTS` to the files' column, or to a list of columns that are joined.
        constants: column of `RAW_DOCUMENTS` to a value for all rows.
        lang: language of all texts; short for `constants={"lang": ...}`.
        fmt: `"csv"`, `"tsv"`, `"jsonl"` or `"parquet"`, where the names do not tell.
        encoding: of the files, where it is neither UTF-8 nor GB18030.
        chunk_rows: rows of a batch.
        now: instants more than a day later are set aside; by default the clock.
    """

    name: str
    path: str | Path
    columns: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    lang: str | None = None
    fmt: str | None = None
    encoding: str | None = None
    chunk_rows: int = 20_000
    now: datetime | None = None

    def read(self) -> Iterator[Batch]:
        """Yield batches of `RAW_DOCUMENTS`, file by file; see `read_rows`.

        Raises:
            NotFound: no file is there.
            InvalidInput: a file is not of its format, or a column is wrong, ambiguous or missing.
        """
        constants = {**self.constants, **({"lang": self.lang} if self.lang else {})}
        checks = Checks(source=self.name, now=self.now)
        for path in find_files(self.path):
            yield from read_rows(
                path,
                schema=RAW_DOCUMENTS,
                columns=self.columns,
                constants=constants,
                chunk_rows=self.chunk_rows,
                fmt=self.fmt,
                encoding=self.encoding,
                checks=checks,
            )


def find_files(path: str | Path) -> list[Path]:
    """Get the files that a path or pattern stands for, in the order of their names.

    Raises:
        NotFound: there is none; the message offers the near-miss names in the folder.
    """
    whole = Path(path).expanduser()
    if whole.exists() or not glob.has_magic(str(whole)):
        return [whole]
    found = sorted(Path(name) for name in glob.glob(str(whole), recursive=True) if Path(name).is_file())
    if not found:
        folder = whole.parent
        near = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        raise NotFound(f"no file matches {whole}{suggest(whole.name, near)}")
    return found
