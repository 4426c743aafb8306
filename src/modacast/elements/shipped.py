"""The data files that come with modacast: CSV with a fixed header, read with the line that each row stands on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from modacast.errors import InvalidInput, NotFound

__all__ = ["ShippedRow", "shipped_rows"]


@dataclass(frozen=True, slots=True)
class ShippedRow:
    """One row of a data file.

    Attributes:
        where: file and line, for messages.
        values: its fields, without spaces around them; as many as the header has.
    """

    where: str
    values: tuple[str, ...]


def shipped_rows(name: str, header: Sequence[str], path: str | Path | None = None) -> list[ShippedRow]:
    """Read a data file; empty lines are passed over.

    Args:
        name: of the file in `modacast/elements/data`.
        header: its columns, in order.
        path: another file of the same form, to read instead.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the header is another, or rows have too few or too many fields; names them with their lines.
    """
    with _opened(name, path) as source, source.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        found = next(reader, [])
        if found != list(header):
            raise InvalidInput(
                f"{source}, line 1: the header is {','.join(found)!r}; it must be {','.join(header)!r}"
            )
        rows, slips = [], []
        for values in reader:
            where = f"{source}, line {reader.line_num}"
            if any(values) and len(values) != len(header):
                slips.append(f"{where}: {len(values)} columns, expected {len(header)}")
            elif any(values):
                rows.append(ShippedRow(where, tuple(value.strip() for value in values)))
    if slips:
        raise InvalidInput("; ".join(slips[:20]))
    return rows


@contextmanager
def _opened(name: str, path: str | Path | None) -> Iterator[Path]:
    if path is None:
        with as_file(files("modacast.elements") / "data" / name) as shipped:
            yield shipped
        return
    if not Path(path).is_file():
        raise NotFound(f"there is no file {path}")
    yield Path(path)
