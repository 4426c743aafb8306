"""Several trends in one picture: history and forecast as lines, each named at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from modacast.errors import InvalidInput
from modacast.serve.report.courses import Course
from modacast.serve.report.data import Lang
from modacast.serve.report.svg import Scale, line, nice_ticks, picture, tag, text
from modacast.serve.report.words import Words

__all__ = ["MOST_COMPARED", "comparison_chart"]

MOST_COMPARED = 8
_WIDTH, _HEIGHT = 980.0, 460.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 190.0, 20.0, 34.0
_GAP = 17.0
_STYLE = """
.cmp{background:#faf8f4;font-family:-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
.t{font-size:12px;fill:#6a635a}.g{stroke:#e2dcd1}.n{stroke:#98907f;stroke-dasharray:2 3}
.l{fill:none;stroke-width:2.2;stroke-linejoin:round}.f{fill:none;stroke-width:2;stroke-dasharray:5 4}.e{stroke-width:1.2}.k{font-size:13px;font-weight:600}
.s0{stroke:#b4553f}.s1{stroke:#3d6b8c}.s2{stroke:#6f8033}.s3{stroke:#8a5a9c}.s4{stroke:#a87414}.s5{stroke:#2f7a6d}.s6{stroke:#a8466f}.s7{stroke:#4d4842}
.k0{fill:#b4553f}.k1{fill:#3d6b8c}.k2{fill:#6f8033}.k3{fill:#8a5a9c}.k4{fill:#a87414}.k5{fill:#2f7a6d}.k6{fill:#a8466f}.k7{fill:#4d4842}
@media (prefers-color-scheme:dark){.cmp{background:#141210}.t{fill:#b3aa9c}.g{stroke:#342f29}.n{stroke:#857c6f}
.s0{stroke:#e58a72}.s1{stroke:#7fb0d4}.s2{stroke:#aec46f}.s3{stroke:#c39ad4}.s4{stroke:#e6b95f}.s5{stroke:#6fc7b7}.s6{stroke:#e389ae}.s7{stroke:#cfc7bb}
.k0{fill:#e58a72}.k1{fill:#7fb0d4}.k2{fill:#aec46f}.k3{fill:#c39ad4}.k4{fill:#e6b95f}.k5{fill:#6fc7b7}.k6{fill:#e389ae}.k7{fill:#cfc7bb}}
"""


def comparison_chart(
    courses: Mapping[str, Course], names: Mapping[str, str], *, lang: Lang, weeks: int = 156
) -> str:
    """Get the chart as one SVG file for light and dark.

    Args:
        courses: element id to its course; the order gives the colours.
        names: element id to its name.
        lang: of what the chart says.
        weeks: how much history is shown.

    Raises:
        InvalidInput: there are none, or more than eight.
    """
    shown = {e: course.last(weeks) for e, course in courses.items() if course.has_history}
    if not 1 <= len(shown) <= MOST_COMPARED:
        raise InvalidInput(f"a comparison draws 1 to {MOST_COMPARED} trends, got {len(shown)}")
    smooth = {e: course.smooth() for e, course in shown.items()}
    first = min(course.days[0] for course in shown.values())
    last = max((course.ahead if course.has_forecast else course.days)[-1] for course in shown.values())
    top = max(float(np.nanmax(np.r_[smooth[e], c.y_hat])) for e, c in shown.items())
    ticks = nice_ticks(top)
    x = Scale(_number(first), _number(last), _LEFT, _WIDTH - _RIGHT)
    y = Scale(0.0, ticks[-1], _HEIGHT - _BOTTOM, _TOP)
    parts = []
    for value in ticks:
        at = y(value)
        parts.append(tag("line", class_="g", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=at, y2=at))
        parts.append(text(f"{value * 100:.3g}%", _LEFT - 8, at + 4, class_="t", text_anchor="end"))
    for year in range(first.item().year + 1, last.item().year + 1):
        at = x(_number(np.datetime64(date(year, 1, 1), "D")))
        parts.append(tag("line", class_="g", x1=at, x2=at, y1=_TOP, y2=_HEIGHT - _BOTTOM))
        parts.append(text(str(year), at, _HEIGHT - _BOTTOM + 20, class_="t", text_anchor="middle"))
    now = max(course.days[-1] for course in shown.values())
    parts.append(
        tag("line", class_="n", x1=x(_number(now)), x2=x(_number(now)), y1=_TOP, y2=_HEIGHT - _BOTTOM)
    )
    parts.append(
        text("现在" if lang == "zh" else "now", x(_number(now)), _TOP - 6, class_="t", text_anchor="middle")
    )
    ends = []
    for i, (element_id, course) in enumerate(shown.items()):
        xs, ys = x.many(_numbers(course.days)), y.many(smooth[element_id])
        parts.append(tag("path", class_=f"l s{i}", d=line(xs, ys)))
        known = np.flatnonzero(np.isfinite(ys))
        end = float(ys[known[-1]])
        if course.has_forecast:
            ahead_x = np.r_[xs[known[-1]], x.many(_numbers(course.ahead))]
            ahead_y = np.r_[end, y.many(course.y_hat)]
            parts.append(tag("path", class_=f"f s{i}", d=line(ahead_x, ahead_y)))
            end = float(ahead_y[-1])
        ends.append((end, i, names[element_id]))
    for at, (end, i, name) in zip(_spread([end for end, _, _ in sorted(ends)]), sorted(ends), strict=True):
        edge = _WIDTH - _RIGHT
        parts.append(tag("line", class_=f"e s{i}", x1=edge, x2=edge + 8, y1=end, y2=at))
        parts.append(text(name, _WIDTH - _RIGHT + 10, at + 4, class_=f"k k{i}"))
    label = Words("趋势比较", "Trends compared")
    drawn = str(picture(parts, width=_WIDTH, height=_HEIGHT, label=label, class_="cmp"))
    head, _, body = drawn.partition(">")
    size = f' xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:g}" height="{_HEIGHT:g}"'
    return f"{head}{size}><style>{_STYLE}</style>{body}\n"


def _spread(wanted: Sequence[float]) -> list[float]:
    """Places for labels near where their lines end, none upon another."""
    places: list[float] = []
    for at in wanted:
        places.append(max(at, places[-1] + _GAP) if places else max(at, _TOP))
    over = (places[-1] if places else 0.0) - (_HEIGHT - _BOTTOM)
    if over > 0:
        places[-1] -= over
        for i in range(len(places) - 2, -1, -1):
            places[i] = min(places[i], places[i + 1] - _GAP)
    return places


def _numbers(days: np.ndarray) -> np.ndarray:
    return (days - np.datetime64("1970-01-01", "D")).astype(np.float64)


def _number(day: np.datetime64) -> float:
    return float((day - np.datetime64("1970-01-01", "D")).astype(np.float64))
