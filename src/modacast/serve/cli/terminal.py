"""The two ends of the terminal: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from modacast.errors import InvalidInput
from modacast.pipeline.progress import StageRow

__all__ = ["Bars", "emit", "log", "print_json", "print_table", "stage_table", "terminal_width", "write_table"]

log = Console(stderr=True, highlight=False)
_PIPED_WIDTH = 240


class Bars:
    """Progress as bars on stderr; plain lines where stderr is no terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", justify="left"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            console=log,
            transient=True,
            disable=quiet or not log.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, stage: str, source: str, total: int | None) -> None:
        """Show a bar for the stage."""
        self._task = self._bars.add_task(f"{stage} {source}".strip(), total=total, rate="")

    def advance(self, n: int) -> None:
        """Move the bar."""
        if self._task is None:
            return
        self._bars.advance(self._task, n)
        task = self._bars.tasks[-1]
        speed = task.finished_speed or task.speed
        self._bars.update(self._task, rate=f"{speed:,.0f}/s" if speed else "")

    def end(self, row: StageRow) -> None:
        """Replace the bar by one line."""
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        if not self._quiet:
            log.print(_line(row))


def _line(row: StageRow) -> str:
    name = f"{row.stage} {row.source}".strip()
    parts = [f"{row.n_in:,} in, {row.n_out:,} out"]
    if row.n_rejected:
        parts.append(f"{row.n_rejected:,} set aside")
    if row.n_unrelated:
        parts.append(f"{row.n_unrelated:,} not about fashion")
    if row.n_known:
        parts.append(f"{row.n_known:,} already done")
    return f"[green]✓[/] {name:<24} {', '.join(parts)} [dim]{row.seconds:.1f} s[/]"


def stage_table(rows: Sequence[StageRow]) -> Table:
    """Get a run's summary as a table."""
    table = Table(title=None, header_style="bold", box=None, pad_edge=False)
    table.add_column("stage")
    for name in ("in", "out", "set aside", "not fashion", "already done", "seconds"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            f"{row.stage} {row.source}".strip(),
            f"{row.n_in:,}",
            f"{row.n_out:,}",
            f"{row.n_rejected:,}",
            f"{row.n_unrelated:,}",
            f"{row.n_known:,}",
            f"{row.seconds:.1f}",
        )
    return table


def print_json(value: Any) -> None:
    """Write one JSON document to stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")


def terminal_width() -> int:
    """Get how many characters a line on stdout may hold; many where it goes to a file or another program."""
    console = Console()
    return console.width if console.is_terminal else _PIPED_WIDTH


def print_table(table: Table) -> None:
    """Write a table to stdout: as wide as the terminal, or whole where it goes to a file or another program."""
    console = Console()
    console.width = terminal_width()
    console.print(table)


def emit(table: pa.Table, out: Path | None, *, as_json: bool = False) -> None:
    """Write a result to a file, or to stdout as JSON lines (`as_json`) or CSV."""
    if out is not None:
        write_table(table, out)
        log.print(f"wrote {table.num_rows:,} rows to {out}", markup=False, soft_wrap=True)
        return
    if as_json:
        for row in _readable(table).to_pylist():
            sys.stdout.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
    else:
        sys.stdout.write(_csv(table))


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as CSV, TSV, JSON, JSONL or Parquet, gzipped or not, as the name says.

    Raises:
        InvalidInput: the name ends in something else.
        StorageError: the disk refused.
    """
    import gzip

    from modacast.store.files import write_atomically

    name = path.name.lower()
    packed = name.endswith(".gz")
    kind = name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        import pyarrow.parquet as pq

        write_atomically(path, lambda file: pq.write_table(table, file))
        return
    if kind in {"csv", "tsv"}:
        text = _csv(table, delimiter="\t" if kind == "tsv" else ",")
    elif kind == "json":
        text = json.dumps(_readable(table).to_pylist(), ensure_ascii=False, indent=1, default=str) + "\n"
    elif kind in {"jsonl", "ndjson"}:
        text = "".join(
            json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in _readable(table).to_pylist()
        )
    else:
        raise InvalidInput(
            f"cannot tell a format from {path.name!r}: use .csv, .tsv, .json, .jsonl or .parquet (.gz)"
        )
    data = text.encode()
    write_atomically(path, lambda file: file.write(gzip.compress(data) if packed else data))


def _readable(table: pa.Table) -> pa.Table:
    """Get the table with each float32 written as shortly as it can be told: 0.54, not 0.5400000214576721."""
    for i, field in enumerate(table.schema):
        if pa.types.is_float32(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()).cast(pa.float64()))
    return table


def _csv(table: pa.Table, delimiter: str = ",") -> str:
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in zip(*(column.to_pylist() for column in _readable(table).columns), strict=True):
        writer.writerow([_cell(value) for value in row])
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return "|".join(
            f"{part[0]}={part[1]:.4g}" if isinstance(part, tuple) else str(part) for part in value
        )
    return value.isoformat() if hasattr(value, "isoformat") else value
