"""The Gaussian process: it tells season, level and trend apart, on many series and on one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_panels import make_series

from modacast.trends.gaussian import gaussian_forecast
from modacast.trends.panel import read_panel

STEPS, H = 156, 52


def _waves(n, *, growth=0.0, noise=0.1, seed=0):
    """Draw `(n, 208)` yearly waves, each with its own phase, growing by so much a year."""
    rng = np.random.default_rng(seed)
    t = np.arange(STEPS + H)
    wave = 1 + 0.5 * np.sin(2 * np.pi * (t / 52 + rng.random((n, 1))))
    return 10 * wave * np.exp(growth * t / 52) * np.exp(rng.normal(0, noise, (n, len(t))))


def _panel(values):
    return read_panel(make_series({f"s{i:02d}": row for i, row in enumerate(values)}))


@pytest.mark.parametrize("n", [1, 12])
def test_the_season_and_the_growth_go_on(n):
    y = _waves(n, growth=0.2)
    told, truth = gaussian_forecast(_panel(y[:, :STEPS]), H), y[:, STEPS:]
    last_year = np.abs(y[:, STEPS - H : STEPS] - truth).mean()
    assert np.abs(told - truth).mean() < 0.7 * last_year


def test_of_noise_the_mean_is_foretold():
    y = 10 * np.exp(np.random.default_rng(1).normal(0, 0.2, (12, STEPS)))
    told = gaussian_forecast(_panel(y), H)
    assert np.abs(told / 10 - 1).max() < 0.15


def test_a_step_is_kept_rather_than_averaged_away():
    y = _waves(12, noise=0.05)[:, :STEPS]
    y[0, -26:] *= 3
    plain = _waves(12, noise=0.05)[0, STEPS:]
    told = gaussian_forecast(_panel(y), 13)[0]
    assert told.mean() > 1.8 * plain[:13].mean()


def test_series_of_unlike_length_and_one_not_begun():
    y = _waves(6)[:, :STEPS]
    y[1, :100] = np.nan
    y[2, :140] = np.nan
    panel = _panel(y)
    empty = replace(panel, y=np.vstack([panel.y[:5], np.full((1, STEPS), np.nan)]))
    told = gaussian_forecast(empty, 20)
    assert told.shape == (6, 20)
    assert np.isfinite(told[:5]).all()
    assert (told[:5] >= 0).all()
    assert np.isnan(told[5]).all()


@pytest.mark.parametrize(
    "row",
    [np.full(60, 3.0), np.zeros(60), np.r_[np.zeros(59), 1.0], np.arange(8.0), 1e9 * np.arange(1, 60.0)],
)
def test_odd_series_give_finite_forecasts(row):
    told = gaussian_forecast(_panel([row]), 60)
    assert np.isfinite(told).all()
    assert (told >= 0).all()


def test_a_constant_stays():
    assert gaussian_forecast(_panel([np.full(120, 3.0)]), 12) == pytest.approx(np.full((1, 12), 3.0))


def test_it_is_deterministic():
    panel = _panel(_waves(12)[:, :STEPS])
    assert np.array_equal(gaussian_forecast(panel, 13, seed=2), gaussian_forecast(panel, 13, seed=2))


@pytest.mark.parametrize(("freq", "season"), [("D", 7), ("M", 12)])
def test_days_and_months_have_their_own_season(freq, season):
    rng = np.random.default_rng(4)
    t = np.arange(120)
    y = (
        10
        * (1 + 0.5 * np.sin(2 * np.pi * (t / season + rng.random((6, 1)))))
        * np.exp(rng.normal(0, 0.1, (6, 120)))
    )
    told = gaussian_forecast(replace(_panel(y[:, :-season]), freq=freq, season=season), season)
    level = np.abs(y[:, :-season].mean(axis=1, keepdims=True) - y[:, -season:]).mean()
    assert np.abs(told - y[:, -season:]).mean() < 0.5 * level
