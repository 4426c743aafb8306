"""How much of an element's ups and downs comes back every year?"""

from __future__ import annotations

import numpy as np

from modacast.trends.changes import smooth
from modacast.trends.panel import Array

__all__ = ["is_seasonal", "season_strength"]

_SMOOTHING = 5
_LIKE = 2.0  # a year that swings this many times more than any other is no season but a shock


def season_strength(share: Array, season: int = 52) -> float | None:
    """Get how well each year's shape is told by the other years, from 0 (not) to 1 (fully).

    Years are cut backwards from the last week. On a square-root scale, a trend that bends in the middle
    of each year is taken off and what is left smoothed over five weeks; the strength is the mean correlation
    of each year with the mean of the others, 0 where negative. It is lowered where one year
    swings more than twice as far as any other: a shock has anniversaries, but they are small.

    Args:
        share: `(t,)` share of voice; NaN is bridged.
        season: weeks in a year.

    Returns:
        None under two years of history, or where nothing varies.
    """
    n_years = len(share) // season
    if n_years < 2:
        return None
    recent = share[len(share) - n_years * season :]
    known = ~np.isnan(recent)
    if known.sum() < season:
        return None
    steps = np.arange(len(recent))
    values = np.sqrt(np.maximum(np.interp(steps, steps[known], recent[known]), 0.0))
    profile = smooth(values - _bent_trend(values, season), _SMOOTHING).reshape(n_years, season)
    profile = profile - profile.mean(axis=1, keepdims=True)
    agreement = [_correlation(profile[i], np.delete(profile, i, axis=0).mean(axis=0)) for i in range(n_years)]
    if all(value is None for value in agreement):
        return None
    # a year without mentions says nothing for a season, so it counts as no agreement
    repeats = max(0.0, float(np.mean([value or 0.0 for value in agreement])))
    swings = np.sort(profile.std(axis=1))
    return repeats * min(1.0, _LIKE * float(swings[-2] / swings[-1]))


def is_seasonal(strength: float | None, n_weeks: int, season: int = 52) -> bool:
    """Say whether a strength is more than chance: two years agree by luck more easily than four."""
    if strength is None:
        return False
    return strength >= (0.6 if n_weeks < 3 * season else 0.45)


def _bent_trend(values: Array, season: int) -> Array:
    """Join the yearly medians, at the middle of each year, by straight lines.

    Medians, because one burst would tilt a least-squares line in every year that it touches, and the tilts
    would then pass for a season.
    """
    medians = np.median(values.reshape(-1, season), axis=1)
    slope = np.r_[medians[1] - medians[0], np.diff(medians), medians[-1] - medians[-2]]
    centres = (np.arange(-1, len(medians) + 1) + 0.5) * season
    knots = np.r_[medians[0] - slope[0], medians, medians[-1] + slope[-1]]
    return np.interp(np.arange(len(values)) + 0.5, centres, knots)


def _correlation(a: Array, b: Array) -> float | None:
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 1e-12 else None
