"""A year of events in the shop of the sample world, shown by a policy that is known exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from modacast.sources.world.behaviour import Answers, Floats, Slate, answer, buying
from modacast.sources.world.catalogue import Product
from modacast.sources.world.chance import stream
from modacast.sources.world.shoppers import QUOTAS, Liking, Shopper
from modacast.types import RAW_EVENTS

__all__ = ["History", "events_table", "make_history"]

_WEEKS = 52
_SLATE = 10
_VISITS = 20.0


@dataclass(frozen=True, slots=True)
class History:
    """What happened before the feedback rounds.

    Attributes:
        events: rows of `RAW_EVENTS`, ordered by time.
        owned: shopper to the ids of what they bought.
    """

    events: pa.Table
    owned: dict[str, frozenset[str]]


def make_history(
    seed: int, shoppers: list[Shopper], products: list[Product], liking: Liking, end: date
) -> History:
    """Let every shopper visit the shop for a year.

    Each visit shows a slate that is drawn without replacement with chances by popularity, whoever visits; the
    propensity is the chance of the product at its position, given what stands above it.

    Args:
        seed: of the world.
        shoppers: who visits.
        products: what there is.
        liking: of everyone for everything.
        end: the day after the last event at the latest.
    """
    rng = stream(seed, "popularity")
    popular = rng.normal(0, 0.6, len(products))
    finish = datetime(end.year, end.month, end.day, tzinfo=UTC)
    rows: list[dict[str, Any]] = []
    owned: dict[str, frozenset[str]] = {}
    for number, shopper in enumerate(shoppers):
        own = stream(seed, "visits", shopper.user)
        slates = _slates(own, number, shopper, _Shop(products, popular, liking.utility[number], finish))
        if shopper.user in QUOTAS:
            slates = _settled(own, slates, QUOTAS[shopper.user])
        answers = Answers()
        for slate in slates:
            answer(own, shopper, slate, answers)
        rows.extend(row for row in answers.rows if row["at"] < finish)
        owned[shopper.user] = frozenset(answers.owned)
    return History(events_table(rows), owned)


def events_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Get events as a table of `RAW_EVENTS`, ordered by time and numbered from 1."""
    ordered = sorted(rows, key=lambda row: (row["at"], row["user"], row["item_id"], row["kind"]))
    return pa.Table.from_pylist(
        [{"row": i, **row} for i, row in enumerate(ordered, start=1)], schema=RAW_EVENTS
    )


@dataclass(frozen=True, slots=True)
class _Shop:
    products: list[Product]
    popular: Floats
    utility: Floats
    finish: datetime


def _slates(rng: np.random.Generator, number: int, shopper: Shopper, shop: _Shop) -> list[Slate]:
    n_visits = max(4, int(rng.poisson(_VISITS * shopper.activity)))
    # the last fortnight is left for what follows a purchase
    minutes = np.sort(rng.integers(0, (_WEEKS * 7 - 14) * 24 * 60, n_visits))
    begin = shop.finish - timedelta(weeks=_WEEKS)
    return [
        _slate(rng, f"s{number:03d}-{visit:03d}", begin + timedelta(minutes=int(minute)), shop)
        for visit, minute in enumerate(minutes)
    ]


def _slate(rng: np.random.Generator, slate_id: str, at: datetime, shop: _Shop) -> Slate:
    there = np.array([p.created_at <= at for p in shop.products])
    weights = np.where(there, np.exp(shop.popular), 0.0)
    k = min(_SLATE, int(there.sum()))
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + rng.gumbel(size=len(weights))
    chosen = np.argsort(-keys)[:k]
    picked = weights[chosen]
    left = weights.sum() - np.concatenate([[0.0], np.cumsum(picked)[:-1]])
    return Slate(slate_id, at, [shop.products[i] for i in chosen], shop.utility[chosen], picked / left)


def _settled(rng: np.random.Generator, slates: list[Slate], quota: int) -> list[Slate]:
    """Settle which offers are bought, so that the number of purchases is exact; the likelier an offer, the sooner."""
    best: dict[str, tuple[float, int, int]] = {}
    for s, slate in enumerate(slates):
        keys = np.log(buying(slate.utility) ** 2) + rng.gumbel(size=len(slate.products))
        for i, product in enumerate(slate.products):
            best[product.id] = max(best.get(product.id, (-np.inf, 0, 0)), (float(keys[i]), s, i))
    sold = {(s, i) for _, s, i in sorted(best.values(), reverse=True)[:quota]}
    return [
        replace(slate, bought=np.array([(s, i) in sold for i in range(len(slate.products))]))
        for s, slate in enumerate(slates)
    ]
