import re
from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast import pipeline
from modacast.serve.report import phrases
from modacast.serve.report.words import Words, change, counted, interval, join, month, percent, share, signed
from modacast.types import EVENT_KINDS, FACETS, LANGUAGES, STAGES

TABLES = [
    phrases.PHRASES, phrases.STAGE_NAMES, phrases.FACET_NAMES, phrases.LANGUAGE_NAMES, phrases.FEATURE_NAMES,
    phrases.METRIC_NAMES, phrases.ANSWERS, phrases.STEP_NAMES, phrases.REASON_NAMES,
]  # fmt: skip


def places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


@pytest.mark.parametrize("table", TABLES)
def test_every_phrase_is_there_in_both_languages(table):
    for key, words in table.items():
        assert words.zh.strip(), key
        assert words.en.strip(), key
        assert places(words.zh) == places(words.en), key
        if key != "switch":
            assert is_chinese(words.zh) or places(words.zh) or key in {"band_80"}, key
            assert not is_chinese(words.en), key


def test_every_name_of_the_contract_has_words():
    assert set(phrases.STAGE_NAMES) == set(STAGES)
    assert set(phrases.FACET_NAMES) == set(FACETS)
    assert set(phrases.LANGUAGE_NAMES) == set(LANGUAGES)
    assert set(phrases.ANSWERS) == set(EVENT_KINDS)


def test_every_feature_of_the_ranker_has_words():
    from modacast.recommend.features import FEATURES

    assert set(FEATURES) <= set(phrases.FEATURE_NAMES)


def test_every_stage_of_a_run_has_words():
    folder = Path(pipeline.__path__[0])
    found = {
        name
        for path in folder.glob("*.py")
        for name in re.findall(r'StageTimer\(\s*progress, "(\w+)"', path.read_text(encoding="utf-8"))
    }
    searched = {"documents", "index"}  # by `modacast search` alone, of which no report tells
    assert {"clean", "tag", "discover", "alarms"} <= found
    assert found - searched <= set(phrases.STEP_NAMES)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0042, "0.42 %"), (0.016, "1.6 %"), (0.00043, "0.043 %"), (0.0, "0 %"), (None, "–"), (float("nan"), "–"),
     (1e-9, "0.0000 %"), (0.5, "50.0 %")],
)  # fmt: skip
def test_shares(value, said):
    assert share(value).replace("\u202f", " ") == said


@pytest.mark.parametrize(
    ("growth", "said"),
    [
        (0.38, "+38 %"),
        (-0.12, "−12 %"),
        (3.2, "×4.2"),
        (11.0, "×12"),
        (400.0, "×50+"),
        (0.0, "0 %"),
        (-0.004, "0 %"),
        (None, "–"),
        (-1.0, "−100 %"),
    ],
)
def test_changes(growth, said):
    assert change(growth).replace("\u202f", " ") == said


def test_intervals_counts_and_months():
    assert interval(0.12, 0.61).replace("\u202f", " ") == "+12 … +61 %"
    assert interval(-0.001, 1.98).replace("\u202f", " ") == "0 … +198 %"
    assert percent(0.806).replace("\u202f", " ") == "81 %"
    assert interval(0.12, 3.0, is_multiple=True) == "×1.1 … ×4.0"
    assert interval(-0.93, 3.0, is_multiple=True) == "×0.07 … ×4.0"
    assert interval(-0.57, 3.0).replace("\u202f", " ") == "−57 … +300 %"
    assert counted(98910) == "98\u202f910"
    assert month(date(2023, 10, 2)) == Words("2023 年 10 月", "Oct 2023")
    assert signed(-0.0321, 2) == "−0.03"


@given(zh=st.text(max_size=30), en=st.text(max_size=30))
def test_words_are_escaped(zh, en):
    html = Words(zh, en).__html__()
    for tag in ('<span class="zh" lang="zh">', '<span class="en" lang="en">', "</span>"):
        html = html.replace(tag, "")
    assert "<" not in html
    assert ">" not in html


def test_words_are_filled_and_joined_language_by_language():
    filled = Words("{a}在{n}", "{a} at {n}").format(a=Words("甲", "A"), n=3)
    assert filled == Words("甲在3", "A at 3")
    assert join([Words("甲", "A"), Words("乙", "B")]) == Words("甲、乙", "A, B")
