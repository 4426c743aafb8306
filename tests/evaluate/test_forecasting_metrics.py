"""Metrics against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modacast import evaluate
from modacast.errors import InvalidInput

NAN = float("nan")


def test_mase_by_hand():
    train = np.array([[1.0, 3.0, 2.0, 6.0], [5.0, 5.0, 5.0, 5.0]])
    y, y_hat = np.array([[4.0, 5.0], [5.0, 6.0]]), np.array([[6.0, 5.0], [5.0, 5.0]])
    got = evaluate.mase(y, y_hat, train, season=2)
    assert got[0] == pytest.approx(1.0 / 2.0)
    assert np.isnan(got[1])


def test_mase_of_a_young_series_scales_by_steps():
    assert evaluate.mase(
        np.array([2.0]), np.array([4.0]), np.array([1.0, 2.0, 4.0]), season=52
    ) == pytest.approx(2 / 1.5)


def test_unobserved_truth_counts_for_nothing():
    y, guess = np.array([1.0, NAN, 3.0]), np.array([1.0, 100.0, 5.0])
    assert evaluate.mase(y, guess, np.array([0.0, 1.0]), season=1) == pytest.approx(1.0)
    assert evaluate.smape(y, guess) == pytest.approx(0.25)
    assert evaluate.coverage(y, guess - 1, guess + 1) == pytest.approx(0.5)
    assert np.isnan(evaluate.coverage(np.array([NAN]), np.array([0.0]), np.array([1.0])))


def test_smape_of_zeros_is_zero():
    assert evaluate.smape(np.array([0.0, 1.0]), np.array([0.0, 3.0])) == pytest.approx(0.5)


def test_pinball_leans():
    y = np.array([10.0])
    assert evaluate.pinball(y, np.array([8.0]), q=0.9) == pytest.approx(1.8)
    assert evaluate.pinball(y, np.array([12.0]), q=0.9) == pytest.approx(0.2)


@given(arrays(np.float64, 50, elements=st.floats(-5, 5)), st.floats(0.05, 0.95))
def test_pinball_is_least_at_the_quantile(y, q):
    def loss(value):
        return evaluate.pinball(y, np.full(50, value), q=q)

    best = np.quantile(y, q, method="inverted_cdf")
    assert loss(best) <= min(loss(best + 0.5), loss(best - 0.5)) + 1e-9


def test_direction_and_rank():
    growth = np.array([0.5, 0.01, -0.3, NAN])
    assert evaluate.direction_accuracy(growth, np.array([0.06, 0.2, -0.9, 1.0])) == pytest.approx(2 / 3)
    assert evaluate.spearman(
        np.array([1.0, 2.0, 3.0, NAN]), np.array([10.0, 20.0, 15.0, 0.0])
    ) == pytest.approx(0.5)
    assert np.isnan(evaluate.spearman(np.ones(5), np.arange(5.0)))
    assert np.isnan(evaluate.direction_accuracy(np.array([NAN]), np.array([1.0])))


def test_rolling_origins_end_with_the_history():
    splits = evaluate.rolling_origins(100, h=10, n_origins=3, step=20, min_train=45)
    assert [(s.train_end, s.test_end) for s in splits] == [(50, 60), (70, 80), (90, 100)]
    assert len(evaluate.rolling_origins(100, h=10, n_origins=3, step=20, min_train=60)) == 2
    assert evaluate.rolling_origins(5, h=10, n_origins=3) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: evaluate.mase(np.ones(3), np.ones(2), np.ones(5)),
        lambda: evaluate.mase(np.ones(3), np.ones(3), np.ones(5), season=0),
        lambda: evaluate.pinball(np.ones(3), np.ones(3), q=1.0),
        lambda: evaluate.rolling_origins(10, h=0, n_origins=1),
        lambda: evaluate.bootstrap([NAN]),
        lambda: evaluate.bootstrap([1.0], level=95),
        lambda: evaluate.paired_bootstrap([1.0, 2.0], [1.0]),
    ],
)
def test_refuses(call):
    with pytest.raises(InvalidInput):
        call()


def test_bootstrap_covers_the_mean():
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(60):
        got = evaluate.bootstrap(rng.normal(3, 1, 40), n_draws=400, seed=seed)
        hits += got.low <= 3 <= got.high
    assert 50 <= hits <= 60


def test_bootstrap_is_repeatable_and_leaves_nan_out():
    got = evaluate.bootstrap([1.0, 2.0, NAN, 3.0], seed=4)
    assert got == evaluate.bootstrap([1.0, 2.0, NAN, 3.0], seed=4)
    assert (got.value, got.n) == (2.0, 3)
    assert got.low <= got.value <= got.high


def test_pairs_see_a_small_steady_difference():
    rng = np.random.default_rng(1)
    base = rng.normal(0, 10, 200)
    apart = evaluate.paired_bootstrap(base + 0.1 + rng.normal(0, 0.1, 200), base)
    assert 0 < apart.low < apart.value < apart.high
