"""Forecasts that add up, and hierarchies that do not hold together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from made_panels import make_series, wave

from modacast.errors import InvalidInput
from modacast.trends import EnsembleForecaster, forecast
from modacast.trends.hierarchy import read_hierarchy
from modacast.trends.panel import read_panel

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TREE = {"red": "skirts", "blue": "skirts", "skirts": "all", "coats": "all"}


def _tree(parents):
    return pa.table({"unique_id": list(parents), "parent": list(parents.values())})


def _sold(n=120):
    red, blue, coats = wave(n, seed=1), wave(n, level=3, swing=1, seed=2), wave(n, level=20, swing=15, seed=3)
    return {
        "red": red,
        "blue": blue,
        "coats": coats,
        "skirts": red + blue,
        "all": red + blue + coats,
        "other": red,
    }


def _by_name(table, column="y_hat"):
    frame = {}
    for name, value in zip(table["unique_id"].to_pylist(), table[column].to_pylist(), strict=True):
        frame.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in frame.items()}


def test_forecasts_add_up_and_bounds_hold_them():
    table = forecast(make_series(_sold()), h=20, hierarchy=_tree(TREE))
    got = _by_name(table)
    assert np.allclose(got["skirts"], got["red"] + got["blue"])
    assert np.allclose(got["all"], got["skirts"] + got["coats"])
    plain = _by_name(forecast(make_series(_sold()), h=20))
    assert np.array_equal(plain["other"], got["other"])
    assert not np.allclose(plain["all"], plain["skirts"] + plain["coats"])
    for name in got:
        assert (got[name] >= 0).all()
        assert (_by_name(table, "lo_80")[name] <= got[name] + 1e-9).all()
        assert (_by_name(table, "hi_80")[name] >= got[name] - 1e-9).all()


def test_what_is_sure_moves_less():
    """A calm whole of two noisy parts: the parts give way."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 3, 150)
    a, b = 10 + noise, 10 - noise
    series = make_series({"a": np.abs(a), "b": np.abs(b), "sum": np.abs(a) + np.abs(b)})
    got = _by_name(forecast(series, h=8, hierarchy=_tree({"a": "sum", "b": "sum"})))
    assert np.allclose(got["sum"], 20, atol=0.5)


def test_a_part_may_belong_to_two_wholes():
    rng = np.random.default_rng(0)
    cells = {f"{x}{y}": 5 + rng.random(80) for x in "ab" for y in "12"}
    wholes = {k: sum(v for name, v in cells.items() if k in name) for k in "ab12"}
    tree = pa.table({"unique_id": [n for n in cells for _ in n], "parent": [k for n in cells for k in n]})
    got = _by_name(forecast(make_series(cells | wholes), h=4, hierarchy=tree))
    for k in wholes:
        assert np.allclose(got[k], sum(v for name, v in got.items() if k in name and name != k))


def test_scorecards_and_back_test_add_up_too():
    model = EnsembleForecaster(networks=False).fit(make_series(_sold()), hierarchy=_tree(TREE))
    said = {(r["unique_id"], r["steps_ago"]): r["y_hat"] for r in model.scorecards().to_pylist()}
    for ago in (4, 26):
        assert said["skirts", ago] == pytest.approx(said["red", ago] + said["blue", ago])


def test_parts_that_begin_late_are_allowed():
    sold = _sold()
    sold["blue"] = np.r_[np.full(60, np.nan), sold["blue"][60:]]
    sold["skirts"] = sold["red"] + np.nan_to_num(sold["blue"])
    sold["all"] = sold["skirts"] + sold["coats"]
    got = _by_name(forecast(make_series(sold), h=4, hierarchy=_tree(TREE)))
    assert np.allclose(got["skirts"], got["red"] + got["blue"])


@pytest.mark.parametrize(("tree", "words"), [
    (pa.table({"unique_id": ["red"], "above": ["all"]}), "no column 'parent'"),
    (_tree({"red": None}), "no row has a parent"),
    (_tree({"red": "skirt"}), "did you mean 'skirts'"),
    (_tree({"red": "skirts", "skirts": "red"}), "its own ancestor"),
    (_tree({"red": "skirts"}), r"2020-01-06 the parts of 'skirts' add up to"),
])  # fmt: skip
def test_what_does_not_hold_together_is_told(tree, words):
    with pytest.raises(InvalidInput, match=words):
        read_hierarchy(read_panel(make_series(_sold())), tree)


def test_series_of_one_hierarchy_end_together():
    sold = _sold()
    sold["blue"] = sold["blue"][:-3]
    with pytest.raises(InvalidInput, match="different days"):
        read_hierarchy(read_panel(make_series(sold)), _tree(TREE))
