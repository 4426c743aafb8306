"""A forecaster that takes series apart: a Gaussian process whose kernel all series of a board share.

On the square-root scale a series is taken for the sum of a level, a slow wander, a smooth trend, short bursts, a
season that changes slowly, and noise, each a Gaussian process (Roberts, Osborne, Ebden, Reece, Gibson and
Aigrain 2013). How large these parts are and how fast they change is one set of numbers for the whole board, chosen
so that the eras held out of it have the least absolute error: likelihood cares for the next week, a forecast
for the next year. How noisy a single series is, and how much of a season it has, is weighed by its own
likelihood. Networks need a thousand windows to learn from; this is of use from one series of two years on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modacast.trends.known_means import mean_known, series_weight
from modacast.trends.panel import Array, Frequency, Panel

__all__ = ["gaussian_forecast"]

_LONGEST = 260  # steps of history that are looked at
_HELD_OUT = 3  # eras that the kernel is chosen on, at most
_BEFORE = 1.5  # eras before a held-out one, at least
_MOST_SERIES = 150  # that it is chosen on
_EVALUATIONS = 40
_STEP = 0.5  # first steps of the search, in natural logarithms
_PRIOR = 0.01  # cost of one number that is off its usual value by a factor of e
_LEVEL = 30.0  # sd of the level, against the noise: it may be anywhere
_USUAL = np.log([0.4, 120.0, 5.0, 330.0, 0.35, 2.0, 1.35, 0.45, 850.0])  # see `_covariance`


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """Steps in a unit of the kernel's lengths, steps in a season, and steps in an era that is held out."""

    unit: float
    season: int
    era: int


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Sd of one series' season and noise, times the board's."""

    season: tuple[float, ...]
    noise: tuple[float, ...]


_SIZES = _Sizes((0.0, 0.5, 1.0, 2.0), (0.35, 0.6, 1.0, 1.7, 2.8))
_FEW_SIZES = _Sizes((1.0,), (0.6, 1.0, 1.7))
_UNITS: dict[Frequency, float] = {"W": 1.0, "D": 1.0, "M": 12 / 52}
_ERAS: dict[Frequency, int] = {"W": 52, "D": 28, "M": 12}


def gaussian_forecast(panel: Panel, h: int, *, seed: int = 0) -> Array:
    """Forecast every series of a panel by a Gaussian process whose kernel is learned on all of them.

    Args:
        panel: the series; rows that have not begun give NaN.
        h: steps ahead.
        seed: of the draw of series that the kernel is chosen on, where there are many.

    Returns:
        `(n, h)` float64, >= 0. Deterministic for one seed.
    """
    z = np.sqrt(panel.y)[:, -_LONGEST:]
    lengths = np.sum(~np.isnan(z), axis=1)
    scale = mean_known(z)
    scale = np.where(scale > 0, scale, 1.0)[:, None]
    z = z / scale
    rhythm = _Rhythm(_UNITS[panel.freq], panel.season, _ERAS[panel.freq])
    kernel = _choose(z, series_weight(panel), rhythm, seed)
    forecast = np.full((len(z), h), np.nan)
    for length in np.unique(lengths[lengths > 0]):
        rows = lengths == length
        forecast[rows] = _predict(z[rows, -length:], h, kernel, rhythm, _SIZES)
    return np.asarray((np.maximum(forecast, 0.0) * scale) ** 2)


def _choose(z: Array, weight: Array, rhythm: _Rhythm, seed: int) -> Array:
    """Get the `(9,)` logarithms of the kernel's numbers that foretell held-out eras best (Nelder and Mead 1965)."""
    lengths = np.sum(~np.isnan(z), axis=1)
    usable = (weight > 0) & (lengths > 0)
    if not usable.any():
        return _USUAL
    # half of the series or more are as old as that
    length = int(np.median(lengths[usable]))
    rows = np.flatnonzero(usable & (lengths >= length))
    if len(rows) > _MOST_SERIES:
        rows = np.random.default_rng(seed).choice(rows, _MOST_SERIES, replace=False)
    seen, shares = z[rows, -length:], weight[rows] / weight[rows].sum()
    ends = [length - k * rhythm.era for k in range(1, _HELD_OUT + 1)]
    ends = [end for end in ends if end >= _BEFORE * rhythm.era]
    if not ends:
        return _USUAL

    def error(kernel: Array) -> float:
        total = 0.0
        for end in ends:
            told = _predict(seen[:, :end], rhythm.era, kernel, rhythm, _FEW_SIZES)
            gap = np.abs(told - seen[:, end : end + rhythm.era]).mean(axis=1)
            total += float(shares @ gap)
        return total

    from scipy.optimize import minimize

    usual = error(_USUAL)
    if not usual > 0:
        return _USUAL
    first = np.vstack([np.zeros(len(_USUAL)), _STEP * np.eye(len(_USUAL))])
    found = minimize(
        lambda move: error(_USUAL + move) / usual + _PRIOR * float(move @ move),
        first[0],
        method="Nelder-Mead",
        options={"maxfev": _EVALUATIONS, "initial_simplex": first, "adaptive": True},
    )
    return np.asarray(_USUAL + found.x)


def _predict(z: Array, h: int, kernel: Array, rhythm: _Rhythm, sizes: _Sizes) -> Array:
    """Get the `(n, h)` means ahead of `(n, t)` series, averaged over sizes of season and noise by likelihood.

    One eigendecomposition of the kernel serves all series and all sizes of noise.
    """
    from scipy.linalg import eigh

    n_steps = z.shape[1]
    steps = np.arange(n_steps + h)
    lag = np.abs(steps[:, None] - steps[None, :n_steps])
    gap = z - 1.0
    likelihoods, means = [], []
    for season in sizes.season:
        covariance = _covariance(steps, kernel, rhythm, season)[lag]
        values, vectors = eigh(covariance[:n_steps], driver="evd")
        values = np.maximum(values, 0.0)
        weights, ahead = gap @ vectors, covariance[n_steps:] @ vectors
        for noise in sizes.noise:
            spread = values + noise * noise
            # the size of the whole is the likeliest one
            square = np.maximum((weights * weights / spread).mean(axis=1), 1e-12)
            likelihoods.append(-0.5 * (n_steps * np.log(square) + np.log(spread).sum()))
            means.append((weights / spread) @ ahead.T)
    likelihood = np.array(likelihoods)
    share = np.exp(likelihood - likelihood.max(axis=0))
    share /= share.sum(axis=0)
    return np.asarray(1.0 + np.einsum("kn,knh->nh", share, np.array(means)))


def _covariance(lag: Array, kernel: Array, rhythm: _Rhythm, season: float) -> Array:
    """Get the covariance of steps that lie `lag` apart, >= 0, in variances of the noise.

    The kernel's numbers are the logarithms of size (sd) and length (units) of wander (exponential), trend
    (Matern 3/2) and bursts (exponential), then of the season's size, its roughness and its length.
    """
    wander, wander_length, trend, trend_length, burst, burst_length, size, rough, lasting = np.exp(kernel)
    apart = lag / rhythm.unit
    smooth = np.sqrt(3) * apart / trend_length
    slow = wander**2 * np.exp(-apart / wander_length) + trend**2 * (1 + smooth) * np.exp(-smooth)
    short = burst**2 * np.exp(-apart / burst_length)
    phase = np.sin(np.pi * lag / rhythm.season) ** 2
    yearly = (season * size) ** 2 * np.exp(-2 * phase / rough**2 - apart / lasting)
    return np.asarray(_LEVEL**2 + slow + short + yearly)
