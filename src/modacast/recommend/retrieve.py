"""Candidate retrieval: each channel proposes items for a block of shoppers.

A channel is anything with a `name` and `scores(shoppers) -> (u, n)` float32, higher is better, 0 for nothing
to say. The union of the channels' best items are the candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from modacast.recommend.catalogue import Catalogue, Shoppers
from modacast.types import Floats

__all__ = [
    "Again",
    "Candidates",
    "Channel",
    "CoPurchase",
    "Popularity",
    "TextSimilarity",
    "Trending",
    "retrieve",
]


class Channel(Protocol):
    """One way to come upon items."""

    name: str
    personal: bool

    def scores(self, shoppers: Shoppers) -> Floats:
        """Get `(u, n_items)` float32."""
        ...


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of shopper and item, grouped by shopper.

    Attributes:
        shopper: `(m,)` int64, row of the shopper; ascending.
        item: `(m,)` int64, row of the item.
        scores: channel name to `(m,)` float32.
    """

    shopper: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    scores: Mapping[str, Floats]


class TextSimilarity:
    """Items whose text is near what the shopper took to: cosine with the profile's vector.

    Args:
        catalogue: with vectors.
        which: `"long"` or `"session"`.
    """

    personal = True

    def __init__(self, catalogue: Catalogue, which: str = "long") -> None:
        self.name = "similar" if which == "long" else "session"
        self._which = which
        self._shape = len(catalogue)
        vectors = catalogue.vectors
        if vectors is None or not len(catalogue):
            self._vectors: Floats | None = None
            self._mean: Floats | None = None
            return
        # An encoder's vectors share a large common part; without it the cosines spread out.
        self._mean = vectors.mean(axis=0)
        centred = vectors - self._mean
        self._vectors = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)

    def scores(self, shoppers: Shoppers) -> Floats:
        """Get centred cosines, 0 below 0."""
        asked = shoppers.long if self._which == "long" else shoppers.session
        if self._vectors is None or asked is None or self._mean is None:
            return np.zeros((len(shoppers), self._shape), dtype=np.float32)
        known = np.linalg.norm(asked, axis=1, keepdims=True) > 0
        centred = np.where(known, asked - self._mean, 0.0)
        centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
        return np.maximum(centred.astype(np.float32) @ self._vectors.T, 0.0)


class CoPurchase:
    """Items that others took together with what the shopper took: item-based neighbours.

    The cosine of two items' shoppers, shrunk by a constant in the denominator (Sarwar et al. 2001; Bell and
    Koren 2007), the nearest neighbours of each item kept.

    Args:
        taken: `(n_users, n_items)` sparse: how much each shopper took of each item, 0 or more.
        shrink: damps similarities that rest on few shoppers.
        n_neighbours: kept for each item.
    """

    name = "bought_together"
    personal = True

    def __init__(self, taken: sparse.csr_matrix, *, shrink: float = 10.0, n_neighbours: int = 100) -> None:
        self.similarity = _item_neighbours(taken, shrink, n_neighbours)

    def scores(self, shoppers: Shoppers) -> Floats:
        """Get the summed similarity to what the shopper took, weighted by how recently and how strongly."""
        wanted = shoppers.taste.maximum(0)
        return np.asarray((wanted @ self.similarity).todense(), dtype=np.float32)


class Again:
    """What the shopper bought before, and its variants: basics are bought again.

    Args:
        catalogue: the items.
        variant_share: what a variant of a bought item counts.
    """

    name = "again"
    personal = True

    def __init__(self, catalogue: Catalogue, *, variant_share: float = 0.5) -> None:
        n = len(catalogue)
        groups = sparse.csr_matrix(
            (np.ones(n, np.float32), (np.arange(n), catalogue.groups)), shape=(n, int(catalogue.groups.max(initial=-1)) + 1 or 1)
        )  # fmt: skip
        self._groups = groups
        self._share = variant_share

    def scores(self, shoppers: Shoppers) -> Floats:
        """Get the decayed amount bought of the item, or of its variants."""
        bought = shoppers.bought
        variants = (bought @ self._groups) @ self._groups.T
        own = np.asarray(bought.todense(), dtype=np.float32)
        return np.maximum(own, self._share * np.asarray(variants.todense(), dtype=np.float32))


