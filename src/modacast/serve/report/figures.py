"""The report's charts of scores: before against after, and how errors spread."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from modacast.evaluate import Interval
from modacast.serve.report.data import WeightChange
from modacast.serve.report.svg import Scale, picture, tag, text
from modacast.serve.report.words import Words, percent, score

__all__ = ["coverage_bar", "dumbbell", "error_dots", "reading_curve", "weight_rows"]

_WIDTH = 340.0
_ROW_NAME = 178.0  # room for the longest name of a feature, in English


def dumbbell(before: Interval, after: Interval, label: Words) -> Markup:
    """Get two figures with their intervals on one scale, one above the other."""
    low, high = min(before.low, after.low), max(before.high, after.high)
    room = (high - low) * 0.12 or 0.05
    x = Scale(low - room, high + room, 50.0, _WIDTH - 52.0)
    parts: list[Markup] = []
    rows = (
        (30.0, before, "d-before", Words("之前", "Before")),
        (66.0, after, "d-after", Words("之后", "After")),
    )
    for at, figure, name, words in rows:
        parts += [
            text(words, 0.0, at + 4, class_="c-tick"),
            tag("line", class_="c-grid", x1=x.start, x2=x.stop, y1=at, y2=at),
            tag("line", class_=f"d-range {name}", x1=x(figure.low), x2=x(figure.high), y1=at, y2=at),
            tag("circle", class_=f"d-dot {name}", cx=x(figure.value), cy=at, r="6.5"),
            text(score(figure.value, 3), x.stop + 10, at + 4, class_="c-label"),
        ]
    return picture(parts, width=_WIDTH, height=90.0, label=label, class_="chart")


def weight_rows(changes: Sequence[WeightChange], names: Sequence[Words], label: Words) -> Markup:
    """Get one row a feature: its weight before (hollow) and after (solid), around zero."""
    values = [value for change in changes for value in (change.before, change.after)]
    x = Scale(min(0.0, *values), max(0.0, *values), _ROW_NAME, _WIDTH - 12.0)
    parts = [tag("line", class_="c-now", x1=x(0.0), x2=x(0.0), y1=6.0, y2=len(changes) * 26.0 + 2)]
    for row, (change, name) in enumerate(zip(changes, names, strict=True)):
        at = row * 26.0 + 18
        start, stop = x(change.before), x(change.after)
        parts += [
            text(name, 0.0, at + 4, class_="c-row"),
            tag("line", class_="c-grid", x1=x.start, x2=x.stop, y1=at, y2=at),
            tag("line", class_="d-move", x1=start, x2=stop, y1=at, y2=at),
            tag("circle", class_="d-dot d-before", cx=start, cy=at, r="4.5"),
            tag("circle", class_="d-dot d-after", cx=stop, cy=at, r="5"),
        ]
    return picture(parts, width=_WIDTH, height=len(changes) * 26.0 + 8, label=label, class_="chart")


def error_dots(errors: Sequence[float], label: Words) -> Markup:
    """Get a dot for each MASE on a scale from 0 to 2; worse ones lie on the edge."""
    x = Scale(0.0, 2.0, 10.0, _WIDTH - 10.0)
    radius, bins = 3.4, 50
    stacks: dict[int, int] = {}
    for error in sorted(errors):
        place = min(bins - 1, int(min(error, 2.0) / 2.0 * bins))
        stacks[place] = stacks.get(place, 0) + 1
    tallest = max(stacks.values(), default=1)
    pitch = min(2 * radius + 0.6, 110.0 / tallest)
    floor = 22.0 + tallest * pitch
    dots = [
        tag("circle", class_="e-good" if place < bins / 2 else "e-bad", cx=x((place + 0.5) / bins * 2.0),
            cy=floor - 4 - i * pitch, r=radius)
        for place, count in sorted(stacks.items())
        for i in range(count)
    ]  # fmt: skip
    axis = [tag("line", class_="c-base", x1=x.start, x2=x.stop, y1=floor, y2=floor)]
    for value in (0.0, 0.5, 1.0, 1.5, 2.0):
        name = "2+" if value == 2 else f"{value:g}"
        axis.append(text(name, x(value), floor + 17, class_="c-tick", text_anchor="middle"))
    axis.append(tag("line", class_="c-now", x1=x(1.0), x2=x(1.0), y1=14.0, y2=floor))
    axis.append(
        text(
            Words("与去年同期一样", "“same as last year”"), x(1.0), 9.0, class_="c-tick", text_anchor="middle"
        )
    )
    return picture([*axis, *dots], width=_WIDTH, height=floor + 24, label=label, class_="chart")


def coverage_bar(covered: float, label: Words, *, nominal: float = 0.8) -> Markup:
    """Get how much of what came an interval held, beside what it promised."""
    x = Scale(0.0, 1.0, 2.0, _WIDTH - 2.0)
    parts = [
        tag("rect", class_="b-rail", x=x.start, y=20.0, width=x.stop - x.start, height=10.0, rx="5"),
        tag(
            "rect",
            class_="b-fill",
            x=x.start,
            y=20.0,
            width=max(0.1, x(covered) - x.start),
            height=10.0,
            rx="5",
        ),
        tag("line", class_="b-goal", x1=x(nominal), x2=x(nominal), y1=14.0, y2=36.0),
        text(percent(nominal), x(nominal), 9.0, class_="c-tick", text_anchor="middle"),
    ]
    return picture(parts, width=_WIDTH, height=40.0, label=label, class_="chart")


def reading_curve(read: Sequence[tuple[float, float]], label: Words, *, seconds: float) -> Markup:
    """Get a reading along a training: first and last are marked, the axis counts steps and says how long it took.

    Args:
        read: step and reading, in order; two or more.
        label: what was read.
        seconds: from the first to the last.
    """
    values = [value for _, value in read]
    low, high = min(values), max(values)
    room = (high - low) * 0.08 or 0.05
    x = Scale(0.0, max(1.0, read[-1][0]), 42.0, _WIDTH - 52.0)
    y = Scale(low - room, high + room, 118.0, 10.0)
    points = "L".join(f"{x(step):.1f} {y(value):.1f}" for step, value in read)
    parts: list[Markup] = []
    for value in (low, (low + high) / 2, high):
        parts += [
            tag("line", class_="c-grid", x1=x.start, x2=x.stop, y1=y(value), y2=y(value)),
            text(score(value), x.start - 8, y(value) + 4, class_="c-tick", text_anchor="end"),
        ]
    parts += [
        tag("line", class_="c-base", x1=x.start, x2=x.stop, y1=y.start, y2=y.start),
        tag("path", class_="c-line lesson-line", d=f"M{points}"),
        tag("circle", class_="d-dot d-before", cx=x(read[0][0]), cy=y(values[0]), r="4.5"),
        tag("circle", class_="d-dot d-after", cx=x(read[-1][0]), cy=y(values[-1]), r="5"),
        text(score(values[-1], 3), x.stop + 10, y(values[-1]) + 4, class_="c-label"),
    ]
    last, time = f"{read[-1][0]:,.0f}", f"{seconds:,.0f}"
    parts += [
        text(Words("第 0 步", "step 0"), x.start, y.start + 18, class_="c-tick"),
        text(
            Words(f"第 {last} 步，{time} 秒", f"step {last}, {time} s"),
            x.stop,
            y.start + 18,
            class_="c-tick",
            text_anchor="end",
        ),
    ]
    return picture(parts, width=_WIDTH, height=144.0, label=label, class_="chart")
