"""The report's charts of trends, drawn as inline SVG; colours come from the style sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from modacast.serve.report.courses import Course
from modacast.serve.report.svg import Scale, area, line, nice_ticks, picture, tag, text
from modacast.serve.report.words import Words, month, share

__all__ = ["NARROW", "WIDE", "Compared", "Frame", "fan_chart", "season_overlay", "sparkline"]

Values = npt.NDArray[np.float64]

_SPARK_HISTORY, _SPARK_AHEAD = 104, 26
_NOTE_WIDTH = 140.0
_LINE = 20.0
_MOST_FAN = 1.6  # of the highest point; a wider fan would press the line flat
_EPOCH = np.datetime64("1970-01-01", "D")
_MONTHS_EN = "JFMAMJJASOND"


@dataclass(frozen=True, slots=True)
class Frame:
    """A chart's size in pixels, and the space around what is plotted.

    Attributes:
        width: of the view box.
        height: likewise.
        weeks: how much history is shown.
        left, right, top, bottom: margins.
    """

    width: float
    height: float
    weeks: int
    left: float = 46.0
    right: float = 62.0
    top: float = 26.0
    bottom: float = 26.0

    @property
    def floor(self) -> float:
        """Pixel of the lower edge of what is plotted."""
        return self.height - self.bottom

    @property
    def end(self) -> float:
        """Pixel of the right edge of what is plotted."""
        return self.width - self.right


WIDE = Frame(860.0, 330.0, weeks=156)
NARROW = Frame(360.0, 260.0, weeks=78, left=46.0, right=60.0)
_OVERLAY = Frame(420.0, 230.0, weeks=157, left=48.0, right=44.0, top=14.0)


def sparkline(course: Course, *, width: float = 168.0, height: float = 40.0) -> Markup:
    """Get the last two years in small, with half a year of forecast and its 80 % band."""
    course = course.last(_SPARK_HISTORY)
    if not course.has_history:
        return Markup("")
    step = 2 if course.y.size > 60 else 1
    past_x, past_y = _numbers(course.days)[::step], course.smooth()[::step]
    future = slice(0, _SPARK_AHEAD, 3)
    ahead_x = _numbers(course.ahead)[future]
    peak = float(np.nanmax(np.concatenate([past_y, course.y_hat[future]])))
    top = min(float(np.max(course.hi_80[future], initial=peak)), _MOST_FAN * peak)
    x = Scale(past_x[0], max(past_x[-1], ahead_x[-1] if ahead_x.size else past_x[-1]), 2.0, width - 4.0)
    y = Scale(0.0, top or 1.0, height - 3.0, 4.0)
    parts = [tag("path", class_="s-line", d=line(x.many(past_x), y.many(past_y)))]
    known = np.flatnonzero(np.isfinite(past_y))
    if ahead_x.size:
        join_x, join_y = past_x[known[-1]], past_y[known[-1]]
        xs = x.many(np.r_[join_x, ahead_x])
        low, high = np.r_[join_y, course.lo_80[future]], np.r_[join_y, course.hi_80[future]]
        middle = np.r_[join_y, course.y_hat[future]]
        band = area(xs, y.many(low), y.many(high))
        parts.insert(0, tag("path", class_="s-band", d=band, data_cut=_cut(high, y)))
        parts.append(tag("path", class_="s-ahead", d=line(xs, y.many(middle))))
    last = known[-1]
    parts.append(tag("circle", class_="s-dot", cx=x(past_x[last]), cy=y(past_y[last]), r="2.6"))
    return picture(parts, width=width, height=height, class_="spark")


@dataclass(frozen=True, slots=True)
class Compared:
    """The two stretches of weeks that a trend's growth compares.

    Attributes:
        now: share of voice over the last weeks, in [0, 1].
        before: over as many weeks of the year before, or just before; None where there was nothing.
        weeks: how many.
    """

    now: float
    before: float | None
    weeks: int = 8


def fan_chart(
    course: Course, frame: Frame, label: Words, *, since: date | None = None, compared: Compared | None = None
) -> Markup:
    """Get history and forecast with 80 and 90 % bands.

    Args:
        course: what to draw.
        frame: how large.
        label: what screen readers say.
        since: the week from which it has risen, to be marked.
        compared: what the trend's growth compares, drawn as two bars with their shares.
    """
    course = course.last(frame.weeks)
    if not course.has_history:
        return Markup("")
    past, ahead, smooth = _numbers(course.days), _numbers(course.ahead), course.smooth()
    ticks = nice_ticks(_ceiling(course, smooth))
    x = Scale(past[0], ahead[-1] if ahead.size else past[-1], frame.left, frame.end)
    y = Scale(0.0, ticks[-1], frame.floor, frame.top)
    parts = [*_value_axis(ticks, y, frame), *_time_axis(course, x, frame)]
    if ahead.size:
        parts += _fan(course, x, y, frame, last=(past[-1], float(smooth[np.isfinite(smooth)][-1])))
    parts.append(tag("path", class_="c-raw", d=line(x.many(past), y.many(course.y))))
    parts.append(tag("path", class_="c-line", d=line(x.many(past), y.many(smooth))))
    if since is not None and np.datetime64(since, "D") > course.days[0]:
        parts += _since_mark(course, smooth, x, y, since, taken=None if compared is None else y(compared.now))
    bars = [] if compared is None else _compared_bars(course, compared, x, y)
    parts += [*_end_labels(course, smooth, x, y, frame, is_named=not bars), *bars]
    return picture(
        parts, width=frame.width, height=frame.height, label=label, class_="chart", tabindex="0",
        data_tips=_tips(course), data_left=x(past[0]), data_right=frame.end, data_top=frame.top,
        data_bottom=frame.floor,
    )  # fmt: skip


def season_overlay(course: Course, label: Words) -> Markup:
    """Get this year's weeks over those of the two years before, with what is forecast of this year."""
    if not course.has_history:
        return Markup("")
    smooth, frame = course.smooth(), _OVERLAY
    years, day_of_year = _calendar(course.days)
    this = int(years[np.isfinite(smooth)][-1])
    shown = [year for year in (this - 2, this - 1, this) if np.isfinite(smooth[years == year]).sum() > 4]
    ahead_years, ahead_day = _calendar(course.ahead)
    rest = ahead_years == this
    heights = [smooth[np.isin(years, shown)], course.y_hat[rest]]
    ticks = nice_ticks(float(np.nanmax(np.concatenate([*heights, [0.0]]))), most=3)
    x = Scale(0.0, 365.0, frame.left, frame.end)
    y = Scale(0.0, ticks[-1], frame.floor, frame.top)
    parts = [*_value_axis(ticks, y, frame), *_month_axis(x, frame)]
    taken: list[float] = []
    if rest.any():
        xs, ys = x.many(ahead_day[rest]), y.many(course.y_hat[rest])
        parts.append(tag("path", class_="c-ahead", d=line(xs, ys)))
        taken.append(float(ys[-1]))
        parts.append(text(str(this), float(xs[-1]) + 6, float(ys[-1]) + 4, class_="c-label c-age0"))
    for year in reversed(shown):
        of_year = years == year
        xs, ys = x.many(day_of_year[of_year]), y.many(smooth[of_year])
        parts.append(tag("path", class_=f"c-year c-age{this - year}", d=line(xs, ys)))
        if year == this and rest.any():
            continue  # its name stands where its forecast ends
        ends = np.flatnonzero(np.isfinite(ys))[-1]
        at = _free(float(ys[ends]), taken, lowest=frame.floor)
        parts.append(text(str(year), float(xs[ends]) + 5, at + 4, class_=f"c-label c-age{this - year}"))
    return picture(parts, width=frame.width, height=frame.height, label=label, class_="chart")


