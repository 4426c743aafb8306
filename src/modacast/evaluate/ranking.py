"""Metrics of ranked lists, one figure a user, so that they can be averaged, paired and bootstrapped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.errors import InvalidInput

__all__ = ["ListScores", "catalogue_coverage", "score_lists"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ListScores:
    """Scores of each user's list; all arrays are `(n_users,)` float64 in [0, 1].

    Attributes:
        users: whose lists, in the order of the arrays.
        average_precision: AP@k, divided by min(k, number of relevant items).
        ndcg: NDCG@k with binary relevance and a log2 discount (Järvelin and Kekäläinen 2002).
        recall: relevant items that are in the list, over min(k, number of relevant) if `capped`, else over
            the number of relevant.
        hit: 1 where at least one relevant item is in the list.
        reciprocal_rank: 1 / rank of the first relevant item, 0 where there is none.
    """

    users: tuple[str, ...]
    average_precision: Array
    ndcg: Array
    recall: Array
    hit: Array
    reciprocal_rank: Array


def score_lists(
    lists: Mapping[str, Sequence[str]], truth: Mapping[str, Collection[str]], k: int, *, capped: bool = False
) -> ListScores:
    """Score each user's list against what the user took.

    Args:
        lists: user to item ids, best first; a user without a list scores 0.
        truth: user to the items that were taken; users with none are left out.
        k: how much of each list counts.
        capped: whether recall is over min(k, number of relevant).

    Raises:
        InvalidInput: `k` is below 1, or nobody took anything.

    >>> found = score_lists({"a": ["x", "y", "z"]}, {"a": {"y"}}, k=3)
    >>> float(found.average_precision[0]), float(found.reciprocal_rank[0]), float(found.recall[0])
    (0.5, 0.5, 1.0)
    """
    users = tuple(user for user, taken in truth.items() if taken)
    if k < 1 or not users:
        raise InvalidInput(
            f"score_lists needs k >= 1 and users who took something, got k={k}, {len(users)} users"
        )
    hits = np.zeros((len(users), k))
    n_relevant = np.array([len(truth[user]) for user in users], dtype=np.float64)
    for row, user in enumerate(users):
        taken = truth[user]
        for rank, item in enumerate(lists.get(user, ())[:k]):
            hits[row, rank] = item in taken
    ranks = np.arange(1, k + 1)
    discount = 1.0 / np.log2(ranks + 1)
    ideal = np.cumsum(discount)[np.minimum(n_relevant, k).astype(int) - 1]
    precision = np.cumsum(hits, axis=1) / ranks
    first = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1.0, np.inf)
    return ListScores(
        users=users,
        average_precision=(precision * hits).sum(axis=1) / np.minimum(n_relevant, k),
        ndcg=(hits @ discount) / ideal,
        recall=hits.sum(axis=1) / (np.minimum(n_relevant, k) if capped else n_relevant),
        hit=np.asarray(hits.any(axis=1), dtype=np.float64),
        reciprocal_rank=1.0 / first,
    )


def catalogue_coverage(lists: Mapping[str, Sequence[str]], n_items: int) -> float:
    """Get the share of the catalogue that is on at least one list."""
    return len({item for items in lists.values() for item in items}) / n_items if n_items else 0.0
