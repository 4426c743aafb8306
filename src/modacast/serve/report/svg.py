"""Small pieces of SVG: scales, paths, ticks and text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape

from modacast.serve.report.words import Words

__all__ = ["Scale", "area", "line", "nice_ticks", "picture", "tag", "text", "text_width"]

Values = npt.NDArray[np.float64]

_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values to pixels, and keeps what lies outside on the edge.

    Attributes:
        low: value that stands at `start`.
        high: value that stands at `stop`.
        start: pixel.
        stop: pixel; may be smaller than `start`.
    """

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Get the pixel of one value."""
        width = self.high - self.low
        part = (value - self.low) / width if width else 0.5
        return self.start + min(1.0, max(0.0, part)) * (self.stop - self.start)

    def many(self, values: Values) -> Values:
        """Get the pixels of `(n,)` values; NaN stays NaN."""
        width = self.high - self.low
        part = (values - self.low) / width if width else np.full(values.shape, 0.5)
        return self.start + np.clip(part, 0.0, 1.0) * (self.stop - self.start)


def nice_ticks(high: float, most: int = 4) -> list[float]:
    """Get round values from 0 to at least `high`, no more than `most` steps apart."""
    if not math.isfinite(high) or high < _NOTHING:
        return [0.0, 1.0]
    rough = high / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    return [step * i for i in range(math.ceil(high / step - 1e-9) + 1)]


def line(x: Values, y: Values) -> str:
    """Get the path data of a line; it is broken where a value is missing."""
    parts: list[str] = []
    is_drawing = False
    for px, py in zip(x.tolist(), y.tolist(), strict=True):
        if math.isnan(py):
            is_drawing = False
            continue
        parts.append(f"{'L' if is_drawing else 'M'}{px:.1f} {py:.1f}")
        is_drawing = True
    return "".join(parts)


def area(x: Values, low: Values, high: Values) -> str:
    """Get the path data of a band between two lines, without the places where either is missing."""
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return ""
    x, low, high = x[known], low[known], high[known]
    there = "L".join(f"{px:.1f} {py:.1f}" for px, py in zip(x, high, strict=True))
    back = "L".join(f"{px:.1f} {py:.1f}" for px, py in zip(x[::-1], low[::-1], strict=True))
    return f"M{there}L{back}Z"


def tag(name: str, content: object = "", **attributes: object) -> Markup:
    """Get one element; `class_` is written `class`, other underscores become hyphens, None is left out.

    Numbers are rounded to a tenth of a pixel; content that is not markup yet is escaped.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{escape(content)}</{name}>" if content else f"<{name}{written}/>")  # noqa: S704 - all parts are escaped


def text(content: Words | str, x: float, y: float, **attributes: object) -> Markup:
    """Get a label, in both languages where it has two."""
    if isinstance(content, str) or content.zh == content.en:
        plain = content if isinstance(content, str) else content.zh
        return tag("text", plain, x=x, y=y, **attributes)
    classes = str(attributes.pop("class_", ""))
    return Markup("").join(
        tag("text", words, x=x, y=y, class_=f"{classes} {lang}".strip(), **attributes)
        for lang, words in (("zh", content.zh), ("en", content.en))
    )


def text_width(name: str) -> float:
    """Get about how wide a name is, in pixels of letters of 13 px."""
    return sum(13.2 if ord(character) > 0x2E7F else 7.2 for character in name)


def picture(
    parts: Iterable[Markup], *, width: float, height: float, label: Words | None = None, **attributes: object
) -> Markup:
    """Get a whole drawing; without a label it is decoration that screen readers pass over."""
    more = dict(attributes)
    if label is None:
        more["aria_hidden"] = "true"
    else:
        more |= {"role": "img", "aria_label": label.zh, "data_zh": label.zh, "data_en": label.en}
    return tag("svg", Markup("").join(parts), viewBox=f"0 0 {width:g} {height:g}", **more)


def _short(value: object) -> object:
    return f"{round(value, 1):g}" if isinstance(value, float) else value
