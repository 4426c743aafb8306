"""Young series: forecast like those that are like them, and never off the map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_panels import make_series

from modacast.trends import EnsembleForecaster, kin_of
from modacast.trends.ensemble import ensemble_forecast
from modacast.trends.panel import read_panel
from modacast.trends.youth import hold_young, with_past

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

STEPS = 160


def _board(known, *, summer=6, winter=4, h=26):
    """Draw summer and winter things, one young one of each; get the panel, and what comes for the young ones."""
    rng = np.random.default_rng(0)
    t = np.arange(STEPS + h)
    season = np.sin(2 * np.pi * t / 52)

    def draw(sign):
        return rng.uniform(5, 20) * (1 + 0.7 * sign * season) * np.exp(rng.normal(0, 0.05, len(t)))

    drawn = {f"summer{i}|all": draw(1) for i in range(summer)} | {
        f"winter{i}|all": draw(-1) for i in range(winter)
    }
    values = {name: column[:STEPS] for name, column in drawn.items()}
    for name in ("summer0|all", "winter0|all"):
        values[name] = np.r_[np.full(STEPS - known, np.nan), values[name][-known:]]
    panel = read_panel(make_series(values))
    return panel, {name: drawn[name][STEPS:] for name in ("summer0|all", "winter0|all")}


def _off(panel, truth):
    y_hat = ensemble_forecast(panel, 26, networks=False)
    return {n: np.abs(y_hat[panel.ids.index(n)] - came).mean() / came.mean() for n, came in truth.items()}


PARENTS = {f"{kind}{i}": kind for kind in ("summer", "winter") for i in range(6)}


@pytest.mark.parametrize("known", [8, 13, 26])
def test_a_young_series_has_the_season_of_its_kin(known):
    panel, truth = _board(known)
    kin = kin_of(panel.ids, PARENTS)
    plain, told = _off(panel, truth), _off(replace(panel, kin=kin), truth)
    assert told["winter0|all"] < 0.7 * plain["winter0|all"]
    assert told["summer0|all"] < 0.35


def test_a_past_is_filled_in_and_not_taken_for_seen():
    panel, _ = _board(10)
    aged = with_past(panel)
    assert not np.isnan(aged.y).any()
    assert np.array_equal(aged.observed, panel.observed)
    old = panel.lengths() == STEPS
    assert np.array_equal(aged.y[old], panel.y[old])
    young = panel.ids.index("summer0|all")
    assert np.array_equal(aged.y[young, -10:], panel.y[young, -10:])


@pytest.mark.parametrize("n_old", [0, 2])
def test_without_donors_nothing_is_made_up(n_old):
    values = {f"old{i}": np.arange(1.0, 101.0) for i in range(n_old)} | {"young": np.arange(1.0, 13.0)}
    panel = read_panel(make_series(values))
    assert np.array_equal(with_past(panel).y, panel.y, equal_nan=True)


def test_eight_steep_weeks_do_not_go_on_for_ever():
    panel = read_panel(make_series({"a": 2.0 ** np.arange(8)}))
    y_hat = ensemble_forecast(panel, 52)
    assert y_hat.max() <= 256
    assert np.array_equal(hold_young(panel, np.full((1, 3), 1e9)), np.full((1, 3), 256.0))
    assert np.array_equal(hold_young(panel, np.zeros((1, 3))), np.full((1, 3), 0.25))


def test_kin_are_parents_siblings_and_near_names():
    ids = ["a/mini|all", "a/midi|all", "a/skirt|all", "b/coat|all", "a/midi|lang=zh"]
    parents = {"a/mini": "a/skirt", "a/midi": "a/skirt"}
    kin = kin_of(ids, parents)
    assert kin["a/mini|all"] == {"a/skirt|all": 1.0, "a/midi|all": 0.5}
    assert "b/coat|all" not in kin
    assert "a/midi|lang=zh" not in kin
    vectors = {"a/mini": [1, 0, 0], "b/coat": [0.9, 0.1, 0], "a/midi": [0, 0, 1], "a/skirt": [0, 1, 0.9]}
    near = kin_of(ids, {}, vectors)
    assert list(near["a/mini|all"]) == ["b/coat|all"]
    assert 0.5 <= near["a/mini|all"]["b/coat|all"] <= 1


@pytest.mark.slow
def test_kin_of_a_series_that_is_not_there_are_left_out():
    panel, _ = _board(10)
    table = make_series({name: row[~np.isnan(row)] for name, row in zip(panel.ids, panel.y, strict=True)})
    kin = {"summer0|all": {"gone|all": 1.0}, "nobody": {"summer1|all": 1.0}}
    with_kin = EnsembleForecaster(networks=False, kin=kin).fit(table).predict(4)
    without = EnsembleForecaster(networks=False).fit(table).predict(4)
    assert with_kin["y_hat"].to_pylist() == without["y_hat"].to_pylist()
