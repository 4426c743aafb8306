"""The styles that texts are read for: what speaks for each, and a sentence that describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modacast.elements.shipped import shipped_rows
from modacast.errors import InvalidInput

__all__ = ["Style", "load_styles"]

_HEADER = ("id", "covers", "elements", "zh", "en")


@dataclass(frozen=True, slots=True)
class Style:
    """One style that gets a weight of its own.

    Attributes:
        id: of an element of the facet "style".
        covers: ids of styles whose mentions count for it, besides those below it in the lexicon.
        elements: element id to how much it speaks for the style, above 0; 1 is a usual piece of the style,
            2 and more one that hardly stands elsewhere.
        descriptions: language code to a sentence that describes the style without naming it.
    """

    id: str
    covers: tuple[str, ...]
    elements: Mapping[str, float]
    descriptions: Mapping[str, str]


def load_styles(path: str | Path | None = None) -> tuple[Style, ...]:
    """Read styles: CSV with the columns `id,covers,elements,zh,en`.

    `covers` holds ids, `elements` holds `id=weight`, both set apart by spaces.

    Args:
        path: the file; None for the one that comes with modacast.

    Raises:
        InvalidInput: a row is wrong; the message lists all of them with their line.
        NotFound: there is no such file.
    """
    slips: list[str] = []
    styles: list[Style] = []
    for row in shipped_rows("styles.csv", _HEADER, path):
        try:
            styles.append(_style(row.values))
        except ValueError as error:
            slips.append(f"{row.where}: {error}")
    source = path or "styles.csv"
    slips += [f"{source}: {slip}" for slip in _shared(styles)]
    if slips or not styles:
        raise InvalidInput("; ".join(slips[:20]) or f"{source} holds no style")
    return tuple(styles)


def _shared(styles: list[Style]) -> list[str]:
    owners: dict[str, str] = {}
    slips = []
    for style in styles:
        for covered in (style.id, *style.covers):
            if covered in owners:
                slips.append(f"{covered!r} counts for {owners[covered]!r} and for {style.id!r}")
            owners[covered] = style.id
    return slips


def _style(values: Sequence[str]) -> Style:
    style_id, covers, elements, zh, en = values
    for found in (style_id, *covers.split()):
        if not found.startswith("style/"):
            raise ValueError(f"{found!r} is no id of a style; such ids begin with 'style/'")
    weights: dict[str, float] = {}
    for pair in elements.split():
        element_id, equals, number = pair.partition("=")
        try:
            weights[element_id] = float(number)
        except ValueError:
            equals = ""
        if not equals or not weights[element_id] > 0:
            raise ValueError(f"column elements: {pair!r} is not written id=weight with a weight above 0")
    if not zh or not en:
        raise ValueError("a description in zh and in en is needed")
    return Style(style_id, tuple(covers.split()), weights, {"zh": zh, "en": en})