def _ceiling(course: Course, smooth: Values) -> float:
    """The highest value worth showing: single odd weeks and the far ends of wide bands may be cut."""
    body = [float(np.nanmax(smooth)), float(np.nanquantile(course.y, 0.98))]
    if course.has_forecast:
        body.append(min(float(course.hi_80.max()), 2.5 * max(float(course.y_hat.max()), body[0])))
    return max(body)


def _value_axis(ticks: Sequence[float], y: Scale, frame: Frame) -> list[Markup]:
    step = ticks[1] - ticks[0]
    digits = next((d for d in range(5) if abs(round(step * 100, d) - step * 100) < 1e-9), 5)
    parts = []
    for value in ticks:
        at = y(value)
        parts.append(
            tag("line", class_="c-grid" if value else "c-base", x1=frame.left, x2=frame.end, y1=at, y2=at)
        )
        parts.append(
            text(
                f"{value * 100:.{digits}f}\u202f%" if value else "0",
                frame.left - 7,
                at + 4,
                class_="c-tick",
                text_anchor="end",
            )
        )
    return parts


def _time_axis(course: Course, x: Scale, frame: Frame) -> list[Markup]:
    """Years where they begin, and the middle of the year where there is room."""
    first, last = course.days[0].item(), (course.ahead if course.has_forecast else course.days)[-1].item()
    weeks = (last - first).days / 7
    months = (1, 7) if weeks > 60 else (1, 4, 7, 10)
    parts = []
    for year in range(first.year, last.year + 1):
        for number in months:
            day = date(year, number, 1)
            if not first <= day <= last:
                continue
            at = x(_number(day))
            name = Words(f"{number} 月", month(day).en[:3]) if number > 1 else Words(str(year), str(year))
            parts.append(tag("line", class_="c-mark", x1=at, x2=at, y1=frame.floor, y2=frame.floor + 5))
            parts.append(
                text(name, at, frame.floor + 19, class_="c-tick c-when" if number == 1 else "c-tick",
                     text_anchor="middle")
            )  # fmt: skip
    return parts


