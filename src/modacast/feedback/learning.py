"""Learning to rank from feedback, behind a guard.

The events after a point in time say which of the candidates of that time were taken. One part of them teaches
the ranker, the later part judges it: a ranker that is not better than the one in use is not taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.evaluate import Interval, bootstrap, paired_bootstrap
from modacast.types import Floats, Ranker

__all__ = ["Learned", "TrainingTable", "learn_ranker", "training_table"]


@dataclass(frozen=True, slots=True)
class TrainingTable:
    """Lists to learn from or to be judged by.

    Attributes:
        users: `(g,)` pseudonyms, one a list.
        groups: `(g,)` int64: lengths of the lists; they add up to `n`.
        features: `(n, f)` float32.
        labels: `(n,)` float32 in [0, 1]: how much was made of the item; 0 for nothing.
    """

    users: tuple[str, ...]
    groups: npt.NDArray[np.int64]
    features: Floats
    labels: Floats


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of a round of learning.

    Attributes:
        ranker: the best of those that were tried, the one in use among them.
        name: which it is; `"in use"` where nothing better was found.
        before: NDCG@12 of the ranker in use on the judging lists, with its interval.
        after: NDCG@12 of `ranker` on the same lists.
        gain: the mean difference, with a paired interval.
        tried: name to NDCG@12.
        is_kept: whether `ranker` is a new one that should take over.
        n_lists: lists that it learned from, and that it was judged by.
    """

    ranker: Ranker
    name: str
    before: Interval
    after: Interval
    gain: Interval
    tried: Mapping[str, float]
    is_kept: bool
    n_lists: tuple[int, int]


def training_table(
    candidates: Mapping[str, tuple[Sequence[str], Floats]],
    events: pa.Table,
    strengths: npt.NDArray[np.float64],
) -> TrainingTable:
    """Label candidates by what was made of them later.

    Args:
        candidates: pseudonym to item ids and their `(m, f)` features, as of before the events.
        events: rows of `EVENTS` that came after.
        strengths: `(n_events,)` in [-1, 1]; an item's label is the highest strength of its events, 0 at least.

    Returns:
        The lists in which at least one item was taken and one was not.
    """
    taken: dict[str, dict[str, float]] = {}
    users, items = events["user_key"].to_pylist(), events["item_id"].to_pylist()
    for user, item, strength in zip(users, items, strengths, strict=True):
        of_user = taken.setdefault(user, {})
        of_user[item] = max(of_user.get(item, 0.0), float(strength))
    kept_users, groups, features, labels = [], [], [], []
    for user in sorted(candidates):
        item_ids, matrix = candidates[user]
        label = np.array([taken.get(user, {}).get(item, 0.0) for item in item_ids], dtype=np.float32)
        if label.size and label.max() > 0 and label.min() <= 0:
            kept_users.append(user)
            groups.append(label.size)
            features.append(matrix)
            labels.append(label)
    n_features = next((matrix.shape[1] for _, matrix in candidates.values()), 0)
    return TrainingTable(
        users=tuple(kept_users),
        groups=np.array(groups, dtype=np.int64),
        features=np.concatenate(features) if features else np.zeros((0, n_features), dtype=np.float32),
        labels=np.concatenate(labels) if labels else np.zeros(0, dtype=np.float32),
    )


def learn_ranker(
    in_use: Ranker,
    candidates: Mapping[str, Callable[[], Ranker]],
    teach: TrainingTable,
    judge: TrainingTable,
    *,
    k: int = 12,
    min_lists: int = 10,
) -> Learned | None:
    """Fit rankers on one table and take the best on another, if it beats the one in use.

    Args:
        in_use: the ranker that serves now.
        candidates: name to a maker of an unfitted ranker.
        teach: lists to learn from.
        judge: later lists to choose by.
        k: depth of the NDCG.
        min_lists: lists that each table must have.

    Returns:
        What was learned, or None where there is too little feedback to learn or to judge.
    """
    if min(len(teach.groups), len(judge.groups)) < min_lists:
        return None
    before = _ndcg(in_use, judge, k)
    best: tuple[str, Ranker, npt.NDArray[np.float64]] = ("in use", in_use, before)
    tried = {"in use": float(before.mean())}
    for name, make in candidates.items():
        ranker = make().fit(teach.features, teach.labels, teach.groups)
        scores = _ndcg(ranker, judge, k)
        tried[name] = float(scores.mean())
        if scores.mean() > best[2].mean():
            best = (name, ranker, scores)
    gain = paired_bootstrap(best[2], before)
    return Learned(
        ranker=best[1],
        name=best[0],
        before=bootstrap(before),
        after=bootstrap(best[2]),
        gain=gain,
        tried=tried,
        is_kept=best[0] != "in use" and gain.value > 0,
        n_lists=(len(teach.groups), len(judge.groups)),
    )


def _ndcg(ranker: Ranker, table: TrainingTable, k: int) -> npt.NDArray[np.float64]:
    """NDCG@k of each list, with graded relevance."""
    scores = ranker.predict(table.features)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    result: list[Any] = []
    start = 0
    for size in table.groups:
        span = slice(start, start + int(size))
        start += int(size)
        gains = np.maximum(table.labels[span], 0.0)
        shown = gains[np.argsort(-scores[span], kind="stable")][:k]
        ideal = np.sort(gains)[::-1][:k]
        result.append(shown @ discount[: shown.size] / (ideal @ discount[: ideal.size]))
    return np.array(result, dtype=np.float64)
