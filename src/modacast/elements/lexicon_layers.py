"""Lexicon files on top of each other: the shipped ones first, then a user's, which add and override."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from modacast.elements.lexicon_file import Problem, Row, read_rows
from modacast.types import FACETS

__all__ = ["read_layers"]


def read_layers(paths: Sequence[str | Path], problems: list[Problem], *, shipped: bool) -> list[Row]:
    """Read files and merge each row into the row of the same id in an earlier layer.

    Args:
        paths: CSV files, or folders of them; each is a layer.
        problems: what is wrong is appended here.
        shipped: whether the files that come with modacast are the first layer.

    Raises:
        NotFound: a path does not exist.
    """
    rows: list[Row] = []
    if shipped:
        with as_file(files("modacast.elements") / "data" / "lexicon") as folder:
            for facet in FACETS:
                if (folder / f"{facet}.csv").is_file():
                    rows.extend(read_rows(folder / f"{facet}.csv", 0, problems))
    for layer, path in enumerate(map(Path, paths), start=int(shipped)):
        for file in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
            rows.extend(read_rows(file, layer, problems))
    return _merged(rows)


def _merged(rows: Iterable[Row]) -> list[Row]:
    """Merge rows into those of the same id in earlier layers; a second one in the same layer stays."""
    merged: list[Row] = []
    positions: dict[str, int] = {}
    for row in rows:
        position = positions.get(row.id)
        if position is None or merged[position].layer == row.layer:
            positions.setdefault(row.id, len(merged))
            merged.append(row)
        else:
            merged[position] = _merge(merged[position], row)
    return merged


def _merge(old: Row, new: Row) -> Row:
    cells = dict(old.cells)
    for lang, surfaces in new.cells.items():
        kept = cells.get(lang, ()) if lang in new.added else ()
        known = {surface.text for surface in kept}
        cells[lang] = (*kept, *(surface for surface in surfaces if surface.text not in known))
    attributes = {**old.attributes, **new.attributes}
    return replace(
        new, parent=new.parent or old.parent, cells=cells, added=frozenset(), attributes=attributes
    )
