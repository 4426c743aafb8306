"""Why an item is on a list, in words that can be checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from modacast.recommend.catalogue import Catalogue, Shoppers
from modacast.recommend.features import FEATURES
from modacast.recommend.retrieve import CoPurchase
from modacast.types import Floats

__all__ = ["Explainer", "Reason"]

Lang = Literal["zh", "en"]

_MOST_GROWTH = 49.0  # that is told in numbers

_TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "similar": {"zh": "与你买过的「{item}」相近", "en": "close to “{item}”, which you took to"},
    "session": {"zh": "与你最近关注的「{item}」相近", "en": "close to “{item}”, which you turned to lately"},
    "bought_together": {"zh": "买过「{item}」的人也买了它", "en": "bought together with “{item}”"},
    "again": {"zh": "你买过它或它的同款", "en": "you bought it, or a variant of it, before"},
    "popular": {"zh": "近期热销", "en": "selling well now"},
    "trend": {"zh": "{elements}正在上升{growth}", "en": "{elements} is rising{growth}"},
    "trend_for_you": {"zh": "你偏爱的{elements}正在上升{growth}", "en": "{elements}, which you like, is rising{growth}"},
    "affinity": {"zh": "因为你偏爱{elements}", "en": "because you like {elements}"},
    "value": {"zh": "符合你在意的{elements}", "en": "it is {elements}, which matters to you"},
    "price": {"zh": "在你常买的价位", "en": "in your usual price range"},
    "new": {"zh": "新品", "en": "a new arrival"},
}  # fmt: skip

_PERSONAL = frozenset(
    {"similar", "session", "bought_together", "again", "trend_for_you", "affinity", "value", "price"}
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, structured so that it can be checked and said in any language.

    Attributes:
        code: the feature that it rests on, one of `FEATURES`.
        part: the feature's part in the score.
        element_ids: the elements that it names.
        item_id: the shopper's own item that it names.
        growth: relative growth of the first element, where it names a trend.
    """

    code: str
    part: float
    element_ids: tuple[str, ...] = ()
    item_id: str | None = None
    growth: float | None = None

    def text(self, lang: Lang, label: Callable[[str, str], str], title: Callable[[str], str]) -> str:
        """Say it.

        Args:
            lang: the language.
            label: element id and language to its name.
            title: item id to its title.
        """
        joined = ("、" if lang == "zh" else ", ").join(label(e, lang) for e in self.element_ids)
        growth = ""
        if self.growth is not None and self.growth <= _MOST_GROWTH:  # beyond, it rose from next to nothing
            growth = f" ({self.growth:+.0%})" if lang == "en" else f"（{self.growth:+.0%}）"
        return _TEMPLATES[self.code][lang].format(
            elements=joined, growth=growth, item=_short(title(self.item_id)) if self.item_id else ""
        )


class Explainer:
    """Finds the reasons behind scores.

    Args:
        catalogue: the items.
        lift: element id to how strongly it rises.
        growth: element id to its relative growth, to be quoted.
        neighbours: the co-purchase channel, to name the item behind it.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        lift: Mapping[str, float],
        growth: Mapping[str, float],
        neighbours: CoPurchase | None,
    ) -> None:
        self._catalogue = catalogue
        self._lift = lift
        self._growth = growth
        self._neighbours = neighbours

    def reasons(
        self, shoppers: Shoppers, shopper: int, item: int, parts: Floats, *, personal: bool, most: int = 3
    ) -> tuple[Reason, ...]:
        """Get up to `most` reasons, strongest first; each names what in the shopper's history it rests on.

        Args:
            shoppers: the block.
            shopper: row in the block.
            item: row in the catalogue.
            parts: `(f,)` the features' contributions to the score.
            personal: whether personal reasons may be given.
            most: how many.
        """
        found: list[Reason] = []
        for column in np.argsort(-parts, kind="stable"):
            code = FEATURES[column]
            if parts[column] <= 1e-6 or len(found) == most:
                break
            if code in _PERSONAL and not personal:
                continue
            reason = self._reason(code, float(parts[column]), shoppers, shopper, item)
            if reason is not None and not _repeats(reason, found):
                found.append(reason)
        return tuple(found)

    def _reason(self, code: str, part: float, shoppers: Shoppers, shopper: int, item: int) -> Reason | None:
        if code in {"trend", "trend_for_you", "affinity", "value"}:
            return self._about_elements(code, part, shoppers, shopper, item)
        if code in {"similar", "session", "bought_together"}:
            own = self._nearest_own(code, shoppers, shopper, item)
            return None if own is None else Reason(code, part, item_id=self._catalogue.ids[own])
        return Reason(code, part)

    def _about_elements(
        self, code: str, part: float, shoppers: Shoppers, shopper: int, item: int
    ) -> Reason | None:
        own = self._catalogue.own_elements[item]
        cared = shoppers.affinities[shopper]
        worth: dict[str, float] = {}
        for element_id in own:
            affinity = float(cared[0, self._catalogue.element_row[element_id]])
            rise = self._lift.get(element_id, 0.0)
            if code == "value":
                worth[element_id] = float(element_id in shoppers.values[shopper])
            else:
                worth[element_id] = {"trend": rise, "affinity": affinity}.get(code, min(affinity, rise))
        best = sorted((e for e in worth if worth[e] > 0.05), key=lambda e: (-worth[e], e))
        best = best[:1] if code.startswith("trend") else best[:3]
        if not best:
            return None
        growth = self._growth.get(best[0]) if code.startswith("trend") else None
        return Reason(code, part, element_ids=tuple(best), growth=growth)

    def _nearest_own(self, code: str, shoppers: Shoppers, shopper: int, item: int) -> int | None:
        taken = shoppers.taste[shopper]
        groups = self._catalogue.groups
        own = taken.indices[(taken.data > 0) & (groups[taken.indices] != groups[item])]
        if own.size == 0:
            return None
        if code == "bought_together":
            if self._neighbours is None:
                return None
            near = np.asarray(self._neighbours.similarity[own, [item] * own.size]).ravel()
        elif self._catalogue.vectors is None:
            return None
        else:
            near = self._catalogue.vectors[own] @ self._catalogue.vectors[item]
        best = int(np.argmax(near))
        return int(own[best]) if near[best] > 0 else None


def _repeats(reason: Reason, found: list[Reason]) -> bool:
    same_item = reason.item_id is not None and any(reason.item_id == other.item_id for other in found)
    same_elements = bool(reason.element_ids) and any(
        set(reason.element_ids) <= set(other.element_ids) for other in found
    )
    return same_item or same_elements


def _short(title: str, most: int = 28) -> str:
    return title if len(title) <= most else title[: most - 1] + "…"
