"""What surrounds a trend, as the close-up page shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from modacast.pipeline.context import TrendContext
from modacast.serve.report.names import Names
from modacast.serve.report.svg import Scale, line, picture, tag, text, text_width
from modacast.serve.report.words import Words, change, month, share

__all__ = ["Line", "Surroundings", "bond_map", "mood_chart", "surroundings"]

_MOOD_WEEKS = 52
_MAP_WIDTH, _MAP_HEIGHT = 420.0, 310.0
_MOST_LINES, _MOST_PARTNERS, _MOST_PRODUCTS, _MOST_WORN = 4, 8, 5, 6


@dataclass(frozen=True, slots=True)
class Line:
    """One thing by name, with what is said of it."""

    name: Words
    said: Words


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around one trend; each part may be empty.

    Attributes:
        bonds: the map of what it goes with.
        mood: how people felt, week by week.
        worn: what it belongs to in the texts, or what belongs to it.
        against: what moves against it.
        alike: trends of the past that went like it.
        products: what carries it.
    """

    bonds: Markup
    mood: Markup
    worn: Sequence[Line]
    against: Sequence[Line]
    alike: Sequence[Line]
    products: Sequence[Line]


def surroundings(context: TrendContext, names: Names) -> Surroundings:
    """Get the parts of the page from a context."""
    return Surroundings(
        bonds=bond_map(names.name(context.element_id), context.bonds.to_pylist(), names),
        mood=mood_chart(context.mood.to_pylist()),
        worn=[_worn(row, names) for row in context.worn.to_pylist()[:_MOST_WORN]],
        against=[_against(row, names) for row in context.against.to_pylist()[:_MOST_LINES]],
        alike=[_alike(row, names) for row in context.look_alikes.to_pylist()[:_MOST_LINES]],
        products=[_product(row) for row in context.carriers.to_pylist()[:_MOST_PRODUCTS]],
    )


def bond_map(centre: Words, bonds: Sequence[dict[str, Any]], names: Names) -> Markup:
    """Get a map with the element in the middle: the nearer, the more beyond chance; the larger, the more texts."""
    shown = list(bonds)[:_MOST_PARTNERS]
    if not shown:
        return Markup("")
    most, strongest = max(row["n"] for row in shown), max(row["lift"] for row in shown)
    weakest = min(row["lift"] for row in shown)
    cx, cy = _MAP_WIDTH / 2, _MAP_HEIGHT / 2 - 6
    lines, spots, labels = [], [], []
    for i, row in enumerate(shown):
        angle = 2 * math.pi * (i / len(shown)) - math.pi / 2
        near = (row["lift"] - weakest) / (strongest - weakest) if strongest > weakest else 0.5
        reach = 1.0 - 0.22 * near
        x, y = cx + reach * 152 * math.cos(angle), cy + reach * 112 * math.sin(angle)
        radius = 5 + 11 * math.sqrt(row["n"] / most)
        name = names.name(row["other_id"])
        said = Words(
            f"一起出现 {row['n']} 次，是偶然的 {row['lift']:.1f} 倍",
            f"{row['n']} texts together, {row['lift']:.1f} times chance",
        )
        title = tag("title", f"{name.zh} / {name.en}: {said.zh} / {said.en}")
        lines.append(tag("line", class_="b-link", x1=cx, y1=cy, x2=x, y2=y))
        spots.append(tag("circle", title, class_="b-spot", cx=x, cy=y, r=radius))
        half = max(map(text_width, (name.zh, name.en))) / 2
        labels.append(text(name, min(max(x, half), _MAP_WIDTH - half), y + radius + 13, class_="b-name"))
    middle = [
        tag("circle", class_="b-centre", cx=cx, cy=cy, r=19.0),
        text(centre, cx, cy + 34, class_="b-name b-own"),
    ]
    said = Words(f"与{centre.zh}一起出现的元素", f"Elements named with {centre.en}")
    return picture(
        [*lines, *spots, *labels, *middle],
        width=_MAP_WIDTH,
        height=_MAP_HEIGHT,
        label=said,
        class_="chart bonds",
    )


