"""The lexicon's CSV files: one row an element, one column a language.

A cell holds surfaces separated by `|`; the first is the label. A surface may end in `?` (ambiguous outside
fashion) and `!` (match the case as written). In a later file, a cell that begins with `+|` adds to what earlier
files say instead of replacing it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modacast.errors import NotFound, suggest
from modacast.types import FACETS, LANGUAGES

__all__ = ["HEADER", "Problem", "Row", "Surface", "read_rows", "write_rows"]

HEADER: tuple[str, ...] = ("id", "parent", *LANGUAGES, "attributes")

_NAME = re.compile(r"\w+(?:[-.]\w+)*")
_ADD = "+|"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a lexicon file.

    Attributes:
        path: the file.
        line: line number, from 1.
        column: the column's name, `""` where the whole row or file is meant.
        message: what is wrong and how to mend it.
        element_id: the row's id, `""` where it has none.
    """

    path: str
    line: int
    column: str
    message: str
    element_id: str = ""

    def __str__(self) -> str:
        where = f", column {self.column}" if self.column else ""
        return f"{self.path}, line {self.line}{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Surface:
    """One way in which one language writes an element.

    Attributes:
        text: as written, without flags.
        ambiguous: flagged `?`.
        exact: flagged `!`.
        layer: 0 where the first files say it, more where those that override do.
    """

    text: str
    ambiguous: bool = False
    exact: bool = False
    layer: int = 0

    def __str__(self) -> str:
        return self.text + "!" * self.exact + "?" * self.ambiguous


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in a file.

    Attributes:
        path: the file.
        line: line number, from 1.
        layer: 0 for the first files, more for those that override.
        cells: language code to surfaces; empty cells are left out.
        added: the languages whose cell adds to earlier files.
    """

    path: str
    line: int
    layer: int
    id: str
    parent: str
    cells: dict[str, tuple[Surface, ...]]
    added: frozenset[str]
    attributes: dict[str, str]


def read_rows(path: Path, layer: int, problems: list[Problem]) -> Iterator[Row]:
    """Yield the well-formed rows of a file.

    Args:
        path: a CSV file, UTF-8 with or without byte order mark.
        layer: what the rows' `layer` shall be.
        problems: what is wrong is appended here.

    Raises:
        NotFound: there is no such file.
    """
    if not path.is_file():
        raise NotFound(f"lexicon file {path} does not exist")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8; save the file as CSV UTF-8"
        problems.append(Problem(str(path), 1, "", message))
        return
    reader = csv.reader(text.splitlines(keepends=True))
    header = next(reader, [])
    if tuple(name.strip() for name in header) != HEADER:
        message = f"the header is {','.join(header)!r}; it must be {','.join(HEADER)!r}"
        problems.append(Problem(str(path), 1, "", message))
        return
    line = reader.line_num + 1
    for values in reader:
        if any(values):
            row = _row(values, path, line, layer, problems)
            if row is not None:
                yield row
        line = reader.line_num + 1


def write_rows(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows of `HEADER`'s columns as a lexicon file."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)


def _row(values: list[str], path: Path, line: int, layer: int, problems: list[Problem]) -> Row | None:
    if len(values) != len(HEADER):
        message = f"{len(values)} columns, expected {len(HEADER)}; quote cells that hold a comma"
        problems.append(Problem(str(path), line, "", message, values[0].strip()))
        return None
    record = {name: value.strip() for name, value in zip(HEADER, values, strict=True)}
    element_id = record["id"]

    def report(column: str, message: str) -> None:
        problems.append(Problem(str(path), line, column, message, element_id))

    wrong = _wrong_id(element_id)
    if wrong:
        report("id", wrong)
        return None
    cells: dict[str, tuple[Surface, ...]] = {}
    for lang in LANGUAGES:
        surfaces, slips = _cell(record[lang].removeprefix(_ADD), layer)
        for slip in slips:
            report(lang, slip)
        if surfaces:
            cells[lang] = surfaces
    attributes, slips = _attributes(record["attributes"])
    for slip in slips:
        report("attributes", slip)
    added = frozenset(lang for lang in LANGUAGES if record[lang].startswith(_ADD))
    return Row(str(path), line, layer, element_id, record["parent"], cells, added, attributes)


def _wrong_id(element_id: str) -> str:
    facet, slash, name = element_id.partition("/")
    if not slash or not _NAME.fullmatch(name) or element_id != element_id.lower():
        return f"{element_id!r} is no id; write facet/name in lower case, for example 'garment/shirt-dress'"
    if facet not in FACETS:
        return f"there is no facet {facet!r}{suggest(facet, FACETS)}"
    return ""


def _cell(text: str, layer: int) -> tuple[tuple[Surface, ...], list[str]]:
    if not text:
        return (), []
    surfaces: dict[str, Surface] = {}
    slips: list[str] = []
    for part in text.split("|"):
        written = part.strip()
        bare = written.rstrip("?!")
        flags = written[len(bare) :]
        if not bare:
            slips.append(f"empty surface in {text!r}; remove the spare '|' or flag")
        elif len(bare) < 2 and bare.isascii():
            slips.append(f"surface {bare!r} is too short to be found safely; write 2 characters or more")
        elif bare in surfaces:
            slips.append(f"{bare!r} stands twice in the cell; remove one")
        else:
            surfaces[bare] = Surface(bare, "?" in flags, "!" in flags, layer)
    return tuple(surfaces.values()), slips


def _attributes(text: str) -> tuple[dict[str, str], list[str]]:
    attributes: dict[str, str] = {}
    slips: list[str] = []
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not value:
            slips.append(f"{part!r} is no attribute; write key=value;key=value")
        elif key in attributes:
            slips.append(f"attribute {key!r} stands twice; keep one")
        else:
            attributes[key] = value
    return attributes, slips
