"""What must hold between the rows of a lexicon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modacast.elements.folding import fold_all
from modacast.elements.lexicon_file import Problem, Row, Surface
from modacast.errors import suggest

__all__ = ["checked"]


def checked(rows: Sequence[Row], problems: list[Problem]) -> list[Row]:
    """Get the rows with what is wrong taken out, and report it.

    A row is left out where its id is taken or it has neither a Chinese nor an English label; a parent where it
    is unknown, of another facet or part of a cycle; a surface where it was given to another element before, or
    where a later layer gives it to another one, which is no problem.
    One surface may stand in several rows of one layer and language if all of them but one flag it `?`.

    Args:
        rows: merged rows, earlier layers first.
        problems: what is wrong is appended here.
    """
    kept = _labelled(_distinct(rows, problems), problems)
    return _unshared(_rooted(kept, problems), problems)


def _report(problems: list[Problem], row: Row, column: str, message: str) -> None:
    problems.append(Problem(row.path, row.line, column, message, row.id))


def _distinct(rows: Sequence[Row], problems: list[Problem]) -> list[Row]:
    first: dict[str, Row] = {}
    for row in rows:
        if row.id in first:
            other = first[row.id]
            _report(
                problems, row, "id", f"{row.id!r} is taken by {other.path}, line {other.line}; merge the rows"
            )
        else:
            first[row.id] = row
    return list(first.values())


def _labelled(rows: Sequence[Row], problems: list[Problem]) -> list[Row]:
    kept = []
    for row in rows:
        if row.cells.get("zh") or row.cells.get("en"):
            kept.append(row)
        else:
            _report(problems, row, "zh", f"{row.id!r} has neither a Chinese nor an English label; write one")
    return kept


def _rooted(rows: Sequence[Row], problems: list[Problem]) -> list[Row]:
    parents = {row.id: row.parent for row in rows}
    kept = []
    for row in rows:
        wrong = _wrong_parent(row, parents)
        if wrong:
            _report(problems, row, "parent", wrong)
            parents[row.id] = ""
            kept.append(replace(row, parent=""))
        else:
            kept.append(row)
    return kept


def _wrong_parent(row: Row, parents: dict[str, str]) -> str:
    if not row.parent:
        return ""
    if row.parent not in parents:
        facet = row.id.partition("/")[0]
        return f"there is no element {row.parent!r}{suggest(row.parent, (i for i in parents if i.startswith(facet)))}"
    if row.parent.partition("/")[0] != row.id.partition("/")[0]:
        return f"{row.parent!r} is of another facet than {row.id!r}; an element's parent shares its facet"
    chain = [row.id]
    while parents.get(chain[-1]):
        chain.append(parents[chain[-1]])
        if chain[-1] in chain[:-1]:
            return f"the parents run in a circle: {' -> '.join(chain)}; one of them must have none"
    return ""


def _unshared(rows: Sequence[Row], problems: list[Problem]) -> list[Row]:
    spellings = _spellings(rows)
    owners = _owners(rows, spellings)
    kept = []
    for row in rows:
        cells: dict[str, tuple[Surface, ...]] = {}
        for lang, surfaces in row.cells.items():
            mine = []
            for surface in surfaces:
                owner = None if surface.ambiguous else owners[lang, spellings[surface.text]]
                if owner is None or owner.row.id == row.id:
                    mine.append(surface)
                elif owner.layer == surface.layer:
                    _report(problems, row, lang, _shared(surface, row, owner.row))
            if mine:
                cells[lang] = tuple(mine)
        kept.append(row if cells == row.cells else replace(row, cells=cells))
    return kept


def _spellings(rows: Sequence[Row]) -> dict[str, str]:
    """Get the folded spelling of each surface; all at once, as one by one takes most of a lexicon's reading."""
    texts = list({surface.text for row in rows for cell in row.cells.values() for surface in cell})
    return dict(zip(texts, fold_all(texts), strict=True))


@dataclass(frozen=True, slots=True)
class _Owner:
    row: Row
    layer: int


def _owners(rows: Sequence[Row], spellings: Mapping[str, str]) -> dict[tuple[str, str], _Owner]:
    """Get who may keep each unambiguous surface: the first row of the last layer that claims it."""
    owners: dict[tuple[str, str], _Owner] = {}
    for row in rows:
        for lang, cell in row.cells.items():
            for surface in cell:
                if surface.ambiguous:
                    continue
                place = (lang, spellings[surface.text])
                owner = owners.get(place)
                if owner is None or owner.layer < surface.layer:
                    owners[place] = _Owner(row, surface.layer)
    return owners


def _shared(surface: Surface, row: Row, owner: Row) -> str:
    return (
        f"{surface.text!r} of {row.id!r} stands for {owner.id!r} already ({owner.path}, line {owner.line}); "
        f"remove it from one of them or flag it there as {surface.text + '?'!r}"
    )
