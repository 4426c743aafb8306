"""Chances of small counts, and a false discovery rate that knows that counts are whole numbers.

Most elements are named in few texts, if any. For them a chance of one in a thousand may be out of reach: one text
has a chance of one in fifty, two of one in five thousand, and nothing lies between. The procedure of Benjamini and
Hochberg (1995) reckons with a thousandth all the same and misses what is rare. Heyse (2011, "A false discovery
rate procedure for categorical data") reckons, for each element that was looked at, with the chances that its
counts can have.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from modacast.trends.panel import Array

__all__ = ["PRIOR", "Foretold", "discrete_false_discovery", "foretell", "tail"]

PRIOR = 0.5
"""Texts that the past is given for every element: Jeffreys' prior of a Poisson rate."""
_MOST = 12  # counts up to here are told apart; beyond them a chance is taken to be any number
_LARGE = 4.0  # expected texts, from which on they need not be told apart


class Foretold(NamedTuple):
    """A negative binomial for each element: what its past foretells; any shape, both the same.

    Attributes:
        mean: texts to be expected.
        size: the variance is `mean + mean ** 2 / size`.
    """

    mean: Array
    size: Array


def foretell(before: Array, past: Array, exposure: Array, phi: Array) -> Foretold:
    """Get the Gamma-Poisson predictive, as wide as past and dispersion make it.

    Its mean is m = (before + 1/2) * exposure / past and its size before + 1/2. Counts that scatter phi times as
    much as Poisson draws add (phi - 1) m to its variance, and leave the past only 1/phi of its worth; the size is
    set so that the variance is right.

    Args:
        before: texts in the past.
        past: what they were read from.
        exposure: what is read now, in the same unit.
        phi: dispersion, >= 1.
    """
    mean = (before + PRIOR) * exposure / np.maximum(past, 1e-9)
    size = 1.0 / ((phi - 1.0) / np.maximum(mean, 1e-12) + 1.0 / (before / phi + PRIOR))
    return Foretold(mean, np.where(past > 0, size, PRIOR))


def tail(count: Array, foretold: Foretold) -> Array:
    """Get the chance in (0, 1] of `count` texts or more; real counts lie between whole ones."""
    from scipy.special import betainc

    mean, size = foretold
    usable = (count > 1e-9) & (mean > 0)
    chance = betainc(np.where(usable, count, 1.0), size, np.where(usable, mean / (mean + size), 0.5))
    return np.where(usable, np.maximum(chance, 1e-300), 1.0)


def discrete_false_discovery(p: Array, foretold: Foretold, *, candidates: float = 0.05) -> Array:
    """Get p-values adjusted for how many elements were looked at, by what each of them could have shown.

    Args:
        p: `(n,)` chances, the smallest of `w` windows times `w`.
        foretold: `(w, n)` of each window.
        candidates: chances above it are not looked at and come out as 1.

    Returns:
        `(n,)` in [0, 1]; never above what Benjamini and Hochberg's procedure gives to a candidate.
    """
    q = np.ones_like(p)
    order = np.argsort(p, kind="stable")
    order = order[p[order] <= candidates]
    if len(order) == 0:
        return q
    reached = _reached(p[order], foretold)
    rank = np.arange(1, len(order) + 1)
    adjusted = np.minimum.accumulate((reached / rank)[::-1])[::-1]
    q[order] = np.minimum(adjusted, 1.0)
    return q


def _reached(levels: Array, foretold: Foretold) -> Array:
    """Sum over elements of the chance to come to each level or below it by chance; levels ascend."""
    n_windows, n = foretold.mean.shape
    wanted = levels / n_windows
    rare = foretold.mean < _LARGE
    steps = np.arange(1.0, _MOST + 1)[None, :]
    # an element that is named often, or whose counts end before the level, may come to any chance
    expected = wanted * float((~rare).sum())
    few = Foretold(foretold.mean[rare][:, None], foretold.size[rare][:, None])
    chances = tail(np.broadcast_to(steps, (len(few.mean), _MOST)), few)[:, ::-1]
    flat = np.sort(chances.ravel())
    if len(flat) == 0:
        return np.minimum(expected, n)
    # of each element the largest chance that is not above the level, or the level itself below the smallest:
    # a running sum of what each chance adds to the one before it
    adds = np.diff(chances, axis=1, prepend=chances[:, :1])
    running = np.concatenate([[0.0], np.cumsum(adds.ravel()[np.argsort(chances.ravel(), kind="stable")])])
    lowest = np.sort(chances[:, 0])
    begun = np.searchsorted(lowest, wanted, side="right")
    lows = np.concatenate([[0.0], np.cumsum(lowest)])[begun]
    expected += running[np.searchsorted(flat, wanted, side="right")] + lows
    expected += wanted * (len(lowest) - begun)
    return np.minimum(expected, n)
