"""A forecaster that learns from all series at once: direct, robust ridge regression on shared features.

A single series of a few years shows each season two or three times; a hundred series together show how
much of last year's season comes back, how far a rise carries and how fast it fades. The regression learns
these few coefficients for each block of horizons, over all series and past origins, in least absolute
deviations (iteratively reweighted least squares), because the error that counts is absolute and shares of
voice have bursts. Series are compared after a power transform and division by their own mean. Direct
multi-horizon pooling follows the "global models" of Montero-Manso and Hyndman (2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.trends.known_means import mean_known
from modacast.trends.panel import Array, Frequency, Panel
from modacast.trends.signals import Signals

__all__ = ["pooled_forecast"]

Steps = npt.NDArray[np.int64]

_DECAY = 0.8  # weight of a training origin one season older
_PRIOR = 1000.0  # ridge penalty, in weighted observations
_MIN_RESIDUAL = 0.05  # of a mean level; below it the loss turns quadratic
_ROUNDS = 5
_MAX_ROWS = 150_000


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """Lengths in steps: the base level, the levels set against it, how the horizon is cut, signals' leads."""

    base: int
    windows: tuple[int, ...]
    smooth: int
    block: int
    stride: int  # between training origins
    skip: int  # between training horizons
    leads: tuple[int, ...]


_RHYTHMS: dict[Frequency, _Rhythm] = {
    "W": _Rhythm(
        base=8, windows=(4, 13, 26, 52), smooth=2, block=13, stride=4, skip=3, leads=(0, 4, 8, 13, 26)
    ),
    "D": _Rhythm(
        base=7, windows=(3, 14, 28, 56), smooth=0, block=7, stride=3, skip=1, leads=(0, 1, 3, 7, 14)
    ),
    "M": _Rhythm(base=2, windows=(1, 3, 6, 12), smooth=0, block=3, stride=1, skip=1, leads=(0, 1, 2, 3, 6)),
}


def pooled_forecast(panel: Panel, h: int, *, power: float = 0.5, seed: int = 0) -> Array:
    """Forecast every series of a panel from coefficients that all of them share.

    Args:
        panel: the series; rows that have not begun give NaN.
        h: steps ahead.
        power: exponent of the transform that evens out the variance, in (0, 1].
        seed: of the draw of rows where there are more than are needed.

    Returns:
        `(n, h)` float64, >= 0. Deterministic for one seed.
    """
    z = panel.y**power
    scale = mean_known(z)
    scale = np.where(scale > 0, scale, 1.0)[:, None]
    rhythm = _RHYTHMS[panel.freq]
    signals = None
    if panel.exog is not None and panel.exog_ahead is not None:
        signals = Signals(panel.exog, panel.exog_ahead, rhythm.leads, rhythm.base)
    frame = _Frame(z / scale, panel.season, rhythm, signals)
    rng = np.random.default_rng(seed)
    end = np.array([panel.n_steps])
    forecast = np.empty((len(panel.ids), h))
    beta = np.zeros(frame.n_features + 1)
    for first in range(1, h + 1, frame.rhythm.block):
        block = range(first, min(first + frame.rhythm.block, h + 1))
        beta = _fit_block(frame, block, rng, beta)
        for k in block:
            features, base = frame.features(end, k)
            forecast[:, k - 1] = base[0] + features[0] @ beta[:-1] + beta[-1]
    return np.asarray((np.maximum(forecast, 0.0) * scale) ** (1 / power))


def _fit_block(frame: _Frame, block: range, rng: np.random.Generator, fallback: Array) -> Array:
    """Learn the coefficients of a block; the block's before it where the history is too short to tell."""
    xs, ys, ws = [], [], []
    origins = frame.origins(block)
    horizons = block[:: frame.rhythm.skip]
    seen = {k: t for k in horizons if len(t := origins[origins + k <= frame.n_steps])}
    keep = min(1.0, _MAX_ROWS / max(1, sum(map(len, seen.values())) * frame.n_series))
    for k, t in seen.items():
        features, base = frame.features(t, k)
        target = frame.z[:, t + k - 1].T - base
        usable = ~np.isnan(target) & (frame.age(t) >= frame.rhythm.base)
        if keep < 1.0:
            usable &= rng.random(usable.shape) < keep
        xs.append(features[usable])
        ys.append(target[usable])
        ws.append(np.repeat(_DECAY ** ((frame.n_steps - t) / frame.season), usable.sum(axis=1)))
    if sum(len(y) for y in ys) == 0:
        return fallback
    return _robust_ridge(np.concatenate(xs), np.concatenate(ys), np.concatenate(ws))


