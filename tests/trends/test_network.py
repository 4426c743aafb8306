"""The networks and the calendar weeks: they learn what a board shares, and say nothing where it is too small."""

from __future__ import annotations

import numpy as np
import pytest
from made_panels import make_series

from modacast.trends.calendar_weeks import add_calendar_weeks, calendar_weeks
from modacast.trends.ensemble import ensemble_forecast
from modacast.trends.network import network_forecast
from modacast.trends.panel import read_panel

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def _wide(n, *, steps=156, feast=None, seed=0):
    """Draw noisy yearly waves; `feast` doubles that week of every year."""
    rng = np.random.default_rng(seed)
    t = np.arange(steps)
    phase = rng.random((n, 1))
    y = 10 * (1 + 0.5 * np.sin(2 * np.pi * (t / 52 + phase))) * np.exp(rng.normal(0, 0.1, (n, steps)))
    if feast is not None:
        y[:, t % 52 == feast] *= 2
    return y


def _panel(values, end=None):
    return read_panel(make_series({f"s{i:02d}": row[:end] for i, row in enumerate(values)}))


@pytest.fixture(scope="module")
def learned():
    return network_forecast(_panel(_wide(16), end=104), 60, seed=3).mean(axis=0)


def test_networks_learn_the_season(learned):
    truth = _wide(16)[:, 104:156]
    flat = np.repeat(_wide(16)[:, 52:104].mean(axis=1, keepdims=True), 52, axis=1)
    assert np.abs(learned[:, :52] - truth).mean() < 0.6 * np.abs(flat - truth).mean()


def test_networks_go_on_past_a_year(learned):
    assert learned.shape == (16, 60)
    assert np.isfinite(learned).all()
    assert (learned >= 0).all()
    assert np.abs(learned[:, 52] / learned[:, 51] - 1).mean() < 0.4


def test_networks_are_deterministic(learned):
    assert np.array_equal(learned, network_forecast(_panel(_wide(16), end=104), 60, seed=3).mean(axis=0))


@pytest.mark.parametrize(("n", "steps"), [(7, 156), (12, 60)], ids=["few series", "few weeks"])
def test_networks_are_silent_where_a_board_is_small(n, steps):
    assert network_forecast(_panel(_wide(n), end=steps), 8) is None


@pytest.mark.slow
def test_a_young_series_and_one_of_zeros_are_forecast_too():
    values = {f"s{i:02d}": row for i, row in enumerate(_wide(14, steps=130))}
    values["s00"], values["s01"] = values["s00"][:20], np.zeros(130)
    panel = read_panel(make_series(values))
    found = network_forecast(panel, 12).mean(axis=0)
    assert np.isfinite(found).all()
    assert found[1].max() == 0
    assert 0 < found[0].mean() < 40


def test_constants_stay_constant_on_a_board():
    values = {f"s{i:02d}": row for i, row in enumerate(_wide(12))}
    values["s05"] = np.full(156, 4.0)
    assert (ensemble_forecast(read_panel(make_series(values)), 10)[5] == 4.0).all()


def test_a_week_that_lifts_all_series_every_year_is_found():
    offset = calendar_weeks(_panel(_wide(20, steps=208, feast=30)))
    assert offset.argmax() == 30
    assert offset[30] > 0.1
    others = np.delete(offset, range(25, 36))
    assert np.abs(others).max() < 0.25 * offset[30]


@pytest.mark.parametrize(
    "panel", [_panel(_wide(9, steps=208, feast=30)), _panel(_wide(20, steps=100, feast=30))]
)
def test_few_series_or_years_have_no_calendar_weeks(panel):
    assert not calendar_weeks(panel).any()
    forecast = np.ones((len(panel.ids), 4))
    assert np.array_equal(add_calendar_weeks(panel, forecast), forecast)


def test_weeks_that_do_not_come_back_are_not_added():
    values = _wide(20, steps=208)
    for year, week in enumerate((5, 17, 29, 41)):
        values[:, 52 * year + week] *= 2
    assert np.abs(calendar_weeks(_panel(values))).max() < 0.02
