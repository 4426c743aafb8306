"""Whether runs of units are words: how free they are at both sides, how firmly they hold together.

Branching entropy (Jin and Tanaka-Ishii 2006, "Unsupervised Segmentation of Chinese Text by Use of Branching
Entropy"): around a word many different things stand, inside one hardly. Cohesion is the pointwise mutual information
of the weakest split (Sproat and Shih 1990; Bouma 2009 for the normalised form that collocations are held to).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modacast.elements.discovery.grams import Floats64, Keys, gram_keys, look_up
from modacast.elements.discovery.reading import Week
from modacast.elements.discovery.units import BREAK, Flags, Ints

__all__ = ["Occurrences", "Shapes", "cohesion", "occurrences", "shapes"]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Where runs stand in some weeks; a text counts once a run.

    Attributes:
        gram: `(m,)` int64, position of the run among those that were asked for.
        week: `(m,)` int64, position of the week.
        first: `(m,)` int64, position of its first unit in the week's units.
        doc: `(m,)` int64, position of the text in the week.
    """

    gram: Ints
    week: Ints
    first: Ints
    doc: Ints

    def where(self, keep: Flags) -> Occurrences:
        """Get those of a mask."""
        return Occurrences(self.gram[keep], self.week[keep], self.first[keep], self.doc[keep])


@dataclass(frozen=True, slots=True)
class Shapes:
    """What stands around runs.

    Attributes:
        left: `(g,)` branching entropy to the left, in nats; the end of a clause differs from all others.
        right: the same to the right.
        left_share: `(g,)` share of the commonest left neighbour, known words and ends not counted as one.
        right_share: the same to the right.
        aligned: `(g,)` share of the places where both ends are borders of the dictionary's words.
        listed: `(g,)` share of the places that are exactly a surface of the lexicon.
        covered: `(g,)` share of the places that lie inside a surface of the lexicon, or are made of such.
        head: `(g,)` element number of the surface that most places end with, -1 for none.
        modifier: `(g,)` element number of the surface that most places begin with, -1 for none.
    """

    left: Floats64
    right: Floats64
    left_share: Floats64
    right_share: Floats64
    aligned: Floats64
    listed: Floats64
    covered: Floats64
    head: Ints
    modifier: Ints


def occurrences(keys: Keys, weeks: Sequence[Week]) -> Occurrences:
    """Get where runs stand in some weeks."""
    grams, numbers, firsts, docs = [], [], [], []
    for number, week in enumerate(weeks):
        place = look_up(keys, week.grams)
        held = np.flatnonzero(place >= 0)
        begin, end = week.grams.offset[place[held]], week.grams.offset[place[held] + 1]
        n = end - begin
        at = np.repeat(begin - np.append(0, np.cumsum(n)[:-1]), n) + np.arange(n.sum())
        grams.append(np.repeat(held, n))
        numbers.append(np.full(len(at), number, np.int64))
        firsts.append(week.grams.first[at])
        docs.append(week.grams.doc[at])
    if not grams:
        nothing = np.zeros(0, np.int64)
        return Occurrences(nothing, nothing, nothing, nothing)
    return Occurrences(*map(np.concatenate, (grams, numbers, firsts, docs)))


