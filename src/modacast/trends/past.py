"""What an element's past foretells of a window of weeks: sums over the past, standardised over cells, without news.

A burst that is over must not hide the next rise. In the surveillance of epidemics, past outbreaks weigh less in what
is expected (Farrington and others 1996; Noufaily and others 2013, "An improved algorithm for outbreak detection in
multiple surveillance systems"). Here the weeks of windows that were news, after false discovery control over all
elements, foretell no more than had been foretold of them. To cut all large weeks, as those do, would cut what bursts
by nature, and take chance for news.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from modacast.trends.panel import Array
from modacast.trends.rare_counts import Foretold, foretell, tail

__all__ = ["Sums", "Window", "between", "dispersion", "read_window", "sums", "was_news", "without"]

_GUARD = 8  # weeks before a window that foretell nothing: a slow rise must not foretell itself
_PAST = 104  # weeks that foretell
_RIPE = 8  # weeks that a cell was read before it counts
_KAPPA = 2.0  # texts that pull a cell's propensity towards the other cells'
_CALM = 12.0  # weeks with mentions that an element's own dispersion has to outweigh


@dataclass(frozen=True, slots=True)
class Sums:
    """Running sums over weeks of a few elements, `(e, c, w + 1)` of counts and `(c, w + 1)` of volumes.

    Attributes:
        said: texts that name the element.
        usual: the same, bursts cut; what foretells.
        read: texts that were read.
        total: `(e, w)` texts a week over all cells.
        usual_total: the same, bursts cut.
    """

    said: Array
    usual: Array
    read: Array
    total: Array
    usual_total: Array


@dataclass(frozen=True, slots=True)
class Window:
    """A window that ends with each week; arrays are `(e, w)` where nothing else is said.

    Attributes:
        count: texts in it.
        volume: `(c, w)` texts that were read in it.
        propensity: `(e, c, w)` of each cell to speak of the element.
        exposure: texts that were read in it, weighed by propensity.
        past: the same of the past.
        foretold: what the past foretells of it.
        p: chance of `count` or more, 1 where there is no past.
    """

    count: Array
    volume: Array
    propensity: Array
    exposure: Array
    past: Array
    foretold: Foretold
    p: Array


def sums(counts: Array, volumes: Array) -> Sums:
    """Sum up counts, `(e, c, w)`, and volumes, `(c, w)`, no week of which is taken for a burst yet."""
    said, total = _running(counts), counts.sum(axis=1)
    return Sums(said, said, _running(volumes), total, total)


def between(running: Array, first: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> Array:
    """Sum the weeks from `first` up to but not with `end`, each `(w,)`; what lies before the first week is 0."""
    return running[..., np.maximum(end, 0)] - running[..., np.maximum(first, 0)]


def read_window(part: Sums, phi: Array, width: int) -> Window:
    """Read the windows of `width` weeks, and what the two years before them foretell; `phi` is `(e, w)`."""
    end = np.arange(1, part.total.shape[1] + 1)
    begin = end - width
    until = begin - _GUARD
    ripe = between(np.cumsum(part.read > 0, axis=-1), np.zeros_like(begin), until) >= _RIPE
    said = np.where(ripe, between(part.usual, until - _PAST, until), 0.0)
    seen = np.where(ripe, between(part.read, until - _PAST, until), 0.0)
    usual = said.sum(axis=1) / np.maximum(seen.sum(axis=0), 1.0)
    propensity = (said + _KAPPA) / (seen * usual[:, None, :] + _KAPPA)
    volume = np.where(ripe, between(part.read, begin, end), 0.0)
    count = np.where(ripe, between(part.said, begin, end), 0.0).sum(axis=1)
    exposure = (propensity * volume).sum(axis=1)
    past = (propensity * seen).sum(axis=1)
    foretold = foretell(said.sum(axis=1), past, exposure, phi)
    p = np.where(past > 0, tail(count, foretold), 1.0)
    return Window(count, volume, propensity, exposure, past, foretold, p)


def was_news(is_hot: npt.NDArray[np.bool_], window: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Get the weeks whose texts were news, `(e, w)`: those of windows that were more than chance.

    A window's last eight weeks count. No more are needed, as what is foretold of a week leaves out the eight weeks
    before it, and for that reason none of them is called news by what came after the week that is looked at.

    Args:
        is_hot: `(e, w)` whether the window that ends with a week was more than chance.
        window: `(e, w)` weeks of it.
    """
    news = np.zeros_like(is_hot)
    n_weeks = is_hot.shape[1]
    for back in range(min(_GUARD, n_weeks)):
        news[:, : n_weeks - back] |= (is_hot & (window > back))[:, back:]
    return news


def without(part: Sums, phi: Array, news: npt.NDArray[np.bool_]) -> Sums:
    """Let weeks that were news foretell no more than what had been foretold of them."""
    expected = read_window(part, phi, 1).foretold.mean
    share = np.where(news, np.minimum(1.0, expected / np.maximum(part.total, 1e-9)), 1.0)
    counts = np.diff(part.said, axis=-1) * share[:, None, :]
    return replace(part, usual=_running(counts), usual_total=part.total * share)


def dispersion(total: Array) -> Array:
    """How much more weekly counts scatter than Poisson draws, by the past alone, pulled to what all elements do.

    All elements share a size `k` of negative binomials, so that one with a mean of `m` a week scatters `1 + m / k`
    times as much as a Poisson draw: what is rare hardly more, what is much talked of several times as much. A
    dispersion that is the same for all would take ten texts of a rare word for a burst of the usual kind.

    Args:
        total: `(e, w)` of all elements.

    Returns:
        `(e, w)`, >= 1.
    """
    end = np.arange(total.shape[1]) - _GUARD
    begin = end - _PAST
    n = np.maximum(np.minimum(end, _PAST), 1)
    mean = between(_running(total), begin, end) / n
    square = between(_running(total**2), begin, end) / n
    named = between(_running((total > 0).astype(float)), begin, end)
    fano = np.divide(np.maximum(square - mean**2, 0.0), mean, out=np.ones_like(mean), where=mean > 0)
    weight = named * (mean > 0)
    per_mean = np.maximum(((fano - 1.0) * weight).sum(axis=0), 0.0) / np.maximum(
        (mean * weight).sum(axis=0), 1e-9
    )
    common = 1.0 + per_mean * mean
    return np.maximum(1.0, (fano * weight + common * _CALM) / (weight + _CALM))


def _running(values: Array) -> Array:
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