def _robust_ridge(x: Array, y: Array, weight: Array) -> Array:
    """Least absolute deviations with a ridge on standardised coefficients; the intercept comes last."""
    spread = x.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    design = np.c_[x / spread, np.ones(len(x))]
    penalty = _PRIOR * np.eye(design.shape[1])
    now = weight
    beta = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        weighted = design * now[:, None]
        beta = np.linalg.solve(design.T @ weighted + penalty, weighted.T @ y)
        now = weight / np.maximum(np.abs(y - design @ beta), _MIN_RESIDUAL)
    return np.asarray(np.r_[beta[:-1] / spread, beta[-1]])


class _Frame:
    """Window means over a normalised panel, from cumulative sums, so that each feature is two look-ups.

    What is got at `(m,)` origins has the shape `(m, n)` or `(m, n, n_features)`.
    """

    def __init__(self, z: Array, season: int, rhythm: _Rhythm, signals: Signals | None) -> None:
        self.z = z
        self.season = season
        self.rhythm = rhythm
        self.n_series, self.n_steps = z.shape
        self.signals = signals
        self.n_features = 2 * (len(rhythm.windows) + 3) + (signals.n_features if signals else 0)
        known = ~np.isnan(z)
        edge = np.zeros((self.n_series, 1))
        self._sum = np.hstack([edge, np.cumsum(np.where(known, z, 0.0), axis=1)])
        self._count = np.hstack([edge, np.cumsum(known, axis=1)])

    def age(self, t: Steps) -> Array:
        """Get the steps that each series has behind it at `t`."""
        return self._count[:, t].T

    def origins(self, block: range) -> Steps:
        """Get the training origins of a block: those with two seasons behind them, if they are enough."""
        base, season = self.rhythm.base, self.season
        last = self.n_steps - block[0]
        starts = (2 * season + base, season + base, base)
        start = next((s for s in starts if last - s >= season // 2), base)
        return np.arange(start, last + 1, self.rhythm.stride)

    def mean(self, start: Steps, stop: Steps) -> Array:
        """Get the means of `[start, stop)`, NaN where nothing was seen."""
        start, stop = np.maximum(start, 0), np.maximum(stop, 0)
        n = (self._count[:, stop] - self._count[:, start]).T
        total = (self._sum[:, stop] - self._sum[:, start]).T
        return np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)

    def features(self, t: Steps, h: int) -> tuple[Array, Array]:
        """Get the features of origins `t` for horizon `h`, and the base levels.

        What a young series lacks (last year's season) is taken from the mean of the series that have it.
        """
        rhythm, season = self.rhythm, self.season
        base = self.mean(t - rhythm.base, t)
        levels = [self.mean(t - w, t) - base for w in rhythm.windows]
        back = season * -(-h // season)
        last_year = self._season(t, t + h - 1 - back, back)
        last_year = _impute(last_year, _nanmean(last_year))
        before = self._season(t, t + h - 1 - back - season, back + season)
        earlier = self.mean(t - rhythm.windows[-1] - season, t - season) - base
        own = [*levels, last_year, _impute(before, last_year), _impute(earlier, levels[-1])]
        market = [np.broadcast_to(_nanmean(column), column.shape) for column in own]
        stacked = np.stack([*own, *market], axis=-1)
        if self.signals is not None:
            signals = np.array([self.signals.features(int(origin), h) for origin in t])
            stacked = np.concatenate([stacked, signals], axis=-1)
        return np.where(np.isnan(stacked), 0.0, stacked), base

    def _season(self, t: Steps, position: Steps, back: int) -> Array:
        """How far the value seasons ago stood from the level at the same point of that season."""
        width = self.rhythm.smooth
        value = self.mean(position - width, np.minimum(t, position + width + 1))
        value[position < 0] = np.nan
        return value - self.mean(t - self.rhythm.base - back, t - back)


def _impute(values: Array, instead: Array) -> Array:
    return np.where(np.isnan(values), instead, values)


def _nanmean(values: Array) -> Array:
    """Get the `(m, 1)` means over the series, 0 where none is known."""
    known = ~np.isnan(values)
    n = known.sum(axis=1, keepdims=True)
    return np.asarray(np.where(known, values, 0.0).sum(axis=1, keepdims=True) / np.maximum(n, 1))