def shapes(found: Occurrences, size: Ints, weeks: Sequence[Week]) -> Shapes:
    """Look at what stands around runs, and at what they are made of.

    Args:
        found: where they stand.
        size: `(g,)` units in each.
        weeks: that were searched.
    """
    g = len(size)
    left, right = np.zeros(len(found.gram), np.int64), np.zeros(len(found.gram), np.int64)
    free_left, free_right = np.zeros(len(left), np.bool_), np.zeros(len(left), np.bool_)
    aligned, listed, covered = (np.zeros(len(left), np.bool_) for _ in range(3))
    head, modifier = np.full(len(left), -1, np.int64), np.full(len(left), -1, np.int64)
    for number, week in enumerate(weeks):
        here = np.flatnonzero(found.week == number)
        first = found.first[here]
        last = first + size[found.gram[here]] - 1
        units = week.units
        # the row of units ends with a break, and its first left neighbour (position -1) is that break
        left[here], right[here] = units.id[first - 1], units.id[last + 1]
        start, end = units.start[first], units.end[last]
        # a known word beside it leaves it free, one of a single character may be its own end
        free_left[here] = (left[here] == BREAK) | (
            (week.known_end[start] > 0) & (start - week.known_end[start] > 0)
        )
        free_right[here] = (right[here] == BREAK) | (week.known_start[end] - end > 1)
        aligned[here] = week.border[start] & week.border[end]
        listed[here] = week.known_start[start] == end
        begin_of_tail = week.known_end[end] - 1
        ends_known = begin_of_tail >= 0
        tail_inside = ends_known & (begin_of_tail > start)
        front = week.known_start[start]
        front_inside = (front > 0) & (front < end)
        covered[here] = (
            (ends_known & (begin_of_tail <= start))
            | (front >= end)
            | (front_inside & tail_inside & (front >= begin_of_tail))
        )
        head[here] = np.where(tail_inside, week.element_to[end], -1)
        modifier[here] = np.where(front_inside, week.element_at[start], -1)
    n = np.maximum(np.bincount(found.gram, minlength=g), 1)
    left_entropy, left_share = _branching(found.gram, left, free_left, g, n)
    right_entropy, right_share = _branching(found.gram, right, free_right, g, n)
    return Shapes(
        left_entropy,
        right_entropy,
        left_share,
        right_share,
        np.bincount(found.gram, aligned, g) / n,
        np.bincount(found.gram, listed, g) / n,
        np.bincount(found.gram, covered, g) / n,
        _most(found.gram, head, g),
        _most(found.gram, modifier, g),
    )


def _branching(gram: Ints, neighbour: Ints, is_free: Flags, g: int, n: Ints) -> tuple[Floats64, Floats64]:
    """Get the entropy and the largest share of what stands beside each run."""
    named = np.where(is_free, -np.arange(1, len(gram) + 1), neighbour)
    pair = np.stack([gram, named], axis=1)
    pairs, counts = np.unique(pair, axis=0, return_counts=True)
    share = counts / n[pairs[:, 0]]
    entropy = np.asarray(np.bincount(pairs[:, 0], -share * np.log(share), g), np.float64)
    top = np.zeros(g)
    bound = pairs[:, 1] > 0
    np.maximum.at(top, pairs[bound, 0], share[bound])
    return entropy, top


def _most(gram: Ints, value: Ints, g: int) -> Ints:
    """Get the commonest value of each run where it stands for at least half of its places, else -1."""
    pairs, counts = np.unique(np.stack([gram, value], axis=1), axis=0, return_counts=True)
    n = np.bincount(gram, minlength=g)
    chosen = np.full(g, -1, np.int64)
    often = (pairs[:, 1] >= 0) & (counts * 2 >= n[pairs[:, 0]])
    chosen[pairs[often, 0]] = pairs[often, 1]
    return chosen


def cohesion(ids: Sequence[Ints], n: Floats64, weeks: Sequence[Week], n_texts: int) -> Floats64:
    """Get the normalised pointwise mutual information of the weakest split of each run, in [-1, 1].

    Args:
        ids: the units of each run.
        n: `(g,)` texts that hold it.
        weeks: whose counts say how often the parts stand.
        n_texts: in these weeks.

    Returns:
        `(g,)`; 1 for a run of one unit, or one whose parts are nowhere counted.
    """
    lengths = np.array([len(units) for units in ids], np.int64)
    keys: list[Keys] = []
    for units in ids:
        for cut in range(1, len(units)):
            keys += [gram_keys(units[:cut], cut), gram_keys(units[cut:], len(units) - cut)]
    parts = np.concatenate(keys) if keys else np.zeros(0, np.uint64)
    counts = np.zeros(len(parts))
    for week in weeks:
        place = look_up(parts, week.grams)
        counts[place >= 0] += week.grams.n[place[place >= 0]]
    result = np.ones(len(ids))
    at = 0
    for i, length in enumerate(lengths.tolist()):
        of_splits = counts[at : at + 2 * (length - 1)].reshape(-1, 2)
        at += 2 * (length - 1)
        told = of_splits[(of_splits > 0).all(axis=1)]
        if len(told):
            share = max(n[i], 1.0) / n_texts
            chance = (told[:, 0] / n_texts) * (told[:, 1] / n_texts)
            result[i] = float(np.min(np.log(share / chance))) / max(-np.log(share), 1e-9)
    return result
