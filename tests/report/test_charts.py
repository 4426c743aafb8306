import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modacast.evaluate import Interval
from modacast.serve.report.charts import NARROW, WIDE, fan_chart, season_overlay, sparkline
from modacast.serve.report.courses import Course
from modacast.serve.report.data import WeightChange
from modacast.serve.report.figures import coverage_bar, dumbbell, error_dots, reading_curve, weight_rows
from modacast.serve.report.phrases import FEATURE_NAMES
from modacast.serve.report.svg import Scale, area, line, nice_ticks, tag
from modacast.serve.report.words import Words

LABEL = Words("图", "chart")


def weeks(start: str, n: int) -> np.ndarray:
    return np.datetime64(start, "D") + 7 * np.arange(n)


def course(y: list[float], ahead: int = 0, *, wide: float = 0.5) -> Course:
    values = np.array(y, dtype=float)
    days = weeks("2022-01-03", len(y))
    known = values[np.isfinite(values)]
    middle = np.full(ahead, known[-1] if known.size else 0.0)
    return Course(
        days, values, days[-1] + 7 * np.arange(1, ahead + 1), middle, middle * (1 - wide), middle * (1 + wide),
        middle * (1 - 1.5 * wide), middle * (1 + 1.5 * wide),
    )  # fmt: skip


def points(svg: str, name: str) -> np.ndarray:
    """Coordinates of the path of a class."""
    path = re.search(rf'class="{name}" d="([^"]*)"', svg)
    return np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", path[1] if path else ""), dtype=float).reshape(-1, 2)


def view_box(svg: str) -> tuple[float, float]:
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()
    return float(width), float(height)


def assert_inside(svg: str) -> None:
    width, height = view_box(svg)
    for path in re.findall(r' d="([^"]*)"', svg):
        xy = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", path), dtype=float).reshape(-1, 2)
        assert ((xy >= 0) & (xy <= (width, height))).all()
    for cx, cy in re.findall(r'cx="([\d.e+-]+)" cy="([\d.e+-]+)"', svg):
        assert 0 <= float(cx) <= width
        assert 0 <= float(cy) <= height


SHARES = st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=1, max_size=180)


@settings(max_examples=60, deadline=None)
@given(y=SHARES, ahead=st.sampled_from([0, 1, 26, 52]), wide=st.floats(0, 3))
def test_everything_lies_inside_the_view_box(y, ahead, wide):
    drawn = course(y, ahead, wide=wide)
    for svg in (
        sparkline(drawn),
        fan_chart(drawn, WIDE, LABEL),
        fan_chart(drawn, NARROW, LABEL),
        season_overlay(drawn, LABEL),
    ):
        if not drawn.has_history:
            assert svg == ""
        else:
            assert_inside(svg)


@settings(max_examples=40, deadline=None)
@given(y=st.lists(st.floats(0.001, 0.5), min_size=3, max_size=120), wide=st.floats(0.01, 0.6))
def test_the_fan_holds_the_forecast(y, wide):
    svg = fan_chart(course(y, 26, wide=wide), WIDE, LABEL)
    middle, band80, band90 = (points(svg, name) for name in ("c-ahead", "c-band80", "c-band90"))
    half = len(band80) // 2
    assert len(middle) == half == len(band90) // 2 == 27
    for band in (band80, band90):
        assert (band[:half, 1] <= middle[:, 1] + 0.1).all()  # pixels grow downwards
        assert (band[half:, 1][::-1] >= middle[:, 1] - 0.1).all()
    assert (band90[:half, 1] <= band80[:half, 1] + 0.1).all()


def test_later_weeks_stand_further_right_and_more_stands_higher():
    svg = fan_chart(course(list(np.linspace(0.01, 0.2, 60))), WIDE, LABEL)
    xy = points(svg, "c-line")
    assert (np.diff(xy[:, 0]) > 0).all()
    assert (np.diff(xy[:, 1]) < 0).all()


def test_a_gap_stays_a_gap():
    y = [0.1] * 20 + [float("nan")] * 8 + [0.1] * 20
    path = re.search(r'class="c-raw" d="([^"]*)"', fan_chart(course(y), WIDE, LABEL))[1]
    assert path.count("M") == 2


def test_the_week_of_rise_is_marked_where_it_is_shown():
    drawn = course([0.1] * 60)
    day = drawn.days[30].item()
    assert "since Aug 2022" in fan_chart(drawn, WIDE, LABEL, since=day)
    assert "rising since" not in fan_chart(drawn, WIDE, LABEL, since=drawn.days[0].item())


def test_overlay_names_its_years_once():
    svg = season_overlay(course([0.1] * 150, 26), LABEL)
    for year in ("2022", "2023", "2024"):
        assert svg.count(f">{year}</text>") == 1


def test_smoothing_keeps_a_flat_line_flat_and_leaves_gaps():
    smooth = course([0.2] * 10 + [float("nan")] + [0.2] * 10).smooth()
    assert np.isnan(smooth[10])
    assert np.allclose(np.delete(smooth, 10), 0.2)


