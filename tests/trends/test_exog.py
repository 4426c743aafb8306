"""Second signals: used where they lead, ignored where they do not, refused in words where they are wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from made_panels import MONDAY, make_series

from modacast.errors import InvalidInput
from modacast.trends import forecast
from modacast.trends.exog import follow_signals, with_exog
from modacast.trends.panel import read_panel

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

AT = datetime(2024, 1, 1, tzinfo=UTC)
WEEKS, LEAD, H = 156, 8, 8


def _drawn(seed=0, n=4, extra=0):
    """Draw series that follow a signal eight weeks later; `extra` further weeks of both."""
    rng = np.random.default_rng(seed)
    steps = WEEKS + extra
    followers, signals = {}, {}
    for i in range(n):
        signal = np.cumsum(rng.normal(0, 1, steps + LEAD))
        signal = 10 + 4 * (signal - signal.mean()) / signal.std()
        followers[f"s{i}"] = np.maximum(signal[:steps] + rng.normal(0, 0.3, steps), 0.1)
        signals[f"s{i}"] = signal[LEAD:]
    return followers, signals


def _cut(values, end=WEEKS):
    return {name: column[:end] for name, column in values.items()}


def _signal_table(values):
    return make_series(values).rename_columns(["unique_id", "ds", "early"])


def _y_hat(followers, exog):
    table = forecast(make_series(_cut(followers)), h=H, made_at=AT, exog=exog)
    return table["y_hat"].to_numpy().reshape(-1, H)


@pytest.mark.slow
def test_a_signal_that_leads_lowers_the_error():
    followers, signals = _drawn(extra=H)
    truth = np.array([column[WEEKS:] for column in followers.values()])
    plain = np.abs(_y_hat(followers, None) - truth).mean()
    told = np.abs(_y_hat(followers, _signal_table(_cut(signals))) - truth).mean()
    assert told < 0.6 * plain


@pytest.mark.slow
def test_a_signal_of_noise_changes_nothing():
    followers, _ = _drawn()
    noise = {name: np.random.default_rng(9).normal(0, 1, WEEKS) for name in followers}
    assert np.array_equal(_y_hat(followers, _signal_table(noise)), _y_hat(followers, None))


def test_known_future_values_are_used():
    rng = np.random.default_rng(3)
    campaign = {f"s{i}": (rng.random(WEEKS + H) < 0.25).astype(float) for i in range(6)}
    series = {name: 5 + 5 * on[:WEEKS] + rng.normal(0, 0.2, WEEKS) for name, on in campaign.items()}
    panel = with_exog(read_panel(make_series(series)), _signal_table(campaign))
    factor = follow_signals(panel, np.full((6, H), 6.25))
    ahead = np.array([on[WEEKS:] for on in campaign.values()]) > 0
    assert factor[ahead].mean() > 1.15 * factor[~ahead].mean()


def test_the_past_is_blind_to_the_future_of_a_signal():
    followers, signals = _drawn()
    panel = with_exog(read_panel(make_series(_cut(followers))), _signal_table(_cut(signals)))
    assert panel.before(10).exog.shape == (4, WEEKS - 10, 1)
    with_future = with_exog(read_panel(make_series(_cut(followers, 100))), _signal_table(_cut(signals, 120)))
    assert with_future.exog.shape == (4, 120, 1)
    assert with_future.before(10).exog.shape == (4, 110, 1)


def test_held_out_weeks_see_of_a_signal_what_was_known_then():
    """Beside a campaign that is planned 12 weeks ahead, searches that are known up to now, or lag by 2 weeks."""
    rng = np.random.default_rng(1)
    plan, searches, lagging = rng.random((3, 112))
    searches[100:], lagging[98:] = np.nan, np.nan
    table = _signal_table({"a": plan}).append_column("searches", pa.array(searches))
    table = table.append_column("lagging", pa.array(lagging))
    panel = with_exog(read_panel(make_series({"a": rng.random(100)})), table)
    assert panel.exog_ahead.tolist() == [[12, 0, -2]]
    past = panel.before(30).exog[0]
    assert past.shape == (82, 3)
    assert np.array_equal(past[:, 0], plan[:82])
    assert np.array_equal(past[:70, 1], searches[:70])
    assert (past[70:, 1] == searches[69]).all()
    assert (past[68:, 2] == lagging[67]).all()


def test_a_signal_of_the_same_week_is_no_prophet():
    """A copy of the series, beside a plan of noise: it tells of now, and nothing of what comes."""
    rng = np.random.default_rng(5)
    values = {f"s{i}": 10 + rng.normal(0, 2, 160) for i in range(6)}
    plan = {name: rng.random(172) for name in values}
    copy = np.concatenate([np.r_[column, np.full(12, np.nan)] for column in values.values()])
    table = _signal_table(plan).append_column("copy", pa.array(copy))
    forecast_alone = np.ones((len(values), 12))
    panel = with_exog(read_panel(make_series(values)), table)
    assert np.array_equal(follow_signals(panel, forecast_alone), forecast_alone)


def test_gaps_hold_the_last_value_and_strangers_are_left_out():
    panel = read_panel(make_series({"a": np.arange(1.0, 11.0), "b": np.ones(10)}))
    table = pa.table(
        {"unique_id": ["a", "a", "x"], "ds": [MONDAY, date(2020, 1, 27), MONDAY], "e": [2, 5, 7]}
    )
    exog = with_exog(panel, table).exog
    assert exog[0, :, 0].tolist() == [2, 2, 2, *[5] * 7]
    assert np.isnan(exog[1]).all()


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"unique_id": ["a"], "date": [MONDAY], "e": [1.0]}, ["'ds'", "date"]),
        ({"unique_id": ["a"], "ds": [MONDAY]}, ["at least one column"]),
        ({"unique_id": ["q"], "ds": [MONDAY], "e": [1.0]}, ["'q'", "no unique_id"]),
        ({"unique_id": ["a"], "ds": [date(2020, 1, 8)], "e": [1.0]}, ["'a'", "2020-01-08", "step"]),
        ({"unique_id": ["a"], "ds": [MONDAY], "e": ["x"]}, ["'e'", "numbers"]),
        ({"unique_id": ["a"], "ds": [MONDAY], "e": [np.inf]}, ["'e'", "infinite"]),
        ({"unique_id": ["a", "a"], "ds": [MONDAY, MONDAY], "e": [1.0, 2.0]}, ["'a'", "more than once"]),
    ],
)
def test_says_what_is_wrong(columns, words):
    with pytest.raises(InvalidInput) as error:
        forecast(make_series({"a": np.arange(1.0, 31.0)}), h=2, exog=pa.table(columns))
    for word in words:
        assert word in str(error.value)
