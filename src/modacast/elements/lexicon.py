"""The fashion lexicon: which elements there are and how nine languages write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from modacast.elements.folding import fold, fold_all
from modacast.elements.lexicon_check import checked
from modacast.elements.lexicon_file import HEADER, Problem, Row, Surface, write_rows
from modacast.elements.lexicon_layers import read_layers
from modacast.errors import InvalidInput, NotFound, suggest
from modacast.types import FACETS, LANGUAGES, Element

__all__ = ["Entry", "Lexicon"]

_SHOWN_PROBLEMS = 20
_Status = Literal["listed", "candidate", "admitted"]
_STATUSES: tuple[_Status, ...] = get_args(_Status)


@dataclass(frozen=True, slots=True)
class Entry:
    """One surface of one element in one language.

    Attributes:
        element_id: what it names.
        lang: language code.
        surface: how it is written, with its flags.
        rank: of two elements that share a surface in a language, the entry of lower rank wins: the one of a
            later layer, then the unambiguous one, then the order of `FACETS`, then the order of the files.
    """

    element_id: str
    lang: str
    surface: Surface
    rank: int


class Lexicon:
    """Fashion elements and their surfaces.

    Build one with `Lexicon.load`. A lexicon does not change; `without` and `extended` give new ones.

    Attributes:
        problems: what is wrong in the files, empty after a strict load.
    """

    def __init__(self, rows: Sequence[Row], problems: Sequence[Problem] = ()) -> None:
        self._rows = tuple(rows)
        self.problems = tuple(problems)
        self._elements = {row.id: _element(row) for row in self._rows}

    @classmethod
    def load(cls, *paths: str | Path, shipped: bool = True, strict: bool = True) -> Lexicon:
        """Read lexicon files.

        The shipped files are the first layer, each path is a further one. A row whose id an earlier layer
        holds is merged into it: cells that are filled replace the earlier ones, cells that begin with `+|` add
        to them, empty cells leave them; attributes are merged key by key. A surface that an earlier layer gives
        to another element goes to the later layer's.

        Args:
            paths: CSV files, or folders of them.
            shipped: whether to start from the files that come with modacast.
            strict: whether to raise where anything is wrong; otherwise the wrong parts are left out and listed
                in `problems`.

        Raises:
            InvalidInput: something is wrong in the files; the message lists file, line and column.
            NotFound: a path does not exist.
        """
        problems: list[Problem] = []
        rows = checked(read_layers(paths, problems, shipped=shipped), problems)
        if problems and strict:
            shown = "\n  ".join(map(str, problems[:_SHOWN_PROBLEMS]))
            more = len(problems) - _SHOWN_PROBLEMS
            tail = f"\n  ... and {more} more" if more > 0 else ""
            raise InvalidInput(f"the lexicon has {len(problems)} problems:\n  {shown}{tail}")
        return cls(rows, problems)

    @classmethod
    def check(cls, *paths: str | Path, shipped: bool = True) -> tuple[Problem, ...]:
        """Get everything that is wrong in lexicon files, by file and line.

        Raises:
            NotFound: a path does not exist.
        """
        found = cls.load(*paths, shipped=shipped, strict=False).problems
        return tuple(sorted(found, key=lambda problem: (problem.path, problem.line, problem.column)))

    def __len__(self) -> int:
        return len(self._elements)

    def __iter__(self) -> Iterator[Element]:
        return iter(self._elements.values())

    def __contains__(self, element_id: object) -> bool:
        return element_id in self._elements

    def __getitem__(self, element_id: str) -> Element:
        """Get an element.

        Raises:
            NotFound: there is none of that id.
        """
        if element_id not in self._elements:
            raise NotFound(f"the lexicon has no element {element_id!r}{suggest(element_id, self._elements)}")
        return self._elements[element_id]

    @property
    def elements(self) -> Mapping[str, Element]:
        """All elements by id, in the files' order."""
        return dict(self._elements)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every surface of every element."""
        return tuple(self.iter_entries())

    def iter_entries(self) -> Iterator[Entry]:
        """Yield every surface of every element, without keeping them: there are some 86,000."""
        facets = {row.id: FACETS.index(self._elements[row.id].facet) for row in self._rows}
        keys = np.array(
            [
                (-surface.layer, surface.ambiguous, facets[row.id])
                for row in self._rows
                for surfaces in row.cells.values()
                for surface in surfaces
            ],
            dtype=np.int32,
        ).reshape(-1, 3)
        ranks = np.empty(len(keys), dtype=np.int64)
        ranks[np.lexsort((keys[:, 2], keys[:, 1], keys[:, 0]))] = np.arange(len(keys))
        place = 0
        for row in self._rows:
            for lang, surfaces in row.cells.items():
                for surface in surfaces:
                    yield Entry(row.id, lang, surface, int(ranks[place]))
                    place += 1

    @cached_property
    def version(self) -> str:
        """The content's fingerprint, 16 hexadecimal digits; equal lexicons have equal versions."""
        # the library behind it takes megabytes, and not everyone asks
        import hashlib

        digest = hashlib.sha256()
        for row in self._rows:
            digest.update(repr(_values(row)).encode())
        return digest.hexdigest()[:16]

    def facet(self, name: str) -> tuple[Element, ...]:
        """Get the elements of a facet.

        Raises:
            NotFound: there is no such facet.
        """
        if name not in FACETS:
            raise NotFound(f"there is no facet {name!r}{suggest(name, FACETS)}")
        return tuple(element for element in self if element.facet == name)

    def find(self, surface: str, lang: str | None = None) -> tuple[Element, ...]:
        """Get the elements that a surface names, the likeliest first; upper and lower case are alike.

        Args:
            surface: a word or phrase.
            lang: a language code; None for all languages.
        """
        entries = sorted(self._by_surface.get(fold(surface), ()), key=lambda entry: entry.rank)
        ids = dict.fromkeys(entry.element_id for entry in entries if lang in (None, entry.lang))
        return tuple(self._elements[element_id] for element_id in ids)

    def ancestors(self, element_id: str) -> tuple[str, ...]:
        """Get the ids of the broader elements, the nearest first.

        Raises:
            NotFound: there is no such element.
        """
        found: list[str] = []
        parent = self[element_id].parent
        while parent is not None:
            found.append(parent)
            parent = self._elements[parent].parent
        return tuple(found)

    def children(self, element_id: str) -> tuple[str, ...]:
        """Get the ids of the elements directly below one.

        Raises:
            NotFound: there is no such element.
        """
        known = self[element_id].id
        return tuple(element.id for element in self if element.parent == known)

    def label(self, element_id: str, lang: str = "zh") -> str:
        """Get the name to show; falls back to English, then Chinese.

        Raises:
            NotFound: there is no such element.
        """
        return self[element_id].label(lang)

    def without(self, *names: str) -> Lexicon:
        """Get the lexicon as if some elements had never been listed.

        Args:
            names: ids, or surfaces. With a surface goes every surface that holds it, and every element whose
                label in some language it is or which is left without any.

        Raises:
            NotFound: a name is neither an id nor part of any surface.
        """
        rows = list(self._rows)
        for name in names:
            kept = [row for row in rows if row.id != name] if "/" in name else _without_surface(rows, name)
            if kept == rows:
                raise NotFound(f"the lexicon has nothing named {name!r}")
            rows = kept
        left = {row.id for row in rows}
        return Lexicon([replace(row, parent=self._nearest(row.parent, left)) for row in rows])

    def extended(self, elements: Iterable[Element]) -> Lexicon:
        """Get the lexicon with further elements, such as discovered ones; they go before the listed ones.

        Raises:
            InvalidInput: an element does not fit, for example because its id is taken.
        """
        problems: list[Problem] = []
        layer = 1 + max((row.layer for row in self._rows), default=0)
        new = [_row(element, layer) for element in elements]
        taken = {row.id for row in self._rows}
        problems.extend(
            Problem("extended", 0, "id", "is taken by a listed element", row.id)
            for row in new
            if row.id in taken
        )
        rows = checked([*self._rows, *new], problems)
        if problems:
            raise InvalidInput("; ".join(f"{problem.element_id}: {problem.message}" for problem in problems))
        return Lexicon(rows)

    def export(self, path: str | Path) -> None:
        """Write the whole lexicon as one CSV file that `load` reads."""
        write_rows(Path(path), (_values(row) for row in self._rows))

    @cached_property
    def _by_surface(self) -> dict[str, list[Entry]]:
        index: dict[str, list[Entry]] = {}
        spellings = fold_all([entry.surface.text for entry in self.entries])
        for spelling, entry in zip(spellings, self.entries, strict=True):
            index.setdefault(spelling, []).append(entry)
        return index

    def _nearest(self, parent: str, left: set[str]) -> str:
        while parent and parent not in left:
            parent = self._elements[parent].parent or ""
        return parent


