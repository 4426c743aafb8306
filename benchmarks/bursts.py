"""Peers of the alarms, on the same weekly counts: z-score, Kleinberg's bursts, crossing moving averages.

Each gives a score a week and element from the past alone. A threshold and the same refractory period turn
scores into alarms; the threshold is the one that gives as many alarms as modacast raised over the same weeks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["PEERS", "crossover_scores", "kleinberg_scores", "raise_by", "threshold_for", "z_scores"]

Array = npt.NDArray[np.float64]
_PAST = 52


def z_scores(counts: Array, read: Array) -> Array:
    """Get how many standard deviations each week's share lies above the year before; `(e, w)` and `(w,)` in."""
    share = counts / np.maximum(read, 1)
    scores = np.zeros_like(share)
    for week in range(8, share.shape[1]):
        past = share[:, max(0, week - _PAST) : week]
        spread = np.maximum(past.std(axis=1), 1 / max(read[week], 1))
        scores[:, week] = (share[:, week] - past.mean(axis=1)) / spread
    return scores


def kleinberg_scores(counts: Array, read: Array, *, s: float = 2.0, gamma: float = 1.0) -> Array:
    """Get the weight of the burst that each week is in, by the two-state automaton of Kleinberg (2003).

    The batched form: in state 1 texts come s times as often as in state 0; entering state 1 costs gamma ln n.
    The states are those of the cheapest path up to the week, so that nothing later is known; the score is what
    the path in state 1 saves against staying in state 0 since the burst began.
    """
    n_elements, n_weeks = counts.shape
    scores = np.zeros_like(counts)
    total, seen = np.cumsum(counts, axis=1), np.cumsum(read)
    saved = np.zeros(n_elements)
    for week in range(8, n_weeks):
        p0 = np.clip((total[:, week - 1] + 0.5) / max(seen[week - 1], 1), 1e-7, 0.4)
        p1 = np.minimum(s * p0, 0.9)
        k, n = counts[:, week], read[week]
        gain = k * np.log(p1 / p0) + (n - k) * np.log((1 - p1) / (1 - p0))
        # with two states the best path is a running sum that starts anew where it falls to nothing
        saved = np.maximum(0.0, saved + gain)
        scores[:, week] = np.where(k > 0, np.maximum(0.0, saved - gamma * np.log(week + 1)), 0.0)
    return scores


def crossover_scores(counts: Array, read: Array, *, short: int = 4, long: int = 26) -> Array:
    """Get by how many times the short moving average of the share exceeds the long one (of the weeks before it)."""
    said, seen = _running(counts), _running(read[None, :])
    n_weeks = counts.shape[1]
    scores = np.zeros_like(counts)
    for week in range(8, n_weeks):
        end, a, b = week + 1, max(0, week + 1 - short), max(0, week + 1 - short - long)
        now = (said[:, end] - said[:, a]) / max(float(seen[0, end] - seen[0, a]), 1.0)
        before = (said[:, a] - said[:, b] + 0.5) / max(float(seen[0, a] - seen[0, b]), 1.0)
        scores[:, week] = np.where(counts[:, week] > 0, now / before, 0.0)
    return scores


PEERS = {
    "z-score": z_scores,
    "Kleinberg bursts": kleinberg_scores,
    "moving-average crossover": crossover_scores,
}


def raise_by(
    scores: Array, counts: Array, threshold: float, *, refractory: int = 13, min_count: float = 3
) -> list[tuple[int, int]]:
    """Get `(week, element)` of each alarm: above the threshold, enough texts in four weeks, silent after one."""
    said = _running(counts)
    silent = np.full(len(scores), -1)
    found = []
    for week in range(scores.shape[1]):
        recent = said[:, week + 1] - said[:, max(0, week - 3)]
        hot = (scores[:, week] >= threshold) & (recent >= min_count)
        found += [(week, int(e)) for e in np.flatnonzero(hot & (silent < week))]
        silent[hot] = week + refractory
    return found


def threshold_for(scores: Array, counts: Array, first: int, n_alarms: int) -> float:
    """Get the threshold at which the weeks from `first` on have `n_alarms` alarms, or as many as there are."""
    levels = np.unique(scores[:, first:][scores[:, first:] > 0])
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        n = sum(week >= first for week, _ in raise_by(scores, counts, float(levels[middle])))
        if n > n_alarms:
            low = middle + 1
        else:
            high = middle
    return float(levels[low]) if len(levels) else float("inf")


def _running(values: Array) -> Array:
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
