"""Is a change more than chance? Tests on weekly counts, and where the change began."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.trends.panel import Array

__all__ = ["Tails", "change_point", "dispersion", "false_discovery", "rate_tails", "smooth"]

_MAX_AUTOCORRELATION = 0.7


def smooth(values: Array, width: int = 5) -> Array:
    """Get the `(t,)` centred running mean, shorter at the ends; NaN is left out."""
    known = ~np.isnan(values)
    kernel = np.ones(width)
    middle = slice((width - 1) // 2, (width - 1) // 2 + len(values))
    total = np.convolve(np.where(known, values, 0.0), kernel)[middle]
    n = np.convolve(known.astype(np.float64), kernel)[middle]
    return np.divide(total, n, out=np.zeros_like(total), where=n > 0)


def dispersion(counts: Array, exposure: Array, *, width: int = 13) -> float:
    """How much more weekly counts scatter than a Poisson draw would; 1.0 is a Poisson draw.

    Pearson's statistic around a running rate, times the long-run variance factor of the residuals' lag-one
    autocorrelation, since a burst that lasts three weeks is one event and not three (McCullagh and Nelder
    1989, 6.2).

    Args:
        counts: `(t,)` mentions.
        exposure: `(t,)` texts read.
        width: weeks of the running rate.
    """
    read = exposure > 0
    k, n = counts[read], exposure[read]
    if len(k) < 8 or k.sum() == 0:
        return 1.0
    rate = smooth(k, width) / smooth(n, width)
    expected = np.maximum(rate * n, 1e-9)
    # the running rate has seen the week itself, which takes 1/width of the scatter away
    residual = (k - expected) / np.sqrt(expected * (1 - 1 / width))
    residual = residual[rate > 0]
    if len(residual) < 8:
        return 1.0
    variance = float(np.mean(residual**2))
    lagged = float(np.mean(residual[1:] * residual[:-1])) / max(variance, 1e-9)
    rho = min(max(lagged, 0.0), _MAX_AUTOCORRELATION)
    return max(1.0, variance * (1 + rho) / (1 - rho))


@dataclass(frozen=True, slots=True)
class Tails:
    """One-sided p-values, each `(n,)` in (0, 1]: that the later rate is higher by chance, and lower."""

    up: Array
    down: Array


def rate_tails(now: Array, before: Array, phi: Array) -> Tails:
    """Test whether two rates are equal: the conditional binomial test on deflated counts.

    Given both counts together, the share that falls into the later window is binomial (Przyborowski and
    Wilenski 1940). Dividing counts by their dispersion makes it hold for bursty counts; the incomplete beta
    function carries the test to counts that are then no whole numbers.

    Args:
        now: `(n, 2)` mentions and texts read in the later window.
        before: `(n, 2)` the same of the earlier window.
        phi: `(n,)` dispersions, >= 1.

    Returns:
        Both tails; 1 where a window was not read.
    """
    from scipy.special import betainc

    readable = (now[:, 1] > 0) & (before[:, 1] > 0)
    total = np.where(readable, now[:, 1] + before[:, 1], 2.0)
    share = np.where(readable, now[:, 1], 1.0) / total
    a, b = now[:, 0] / phi, before[:, 0] / phi
    tiny = 1e-9
    at_least = np.where(a > tiny, betainc(np.maximum(a, tiny), b + 1, share), 1.0)
    at_most = np.where(b > tiny, betainc(np.maximum(b, tiny), a + 1, 1 - share), 1.0)
    return Tails(
        up=np.where(readable, np.maximum(at_least, 1e-300), 1.0),
        down=np.where(readable, np.maximum(at_most, 1e-300), 1.0),
    )


def false_discovery(p_values: Array) -> Array:
    """Get `(n,)` p-values adjusted for how many were looked at (Benjamini and Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p_values)) if len(p_values) else p_values


def change_point(counts: Array, exposure: Array, *, margin: int = 2) -> int | None:
    """Get the week from which a higher rate explains the counts best; None where no split raises it.

    Maximises the likelihood ratio of one step in a Poisson rate over all split points.

    Args:
        counts: `(t,)` mentions.
        exposure: `(t,)` texts read.
        margin: fewest weeks on either side.
    """
    if len(counts) < 2 * margin + 1:
        return None
    k = np.cumsum(counts)[margin - 1 : -margin]
    n = np.cumsum(exposure)[margin - 1 : -margin]
    later_k, later_n = counts.sum() - k, exposure.sum() - n
    gain = _log_likelihood(k, n) + _log_likelihood(later_k, later_n)
    rises = later_k * n > k * later_n
    if not rises.any():
        return None
    return int(np.argmax(np.where(rises, gain, -np.inf))) + margin


def _log_likelihood(k: Array, n: Array) -> Array:
    known: npt.NDArray[np.bool_] = (k > 0) & (n > 0)
    rate = np.divide(k, n, out=np.ones_like(k), where=known)
    return np.where(known, k * np.log(rate) - k, 0.0)
