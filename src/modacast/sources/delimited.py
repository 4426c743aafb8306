"""Records of delimited text, kept apart even where quotes are not closed.

`csv` alone swallows the rest of a file after one stray quote. Here a record may run over several lines only
where its quotes close properly and it then has as many fields as the header; otherwise the quote is taken for an
ordinary character, or the line is set aside.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from modacast.sources.rejects import Rejects
from modacast.sources.streams import Lines

__all__ = ["Dialect", "Record", "read_records", "sniff_delimiter"]

_MAX_LINES = 1_000
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How fields are told apart.

    Attributes:
        delimiter: one character.
        max_chars: longest record.
    """

    delimiter: str
    max_chars: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes:
        row: number of its first line.
        fields: as text.
        n_chars: its length.
    """

    row: int
    fields: list[str]
    n_chars: int


def sniff_delimiter(header: str) -> str:
    """Get the delimiter of a CSV file from its first line: the most frequent of `,`, `;`, tab and `|`.

    >>> sniff_delimiter('date;title;"a,b"')
    ';'
    """
    outside = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def read_records(lines: Lines, dialect: Dialect, rejects: Rejects) -> Iterator[Record]:
    """Yield the records, the header first; those with another number of fields than the header are set aside."""
    # its own limit of 131,072 characters is below ours, and for the whole process
    csv.field_size_limit(max(csv.field_size_limit(), dialect.max_chars + 1))
    n_fields = 0
    for row, line in lines:
        fields = (
            line.split(dialect.delimiter) if '"' not in line else _quoted(row, line, n_fields, lines, dialect)
        )
        if n_fields and len(fields) > n_fields and not any(fields[n_fields:]):
            fields = fields[:n_fields]
        if not n_fields and any(fields):
            n_fields = len(fields)
        if len(fields) == n_fields:
            yield Record(row, fields, len(line))
        elif line and not line.isspace():
            rejects.add(row, "wrong number of fields", detail=f"{len(fields)} instead of {n_fields}")


def _quoted(row: int, line: str, n_fields: int, lines: Lines, dialect: Dialect) -> list[str]:
    """Get the fields of a line that holds quotes; lines that it runs on over are taken from `lines`."""
    fields = _parse([line], dialect)
    if fields is None and _is_odd(line):
        fields = _parse_further(line, n_fields, lines, dialect)
    if fields is not None and n_fields in {0, len(fields)}:
        return fields
    literal = line.split(dialect.delimiter)
    return literal if fields is None or len(literal) == n_fields else fields


def _parse_further(line: str, n_fields: int, lines: Lines, dialect: Dialect) -> list[str] | None:
    """Get the fields of a record that runs on over the next lines; give them back where it does not."""
    taken: list[tuple[int, str]] = []
    n_chars = len(line)
    for number, following in lines:
        taken.append((number, following))
        n_chars += len(following) + 1
        # only an odd number of quotes can close what is open
        if _is_odd(following):
            fields = _parse([line, *(text for _, text in taken)], dialect)
            if fields is not None and n_fields in {0, len(fields)}:
                return fields
            break
        if len(taken) > _MAX_LINES or n_chars > dialect.max_chars:
            break
    lines.give_back(taken)
    return None


def _parse(parts: list[str], dialect: Dialect) -> list[str] | None:
    """Get the fields of one whole record, None where its quotes do not close properly."""
    ended = (part + "\n" for part in parts)
    try:
        records = list(csv.reader(ended, delimiter=dialect.delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def _is_odd(text: str) -> bool:
    return text.count('"') % 2 == 1
