from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from report.made_report import ELEMENTS, made_report

from modacast.serve.report import story
from modacast.serve.report.board import board_rows, by_stage, closeups, headlines
from modacast.serve.report.courses import read_courses
from modacast.serve.report.data import TruthCheck
from modacast.serve.report.names import Names
from modacast.serve.report.palette import palette
from modacast.serve.report.words import Words
from modacast.types import TRENDS, Element

DATA = made_report()
NAMES = Names(ELEMENTS)

COURSES = read_courses(DATA.series, DATA.forecasts, (f"{e}|all" for e in ELEMENTS))
ROWS = board_rows(DATA.trends, COURSES, NAMES)


def row_of(element_id, **changes):
    fields = next(row for row in ROWS if row.id == element_id).fields
    trends = pa.Table.from_pylist([{**fields, **changes}], schema=TRENDS)
    return board_rows(trends, COURSES, NAMES)[0]


def test_names_of_peoples_are_written_as_english_does():
    elements = {
        "style/neo": Element("style/neo", "style", {"zh": ("新中式",), "en": ("neo-chinese style",)}),
        "style/y2k": Element("style/y2k", "style", {"zh": ("千禧风",), "en": ("y2k",)}),
    }
    assert Names(elements).name("style/neo") == Words("新中式", "Neo-Chinese style")
    assert Names(elements).name("style/y2k").en == "Y2K"


def test_what_moves_comes_before_what_does_not():
    stages = [row.stage for row in ROWS]
    moving = {"emerging", "rising", "peaking", "declining"}
    assert set(stages[: sum(s in moving for s in stages)]) <= moving
    assert [row.weight for row in ROWS] == sorted((row.weight for row in ROWS), reverse=True)


def test_headlines_are_two_that_rise_and_one_that_turns():
    first, second, third = headlines(ROWS, NAMES)
    assert {first.stage, second.stage} <= {"emerging", "rising"}
    assert third.stage in {"peaking", "declining"}
    only_up = [row for row in ROWS if row.stage == "rising"]
    assert len(headlines(only_up, NAMES)) == 3
    assert headlines([], NAMES) == []


def test_an_element_and_what_lies_above_it_are_one_story():
    elements = dict(ELEMENTS) | {
        e: replace(ELEMENTS[e], parent="style/new-chinese")
        for e in ("detail/knot-button", "garment/mamian-skirt")
    }
    names = Names(elements)
    chosen = {row.id for row in closeups(ROWS, names)}
    assert len(chosen) == 8
    family = {"style/new-chinese", "detail/knot-button", "garment/mamian-skirt"}
    assert "style/new-chinese" not in chosen or len(chosen & family) == 1


def test_the_news_is_the_narrower_element_where_it_is_almost_all_of_the_broader():
    elements = dict(ELEMENTS) | {
        "garment/mamian-skirt": replace(ELEMENTS["garment/mamian-skirt"], parent="style/new-chinese")
    }
    names = Names(elements)

    def told(n_below: int) -> str:
        rows = [
            replace(row_of(element_id, stage="rising", n_mentions=n), weight=weight)
            for element_id, n, weight in (
                ("style/new-chinese", 100, 2.0),
                ("garment/mamian-skirt", n_below, 1.0),
            )
        ]
        (row,) = headlines(rows, names)
        return row.id

    assert told(90) == "garment/mamian-skirt"
    assert told(40) == "style/new-chinese"


def test_stage_columns_count_everything():
    columns = by_stage(ROWS)
    assert sum(len(column.rows) + column.n_more for column in columns) == len(ROWS)


def test_sources_are_told_loudest_first():
    row = next(row for row in ROWS if row.id == "style/new-chinese")
    loud = DATA.trends.filter(
        pc.and_(
            pc.equal(DATA.trends["element_id"], row.id), pc.starts_with(DATA.trends["segment"], "source=")
        )
    ).sort_by([("n_mentions", "descending")])
    assert [f"source={name}" for name in row.sources] == loud["segment"].to_pylist()


def test_sources_that_end_later_or_a_little_earlier_are_told_too():
    fields = [dict(row) for row in DATA.trends.to_pylist() if row["element_id"] == "style/new-chinese"]
    told = [row["segment"] for row in fields if row["segment"].startswith("source=")]
    for row, days in zip([r for r in fields if r["segment"] in told], (14, -14, -100), strict=False):
        row["as_of"] += timedelta(days=days)
    (row,) = board_rows(pa.Table.from_pylist(fields, schema=TRENDS), COURSES, NAMES)
    gone = {segment.partition("=")[2] for segment in told[2:3]}
    assert set(row.sources) == {segment.partition("=")[2] for segment in told} - gone


