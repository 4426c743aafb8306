"""Pairs that a training never sees, and what a model makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from modacast.encoder.pairs import Pair, split_pairs
from modacast.pipeline.corpus import PairSet
from modacast.types import LANGUAGES, Encoder

__all__ = ["HeldOut", "hold_out", "pair_scores"]

_DIRECTIONS = frozenset(f"{a}-{b}" for a in LANGUAGES for b in LANGUAGES if a != b)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Pairs in two parts, of which the one tells nothing of the other.

    Attributes:
        train: to learn from.
        test: to measure with.
    """

    train: PairSet
    test: tuple[Pair, ...]


def hold_out(pairs: PairSet, *, n_names: int, n_texts: int, seed: int) -> HeldOut:
    """Hold names and product texts out.

    Of an element that is held out, all names are, and the products whose list of elements holds one of them teach
    nothing of their lists. Of a product text that is held out, no pair is left in which it stands.

    Args:
        pairs: of names (their task is a direction, such as `"zh-en"`), of titles and descriptions, and others.
        n_names: pairs of names to hold out, at most.
        n_texts: pairs of title and description to hold out, at most.
        seed: decides which.
    """
    names = [pair for pair in pairs.pairs if pair.task in _DIRECTIONS]
    titles = [pair for pair in pairs.pairs if pair.task == "title"]
    held = [
        *split_pairs(names, 0.5, seed=seed, at_most=n_names).held_out,
        *split_pairs(titles, 0.5, seed=seed, at_most=n_texts).held_out,
    ]
    hidden_names = {text for pair in held if pair.task in _DIRECTIONS for text in (pair.query, pair.document)}
    hidden_texts = {text for pair in held if pair.task == "title" for text in (pair.query, pair.document)}
    kept = tuple(
        pair
        for pair in pairs.pairs
        if not _tells_names(pair, hidden_names)
        and not any(text in whole for text in hidden_texts for whole in (pair.query, pair.document))
    )
    counts = dict(sorted(Counter(pair.task for pair in kept).items()))
    return HeldOut(replace(pairs, pairs=kept, counts=counts), tuple(held))


def pair_scores(encoder: Encoder, pairs: Sequence[Pair]) -> dict[str, float]:
    """Get how well each pair's query finds its document among those of the same task.

    Args:
        encoder: the model.
        pairs: that it was not trained on.

    Returns:
        `"unseen pairs (MRR)"`, the mean over the tasks that are no names; `"unseen names (accuracy@1)"`, the mean over
        the directions between languages. A document that is written alike counts as found.
    """
    reciprocal: list[float] = []
    right: list[float] = []
    for task in sorted({pair.task for pair in pairs}):
        mine = [pair for pair in pairs if pair.task == task]
        documents = list(dict.fromkeys(pair.document for pair in mine))
        own = np.asarray([documents.index(pair.document) for pair in mine])
        scores = encoder.encode_query([pair.query for pair in mine]) @ encoder.encode_document(documents).T
        ranks = (scores >= scores[np.arange(len(mine)), own][:, None]).sum(axis=1)
        if task in _DIRECTIONS:
            right.append(float((ranks == 1).mean()))
        else:
            reciprocal.append(float((1.0 / ranks).mean()))
    found = {"unseen pairs (MRR)": reciprocal, "unseen names (accuracy@1)": right}
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _tells_names(pair: Pair, names: set[str]) -> bool:
    if pair.task in _DIRECTIONS:
        return pair.query in names or pair.document in names
    return pair.task == "attributes" and any(name in pair.query for name in names)