def _month_axis(x: Scale, frame: Frame) -> list[Markup]:
    return [
        text(Words(str(n), _MONTHS_EN[n - 1]), x((n - 0.5) * 365 / 12), frame.floor + 19, class_="c-tick",
             text_anchor="middle")
        for n in range(1, 13)
    ]  # fmt: skip


def _fan(course: Course, x: Scale, y: Scale, frame: Frame, *, last: tuple[float, float]) -> list[Markup]:
    xs = x.many(np.r_[last[0], _numbers(course.ahead)])
    bands = [
        tag(
            "path",
            class_=name,
            d=area(xs, y.many(np.r_[last[1], low]), y.many(np.r_[last[1], high])),
            data_cut=_cut(high, y),
        )
        for name, low, high in (
            ("c-band90", course.lo_90, course.hi_90),
            ("c-band80", course.lo_80, course.hi_80),
        )
    ]
    return [
        *bands,
        *_cut_marks(course, xs, y, frame),
        tag("line", class_="c-now", x1=float(xs[0]), x2=float(xs[0]), y1=y.stop - 6, y2=y.start),
        text(Words("现在", "now"), float(xs[0]), y.stop - 11, class_="c-tick", text_anchor="middle"),
        tag("path", class_="c-ahead", d=line(xs, y.many(np.r_[last[1], course.y_hat]))),
    ]


def _cut(high: Values, y: Scale) -> str | None:
    """A mark for a band that goes on above the chart, where the style sheet lets it fade."""
    return "top" if high.max() > y.high else None


def _cut_marks(course: Course, xs: Values, y: Scale, frame: Frame) -> list[Markup]:
    """Say how high the 80 % band goes where the chart ends before it."""
    highest = float(course.hi_80.max())
    if highest <= y.high:
        return []
    words = Words(f"↑ 80 % 区间至 {share(highest)}", f"↑ 80 % interval to {share(highest)}")
    at = y.stop + (14 if frame is WIDE else 32)  # a narrow chart has the begin of the rise at its top
    return [text(words, float(xs[-1]), at, class_="c-note", text_anchor="end")]


def _since_mark(
    course: Course, smooth: Values, x: Scale, y: Scale, since: date, *, taken: float | None
) -> list[Markup]:
    at = int(np.searchsorted(course.days, np.datetime64(since, "D")))
    if at >= smooth.size or not np.isfinite(smooth[at]):
        return []
    px, py = x(_number(course.days[at].item())), y(float(smooth[at]))
    has_room = px - x.start > _NOTE_WIDTH
    words = Words(f"{since:%Y-%m} 起", f"since {month(since).en}")
    # without room to its left the note would run into the figure at the line's end, so it goes to the top
    top = max(y.stop + 14, py - 50) if has_room else y.stop + 14
    if taken is not None and abs(top - taken) < _LINE:  # the share of now stands at that height
        top = max(y.stop + 14, taken - _LINE)
    return [
        tag("line", class_="c-since", x1=px, x2=px, y1=py - 8, y2=min(top + 2, py - 8)),
        tag("circle", class_="c-ring", cx=px, cy=py, r="4.5"),
        text(words, px - 6 if has_room else px + 6, top, class_="c-note",
             text_anchor="end" if has_room else "start"),
    ]  # fmt: skip


