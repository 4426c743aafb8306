"""Forecasts: right where the truth is known, and sensible where the input is odd."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import pytest
from made_panels import make_counts, make_series, wave
from threadpoolctl import threadpool_info, threadpool_limits

from modacast import evaluate
from modacast.errors import InvalidInput, NotFitted
from modacast.trends import EnsembleForecaster, forecast
from modacast.trends.backtest import BACKTEST
from modacast.trends.forecast import MEANS_AHEAD
from modacast.trends.intervals import CHANCES, series_scale
from modacast.trends.local import seasonal_naive
from modacast.trends.panel import read_panel
from modacast.types import FORECASTS, Forecaster

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def _matrix(table, column, h):
    return table[column].to_numpy().reshape(-1, h)


@pytest.fixture(scope="module")
def fitted(waves):
    return EnsembleForecaster(n_origins=4).fit(make_series({k: v[:156] for k, v in waves.items()}))


@pytest.fixture(scope="module")
def year_ahead(fitted):
    return fitted.predict(52)


def test_follows_the_contract(fitted, year_ahead):
    assert isinstance(fitted, Forecaster)
    assert year_ahead.schema.equals(FORECASTS, check_metadata=True)
    assert year_ahead.num_rows == 12 * 52
    assert year_ahead["ds"][0].as_py() == date(2023, 1, 2)
    with pytest.raises(NotFitted, match="fit"):
        EnsembleForecaster().predict(4)


@pytest.mark.slow
def test_a_mean_has_an_interval_of_its_own_that_is_narrower_and_holds(fitted, waves, year_ahead):
    weeks = fitted.predict(26)
    means = fitted.means_ahead(weeks)
    assert means.schema.equals(MEANS_AHEAD)
    y_hat, lo, hi = (means[name].to_numpy() for name in ("y_hat", "lo_80", "hi_80"))
    assert y_hat == pytest.approx(_matrix(weeks, "y_hat", 26).mean(axis=1))
    weekly = [_matrix(weeks, name, 26).mean(axis=1) for name in ("lo_80", "hi_80")]
    assert np.all((hi - lo) < weekly[1] - weekly[0])
    quantiles = np.array(means["quantiles"].to_pylist())
    assert quantiles.shape == (12, len(CHANCES))
    assert np.all(np.diff(quantiles, axis=1) >= 0)
    for chance, values in ((0.1, lo), (0.5, y_hat), (0.9, hi)):
        assert quantiles[:, CHANCES.index(chance)] == pytest.approx(values)
    truth = np.array([waves[k][156:182].mean() for k in sorted(waves)])
    assert np.mean((truth >= lo) & (truth <= hi)) >= 0.7
    # farther than was measured it grows
    year, two = (fitted.means_ahead(made) for made in (year_ahead, fitted.predict(104)))
    spread = [made["hi_80"].to_numpy() / made["y_hat"].to_numpy() for made in (year, two)]
    assert np.all(spread[1] > spread[0])
    with pytest.raises(NotFitted, match="fit"):
        EnsembleForecaster().means_ahead(year_ahead)
    for wrong in (weeks.slice(0, 0), weeks.slice(1), weeks.slice(26)):
        with pytest.raises(InvalidInput, match="in their order"):
            fitted.means_ahead(wrong)


def test_beats_the_seasonal_naive(waves, year_ahead):
    series = np.array([waves[k] for k in sorted(waves)])
    train, truth = series[:, :156], series[:, 156:]
    ours = evaluate.mase(truth, _matrix(year_ahead, "y_hat", 52), train, season=52).mean()
    panel = read_panel(make_series({k: v[:156] for k, v in waves.items()}))
    naive = evaluate.mase(truth, seasonal_naive(panel, 52), train, season=52).mean()
    assert ours < 0.9 * naive


def test_intervals_cover_and_nest(waves, year_ahead):
    truth = np.array([waves[k][156:] for k in sorted(waves)])
    lo, hi = _matrix(year_ahead, "lo_80", 52), _matrix(year_ahead, "hi_80", 52)
    assert 0.65 <= evaluate.coverage(truth, lo, hi).mean() <= 0.97
    columns = [_matrix(year_ahead, name, 52) for name in ("lo_90", "lo_80", "y_hat", "hi_80", "hi_90")]
    for lower, upper in pairwise(columns):
        assert (lower <= upper + 1e-12).all()
    assert (hi[:, 40:] - lo[:, 40:]).mean() > (hi[:, :4] - lo[:, :4]).mean()


def test_backtest_scores_every_series(fitted):
    scores = fitted.backtest_.scores()
    assert scores.schema == BACKTEST
    assert scores.num_rows == 12
    assert 0 < np.mean(scores["mase"].to_numpy()) < 2
    assert 0.5 < np.mean(scores["coverage_80"].to_numpy()) <= 1


def test_is_deterministic_and_blind_to_row_order(waves):
    table = make_series({k: waves[k][:120] for k in ("s00", "s01")})
    at = datetime(2024, 1, 1, tzinfo=UTC)
    shuffled = table.take(np.random.default_rng(1).permutation(table.num_rows))
    assert forecast(table, h=6, made_at=at).equals(forecast(shuffled, h=6, made_at=at))


def test_takes_one_thread_for_small_matrices(waves, monkeypatch):
    threads = []

    def ces(panel, h):
        threads.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return np.ones((len(panel.ids), h))

    monkeypatch.setattr("modacast.trends.ensemble.ces_forecast", ces)
    with threadpool_limits(2, user_api="blas"):
        forecast(make_series({"s00": waves["s00"][:120]}), h=6)
    assert len(threads) > 1
    assert set(threads) == {1}


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([5.0] * 60, 5.0, 5.0),
        ([0.0] * 60, 0.0, 0.0),
        ([1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 4.0], 1.0, 5.0),
        ([0.0, 0.0, 0.0, 1.0] * 30, 0.1, 0.5),
        ([0.0] * 70 + [1.0] * 10, 0.0, 1.5),
        ([None if i % 5 == 2 else 4.0 + i % 3 for i in range(90)], 3.5, 6.5),
    ],
    ids=["constant", "zero", "eight weeks", "sparse", "new", "gaps"],
)
def test_odd_series_have_a_sensible_answer(values, low, high):
    got = forecast(make_series({"a": values}), h=12)
    y_hat = got["y_hat"].to_numpy()
    assert len(y_hat) == 12
    assert (y_hat >= low - 1e-9).all()
    assert (y_hat <= high + 1e-9).all()
    assert np.isfinite(got["hi_90"].to_numpy()).all()
    assert (got["lo_90"].to_numpy() >= 0).all()


def test_horizon_beyond_the_history_widens():
    got = forecast(make_series({"a": wave(30), "b": wave(30, seed=1)}), h=100)
    width = _matrix(got, "hi_80", 100) - _matrix(got, "lo_80", 100)
    assert (width[:, -1] > width[:, 20]).all()


def test_series_of_different_age_and_end_go_on_from_their_own_end():
    table = make_series({"old": wave(120), "young": wave(20)})
    got = {name: [] for name in ("old", "young")}
    for row in forecast(table, h=3).to_pylist():
        got[row["unique_id"]].append(row["ds"])
    assert got["young"][0] == date(2020, 5, 25)
    assert got["old"][0] == date(2022, 4, 25)


def test_shares_stay_below_one_and_other_numbers_do_not():
    high = np.clip(wave(120, level=1.0, swing=0.3, noise=0.05), 0, 1)
    shares = make_counts({"a": np.round(high * 1000)}, read=1000)
    assert max(forecast(shares, h=12)["hi_90"].to_pylist()) <= 1.0
    assert max(forecast(shares.select(["unique_id", "ds", "y"]), h=12)["hi_90"].to_pylist()) > 1.0


def test_other_levels_make_other_columns():
    got = forecast(make_series({"a": wave(60)}), h=2, levels=(50,))
    assert got.column_names == ["unique_id", "ds", "y_hat", "lo_50", "hi_50", "model", "made_at"]


@pytest.mark.parametrize(
    ("kwargs", "word"), [({"h": 0}, "h must"), ({"h": 1000}, "h must"), ({"levels": (0.8,)}, "levels")]
)
def test_refuses_what_makes_no_sense(kwargs, word):
    with pytest.raises(InvalidInput, match=word):
        forecast(make_series({"a": wave(60)}), **kwargs)


def test_months_and_days_have_their_own_season():
    shape = np.tile([1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 9.0], 20)
    got = forecast(make_series({"a": shape, "b": 2 * shape}, step=1), h=7)
    y_hat = _matrix(got, "y_hat", 7)
    assert y_hat[0].argmin() == 0
    assert y_hat[0, 5:].min() > y_hat[0, :3].max()


def test_a_constant_has_an_interval_of_no_width_to_the_last_digit() -> None:
    made = forecast(make_series({"a": np.full(60, 7.0)}), h=3)
    for name in ("y_hat", "lo_80", "hi_80", "lo_90", "hi_90"):
        assert made[name].to_pylist() == [7.0] * 3


def test_what_has_just_risen_has_as_wide_an_interval_as_a_series_of_its_new_size() -> None:
    rng = np.random.default_rng(5)
    level = np.r_[np.full(96, 0.05), np.full(8, 20.0)]
    risen = np.maximum(level * (1 + 0.2 * rng.standard_normal(104)), 0.0)
    large = 20 * (1 + 0.2 * rng.standard_normal(104))
    panel = read_panel(
        make_series({"large": large, "risen": risen, "small": risen[:1].repeat(104) * large / 20})
    )
    wide, new, narrow = series_scale(panel)
    assert new > 0.5 * wide
    assert narrow < 0.1 * wide


def test_forecasts_come_in_the_kind_of_table_that_was_given() -> None:
    import pandas as pd
    import polars as pl

    table = make_series({"a": [5.0 + i % 3 for i in range(20)]})
    expected = forecast(table, h=3)["y_hat"].to_pylist()
    of_polars = forecast(pl.DataFrame(table), h=3)
    of_pandas = forecast(
        table.to_pandas().astype({"ds": "datetime64[ns]"}), h=3, exog=pl.DataFrame(table).rename({"y": "x"})
    )
    assert isinstance(of_polars, pl.DataFrame)
    assert of_polars["y_hat"].to_list() == expected
    assert isinstance(of_pandas, pd.DataFrame)
    assert len(of_pandas) == 3
    assert EnsembleForecaster().fit(pl.DataFrame(table)).predict(3)["y_hat"].to_pylist() == expected
    with pytest.raises(InvalidInput, match="give a table of Arrow, pandas or polars, got builtins.list"):
        forecast([1, 2, 3])