def _without_surface(rows: Sequence[Row], name: str) -> list[Row]:
    needle = fold(name)
    kept: list[Row] = []
    for row in rows:
        if any(fold(surfaces[0].text) == needle for surfaces in row.cells.values()):
            continue
        cells = {
            lang: tuple(surface for surface in surfaces if needle not in fold(surface.text))
            for lang, surfaces in row.cells.items()
        }
        filled = {lang: surfaces for lang, surfaces in cells.items() if surfaces}
        if filled:
            kept.append(row if filled == row.cells else replace(row, cells=filled))
    return kept


def _element(row: Row) -> Element:
    labels = {lang: tuple(surface.text for surface in surfaces) for lang, surfaces in row.cells.items()}
    facet = next(facet for facet in FACETS if facet == row.id.partition("/")[0])
    told = row.attributes.get("status")
    status: _Status = next((known for known in _STATUSES if known == told), "listed")
    return Element(row.id, facet, labels, row.parent or None, status, dict(row.attributes))


def _row(element: Element, layer: int) -> Row:
    cells = {
        lang: tuple(Surface(text, layer=layer) for text in texts)
        for lang, texts in element.labels.items()
        if texts
    }
    attributes = dict(element.attributes)
    if element.status != "listed":
        attributes["status"] = element.status
    return Row("extended", 0, layer, element.id, element.parent or "", cells, frozenset(), attributes)


def _values(row: Row) -> tuple[str, ...]:
    cells = ("|".join(map(str, row.cells.get(lang, ()))) for lang in LANGUAGES)
    attributes = ";".join(f"{key}={value}" for key, value in row.attributes.items())
    return tuple(dict(zip(HEADER, (row.id, row.parent, *cells, attributes), strict=True)).values())
