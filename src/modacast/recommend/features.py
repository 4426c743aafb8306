"""What the ranker knows of a pair of shopper and item."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from modacast.recommend.catalogue import Catalogue, Shoppers
from modacast.recommend.retrieve import Candidates
from modacast.types import Floats

__all__ = ["FEATURES", "feature_matrix"]

FEATURES = (
    "similar",  # cosine of the item's text with the shopper's long-term vector
    "session",  # ... with the vector of the last session
    "bought_together",  # co-purchase, relative to the best candidate
    "again",  # bought before, or a variant of it was
    "popular",  # log popularity, 0..1
    "trend",  # lift of the item's rising elements
    "trend_for_you",  # ... weighted by the shopper's affinities
    "affinity",  # mean affinity of the item's elements, -1..1
    "value",  # carries a value that the shopper cares for
    "price",  # 1 inside the shopper's price band, falling off outside
    "new",  # 1 on the day of arrival, halved every 60 days
)
"""Names of the columns of the feature matrix, in order; all are better when higher."""

_NEW_HALF_LIFE_DAYS = 60.0


def feature_matrix(
    candidates: Candidates, shoppers: Shoppers, catalogue: Catalogue, *, today: float
) -> Floats:
    """Get `(m, len(FEATURES))` float32.

    Args:
        candidates: the pairs.
        shoppers: that the candidates' rows point into.
        catalogue: likewise.
        today: days since 1970.
    """
    m = candidates.item.size
    columns = {name: np.zeros(m, dtype=np.float32) for name in FEATURES}
    columns.update(candidates.scores)
    for name in ("bought_together", "again", "trend_for_you"):
        columns[name] = _relative(columns[name], candidates.shopper, len(shoppers))
    columns["trend"] = np.tanh(columns["trend"])
    columns["affinity"] = _affinity(candidates, shoppers, catalogue)
    columns["value"] = _value_match(candidates, shoppers, catalogue)
    columns["price"] = _price_fit(candidates, shoppers, catalogue)
    age = today - catalogue.created[candidates.item]
    columns["new"] = np.nan_to_num(np.exp2(-np.maximum(age, 0.0) / _NEW_HALF_LIFE_DAYS)).astype(np.float32)
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)


def _relative(scores: Floats, shopper: npt.NDArray[np.int64], n_shoppers: int) -> Floats:
    top = np.zeros(n_shoppers, dtype=np.float32)
    np.maximum.at(top, shopper, scores)
    return (scores / np.maximum(top[shopper], 1e-9)).astype(np.float32)


def _pairwise(left: sparse.csr_matrix, right: sparse.csr_matrix, candidates: Candidates) -> Floats:
    """Row-wise dot products of `left[shopper]` and `right[item]`."""
    product = left[candidates.shopper].multiply(right[candidates.item])
    return np.asarray(product.sum(axis=1), dtype=np.float32).ravel()


def _affinity(candidates: Candidates, shoppers: Shoppers, catalogue: Catalogue) -> Floats:
    total = _pairwise(shoppers.affinities, catalogue.elements, candidates)
    return total / catalogue.n_elements_of[candidates.item]


def _value_match(candidates: Candidates, shoppers: Shoppers, catalogue: Catalogue) -> Floats:
    wanted = sparse.lil_matrix((len(shoppers), catalogue.elements.shape[1]), dtype=np.float32)
    for row, values in enumerate(shoppers.values):
        for element_id in values:
            column = catalogue.element_row.get(element_id)
            if column is not None:
                wanted[row, column] = 1.0
    return np.minimum(_pairwise(wanted.tocsr(), catalogue.elements, candidates), 1.0)


def _price_fit(candidates: Candidates, shoppers: Shoppers, catalogue: Catalogue) -> Floats:
    price = catalogue.prices[candidates.item]
    low, high = shoppers.price_low[candidates.shopper], shoppers.price_high[candidates.shopper]
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = np.maximum(np.log(low / price), np.log(price / high))
    fit = np.exp(-2.0 * np.maximum(outside, 0.0))
    return np.where(np.isfinite(fit), fit, 0.0).astype(np.float32)
