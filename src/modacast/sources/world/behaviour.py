"""How the shoppers of the sample world answer a list of products.

They look at a list from the top and less and less often further down (Craswell et al., 2008, "An experimental
comparison of click position-bias models"); what they look at they view, put into the cart and buy by how much
they truly like it, keep or return it, and rate and review it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.sources.world.catalogue import Product
from modacast.sources.world.chance import pick
from modacast.sources.world.phrasing import read_data
from modacast.sources.world.shoppers import Shopper

__all__ = ["Answers", "Slate", "answer", "buying"]

_LOOKING = 0.22  # how fast attention falls with the position
_VIEW, _CART, _BUY = 0.85, 0.85, 0.7
_AGAIN = 0.05
_RATES, _REVIEWS, _LIKES = 0.6, 0.55, 0.25
_HEADS = ("garment", "footwear", "accessory")
_NAMED_FACETS = ("fabric", "detail", "style", "color")

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Slate:
    """One list that a shopper was shown.

    Attributes:
        products: in the order of the list.
        utility: `(k,)` the shopper's liking of each, in [0, 1].
        propensity: `(k,)` the chance that the product was shown there, NaN where it is not known.
        bought: whether a sale is settled beforehand; None lets chance decide.
    """

    id: str
    at: datetime
    products: list[Product]
    utility: Floats
    propensity: Floats
    bought: npt.NDArray[np.bool_] | None = None


@dataclass(slots=True)
class Answers:
    """What one shopper did, as rows of `RAW_EVENTS` without `row`.

    Attributes:
        owned: ids of what was bought already; hardly anyone buys the same again.
    """

    rows: list[Row] = field(default_factory=list)
    owned: set[str] = field(default_factory=set)


def buying(utility: Floats, *, first: int = 0) -> Floats:
    """Get the chance that a product at a position is looked at, viewed and bought.

    Args:
        utility: `(k,)` liking of the products, from the top.
        first: position of the first one, from 0.
    """
    return _looks(len(utility), first) * _VIEW * utility * _BUY * utility


def answer(rng: np.random.Generator, shopper: Shopper, slate: Slate, answers: Answers) -> None:
    """Add what a shopper does with a slate.

    Args:
        rng: chance.
        shopper: who was shown the slate.
        slate: what they were shown.
        answers: grows by the events, from the impressions on.
    """
    n = len(slate.products)
    looked = rng.random(n) < _looks(n, 0)
    luck = rng.random((n, 3))
    for i, product in enumerate(slate.products):
        utility = float(slate.utility[i])
        base = _base(shopper, slate, product, i)
        answers.rows.append(base | {"kind": "impression"})
        wanting = utility * (_AGAIN if product.id in answers.owned else 1.0)
        is_sold = bool(slate.bought[i]) if slate.bought is not None else None
        is_viewed = is_sold or bool(looked[i] and luck[i, 0] < 0.03 + _VIEW * utility)
        if not is_viewed:
            continue
        seconds = float(5 + int(rng.exponential(20 + 60 * utility)))
        answers.rows.append(_later(base, 1 + i, kind="view", value=seconds))
        buys = is_sold if is_sold is not None else bool(luck[i, 2] < _BUY * wanting)
        if buys or luck[i, 1] < _CART * wanting:
            answers.rows.append(_later(base, 3 + i, kind="cart"))
        elif rng.random() < _LIKES * utility:
            answers.rows.append(_later(base, 2 + i, kind="like"))
        if buys:
            answers.owned.add(product.id)
            answers.rows.append(_later(base, 5 + i, kind="purchase", value=product.price))
            answers.rows.extend(_afterwards(rng, shopper, product, base, utility))


def _looks(n: int, first: int) -> Floats:
    return 1 / (1 + _LOOKING * np.arange(first, first + n))


def _base(shopper: Shopper, slate: Slate, product: Product, i: int) -> Row:
    propensity = float(slate.propensity[i])
    return {
        "user": shopper.user,
        "item_id": product.id,
        "at": slate.at,
        "value": None,
        "text": None,
        "slate_id": slate.id,
        "position": i + 1,
        "propensity": None if np.isnan(propensity) else propensity,
    }


def _later(base: Row, minutes: int, **changes: object) -> Row:
    return base | {"at": base["at"] + timedelta(minutes=minutes)} | changes


def _afterwards(
    rng: np.random.Generator, shopper: Shopper, product: Product, base: Row, utility: float
) -> Iterator[Row]:
    """What follows a purchase within two weeks: a return, a rating, a review."""
    stars = float(np.clip(round(1.6 + 3.8 * utility + rng.normal(0, 0.7)), 1, 5))
    arrived = 60 * 24 * int(rng.integers(3, 9))
    bare = base | {"slate_id": None, "position": None, "propensity": None}
    if stars <= 2 and rng.random() < 0.7:
        yield _later(bare, arrived + 60 * 24, kind="return", value=product.price)
    if rng.random() < _RATES:
        yield _later(bare, arrived + 200, kind="rating", value=stars)
        if rng.random() < _REVIEWS:
            yield _later(
                bare, arrived + 210, kind="review", value=stars, text=_review(rng, shopper, product, stars)
            )


def _review(rng: np.random.Generator, shopper: Shopper, product: Product, stars: float) -> str:
    words: Mapping[str, list[str]] = read_data("catalogue.json")["words"]
    which = 0 if shopper.lang == "zh" else 1
    elements = [e for e in product.element_ids if e in words]
    head = next(e for e in elements if e.startswith(_HEADS))
    rest = [e for e in elements if e.startswith(_NAMED_FACETS)]
    tone = "good" if stars >= 4 else "fair" if stars >= 3 else "bad"
    text = pick(rng, read_data("reviews.json")[shopper.lang][tone])
    return str(text).format(x=words[head][which], y=words[pick(rng, rest)][which])
