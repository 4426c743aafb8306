"""The season's palette: colours by share of voice and movement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modacast.serve.report.board import BoardRow

__all__ = ["Swatch", "ink_on", "palette"]

_MOST = 14


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


def palette(rows: Sequence[BoardRow]) -> list[Swatch]:
    """Get the loudest and the fastest colours, ordered by hue as a ribbon would be."""
    coloured = [row for row in rows if row.colour is not None]
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
    return "#1a1714" if _luminance(colour) > 0.2 else "#ffffff"


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
