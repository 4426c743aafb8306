"""Prediction intervals from the errors of past origins, pooled over series.

Errors of rolling origins are taken on a square-root scale, divided by each series' own scale and pooled
over series for each horizon (with its neighbours), so that a young series borrows the spread of all others
(split conformal prediction; Vovk, Gammerman and Shafer 2005). How far the scale grows with a series' size is learned
from the same errors: counts of few texts scatter alike on this scale, sales in proportion. Panels drift: newer errors weigh more, as
Barber, Candes, Ramdas and Tibshirani (2023) do beyond exchangeability, and the errors of each origin are
brought to how far off the newest short forecasts were, in the spirit of adaptive conformal inference (Gibbs
and Candes 2021). Lower and upper quantiles are taken apart: shares rise further than they fall. All of it is widened
for a new era, as a handful of origins says little of how different eras are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modacast.trends.known_means import mean_known
from modacast.trends.panel import Array, Panel

__all__ = [
    "CHANCES",
    "Band",
    "Residuals",
    "Spread",
    "adapted",
    "hardness_ratios",
    "learn_spread",
    "residual_band",
    "series_scale",
    "widen",
]

CHANCES = tuple(k / 20 for k in range(1, 20))
"""From .05 to .95: how likely a mean ahead lies below each of its `quantiles`; .5 is the forecast itself."""

_HALF_LIFE = 0.5  # seasons after which an error counts half
_NEIGHBOURS = 4  # horizons on either side whose errors are pooled
_MAX_ERRORS = 30_000
_LEVEL = 0.7  # part of the level in a series' scale; the rest is how much it changes in a season
_RECENT = 8  # steps that tell what a series has become
_LARGE_ERROR = 0.8  # quantile of a series' errors that stands for their size
_USUAL_ROWS = 10.0  # rows (squared logarithms) that speak for the usual spread
_LEAST_POWER = 0.05  # what has no size gets no scale
_ADAPT = 0.5  # how far an origin's errors follow the newest ones: 1 in full
_MOST = 2.0  # times, up or down
_FEW = 30  # fewer independent errors than this cannot tell the tails apart
_FEWEST_FREE = 3  # degrees of freedom, at least; the scale rests on more than the errors of one horizon


@dataclass(frozen=True, slots=True)
class Residuals:
    """Scaled errors of rolling origins.

    Attributes:
        origins: `(o,)` steps from the origin to the end of the history, latest origin first.
        errors: `(o, n, h)` scaled errors on the square-root scale; NaN where there is no truth.
        season: steps in a season.
        step: steps between origins.
    """

    origins: tuple[int, ...]
    errors: Array
    season: int
    step: int = 1

    def times(self, factors: Array) -> Residuals:
        """Get the residuals with each origin's errors times its own factor; `(o,)`."""
        return Residuals(self.origins, self.errors * factors[:, None, None], self.season, self.step)

    def without(self, origin: int) -> Residuals:
        """Get the residuals of every origin but the one at that position."""
        keep = [i for i in range(len(self.origins)) if i != origin]
        return Residuals(tuple(self.origins[i] for i in keep), self.errors[keep], self.season, self.step)

    def known_at(self, ago: int) -> Residuals:
        """Get what was known of the residuals `ago` steps before the end: no truth of later steps."""
        ahead = np.arange(1, self.errors.shape[2] + 1)
        known = np.asarray(self.origins)[:, None] - ahead[None, :] >= ago
        return Residuals(
            self.origins, np.where(known[:, None, :], self.errors, np.nan), self.season, self.step
        )


@dataclass(frozen=True, slots=True)
class Band:
    """Lower and upper scaled offsets for each horizon, each `(h,)`."""

    lo: Array
    hi: Array


@dataclass(frozen=True, slots=True)
class Spread:
    """How errors grow with the size of a series.

    Attributes:
        size: power of a series' size; 1 where errors are in proportion to it, 0 where small and large series err alike.
        risen: power of how many times as large it has lately become.
    """

    size: float = 1.0
    risen: float = 1.0


_USUAL = Spread()


