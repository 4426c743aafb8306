"""The season's palette: colours by share of voice and movement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modacast.serve.report.board import BoardRow
from modacast.serve.report.names import Names

__all__ = ["Swatch", "ink_on", "palette"]

_MOST = 14
_SAME = 0.8
_MIDDLE = 0.179  # here black and white are alike, at 4.6 to 1; neither is ever worse


@dataclass(frozen=True, slots=True)
class Swatch:
    """One colour.

    Attributes:
        row: its row on the board.
        colour: `"#rrggbb"`.
        ink: `"#rrggbb"` of text that is legible on it.
        part: its share of the palette's width, in (0, 1].
    """

    row: BoardRow
    colour: str
    ink: str
    part: float


def palette(rows: Sequence[BoardRow], names: Names) -> list[Swatch]:
    """Get the loudest and the fastest colours, ordered by hue as a ribbon would be.

    A colour that is spoken of almost only as one of its shades (red, always as wine red) gives way to it.
    """
    coloured = [row for row in rows if row.colour is not None]
    levels = {row.id: float(row.fields["level"]) for row in coloured}
    said_as_shade = {
        above
        for row in coloured
        for above in names.line(row.id)[1:]
        if above in levels and levels[row.id] >= _SAME * levels[above]
    }
    coloured = [row for row in coloured if row.id not in said_as_shade]
    loudest = sorted(coloured, key=lambda row: -float(row.fields["level"]))[: _MOST * 2 // 3]
    moving = [row for row in coloured if row not in loudest and row.stage in {"emerging", "rising"}]
    chosen = [*loudest, *moving[: _MOST - len(loudest)]]
    widths = [max(float(row.fields["level"]), 1e-12) ** 0.6 for row in chosen]
    swatches = [
        Swatch(row, row.colour or "", ink_on(row.colour or ""), width / sum(widths))
        for row, width in zip(chosen, widths, strict=True)
    ]
    return sorted(swatches, key=lambda swatch: _place(swatch.colour))


def ink_on(colour: str) -> str:
    """Get black or white, whichever is more legible on a colour (WCAG relative luminance)."""
    return "#000000" if _luminance(colour) > _MIDDLE else "#ffffff"


def _luminance(colour: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _channels(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def _place(colour: str) -> tuple[int, float]:
    """Neutrals from light to dark, then the colours round the wheel from red."""
    from colorsys import rgb_to_hls

    red, green, blue = _channels(colour)
    hue, light, saturation = rgb_to_hls(red, green, blue)
    if saturation < 0.16 or light > 0.93 or light < 0.06:
        return 0, -light
    return 1, (hue + 0.04) % 1.0