def _compared_bars(course: Course, compared: Compared, x: Scale, y: Scale) -> list[Markup]:
    """Two bars as high as the shares that the headline names, over the weeks that they are of."""
    n = compared.weeks
    if course.days.size <= n:
        return []
    spans = [(slice(course.days.size - n, course.days.size), compared.now)]
    earlier = [
        slice(course.days.size - back - n, course.days.size - back)
        for back in (52, n)
        if course.days.size >= back + n
        and np.isfinite(course.y[course.days.size - back - n : course.days.size - back]).any()
    ]
    if compared.before is not None and earlier:
        spans.append(
            (
                min(earlier, key=lambda s: abs(float(np.nanmean(course.y[s])) - (compared.before or 0))),
                compared.before,
            )
        )
    parts = []
    for span, value in spans:
        days = course.days[span]
        x1, x2, at = (
            x(_number(days[0].item())),
            x(_number(days[-1].item())),
            min(max(y(value), y.stop), y.start),
        )
        parts.append(tag("line", class_="c-bar", x1=x1, x2=x2, y1=at, y2=at))
        # now to the left of its bar, where the line was lower; before above its own
        is_now = value is compared.now
        parts.append(text(share(value), x1 - 5 if is_now else (x1 + x2) / 2, at + 4 if is_now else at - 7,
                          class_="c-label", text_anchor="end" if is_now else "middle"))  # fmt: skip
    return parts


def _end_labels(
    course: Course, smooth: Values, x: Scale, y: Scale, frame: Frame, *, is_named: bool = True
) -> list[Markup]:
    last = int(np.flatnonzero(np.isfinite(smooth))[-1])
    px, py = x(_number(course.days[last].item())), y(float(smooth[last]))
    parts = [tag("circle", class_="c-dot", cx=px, cy=py, r="4.5")]
    if course.has_forecast:
        end = float(course.y_hat[-1])
        parts.append(tag("circle", class_="c-open", cx=frame.end, cy=y(end), r="4"))
        parts.append(text(share(end), frame.end + 9, y(end) + 4, class_="c-label"))
        if not is_named:
            return parts
        is_falling = smooth[last] < np.nanmax(smooth[max(0, last - 6) : last + 1]) * 0.9
        beside = py + 19 if is_falling and py + 19 < frame.floor else py - 9  # where the line is not
        parts.append(text(share(float(smooth[last])), px - 9, beside, class_="c-label", text_anchor="end"))
    elif is_named:
        parts.append(text(share(float(smooth[last])), px + 9, py + 4, class_="c-label"))
    return parts


def _tips(course: Course) -> str:
    """What the pointer is told, a week each: `[["2024-01-01", "0.42 %"], ["2024-07-01", "0.5 %", "0.3–0.7 %"]]`."""
    weeks: list[list[str]] = [
        [day.isoformat(), share(value)] for day, value in zip(course.days.tolist(), course.y, strict=True)
    ]
    columns = (course.ahead.tolist(), course.y_hat, course.lo_80, course.hi_80)
    weeks += [
        [day.isoformat(), share(mid), f"{share(low)} – {share(high)}"]
        for day, mid, low, high in zip(*columns, strict=True)
    ]
    return json.dumps(weeks, ensure_ascii=False, separators=(",", ":"))


def _numbers(days: npt.NDArray[np.datetime64]) -> Values:
    return (days - _EPOCH).astype(np.float64)


def _number(day: date) -> float:
    return float((day - date(1970, 1, 1)).days)


def _calendar(days: npt.NDArray[np.datetime64]) -> tuple[npt.NDArray[np.int64], Values]:
    """The year and day of the year of the middle of each week."""
    middles = days + np.timedelta64(3, "D")
    years = middles.astype("datetime64[Y]")
    return years.astype(np.int64) + 1970, (middles - years.astype("datetime64[D]")).astype(np.float64)


def _free(at: float, taken: list[float], *, lowest: float) -> float:
    """A place near `at`, rather above than below and not under `lowest`, that no other label has."""
    places = (at + sign * 13.0 * n for n in range(4) for sign in (-1, 1))
    found = next(
        (p for p in places if p <= lowest and all(abs(p - other) > 12 for other in taken)), min(at, lowest)
    )
    taken.append(found)
    return found
