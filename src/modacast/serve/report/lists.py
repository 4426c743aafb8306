"""A shopper's page: what was bought, what is recommended, and how feedback moved it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modacast.serve.report.data import Pick, Reasons, ShopperPage
from modacast.serve.report.names import Names
from modacast.serve.report.phrases import ANSWERS
from modacast.serve.report.silhouettes import drawing
from modacast.serve.report.words import Words, counted, percent
from modacast.types import Item

__all__ = ["Card", "Liking", "ShopperView", "price", "shopper_view"]

_AFFINITIES, _PURCHASES = 8, 8
_SYMBOLS = {"CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "KRW": "₩"}


@dataclass(frozen=True, slots=True)
class Card:
    """One product as it is shown.

    Attributes:
        title: of the product.
        drawing: its silhouette.
        price: as people write it, `""` where unknown.
        rank: on the list, 0 outside of one.
        reasons: why it is there.
        move: places gained (or lost, negative) against the list before; None where it is new or not compared.
        mark: `"new"`, `"up"`, `"down"`, `"same"`, `"left"` or `""`.
        answer: what the shopper did with it.
    """

    title: str
    drawing: Markup
    price: str
    rank: int = 0
    reasons: Sequence[Words] = ()
    move: int | None = None
    mark: str = ""
    answer: Words | None = None


@dataclass(frozen=True, slots=True)
class Liking:
    """An element that a shopper likes; `part` is in (0, 1] of the dearest."""

    name: Words
    part: float
    colour: str | None
    figure: str = ""


@dataclass(frozen=True, slots=True)
class ShopperView:
    """One shopper's page."""

    label: str
    likes: Sequence[Liking]
    price_band: str
    values: Sequence[tuple[Words, Words | None]]
    styles: Sequence[Liking]
    bought: Sequence[Card]
    before: Sequence[Card]
    after: Sequence[Card]


def shopper_view(page: ShopperPage, names: Names) -> ShopperView:
    """Get one shopper's page, with moves marked where there are two lists."""
    ranks = {pick.item.id: pick.rank for pick in page.before}
    stays = {pick.item.id for pick in page.after}
    return ShopperView(
        label=page.label,
        likes=_likes(page.affinities, names),
        price_band=_band(page.price_band, page.currency),
        values=[(names.name(value), _note(page.value_notes.get(value))) for value in page.values],
        styles=_weighed(page.styles, names),
        bought=[_card(item, names) for item in page.purchases[:_PURCHASES]],
        before=[
            _pick(pick, names, mark="left" if page.after and pick.item.id not in stays else "",
                  answer=ANSWERS.get(page.answers.get(pick.item.id, "")))
            for pick in page.before
        ],
        after=[_moved(pick, ranks, names, is_compared=bool(page.before)) for pick in page.after],
    )  # fmt: skip


def _moved(pick: Pick, ranks: Mapping[str, int], names: Names, *, is_compared: bool) -> Card:
    if not is_compared:
        return _pick(pick, names)
    if pick.item.id not in ranks:
        return _pick(pick, names, mark="new")
    move = ranks[pick.item.id] - pick.rank
    return _pick(pick, names, mark="up" if move > 0 else "down" if move < 0 else "same", move=move)


def _pick(
    pick: Pick, names: Names, *, mark: str = "", move: int | None = None, answer: Words | None = None
) -> Card:
    return Card(
        title=pick.item.title,
        drawing=drawing(pick.item.element_ids, names),
        price=price(pick.item.price, pick.item.currency),
        rank=pick.rank,
        reasons=_reasons(pick.reasons),
        move=move,
        mark=mark,
        answer=answer,
    )


def _card(item: Item, names: Names) -> Card:
    return Card(
        title=item.title, drawing=drawing(item.element_ids, names), price=price(item.price, item.currency)
    )


def _reasons(reasons: Reasons) -> list[Words]:
    if not isinstance(reasons, Mapping):
        return [Words(reason, reason) for reason in reasons]
    zh = list(reasons.get("zh") or reasons.get("en") or ())
    en = list(reasons.get("en") or zh)
    return [Words(left, right) for left, right in zip(zh, en, strict=False)]


def _likes(affinities: Mapping[str, float], names: Names) -> list[Liking]:
    dearest = sorted(affinities.items(), key=lambda pair: (-pair[1], pair[0]))[:_AFFINITIES]
    dearest = [pair for pair in dearest if pair[1] > 0]
    top = dearest[0][1] if dearest else 1.0
    return [Liking(names.name(e), weight / top, names.colour(e)) for e, weight in dearest]


def _weighed(styles: Mapping[str, float], names: Names) -> list[Liking]:
    top = max(styles.values(), default=1.0)
    return [Liking(names.name(e), weight / top, None, percent(weight)) for e, weight in styles.items()]


def _note(found: tuple[str, str] | None) -> Words | None:
    return Words(*found) if found and found[0] else None


def _band(band: tuple[float, float] | None, currency: str | None) -> str:
    return "" if band is None else f"{price(band[0], currency)} – {price(band[1], currency)}"


def price(amount: float | None, currency: str | None) -> str:
    """Get a price as people write it: `"¥ 268"`; `""` where unknown."""
    if amount is None:
        return ""
    digits = counted(round(amount)) if amount >= 20 else f"{amount:.2f}"
    mark = _SYMBOLS.get(currency or "", currency or "")
    return f"{mark}\u2009{digits}".strip()
