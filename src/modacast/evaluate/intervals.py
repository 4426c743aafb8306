"""Bootstrap intervals: how far would a mean move with another draw of series, users or texts?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.errors import InvalidInput

__all__ = ["Interval", "bootstrap", "paired_bootstrap"]

_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its percentile bootstrap interval.

    Attributes:
        value: the mean of the sample.
        low: lower end.
        high: upper end.
        level: nominal coverage, for example 0.95.
        n: values that the mean is of.
    """

    value: float
    low: float
    high: float
    level: float
    n: int


def bootstrap(values: npt.ArrayLike, *, level: float = 0.95, n_draws: int = 2000, seed: int = 0) -> Interval:
    """Get the mean of a sample with its percentile bootstrap interval (Efron 1979).

    Args:
        values: `(n,)` one figure a unit (series, user, text); NaN is left out.
        level: nominal coverage in (0, 1).
        n_draws: resamples.
        seed: of the resampling.

    Raises:
        InvalidInput: no value is left, or `level` or `n_draws` is out of range.
    """
    sample = np.asarray(values, dtype=np.float64).ravel()
    sample = sample[~np.isnan(sample)]
    if sample.size == 0:
        raise InvalidInput("bootstrap: there is no value to average")
    if not 0 < level < 1 or n_draws < 1:
        raise InvalidInput(f"bootstrap: level must lie in (0, 1) and n_draws >= 1, got {level}, {n_draws}")
    rng = np.random.default_rng(seed)
    chunk = max(1, _CELLS // sample.size)
    means = np.concatenate(
        [
            sample[rng.integers(0, sample.size, (min(chunk, n_draws - done), sample.size))].mean(axis=1)
            for done in range(0, n_draws, chunk)
        ]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(sample.mean()), float(low), float(high), level, int(sample.size))


def paired_bootstrap(
    a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = 0.95, n_draws: int = 2000, seed: int = 0
) -> Interval:
    """Get the mean of `a - b` over the same units with its interval; pairs with a NaN are left out.

    An interval that does not hold 0 says that the two differ beyond the luck of the draw.

    Raises:
        InvalidInput: lengths disagree, or as `bootstrap`.
    """
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if left.shape != right.shape:
        raise InvalidInput(
            f"paired bootstrap: both need one figure a unit, got {left.shape} and {right.shape}"
        )
    return bootstrap(left - right, level=level, n_draws=n_draws, seed=seed)
