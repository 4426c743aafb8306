"""Sentences about one trend: its reason, what is foreseen, what was said earlier."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from modacast.serve.report.charts import WIDE, Compared, fan_chart
from modacast.serve.report.courses import Course, Foreseen
from modacast.serve.report.reasons import reason
from modacast.serve.report.words import Words, chance
from modacast.serve.scorecards import card_lines, scorecard_lines
from modacast.trends import SCORECARDS

DAY = date(2024, 2, 26)
ROW = {"level": 0.12, "growth": 2.0, "p_value": 0.003, "stage": "rising", "season_strength": 0.1,
       "peak": DAY, "rising_since": date(2023, 10, 2)}  # fmt: skip


def test_a_reason_gives_both_shares_chance_and_begin() -> None:
    said = reason(ROW)
    assert said.en == (
        "share over the last 8 weeks 12.0\u202f%, 4.0\u202f% in the weeks compared (×3.0); p = 0.003; "
        "rising since the week of 2023-10-02"
    )
    assert said.zh.startswith("最近 8 周声量 12.0\u202f%，此前同期 4.0\u202f%（×3.0）")
    assert "none in the weeks compared" in reason(ROW | {"growth": None}).en
    assert "highest in the week of 2024-02-26" in reason(ROW | {"stage": "declining"}).en


def test_what_is_gone_is_not_said_to_come_from_nothing() -> None:
    said = reason(
        ROW | {"level": 0.0, "growth": -1.0, "stage": "steady", "rising_since": None, "p_value": 0.3}
    )
    assert said.en.startswith("none over the last 8 weeks, some in the weeks compared (−100\u202f%); p = 0.3")
    assert said.zh.startswith("最近 8 周没有，此前同期有（−100\u202f%）")


def test_a_steady_trend_with_another_share_says_that_it_may_be_chance() -> None:
    said = reason(ROW | {"stage": "steady", "rising_since": None, "p_value": 0.6})
    assert said.en.endswith("p = 0.6; the change may be chance, or an older one")
    assert said.zh.endswith("变化可能只是偶然，或早已发生")
    assert "chance" in reason(ROW | {"stage": "steady", "growth": None}).en
    assert "chance" not in reason(ROW | {"stage": "steady", "growth": 0.1}).en + reason(ROW).en


def test_from_next_to_nothing_the_share_to_come_is_said() -> None:
    seen = Foreseen(3000.0, 2000.0, 5000.0, is_yearly=True, share=0.03)
    assert seen.said == "→ 3.0\u202f%"
    low, high = 0.03 * 2001 / 3001, 0.03 * 5001 / 3001
    assert seen.said_range == f"{low:.1%} … {high:.1%}".replace("%", "\u202f%")
    assert Foreseen(1.0, 0.5, 1.5, is_yearly=True, share=0.03).said == "+100\u202f%"


def test_a_foreseen_change_and_its_interval_are_told_in_one_unit() -> None:
    wide = Foreseen(1.87, 0.55, 8.4, is_yearly=True, share=0.2)
    assert (wide.said, wide.said_range) == ("×2.9", "×1.6 … ×9.4")
    falling = Foreseen(-0.2, -0.6, 2.5, is_yearly=True, share=0.2)
    assert (falling.said, falling.said_range) == ("−20\u202f%", "−60 … +250\u202f%")


def _card(**fields: object) -> pa.Table:
    row = {"unique_id": "a|all", "steps_ago": 26, "said_on": date(2023, 8, 28), "ds": DAY, "y_hat": 0.04, "lo_80": 0.01,
           "hi_80": 0.125, "y": 0.179, "inside": False, "mase": 2.25}  # fmt: skip
    return pa.Table.from_pylist([row | fields], schema=SCORECARDS)


@pytest.mark.parametrize(("fields", "said"), [
    ({}, "4.0 % for 2024-02-26 (80 %: 1.0 % … 12.5 %), came 17.9 %; MASE 2.25 since; outside"),
    ({"y": 0.1, "inside": True, "mase": 880.0}, "came 10.0 %; MASE > 50 since; inside"),
    ({"y": None, "inside": None, "mase": None}, "nothing was read that week"),
])  # fmt: skip
def test_a_card_says_what_was_said_and_what_came(fields: dict[str, object], said: str) -> None:
    line = scorecard_lines(_card(**fields))[0].replace("\u202f", " ")
    assert line.startswith("26 weeks ago (2023-08-28): ")
    assert line.endswith(said)
    assert card_lines(_card(**fields))[0].is_inside is fields.get("inside", False)


def test_the_chart_shows_the_shares_that_the_headline_names() -> None:
    days = np.arange(np.datetime64("2022-01-03"), np.datetime64("2022-01-03") + 7 * 80, 7)
    y = np.where(np.arange(80) >= 72, 0.2, np.where((np.arange(80) >= 20) & (np.arange(80) < 28), 0.05, 0.1))
    drawn = fan_chart(Course(days=days, y=y), WIDE, Words("", ""), compared=Compared(0.2, 0.05))
    assert drawn.count('class="c-bar"') == 2
    assert "20.0\u202f%</text>" in drawn
    assert "5.0\u202f%</text>" in drawn
    alone = fan_chart(Course(days=days, y=y), WIDE, Words("", ""), compared=Compared(0.2, None))
    assert alone.count('class="c-bar"') == 1


def test_a_chance_is_told_no_surer_than_errors_can_tell():
    assert chance(0.834) == "83\u202f%"
    assert (chance(0.95), chance(0.05)) == ("≥\u202f95\u202f%", "≤\u202f5\u202f%")
