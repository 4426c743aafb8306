"""Scorecards: what was said some weeks ago, only from what was known then."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from made_panels import make_series, wave

from modacast.errors import NotFitted
from modacast.trends import COVERAGE, SCORECARDS, EnsembleForecaster
from modacast.trends.intervals import Residuals, Spread, adapted, learn_spread, residual_band
from modacast.trends.panel import read_panel

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

N = 150


def _values(last=1.0):
    made = {f"s{i}": wave(N, seed=i) for i in range(5)}
    made["young"] = wave(20, seed=9)
    made["s0"][-4:] *= last
    return made


@pytest.fixture(scope="module")
def model():
    return EnsembleForecaster(networks=False).fit(make_series(_values()))


@pytest.fixture(scope="module")
def cards(model):
    return model.scorecards()


def test_a_card_for_each_look_back_that_the_series_is_old_enough_for(cards):
    assert cards.schema == SCORECARDS
    rows = cards.to_pylist()
    of = {name: [row["steps_ago"] for row in rows if row["unique_id"] == name] for name in ("s1", "young")}
    assert of == {"s1": [4, 8, 13, 26], "young": [4, 8]}
    first = next(row for row in rows if row["unique_id"] == "s1")
    assert (first["ds"] - first["said_on"]).days == 28
    assert first["ds"] == date(2022, 11, 14)


def test_what_came_is_beside_what_was_said(cards):
    last = {name: values[-1] for name, values in _values().items()}
    for row in cards.to_pylist():
        assert row["y"] == pytest.approx(last[row["unique_id"]])
        if row["lo_80"] is not None:
            assert row["lo_80"] <= row["y_hat"] <= row["hi_80"]
            assert row["inside"] == (row["lo_80"] <= row["y"] <= row["hi_80"])
            assert 0 <= row["coverage_80"] <= 1
        assert abs(row["growth_hat"] - row["growth"]) < 2
    inside = [row["inside"] for row in cards.to_pylist() if row["inside"] is not None]
    assert np.mean(inside) > 0.5


def test_no_card_knows_what_came_later(cards):
    other = EnsembleForecaster(networks=False).fit(make_series(_values(last=3.0))).scorecards()
    said = ["unique_id", "steps_ago", "said_on", "y_hat", "lo_80", "hi_80"]
    assert other.select(said).equals(cards.select(said))
    changed = [a != b for a, b in zip(other["y"].to_pylist(), cards["y"].to_pylist(), strict=True)]
    assert changed == [name == "s0" for name in cards["unique_id"].to_pylist()]


def test_coverage_is_told_by_origin_and_block(model):
    table = model.backtest_.coverage_by_block()
    assert table.schema == COVERAGE
    rows = table.to_pylist()
    assert {row["level"] for row in rows} == {80, 90}
    assert {(row["first"], row["last"]) for row in rows if row["origin"] == 26} == {(1, 13), (14, 26)}
    assert all(0 <= row["coverage"] <= 1 and row["n"] > 0 for row in rows)


def test_asks_to_be_fitted():
    with pytest.raises(NotFitted, match="scorecards"):
        EnsembleForecaster().scorecards()


def _residuals(*sizes):
    errors = np.full((len(sizes), 50, 13 * len(sizes)), np.nan)
    rng = np.random.default_rng(0)
    for i, size in enumerate(sizes):
        errors[i, :, : 13 * (i + 1)] = size * rng.normal(size=(50, 13 * (i + 1)))
    return Residuals(tuple(13 * (i + 1) for i in range(len(sizes))), errors, 52, 13)


def test_intervals_follow_how_hard_the_newest_weeks_were():
    calm, wild = adapted(_residuals(1, 1, 1, 1)), adapted(_residuals(3, 1, 1, 1))
    before = np.nanmean(np.abs(_residuals(3, 1, 1, 1).errors[2]))
    assert np.nanmean(np.abs(wild.errors[2])) > 1.5 * before
    assert np.nanmean(np.abs(calm.errors[2])) == pytest.approx(before, rel=0.1)
    nothing = Residuals((), np.zeros((0, 5, 1)), 52, 13)
    assert adapted(nothing).errors.shape == (0, 5, 1)


def test_only_what_was_known_at_a_step_is_kept():
    known = _residuals(1, 1, 1).known_at(13)
    assert np.isnan(known.errors[0]).all()
    assert (~np.isnan(known.errors[1, 0])).sum() == 13
    assert (~np.isnan(known.errors[2, 0])).sum() == 26


def test_a_few_errors_are_told_by_students_t():
    rng = np.random.default_rng(4)
    inside = {80: [], 90: []}
    for _ in range(400):
        *seen, new = rng.normal(0, 2.0, 7)
        few = Residuals((1, 2, 3, 4, 5, 6), np.array(seen)[:, None, None], 10_000)
        bands = {level: residual_band(few, 1, level=level) for level in inside}
        assert bands[80].hi[0] < bands[90].hi[0]
        assert bands[80].lo[0] == -bands[80].hi[0]
        for level, band in bands.items():
            inside[level].append(band.lo[0] <= new <= band.hi[0])
    assert np.mean(inside[80]) == pytest.approx(0.8, abs=0.05)
    assert np.mean(inside[90]) == pytest.approx(0.9, abs=0.04)


def test_the_fewer_origins_the_wider_for_a_new_era():
    errors = np.tile(np.linspace(-1, 1, 101), (6, 1))[:, :, None]
    wide = [
        residual_band(Residuals(tuple(range(1, k + 1)), errors[:k], 52), 1, level=80).hi[0] for k in (1, 2, 6)
    ]
    held = np.array(wide) / np.sqrt(1 + 1 / np.array([1, 2, 6]))
    assert held == pytest.approx(held[-1], rel=0.02)
    assert held[-1] == pytest.approx(0.8, abs=0.03)


def _gaps(noise):
    """Errors of foretelling that series of levels from 1 to 1,000 stay as they are."""
    rng = np.random.default_rng(2)
    levels = np.geomspace(1, 1000, 60)
    values = noise(rng, np.repeat(levels[:, None], 130, axis=1))
    panel = read_panel(make_series({f"s{i:02d}": row for i, row in enumerate(values)}))
    return panel.before(26), np.sqrt(panel.y[:, -26:]) - np.sqrt(levels[:, None])


def test_counts_of_few_and_of_many_err_alike_on_the_square_root_scale():
    past, gaps = _gaps(lambda rng, level: rng.poisson(level).astype(float))
    assert learn_spread([past], [gaps]).size < 0.3


def test_what_scatters_in_proportion_has_errors_in_proportion():
    past, gaps = _gaps(lambda rng, level: level * rng.lognormal(0, 0.2, level.shape))
    assert learn_spread([past], [gaps]).size == pytest.approx(1.0, abs=0.1)


def test_few_errors_leave_the_usual_spread():
    past, gaps = _gaps(lambda rng, level: rng.poisson(level).astype(float))
    assert learn_spread([], []) == Spread()
    assert learn_spread([past], [np.full_like(gaps, np.nan)]) == Spread()
    one = past.rows(np.arange(60) == 30)
    assert learn_spread([one], [gaps[30:31]]).size == pytest.approx(1.0, abs=0.05)


def test_intervals_of_small_and_large_series_hold_alike():
    rng = np.random.default_rng(3)
    levels = np.geomspace(3, 3000, 30)
    made = {f"s{i:02d}": rng.poisson(level, 208).astype(float) for i, level in enumerate(levels)}
    history = {name: values[:182] for name, values in made.items()}
    told = EnsembleForecaster(networks=False, n_origins=4).fit(make_series(history)).predict(26)
    lo, hi = (told[name].to_numpy().reshape(30, 26) for name in ("lo_80", "hi_80"))
    truth = np.array([values[182:] for values in made.values()])
    small, large = (
        np.mean((truth >= lo) & (truth <= hi), axis=1)[part].mean() for part in (slice(10), slice(20, 30))
    )
    assert small > 0.7
    assert small > 0.7  # without what is learned .57 and .996
    assert large < 0.92
