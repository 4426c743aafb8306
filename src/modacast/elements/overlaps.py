"""Which of overlapping matches stay, where words meet without spaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modacast.elements.matcher import Flags, Ints, Matches, leftmost_longest
from modacast.elements.words import word_borders

__all__ = ["best_cover"]


def best_cover(matches: Matches, is_name: Flags, texts: Sequence[str]) -> Flags:
    """Mark the matches that stay when none may overlap: those that together cover most of a text.

    `白色系带` is `白色` and `系带`, not `白色系` and a loose `带`: leaving no character over is what tells the two
    readings of such a stretch apart (maximum matching, as in the segmentation of Chinese words; Chen and Liu, 1992,
    "Word identification for Mandarin Chinese sentences"). Of covers of the same size the one with fewest matches
    stays, then the one that cuts fewest words of jieba's dictionary (`和袖|口` cuts one), then the leftmost and
    longest. Where no match reaches over the end of one that `leftmost_longest` keeps, both are the same. So they are
    where that one is the name of a thing: `A字裙摆` speaks of an A-line skirt, though its words are `A字` and `裙摆`.

    Args:
        matches: ordered by document, then by start, then the longest first.
        is_name: whether each is the name of a thing.
        texts: the texts that were searched.
    """
    keep = leftmost_longest(matches)
    if len(matches) < 2:
        return keep
    width = int(matches.end.max()) + 1
    start, end = matches.doc * width + matches.start, matches.doc * width + matches.end
    kept = np.flatnonzero(keep)
    before = kept[np.searchsorted(start[kept], start, side="right") - 1]
    crossing = np.flatnonzero(
        ~keep & (start > start[before]) & (start < end[before]) & (end > end[before]) & ~is_name[before]
    )
    if not len(crossing):
        return keep
    reach = np.maximum.accumulate(end)
    firsts = np.append(np.flatnonzero(np.append(True, start[1:] >= reach[:-1])), len(matches))
    clusters = np.unique(np.searchsorted(firsts, crossing, side="right") - 1)
    for first, last in zip(firsts[clusters].tolist(), firsts[clusters + 1].tolist(), strict=True):
        leftmost, rightmost = (
            first + _covering(start[first:last], end[first:last], leftmost=side) for side in (True, False)
        )
        chosen = leftmost
        if not np.array_equal(leftmost, rightmost) and not is_name[np.setdiff1d(rightmost, leftmost)].any():
            borders = word_borders([texts[matches.doc[first]]])[0]
            cuts = [_n_cut(matches.where(some), borders) for some in (leftmost, rightmost)]
            chosen = rightmost if cuts[1] < cuts[0] else leftmost
        keep[first:last] = False
        keep[chosen] = True
    return keep


def _n_cut(matches: Matches, borders: frozenset[int]) -> int:
    """Count the ends of matches that lie inside a word."""
    return sum(place not in borders for place in (*matches.start.tolist(), *matches.end.tolist()))


def _covering(start: Ints, end: Ints, *, leftmost: bool) -> Ints:
    """Get the positions of the matches of one cluster that stay; of equal covers the leftmost or the rightmost."""
    n = len(start)
    following = np.searchsorted(start, end, side="left").tolist()
    length = (end - start).tolist()
    # from the right: what can be covered from each match on, less the number of matches, and which match comes next
    best = [(0, 0)] * (n + 1)
    chosen = [n] * (n + 1)
    for i in range(n - 1, -1, -1):
        covered, fewest = best[following[i]]
        own = (covered + length[i], fewest - 1)
        if own > best[i + 1] or (leftmost and own == best[i + 1]):
            best[i], chosen[i] = own, i
        else:
            best[i], chosen[i] = best[i + 1], chosen[i + 1]
    path, i = [], chosen[0]
    while i < n:
        path.append(i)
        i = chosen[following[i]]
    return np.array(path, dtype=np.int64)
