"""Stages on counts whose truth is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from made_panels import MONDAY, make_counts

from modacast.errors import InvalidInput
from modacast.trends.lifecycle import STAGE_TABLE, stages
from modacast.trends.seasonality import is_seasonal, season_strength

WEEKS = 4 * 52


def _draw(rate, seed=0):
    return np.random.default_rng(seed).poisson(np.asarray(rate, dtype=float))


def _one(counts, **kwargs):
    table = stages(make_counts({"x|all": counts}, **kwargs))
    assert table.schema.equals(STAGE_TABLE)
    return table.to_pylist()[0]


STEPS = np.arange(WEEKS)
COAT = 1 + 14 * np.maximum(0, np.cos(2 * np.pi * (STEPS + 4) / 52)) ** 2


@pytest.mark.parametrize(
    ("rate", "stage"),
    [
        (np.full(WEEKS, 10.0), "steady"),
        (np.where(STEPS < WEEKS - 10, 0.05, 12.0), "emerging"),
        (np.where(STEPS < WEEKS - 10, 8.0, 20.0), "rising"),
        (np.where(STEPS < WEEKS - 10, 20.0, 6.0), "declining"),
        (np.where(STEPS < WEEKS - 40, 2.0, 30.0 * np.exp(-((STEPS - (WEEKS - 10.0)) ** 2) / 40)), "peaking"),
        (COAT, "seasonal"),
        (COAT * np.where(STEPS < WEEKS - 30, 1.0, 3.0), "rising"),
        (COAT * np.where(STEPS < WEEKS - 30, 1.0, 0.25), "declining"),
    ],
    ids=["flat", "new", "up", "down", "past its peak", "coats", "more coats", "fewer coats"],
)
def test_stage(rate, stage):
    found = [_one(_draw(rate, seed))["stage"] for seed in range(5)]
    assert found.count(stage) >= 4, found


@pytest.mark.parametrize("end", range(110, WEEKS, 7))
def test_winter_coats_are_never_emerging_after_their_second_winter(end):
    assert _one(_draw(COAT)[:end])["stage"] not in {"emerging", "rising"}


def test_large_numbers_are_told_plainly():
    row = _one(np.where(STEPS < WEEKS - 10, 1.0, 400.0), read=1000)
    assert "e+" not in row["why"]
    assert f"×{1 + row['growth']:,.0f}" in row["why"]


def test_chance_makes_few_trends():
    rng = np.random.default_rng(3)
    noise = {f"e{i}|all": rng.negative_binomial(2, 2 / (2 + 6), 150) for i in range(200)}
    table = stages(make_counts(noise))
    changed = [s for s in table["stage"].to_pylist() if s not in {"steady", "seasonal"}]
    assert len(changed) <= 6
    assert np.mean(table["dispersion"].to_numpy()) > 2.5


def test_bursts_need_more_than_calm_counts():
    calm = _one([10] * 100 + [16] * 8)
    bursty = _one([0, 0, 40, 0] * 25 + [0, 0, 64, 0] * 2)
    assert calm["p_value"] < 0.01 < bursty["p_value"]


def test_numbers_and_words_agree():
    row = _one(_draw(np.where(STEPS < WEEKS - 20, 5.0, 15.0)))
    assert row["as_of"] == MONDAY + timedelta(weeks=WEEKS - 1)
    assert row["weeks_between"] == 52
    assert row["growth"] == pytest.approx(row["level"] / row["level_before"] - 1)
    assert row["growth"] == pytest.approx(2.0, abs=0.8)
    assert abs(row["rising_since"] - (MONDAY + timedelta(weeks=WEEKS - 20))) <= timedelta(weeks=2)
    assert row["why"].startswith("x is rising: ")
    assert f"{row['growth']:+.0%}" in row["why"]
    assert 0.95 < row["confidence"] <= 1


def test_young_panel_compares_with_the_weeks_before():
    row = _one([4] * 20 + [16] * 8)
    assert (row["stage"], row["weeks_between"], row["growth"]) == ("rising", 8, pytest.approx(3.0))


def test_from_nothing_has_no_growth():
    row = _one([0] * 100 + [9] * 8)
    assert row["stage"] == "emerging"
    assert row["growth"] is None
    assert "from nothing" in row["why"]
    assert row["first_seen"] == MONDAY + timedelta(weeks=100)


def test_a_share_that_no_text_stands_for_is_nothing_to_grow_from():
    counts = np.where(STEPS < WEEKS - 10, 0.0, 12.0)
    table = make_counts({"x|all": counts})
    traces = pa.array(np.where(counts > 0, table["y"].to_numpy(), 1e-6))
    row = stages(table.set_column(table.column_names.index("y"), "y", traces)).to_pylist()[0]
    assert (row["stage"], row["growth"], row["level_before"]) == ("emerging", None, 0.0)
    half = pa.array(
        np.where(counts > 0, table["y"].to_numpy(), 0.002)
    )  # a source that spoke of it was not read
    assert stages(table.set_column(table.column_names.index("y"), "y", half)).to_pylist()[0]["growth"] > 0


def test_unread_weeks_are_no_fall():
    row = _one([10] * 100 + [None] * 30 + [10] * 20 + [None] * 3)
    assert row["stage"] == "steady"
    assert row["as_of"] == MONDAY + timedelta(weeks=149)


def test_forecast_growth_compares_with_last_year():
    counts = make_counts({"x|all": [10] * 60, "y|all": [10] * 20})
    ahead = [
        {"unique_id": name, "ds": MONDAY + timedelta(weeks=n + k), "y_hat": 0.01}
        for name, n in (("x|all", 60), ("y|all", 20))
        for k in range(8)
    ]
    rows = stages(counts, pa.Table.from_pylist(ahead)).to_pylist()
    assert [row["forecast_growth"] for row in rows] == [pytest.approx(1.0)] * 2


def test_the_interval_of_what_is_foreseen_is_that_of_the_mean():
    counts = make_counts({"x|all": [10] * 60, "y|all": [10] * 60})
    ahead = [
        {"unique_id": name, "ds": MONDAY + timedelta(weeks=60 + k), "y_hat": 0.01}
        for name in ("x|all", "y|all")
        for k in range(8)
    ]
    quantiles = np.linspace(0.001, 0.019, 19)  # .05 more of chance for each .001
    means = pa.table(
        {"unique_id": ["x|all"], "y_hat": [0.01], "lo_80": [0.005], "hi_80": [0.02], "quantiles": [quantiles]}
    )
    x, y = stages(counts, pa.Table.from_pylist(ahead), means).to_pylist()
    assert (x["forecast_growth"], x["forecast_low"], x["forecast_high"]) == pytest.approx((1.0, 0.0, 3.0))
    assert (y["forecast_low"], y["forecast_high"], y["chance_of_growth"]) == (None, None, None)
    assert x["chance_of_growth"] == pytest.approx(0.75)  # above .005, where it was a year before
    high = make_counts({"x|all": [10] * 52 + [100] * 8})
    falls = pa.Table.from_pylist([{**row, "ds": row["ds"] + timedelta(weeks=52)} for row in ahead[:8]])
    assert stages(high, falls, means).to_pylist()[0]["chance_of_growth"] == pytest.approx(0.05)


def test_never_counted_and_empty():
    assert stages(make_counts({"x|all": [0] * 60})).num_rows == 0
    assert stages(make_counts({})).num_rows == 0
    with pytest.raises(InvalidInput, match="n_mentions"):
        stages(make_counts({"x": [1]}).drop_columns(["n_mentions"]))


def test_season_strength_knows_a_season_from_a_shock_and_from_growth():
    season = season_strength(_draw(COAT) / 2000)
    shock = season_strength(
        np.where(np.abs(STEPS - 80) < 3, 0.02, 0.0001) + _draw(np.full(WEEKS, 1.0)) / 20000
    )
    growth = season_strength(np.linspace(0.001, 0.02, WEEKS))
    assert season > 0.8
    assert is_seasonal(season, WEEKS)
    assert not is_seasonal(shock, WEEKS)
    assert not is_seasonal(growth, WEEKS)
    assert season_strength(np.ones(100)) is None
    assert not is_seasonal(None, 100)


def test_dates_are_dates():
    row = _one([5] * 60)
    assert all(isinstance(row[name], date) for name in ("as_of", "first_seen", "peak"))
