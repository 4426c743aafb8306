"""The truth of the sample world: how often each planted element is talked about, week by week."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.types import Stage

__all__ = ["BACKGROUND", "PLANTED", "SPAM", "Planted", "Weeks", "share"]

Weeks = npt.NDArray[np.float64]
_YEAR = 365.25

SPAM = "garment/leggings"
"""The element that one author and their copies push for three weeks; no trend at all."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted course.

    Attributes:
        stage: what the course is at the end of the world, in the words of `STAGES`.
        curve: from weeks before the end (0 is the last) and the day of the year to shares of posts.
    """

    stage: Stage
    curve: Callable[[Weeks, Weeks], Weeks]


def _even(level: float) -> Callable[[Weeks, Weeks], Weeks]:
    return lambda ago, _: np.full_like(ago, level)


def _slope(first: float, last: float, *, since: float) -> Callable[[Weeks, Weeks], Weeks]:
    """One level until some weeks ago, then straight to the other, which is reached at the end."""
    return lambda ago, _: first + (last - first) * np.clip((since - ago) / since, 0, 1)


def _step(first: float, last: float, *, middle: float, width: float) -> Callable[[Weeks, Weeks], Weeks]:
    return lambda ago, _: first + (last - first) / (1 + np.exp((ago - middle) / width))


def _peak(base: float, top: float, *, at: float, rise: float, fall: float) -> Callable[[Weeks, Weeks], Weeks]:
    def curve(ago: Weeks, _: Weeks) -> Weeks:
        width = np.where(ago > at, rise, fall)
        return base + (top - base) * np.exp(-(((ago - at) / width) ** 2) / 2)

    return curve


def _season(top: float, *, day: float, width: float = 38.0) -> Callable[[Weeks, Weeks], Weeks]:
    def curve(_: Weeks, day_of_year: Weeks) -> Weeks:
        apart = np.abs(day_of_year - day)
        apart = np.minimum(apart, _YEAR - apart)
        return 0.012 + top * np.exp(-((apart / width) ** 2) / 2)

    return curve


PLANTED: Mapping[str, Planted] = {
    "style/neo-chinese": Planted("rising", _slope(0.06, 0.24, since=40)),
    "fabric/suede": Planted("rising", _step(0.05, 0.22, middle=14, width=4)),
    "color/wine-red": Planted("rising", _step(0.05, 0.21, middle=10, width=3)),
    "garment/mamian-skirt": Planted("emerging", _slope(0.0, 0.18, since=8)),
    "footwear/low-profile-sneaker": Planted("emerging", _slope(0.0, 0.19, since=13)),
    "footwear/ballet-flat": Planted("peaking", _peak(0.04, 0.32, at=8, rise=5, fall=4)),
    "detail/bow": Planted("peaking", _peak(0.03, 0.31, at=9, rise=4, fall=4.5)),
    "garment/down-jacket": Planted("seasonal", _season(0.18, day=358)),
    "garment/sun-protection-jacket": Planted("seasonal", _season(0.18, day=178)),
    "garment/trench-coat": Planted("seasonal", _season(0.15, day=285, width=26)),
    "footwear/dad-shoe": Planted("declining", _slope(0.17, 0.02, since=26)),
    "style/y2k": Planted("declining", _step(0.18, 0.02, middle=20, width=6)),
    "garment/cargo-pants": Planted("declining", _step(0.16, 0.02, middle=13, width=3)),
    "garment/jeans": Planted("steady", _even(0.08)),
    "footwear/loafer": Planted("steady", _even(0.06)),
    "garment/shirt": Planted("steady", _even(0.07)),
    "style/gorpcore": Planted("steady", _even(0.06)),
}
"""Element id to its course; facets, shapes and levels differ."""

BACKGROUND: tuple[str, ...] = (
    "garment/sweater", "garment/knitwear", "garment/cardigan", "garment/skirt", "garment/pleated-skirt",
    "garment/dress", "garment/coat", "garment/blazer", "garment/t-shirt", "garment/sweatshirt",
    "garment/wide-leg-trousers", "garment/tweed-jacket", "accessory/scarf", "accessory/beret",
    "accessory/tote-bag", "accessory/shoulder-bag", "accessory/baseball-cap", "footwear/chelsea-boot",
)  # fmt: skip
"""What is talked about at an even level beside the planted elements."""


def share(element_id: str, weeks_ago: Weeks, day_of_year: Weeks) -> Weeks:
    """Get the chance that a post about clothes names a planted element.

    Args:
        element_id: a key of `PLANTED`.
        weeks_ago: `(n,)` weeks before the last one, 0 for the last.
        day_of_year: `(n,)` 1 to 366.

    Returns:
        `(n,)` float64 in [0, 1].
    """
    return np.asarray(PLANTED[element_id].curve(weeks_ago, day_of_year), dtype=np.float64)