def learn_spread(panels: Sequence[Panel], gaps: Sequence[Array]) -> Spread:
    """Learn how errors grow with the size of a series, over all series and origins.

    A ridge regression on logarithms: of a large error of each series (the quantile .8 of its steps), on its size and
    its rise. Few errors leave the usual spread, errors in proportion.

    Args:
        panels: the histories of the origins.
        gaps: `(n, h)` each, truth less forecast on the square-root scale; NaN where there is no truth.
    """
    rows, errors = [np.zeros((0, 2))], [np.zeros(0)]
    for panel, gap in zip(panels, gaps, strict=True):
        size, risen = _size_and_rise(panel)
        ordered = np.sort(np.abs(gap), axis=1)  # what is not known comes last
        last = np.sum(~np.isnan(gap), axis=1) - 1
        large = ordered[np.arange(len(gap)), (_LARGE_ERROR * np.maximum(last, 0)).astype(np.int64)]
        usable = (last >= 0) & (size > 0) & (np.nan_to_num(large) > 0)
        rows.append(np.log(np.stack([size, risen], axis=1)[usable]))
        errors.append(np.log(large[usable]))
    x, y = np.concatenate(rows), np.concatenate(errors)
    if not len(y):
        return _USUAL
    beyond = y - x.sum(axis=1)
    centred = x - x.mean(axis=0)
    move = np.linalg.solve(
        centred.T @ centred + _USUAL_ROWS * np.eye(2), centred.T @ (beyond - beyond.mean())
    )
    return Spread(*np.maximum(1.0 + move, _LEAST_POWER).tolist())


def series_scale(panel: Panel, spread: Spread = _USUAL) -> Array:
    """Get the `(n,)` scale of each series' errors, 0 for those that were always 0."""
    size, risen = _size_and_rise(panel)
    return np.asarray(risen**spread.risen * size**spread.size)


def _size_and_rise(panel: Panel) -> tuple[Array, Array]:
    """Get the `(n,)` size of each series, between its level and how much it changes in a season, and its rise, >= 1.

    The change alone makes bands of smooth series too narrow once they start to move, the level alone makes
    those of calm ones too wide. A geometric mean that leans to the level gave the most even coverage. What has stood
    above its level of two seasons in the last eight steps errs like the larger series it has become.
    """
    z, season = np.sqrt(panel.y), panel.season
    level = mean_known(z[:, -2 * season :])
    now = mean_known(z[:, -_RECENT:])
    risen = np.divide(now, level, out=np.ones_like(level), where=(level > 0) & (now > level))
    step = mean_known(np.abs(np.diff(z, axis=1)))
    if z.shape[1] > season:
        change = mean_known(np.abs(z[:, season:] - z[:, :-season]))
    else:
        change = np.full(len(z), np.nan)
    # without a season to compare, take a random walk over a third of it, its mean distance
    walk = step * np.sqrt(min(season, max(2, z.shape[1])) / 3)
    change = np.where(np.isnan(change), walk, np.maximum(change, step))
    return np.asarray(np.nan_to_num(level) ** _LEVEL * np.nan_to_num(change) ** (1 - _LEVEL)), risen


def adapted(residuals: Residuals, *, at: int = 0) -> Residuals:
    """Get the residuals as they would be, had each origin been as hard as the present one.

    How hard an origin is shows in the errors of the short forecasts that end there: those that were made as
    many steps earlier as lie between two origins. Where they are larger now than they were at an origin, that
    origin's errors grow by the root of the ratio, and shrink where they are smaller.

    Args:
        residuals: scaled errors.
        at: steps before the end that count as the present.
    """
    return residuals.times(hardness_ratios(residuals, at=at))


def hardness_ratios(residuals: Residuals, *, at: int = 0) -> Array:
    """Get how much larger errors are to be expected now than from each origin; `(o,)`, see `adapted`."""
    step = residuals.step
    row = {ago: i for i, ago in enumerate(residuals.origins)}

    def hardness(ago: int) -> float:
        found = row.get(ago + step)
        if found is None:
            return float("nan")
        short = np.abs(residuals.errors[found, :, :step])
        known = ~np.isnan(short)
        return float(np.median(short[known])) if known.any() else float("nan")

    now = hardness(at)
    then = np.array([hardness(ago) for ago in residuals.origins])
    usual = then[then > 0]
    if not now > 0 or usual.size == 0:
        return np.ones(len(residuals.origins))
    then = np.where(then > 0, then, usual.mean())
    return np.clip((now / then) ** _ADAPT, 1 / _MOST, _MOST)


