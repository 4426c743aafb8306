"""From the best items to a good list: variety without losing what fits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modacast.types import Floats

__all__ = ["diversify"]


def diversify(
    scores: Floats,
    vectors: Floats | None,
    groups: npt.NDArray[np.int64],
    *,
    k: int,
    per_group: int = 2,
    variety: float = 0.1,
) -> npt.NDArray[np.int64]:
    """Choose a list by maximal marginal relevance (Carbonell and Goldstein 1998), few variants of a product.

    Args:
        scores: `(m,)` float32.
        vectors: `(m, d)` float32, L2-normalised, or None.
        groups: `(m,)` variants of one product share a number.
        k: length of the list.
        per_group: how many variants of one product may be in it.
        variety: what nearness to an item that is already in the list costs, in units of the spread of the
            scores.

    Returns:
        `(<= k,)` int64: rows in the order of the list.
    """
    if scores.size == 0:
        return np.array([], dtype=np.int64)
    order = np.argsort(-scores, kind="stable")
    spread = float(scores.std()) or 1.0
    penalty = np.zeros(scores.size, dtype=np.float32)
    open_rows = np.ones(scores.size, dtype=bool)
    counts: dict[int, int] = {}
    chosen: list[int] = []
    worth = scores.astype(np.float64)
    while len(chosen) < k:
        live = order[open_rows[order]]
        if live.size == 0:
            break
        best = int(live[np.argmax(worth[live] - variety * spread * penalty[live])])
        chosen.append(best)
        open_rows[best] = False
        group = int(groups[best])
        counts[group] = counts.get(group, 0) + 1
        if counts[group] >= per_group:
            open_rows &= groups != group
        if vectors is not None and variety > 0:
            penalty = np.maximum(penalty, vectors @ vectors[best])
    return np.array(chosen, dtype=np.int64)