def mood_chart(rows: Sequence[dict[str, Any]]) -> Markup:
    """Get the weekly mood over a year: a dot a week, larger the more texts, and their running mean."""
    shown = list(rows)[-_MOOD_WEEKS:]
    if len(shown) < 4:
        return Markup("")
    width, height = 420.0, 170.0
    days = np.array([row["ds"].toordinal() for row in shown], dtype=np.float64)
    felt = np.array([row["mood"] for row in shown], dtype=np.float64)
    counts = np.array([row["n_mentions"] for row in shown], dtype=np.float64)
    kernel = np.ones(5)
    mean = np.convolve(felt * counts, kernel, "same") / np.convolve(counts, kernel, "same")
    x, y = Scale(days[0], days[-1], 52.0, width - 14.0), Scale(-1.0, 1.0, height - 28.0, 12.0)
    parts = []
    for value, words in (
        (1.0, Words("喜欢", "for")),
        (0.0, Words("中性", "neutral")),
        (-1.0, Words("反感", "against")),
    ):
        kind = "c-base" if value == 0 else "c-grid"
        parts.append(tag("line", class_=kind, x1=52.0, x2=width - 14.0, y1=y(value), y2=y(value)))
        parts.append(text(words, 46.0, y(value) + 4, class_="c-tick", text_anchor="end"))
    for day, value, n in zip(days, felt, counts, strict=True):
        radius = 1.5 + 3.5 * math.sqrt(float(n) / float(counts.max()))
        parts.append(tag("circle", class_="m-dot", cx=x(float(day)), cy=y(float(value)), r=radius))
    parts.append(tag("path", class_="c-line", d=line(x.many(days), y.many(mean))))
    for at, row in ((52.0, shown[0]), (width - 14.0, shown[-1])):
        anchor = "start" if row is shown[0] else "end"
        parts.append(text(month(row["ds"]), at, height - 8, class_="c-tick", text_anchor=anchor))
    label = Words("每周情绪，点的大小是文字数", "Mood by week; the size of a dot is the number of texts")
    return picture(parts, width=width, height=height, label=label, class_="chart")


def _worn(row: dict[str, Any], names: Names) -> Line:
    said = share(row["share"])
    return Line(names.name(row["other_id"]), Words(f"{said}，{row['n']} 篇", f"{said}, {row['n']} texts"))


def _against(row: dict[str, Any], names: Names) -> Line:
    fell = change(row["other_change"])
    return Line(
        names.name(row["other_id"]),
        Words(f"半年 {fell}，相关 {row['r']:+.2f}", f"{fell} in half a year, correlation {row['r']:+.2f}"),
    )


def _alike(row: dict[str, Any], names: Names) -> Line:
    when, rise = month(row["until"]), change(row["rise_to_peak"])
    if row["weeks_to_peak"]:
        zh = f"{when.zh}：{row['weeks_to_peak']} 周后到顶（{rise}）"
        en = f"{when.en}: peaked {_weeks(row['weeks_to_peak'])} later ({rise})"
    else:
        zh, en = f"{when.zh}：当时已到顶", f"{when.en}: was at its peak"
    if row["half_life"] is None:
        zh, en = f"{zh}，尚未减半", f"{en}, has not halved since"
    else:
        zh, en = f"{zh}，再 {row['half_life']} 周减半", f"{en}, halved {_weeks(row['half_life'])} after"
    return Line(names.name(row["element_id"]), Words(zh, en))


def _weeks(n: int) -> str:
    return "1 week" if n == 1 else f"{n} weeks"


def _product(row: dict[str, Any]) -> Line:
    zh, en = (
        f"28 天售 {row['units']}，此前 {row['units_before']}",
        f"{row['units']} sold in 28 days, {row['units_before']} before",
    )
    if row["bought_of_views"] is not None:
        rate = share(row["bought_of_views"])
        zh, en = f"{zh}；浏览转化 {rate}", f"{en}; {rate} of views bought"
    return Line(Words(row["title"], row["title"]), Words(zh, en))