def residual_band(residuals: Residuals, h: int, *, level: int, seed: int = 0) -> Band:
    """Get the offsets that held `level` per cent of the past errors, widened for a new era.

    Horizons that no origin measured widen the last measured offset with the square root of time.

    Args:
        residuals: scaled errors.
        h: steps ahead.
        level: nominal coverage in per cent.
        seed: of the draw of errors where there are more than are needed.
    """
    tail = (1 - level / 100) / 2
    rng = np.random.default_rng(seed)
    measured = residuals.errors.shape[2]
    lo, hi = np.zeros(h), np.zeros(h)
    longest = 0
    for k in range(min(h, measured)):
        window = slice(max(0, k - _NEIGHBOURS), k + _NEIGHBOURS + 1)
        if np.isnan(residuals.errors[:, :, k]).all():
            break
        lo[k], hi[k] = _quantiles(residuals, window, tail, rng)
        longest = k + 1
    eras = _new_era(residuals)
    lo, hi = lo * eras, hi * eras
    if 0 < longest < h:
        growth = np.sqrt(np.arange(longest + 1, h + 1) / longest)
        lo[longest:], hi[longest:] = lo[:longest].min() * growth, hi[:longest].max() * growth
    return Band(np.minimum(lo, 0.0), np.maximum(hi, 0.0))


def _new_era(residuals: Residuals) -> float:
    """Get how much wider intervals have to be as few origins tell how far off a new one may be.

    All errors of an origin share its time. If what they share has one variance, that of a new origin around the mean of
    k known ones is `1 + 1 / k` times as large.
    """
    n_origins = int((~np.isnan(residuals.errors)).any(axis=(1, 2)).sum())
    return float(np.sqrt(1 + 1 / n_origins)) if n_origins else 1.0


def widen(y_hat: Array, scale: Array, offset: Array) -> Array:
    """Move `(n, h)` forecasts by `(h,)` offsets times the `(n,)` scales; the result is >= 0."""
    step = offset[None, :] * scale[:, None]
    moved = np.maximum(np.sqrt(y_hat) + step, 0.0) ** 2
    return np.asarray(
        np.where(step == 0, y_hat, moved)
    )  # the square of a root is not always the number itself


def _quantiles(residuals: Residuals, window: slice, tail: float, rng: np.random.Generator) -> Array:
    errors = residuals.errors[:, :, window]
    horizons = np.arange(window.start, window.start + errors.shape[2]) + 1
    age = np.asarray(residuals.origins)[:, None] - horizons[None, :]
    weight = 0.5 ** (np.maximum(age, 0) / (_HALF_LIFE * residuals.season))
    weights = np.broadcast_to(weight[:, None, :], errors.shape)
    known = ~np.isnan(errors)
    x, w = errors[known], weights[known]
    if len(x) > _MAX_ERRORS:
        picked = rng.integers(0, len(x), _MAX_ERRORS)
        x, w = x[picked], w[picked]
    # errors of one series and origin move together: they count once for the finite-sample correction
    n = int(known.any(axis=2).sum())
    if n < _FEW:
        from scipy.special import stdtrit

        # the largest of a few would be every level's end, so their spread and Student's t say it, with `_new_era`
        end = stdtrit(max(n - 1, _FEWEST_FREE), 1 - tail) * np.sqrt(np.average(x * x, weights=w))
        return np.array([-end, end])
    upper = min(1.0, (1 - tail) * (1 + 1 / n))
    return _weighted_quantile(x, w, np.array([1 - upper, upper]))


def _weighted_quantile(x: Array, weight: Array, q: Array) -> Array:
    order = np.argsort(x)
    total = np.cumsum(weight[order])
    return np.interp(q, (total - 0.5 * weight[order]) / total[-1], x[order])
