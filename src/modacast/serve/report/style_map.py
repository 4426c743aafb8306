"""The map of styles as a picture: near is alike, large is much spoken of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from modacast.elements.style_map import StyleLayout, lay_out_styles
from modacast.serve.report.data import Lang
from modacast.serve.report.svg import picture, tag, text, text_width
from modacast.serve.report.words import Words
from modacast.types import Floats

__all__ = ["StyleSpot", "standalone_map", "style_map"]

_WIDTH, _HEIGHT = 1120.0, 780.0
_LEAST, _MOST = 5.0, 34.0
_LABEL = 13.0
_LINKS = 2  # of each style, to the ones that it is most alike
_CLEAR = 0.55
_FARTHEST = 240.0  # a line across the whole map says less than it hides

_STYLE = """
.map{background:#fbf9f6;font-family:-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
.m-name{font-size:13px;fill:#1f1b18;text-anchor:middle;paint-order:stroke;stroke:#fbf9f6;stroke-width:3px;stroke-linejoin:round}
.m-link{stroke:#8b8178;stroke-opacity:.3;stroke-width:1}
.m-spot{fill-opacity:.8;stroke:#fbf9f6;stroke-width:1.5}
.m0{fill:#b4553f}.m1{fill:#3d6b8c}.m2{fill:#7a8b3f}.m3{fill:#8a5a9c}.m4{fill:#c08a2e}.m5{fill:#3f8a7d}.m6{fill:#a8466f}
@media (prefers-color-scheme:dark){
.map{background:#171513}.m-name{fill:#efe9e2;stroke:#171513}.m-spot{stroke:#171513}.m-link{stroke:#a79c91}
.m0{fill:#d9775f}.m1{fill:#6b9cc0}.m2{fill:#a5b869}.m3{fill:#b287c4}.m4{fill:#e0b057}.m5{fill:#66b8a9}.m6{fill:#d3729b}}
"""


@dataclass(frozen=True, slots=True)
class StyleSpot:
    """One style on the map.

    Attributes:
        name: what it is called.
        weight: 0 or more; the area of its spot.
    """

    name: Words
    weight: float


def style_map(
    spots: Sequence[StyleSpot],
    vectors: Floats,
    together: npt.ArrayLike,
    label: Words,
    *,
    lang: Lang | None = None,
) -> Markup:
    """Get the map as SVG that a page's style sheet colours.

    Args:
        spots: the styles.
        vectors: `(k, d)` float32 where they lie by meaning.
        together: `(k, k)` how often two stand together.
        label: what screen readers say.
        lang: the one language of the names; None for both, of which the page shows one.

    Raises:
        InvalidInput: the shapes disagree, or there are too many to fit.
    """
    radii = _radii(np.array([spot.weight for spot in spots], dtype=np.float64))
    names = [
        spot.name if lang is None else Words(spot.name.text(lang), spot.name.text(lang)) for spot in spots
    ]
    wide = np.array([max(text_width(name.zh), text_width(name.en)) for name in names])
    boxes = np.column_stack([np.maximum(2 * radii, wide) + 8, 2 * radii + _LABEL + 9])
    plan = lay_out_styles(vectors, together, boxes, width=_WIDTH, height=_HEIGHT)
    shift = _LABEL / 2 + 1  # the spot stands in the upper part of its box, its name below
    parts = _links(plan, shift)
    for i in np.argsort(-radii, kind="stable"):
        x, y, r = float(plan.x[i]), float(plan.y[i]) - shift, float(radii[i])
        parts.append(tag("circle", class_=f"m-spot m{plan.group[i] % 7}", cx=x, cy=y, r=r))
    for i, name in enumerate(names):
        y = float(plan.y[i]) - shift + float(radii[i]) + _LABEL
        parts.append(text(name, float(plan.x[i]), y, class_="m-name"))
    return picture(parts, width=_WIDTH, height=_HEIGHT, label=label, class_="map")


def standalone_map(
    spots: Sequence[StyleSpot], vectors: Floats, together: npt.ArrayLike, label: Words, *, lang: Lang
) -> str:
    """Get the map as one SVG file that needs nothing else, for light and dark."""
    drawn = str(style_map(spots, vectors, together, label, lang=lang))
    head, _, body = drawn.partition(">")
    size = f' xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:g}" height="{_HEIGHT:g}"'
    return f"{head}{size}><style>{_STYLE}</style>{body}\n"


def _radii(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    top = float(weights.max(initial=0.0))
    if top <= 0:
        return np.full(len(weights), 9.0)
    room = min(1.0, 60.0 / max(len(weights), 1))
    return np.maximum(_LEAST, _MOST * room * np.sqrt(np.maximum(weights, 0.0) / top))


def _links(plan: StyleLayout, shift: float) -> list[Markup]:
    pairs = set()
    for i, row in enumerate(plan.likeness):
        for j in np.argsort(-row, kind="stable")[1 : _LINKS + 1]:
            gap = np.hypot(plan.x[i] - plan.x[j], plan.y[i] - plan.y[j])
            if row[j] >= _CLEAR and gap <= _FARTHEST:
                pairs.add((min(i, int(j)), max(i, int(j))))
    return [
        tag("line", class_="m-link", x1=float(plan.x[i]), y1=float(plan.y[i]) - shift, x2=float(plan.x[j]),
            y2=float(plan.y[j]) - shift)
        for i, j in sorted(pairs)
    ]  # fmt: skip