def test_from_nothing_the_share_to_come_is_foreseen_without_an_interval():
    new = course([0.0] * 60 + [0.1] * 8, ahead=26).foreseen(0.1)
    assert new is not None
    assert new.said.startswith("→ ")
    assert (new.growth, new.said_range) == (float("inf"), "")
    assert course([0.0] * 60, ahead=26).foreseen(0.0) is None


def test_growth_is_against_last_year_where_it_is_known():
    seen = course([0.1] * 60, 26).foreseen(level=0.4)
    assert seen.is_yearly
    assert (seen.growth, seen.low, seen.high) == pytest.approx((0.0, -0.5, 0.5))
    young = course([0.1] * 20, 26).foreseen(level=0.2)
    assert not young.is_yearly
    assert young.growth == pytest.approx(-0.5)
    assert course([0.1] * 20).foreseen(level=0.2) is None
    assert course([0.0] * 20, 26).foreseen(level=0.0) is None


@given(high=st.floats(1e-6, 10))
def test_ticks_begin_at_nothing_and_reach_the_top(high):
    ticks = nice_ticks(high)
    assert ticks[0] == 0
    assert ticks[-1] >= high * (1 - 1e-6)
    assert 2 <= len(ticks) <= 6


@pytest.mark.parametrize("high", [0.0, float("nan"), -1.0])
def test_ticks_of_nothing(high):
    assert nice_ticks(high) == [0.0, 1.0]


def test_scale_keeps_to_its_edges():
    scale = Scale(0.0, 10.0, 100.0, 0.0)
    assert (scale(0), scale(5), scale(10), scale(99)) == (100, 50, 0, 0)
    assert Scale(3.0, 3.0, 0.0, 10.0)(3.0) == 5.0


def test_paths_and_tags():
    x = np.arange(4.0)
    assert line(x, np.array([1, np.nan, 2, 3.0])) == "M0.0 1.0M2.0 2.0L3.0 3.0"
    assert area(x, np.full(4, np.nan), x) == ""
    assert (
        tag("text", '<b>"', class_='"', x=1.26, data_a=None)
        == '<text class="&#34;" x="1.3">&lt;b&gt;&#34;</text>'
    )


def test_figures_lie_inside_and_compare_on_one_scale():
    low, high = Interval(0.2, 0.1, 0.3, 0.95, 9), Interval(0.4, 0.3, 0.5, 0.95, 9)
    svg = dumbbell(low, high, LABEL)
    before, after = (float(x) for x in re.findall(r'<circle class="d-dot[^"]*" cx="([\d.]+)"', svg))
    assert before < after
    same = Interval(0.2, 0.2, 0.2, 0.95, 1)
    changes = [WeightChange("a", -1.0, 2.0), WeightChange("b", 0.0, 0.0)]
    for drawn in (svg, dumbbell(same, same, LABEL), weight_rows(changes, [LABEL, LABEL], LABEL),
                  error_dots([0.1, 0.5, 0.5, 1.2, 9.0], LABEL), coverage_bar(0.78, LABEL), coverage_bar(0.0, LABEL),
                  reading_curve([(0, 3.0), (5, 2.0), (9, 1.0)], LABEL, seconds=9.0)):  # fmt: skip
        assert_inside(drawn)
    dots = error_dots([0.1, 0.5, 0.5, 1.2, 9.0], LABEL)
    assert (dots.count("e-good"), dots.count("e-bad")) == (3, 2)


def test_labels_of_years_never_share_a_place():
    svg = season_overlay(course([0.0] * 149 + [0.1], 26), LABEL)
    heights = [float(y) for y in re.findall(r'y="([\d.]+)"[^>]*>20\d\d</text>', svg)]
    heights = heights or [float(y) for y in re.findall(r'y="([\d.]+)" class="c-label[^"]*">20\d\d', svg)]
    assert len(heights) == 3
    assert min(abs(a - b) for i, a in enumerate(heights) for b in heights[:i]) > 12
    assert max(heights) <= view_box(svg)[1] - 20


def test_no_name_of_a_weight_reaches_into_its_chart():
    longest = max(len(words.en) for words in FEATURE_NAMES.values())
    svg = weight_rows([WeightChange("session", 0.2, 0.4)], [LABEL], LABEL)
    start = min(float(x) for x in re.findall(r'class="c-grid" x1="([\d.]+)"', svg))
    assert longest * 6.0 <= start  # a letter of the chart's 12 px font is about half as wide


def test_a_band_that_leaves_the_chart_says_how_far_it_goes():
    tall = course([0.02] * 100, 26, wide=20.0)
    svg = fan_chart(tall, WIDE, LABEL)
    assert "↑ 80\u202f% 区间至 42.0\u202f%" in svg.replace(" %", "\u202f%")
    assert svg.count("data-cut") == 2
    assert "data-cut" in sparkline(tall)
    low = fan_chart(course([0.02] * 100, 26, wide=0.3), WIDE, LABEL)
    assert "data-cut" not in low
    assert "↑" not in low


def test_years_that_end_at_the_floor_keep_their_names_inside():
    svg = season_overlay(course([0.0] * 156, 20), LABEL)
    _, height = view_box(svg)
    at = [float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)" class="c-label', svg)]
    assert len(at) >= 3
    assert max(at) < height - 10
