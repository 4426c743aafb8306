"""Alerts in a file that grows: JSON lines, or CSV."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

from modacast.errors import InvalidInput, StorageError
from modacast.pipeline.alerts.channels import Alert, channel_name

__all__ = ["FileChannel"]


@dataclass(frozen=True, slots=True)
class FileChannel:
    """Appends a line an alert; an alert that is in the file already is not written again.

    Attributes:
        path: ends in `.jsonl` or `.csv`.

    Raises:
        InvalidInput: the name ends in something else.
    """

    path: Path

    def __post_init__(self) -> None:
        if self.path.suffix not in {".jsonl", ".csv"}:
            raise InvalidInput(f"alerts.file ends in .jsonl or .csv, got {str(self.path)!r}")

    @property
    def name(self) -> str:
        """Its kind and a fingerprint of the path."""
        return channel_name("file", str(self.path.absolute()))

    def send(self, alert: Alert) -> None:
        """Append the alert.

        Raises:
            StorageError: the file cannot be read or written.
        """
        row = alert.to_dict()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            written = self.path.read_bytes() if self.path.exists() else b""
            whole = written[: written.rfind(b"\n") + 1]  # a killed run may leave half a line
            if alert.id.encode() in whole:
                return
            line = _json(row) if self.path.suffix == ".jsonl" else _csv(row, with_header=not whole)
            with self.path.open("r+b" if self.path.exists() else "wb") as file:
                file.seek(len(whole))
                file.truncate()
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"cannot write {self.path}: {error.strerror or error}") from error


def _json(row: dict[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _csv(row: dict[str, object], *, with_header: bool) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    if with_header:
        writer.writerow(row)
    writer.writerow([_guarded("|".join(map(str, v)) if isinstance(v, list) else v) for v in row.values()])
    return buffer.getvalue()


def _guarded(value: object) -> object:
    """Spreadsheets compute what begins like a formula; an apostrophe keeps text text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
