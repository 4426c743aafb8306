"""The shoppers of the sample world: what each truly likes, and what that makes of each product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.sources.world.catalogue import Product
from modacast.sources.world.chance import pick, stream
from modacast.sources.world.planted import PLANTED

__all__ = ["QUOTAS", "Liking", "Shopper", "make_shoppers"]

QUOTAS: Mapping[str, int] = {"A": 10, "B": 5}
"""Shoppers with an exact number of purchases."""

_KINDS: Mapping[str, Mapping[str, float]] = {
    "neo-chinese": {"style/neo-chinese": 1.6, "fabric/silk": 1.1, "garment/mamian-skirt": 0.7, "detail/frog-button": 0.7,
                    "garment/new-chinese-top": 0.7, "pattern/solid": 0.6, "fabric/xiangyunsha": 0.6, "style/streetwear": -0.9},
    "outdoor": {"style/gorpcore": 1.6, "fabric/gore-tex": 0.9, "footwear/trail-shoe": 0.9, "garment/shell-jacket": 0.7,
                "fabric/nylon": 0.5, "color/olive-green": 0.5, "fabric/lace": -0.9, "detail/bow": -0.9},
    "street": {"style/streetwear": 1.5, "silhouette/oversized": 0.9, "footwear/dad-shoe": 0.5, "garment/hoodie": 0.8,
               "footwear/low-profile-sneaker": 0.9, "color/black": 0.5, "style/neo-chinese": -0.7, "detail/bow": -0.7},
    "quiet": {"style/quiet-luxury": 1.6, "fabric/cashmere": 1.2, "fabric/wool": 0.6, "pattern/solid": 0.5, "color/camel": 0.6,
              "color/beige": 0.5, "style/y2k": -1.1, "style/hot-girl": -0.9},
    "ballet": {"style/balletcore": 1.4, "detail/bow": 1.1, "footwear/ballet-flat": 1.0, "style/french": 0.8, "fabric/lace": 0.5,
               "color/mint-green": 0.3, "style/gorpcore": -1.0},
    "hot": {"style/y2k": 1.3, "style/hot-girl": 1.2, "garment/camisole": 0.7, "garment/jeans": 0.6, "garment/leather-jacket": 0.7,
            "fabric/cashmere": -0.6, "style/literary": -0.8},
    "preppy": {"style/preppy": 1.5, "footwear/loafer": 0.9, "pattern/check": 0.9, "garment/pleated-skirt": 0.8, "color/navy": 0.6,
               "fabric/suede": 0.4, "style/gorpcore": -0.6},
    "calm": {"style/literary": 1.1, "fabric/linen": 1.2, "value/sustainable": 1.1, "value/natural-materials": 0.8,
             "fabric/organic-cotton": 0.9, "value/recycled": 0.7, "style/commuter": 0.4, "style/y2k": -0.8},
    "office": {"style/commuter": 1.5, "garment/blazer": 0.8, "garment/wide-leg-trousers": 0.8, "garment/shirt": 0.6,
               "silhouette/high-waist": 0.4, "color/grey": 0.4, "style/streetwear": -0.8},
}  # fmt: skip
_COLORS = (
    "color/black",
    "color/off-white",
    "color/navy",
    "color/wine-red",
    "color/camel",
    "color/light-blue",
)
_NAMES = ("linxi", "wanqing", "zihan", "muyang", "ayuan", "keke", "shiyu", "chenlu", "nana", "haoran", "emma", "jules",
          "priya", "noah", "mina", "yuki", "sora", "claire")  # fmt: skip
_RISING = tuple(e for e, p in PLANTED.items() if p.stage in {"rising", "emerging", "peaking"})
_SHIFT, _SLOPE, _PRICE_WEIGHT = -2.3, 1.15, 1.0


@dataclass(frozen=True, slots=True)
class Shopper:
    """One shopper.

    Attributes:
        user: raw id, as a shop's export holds it.
        tastes: element id to weight, above 0 for what is liked.
        price: what they like to pay, CNY.
        lang: of their reviews.
        activity: visits relative to others.
    """

    user: str
    tastes: Mapping[str, float]
    price: float
    lang: str
    activity: float


@dataclass(frozen=True, slots=True)
class Liking:
    """How much each shopper likes each product.

    Attributes:
        users: shopper to row.
        items: product to column.
        utility: `(n_shoppers, n_products)` float64 in [0, 1].
    """

    users: Mapping[str, int]
    items: Mapping[str, int]
    utility: npt.NDArray[np.float64]

    @classmethod
    def of(cls, shoppers: list[Shopper], products: list[Product]) -> Liking:
        """Work out the liking of everyone for everything."""
        elements = sorted({e for product in products for e in product.element_ids})
        column = {element: i for i, element in enumerate(elements)}
        made_of = np.zeros((len(products), len(elements)))
        for row, product in enumerate(products):
            made_of[row, [column[e] for e in product.element_ids]] = 1.0
        weights = np.array([[shopper.tastes.get(e, 0.0) for e in elements] for shopper in shoppers])
        wanted = np.log([shopper.price for shopper in shoppers])
        asked = np.log([product.price for product in products])
        # too dear hurts more than too cheap
        gap = asked[None, :] - wanted[:, None]
        price = -_PRICE_WEIGHT * np.where(gap > 0, gap, -0.4 * gap) ** 2
        utility = 1 / (1 + np.exp(-(_SHIFT + _SLOPE * (weights @ made_of.T) + price)))
        return cls(
            {shopper.user: i for i, shopper in enumerate(shoppers)},
            {product.id: i for i, product in enumerate(products)},
            utility,
        )


def make_shoppers(seed: int, n_shoppers: int) -> list[Shopper]:
    """Get the shoppers; the first two are `"A"` (new Chinese style, silk, plain) and `"B"` (outdoor, sneakers).

    Args:
        seed: of the world.
        n_shoppers: how many, 2 at least.
    """
    rng = stream(seed, "shoppers")
    first = [
        Shopper("A", dict(_KINDS["neo-chinese"]) | {"pattern/solid": 1.0}, 700.0, "zh", 1.6),
        Shopper("B", _mixed(_KINDS["outdoor"], _KINDS["street"], 0.55), 750.0, "en", 1.2),
    ]
    return first + [_shopper(rng, number) for number in range(3, n_shoppers + 1)]


def _shopper(rng: np.random.Generator, number: int) -> Shopper:
    kinds = list(_KINDS)
    main, second = (kinds[i] for i in rng.permutation(len(kinds))[:2])
    tastes = _mixed(_KINDS[main], _KINDS[second], float(rng.uniform(0.1, 0.5)))
    tastes = {element: weight * float(rng.uniform(0.75, 1.25)) for element, weight in tastes.items()}
    color = pick(rng, _COLORS)
    tastes[color] = tastes.get(color, 0.0) + 0.6
    leaning = float(rng.choice([0.0, 0.25, 0.6], p=[0.4, 0.4, 0.2]))
    for element in _RISING:
        if leaning:
            tastes[element] = tastes.get(element, 0.0) + leaning
    return Shopper(
        user=f"{pick(rng, _NAMES)}_{number:03d}",
        tastes=tastes,
        price=float(np.exp(rng.normal(np.log(480), 0.5))),
        lang="zh" if rng.random() < 0.7 else "en",
        activity=float(rng.lognormal(0.0, 0.45)),
    )


def _mixed(main: Mapping[str, float], second: Mapping[str, float], share: float) -> dict[str, float]:
    return {e: main.get(e, 0.0) + share * second.get(e, 0.0) for e in dict.fromkeys((*main, *second))}