class Popularity:
    """What sells now.

    Args:
        sold: `(n_items,)` decayed number of purchases.
    """

    name = "popular"
    personal = False

    def __init__(self, sold: npt.NDArray[np.float64]) -> None:
        top = float(sold.max(initial=0.0))
        values = np.log1p(sold) / np.log1p(top) if top > 0 else np.zeros_like(sold)
        # Never quite 0, so that a shop without sales still has something to show.
        self.values = np.maximum(values, 1e-6).astype(np.float32)

    def scores(self, shoppers: Shoppers) -> Floats:
        """Get log popularity in [0, 1], the same for everyone."""
        return np.broadcast_to(self.values, (len(shoppers), self.values.size))


class Trending:
    """Items that carry rising elements, the more so the more the shopper cares for those.

    Args:
        catalogue: the items.
        lift: element id to how strongly it rises, in [-1, 1].
        personal: False gives the same to everyone.
    """

    def __init__(self, catalogue: Catalogue, lift: Mapping[str, float], *, personal: bool) -> None:
        self.personal = personal
        self.name = "trend_for_you" if personal else "trend"
        self.lift = np.array([lift.get(element_id, 0.0) for element_id in catalogue.element_ids], np.float32)
        if not catalogue.element_ids:
            self.lift = np.zeros(catalogue.elements.shape[1], np.float32)
        self._elements = catalogue.elements
        self.values = np.asarray(catalogue.elements @ self.lift, dtype=np.float32)

    def scores(self, shoppers: Shoppers) -> Floats:
        """Get the summed lift of the item's elements (of those that the shopper cares for, if personal)."""
        if not self.personal:
            return np.broadcast_to(self.values, (len(shoppers), self.values.size))
        cared = shoppers.affinities.maximum(0).multiply(np.maximum(self.lift, 0.0)).tocsr()
        return np.asarray((cared @ self._elements.T).todense(), dtype=np.float32)


def retrieve(
    shoppers: Shoppers, channels: Sequence[Channel], allowed: npt.NDArray[np.bool_], *, n_each: int = 80
) -> Candidates:
    """Get the union of each channel's best items, with all channels' scores.

    Args:
        shoppers: a block of shoppers.
        channels: in any order.
        allowed: `(n_items,)` bool: items that may be shown.
        n_each: how many each channel may propose.
    """
    dense = {channel.name: channel.scores(shoppers) for channel in channels}
    proposed: list[npt.NDArray[np.int64]] = []
    blocked = ~allowed
    shared: dict[str, npt.NDArray[np.int64]] = {}
    for row in range(len(shoppers)):
        picks = []
        for channel in channels:
            if not channel.personal:
                if channel.name not in shared:
                    shared[channel.name] = _best(dense[channel.name][row], blocked, n_each)
                picks.append(shared[channel.name])
            else:
                picks.append(_best(dense[channel.name][row], blocked, n_each))
        proposed.append(np.unique(np.concatenate(picks)) if picks else np.array([], np.int64))
    shopper = np.repeat(np.arange(len(shoppers)), [len(items) for items in proposed])
    item = np.concatenate(proposed) if proposed else np.array([], np.int64)
    return Candidates(
        shopper, item, {name: np.ascontiguousarray(s[shopper, item]) for name, s in dense.items()}
    )


def _best(scores: Floats, blocked: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.int64]:
    """Rows of the best positive scores; equal ones in the order of the catalogue."""
    scores = np.where(blocked, 0.0, scores)
    found = np.flatnonzero(scores > 0)
    if found.size > n:
        threshold = np.partition(scores[found], found.size - n)[found.size - n]
        above = found[scores[found] > threshold]
        level = found[scores[found] == threshold][: n - above.size]
        found = np.concatenate([above, level])
    return found.astype(np.int64)


def _item_neighbours(taken: sparse.csr_matrix, shrink: float, n_neighbours: int) -> sparse.csr_matrix:
    counts = taken.astype(np.float32).tocsc()
    norms = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=0)).ravel())
    together = (counts.T @ counts).tocsr()
    together.setdiag(0)
    together.eliminate_zeros()
    rows = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
    together.data /= norms[rows] * norms[together.indices] + shrink
    for row in range(together.shape[0]):
        span = slice(together.indptr[row], together.indptr[row + 1])
        if span.stop - span.start > n_neighbours:
            part = together.data[span]
            part[np.argsort(-part, kind="stable")[n_neighbours:]] = 0.0
    together.eliminate_zeros()
    return together