@pytest.mark.parametrize(
    ("changes", "zh", "en"),
    [
        ({"stage": "rising", "rising_since": None}, "正在上升", "is rising"),
        ({"stage": "seasonal"}, "随季节起落", "comes and goes with the season"),
        ({"stage": "steady"}, "保持平稳", "holds steady"),
        ({"growth": None}, "声量从无到", "from nothing to"),
        ({"growth": -1.0, "level": 0.0}, "声量降到零", "down to nothing"),
        ({"growth": None, "level": 0.0}, "近期没有人谈起", "nobody spoke of it lately"),
        ({"growth": 300.0}, "声量从几乎没有到", "from next to nothing to"),
    ],
)
def test_sentences_say_what_the_fields_say(changes, zh, en):
    said = story.headline(row_of("style/new-chinese", **changes))
    assert zh in said.zh
    assert en in said.en
    assert said.zh.endswith("。")


@pytest.mark.parametrize(
    ("mase", "said"),
    [
        (0.8, "20\u202f% less than"),
        (1.001, "as much as"),
        (1.25, "25\u202f% more than"),
        (36.4, "36.4 times"),
        (4457.3, "> 50 times as much as “same as last year” (MASE > 50)"),
    ],
)
def test_the_back_test_is_told_in_words(mase, said):
    assert said in story.was_off(row_of("style/new-chinese", backtest_mase=mase))[0].en
    assert story.was_off(row_of("style/new-chinese", backtest_mase=None, backtest_coverage_80=None)) == []


def test_reasons_tell_what_is_gone_from_what_is_new():
    gone = story.why(row_of("style/new-chinese", growth=-1.0, level=0.0))[0]
    assert gone.en.startswith("Nobody spoke of it over the last 8 weeks; some did")
    assert gone.zh.startswith("最近 8 周没有人谈起，此前同期有")
    assert "nobody spoke" in story.why(row_of("style/new-chinese", growth=None))[0].en


@pytest.mark.parametrize(("strength", "told"), [(0.46, True), (0.44, False)])
def test_a_season_is_told_where_the_stage_rests_on_it(strength, told):
    row = row_of("style/new-chinese", season_strength=strength)
    long = replace(
        row, course=replace(row.course, y=np.ones(160), days=np.arange(160).astype("datetime64[W]"))
    )
    assert any("Its year repeats" in words.en for words in story.why(long)) == told
    short = replace(
        row, course=replace(row.course, y=np.ones(110), days=np.arange(110).astype("datetime64[W]"))
    )
    assert not any("Its year repeats" in words.en for words in story.why(short))


def test_chance_is_called_chance():
    assert any("may be chance" in words.en for words in story.why(row_of("style/new-chinese", p_value=0.4)))
    assert any(
        "more than chance" in words.en for words in story.why(row_of("style/new-chinese", p_value=0.001))
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.95, "very sure"), (0.75, "fairly sure"), (0.55, "somewhat sure"), (0.1, "not sure")],
)
def test_sureness(value, said):
    assert story.sureness(value).en == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.6, "loved"), (0.2, "liked"), (0.0, "mixed"), (-0.4, "criticised"), (None, "unknown")],
)
def test_mood(value, said):
    assert story.mood(value).en == said


def test_palette_is_of_colours_and_fills_the_width():
    swatches = palette(ROWS, NAMES)
    assert sum(swatch.part for swatch in swatches) == pytest.approx(1)
    assert {swatch.row.facet for swatch in swatches} == {"color"}
    assert "color/butter" in {swatch.row.id for swatch in swatches}
    assert palette([], NAMES) == []


def test_a_colour_gives_way_to_its_only_shade():
    elements = dict(ELEMENTS)
    elements["color/caramel"] = replace(ELEMENTS["color/caramel"], parent="color/black")
    rows = board_rows(DATA.trends, COURSES, Names(elements))
    assert "color/black" not in {swatch.row.id for swatch in palette(rows, Names(elements))}


def test_elements_that_no_lexicon_holds_have_a_name():
    names = Names({"color/odd": Element("color/odd", "color", {"zh": ("怪色",)}, attributes={"hex": "red"})})
    assert names.name("style/quiet-luxury").en == "quiet luxury"
    assert names.name("color/odd").en == "怪色"
    assert names.colour("color/odd") is None
    assert names.facet("plain") == ""
    assert names.segment("lang=zh").en == "Chinese"
    assert names.segment("source=weibo").en == "weibo"


def test_truth_counts_hits_misses_and_quiet_ones():
    truth = TruthCheck(
        {"a": "rising", "b": "emerging", "c": "seasonal", "d": "declining"},
        {"a": "peaking", "b": "steady", "c": "rising"},
    )
    assert truth.hits == ("a", "d")
    assert truth.missed == ("b", "c")
