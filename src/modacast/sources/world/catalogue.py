"""The shop of the sample world: products in two colours each, with titles as a Chinese shop writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from modacast.sources.world.chance import pick, stream
from modacast.sources.world.phrasing import read_data
from modacast.types import ITEMS

__all__ = ["Product", "items_table", "make_products"]

_OUT_OF_STOCK = 0.05


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the shop.

    Attributes:
        element_ids: what it truly is; its title names all of them.
        price: in CNY.
    """

    id: str
    title: str
    text: str
    element_ids: tuple[str, ...]
    price: float
    is_available: bool
    created_at: datetime
    group_id: str


def make_products(seed: int, end: date) -> list[Product]:
    """Get the 240 products: 120 designs in two colours.

    Args:
        seed: of the world.
        end: the Monday after the last week; everything was listed before.
    """
    rng = stream(seed, "catalogue")
    lines = read_data("catalogue.json")["lines"]
    designs = [line for line in lines for _ in range(line["n"])]
    return [product for number, line in enumerate(designs) for product in _design(rng, line, number, end)]


def items_table(products: list[Product]) -> pa.Table:
    """Get products as a table of `ITEMS`, their elements among them."""
    columns: dict[str, list[Any]] = {
        "id": [p.id for p in products],
        "title": [p.title for p in products],
        "text": [p.text for p in products],
        "element_ids": [list(p.element_ids) for p in products],
        "price": [p.price for p in products],
        "currency": ["CNY"] * len(products),
        "available": [p.is_available for p in products],
        "created_at": [p.created_at for p in products],
        "group_id": [p.group_id for p in products],
    }
    return pa.table(columns, schema=ITEMS)


def _design(rng: np.random.Generator, line: dict[str, Any], number: int, end: date) -> Iterator[Product]:
    data = read_data("catalogue.json")
    style = pick(rng, line["style"])
    fabric = pick(rng, line["fabric"]) if line["fabric"] else None
    n_extra = min(len(line["extra"]), 1 + int(rng.random() < 0.35))
    extra = [line["extra"][i] for i in rng.permutation(len(line["extra"]))[:n_extra]]
    low, high = line["price"]
    price = float(round(np.exp(rng.uniform(np.log(low), np.log(high))) / 10) * 10 - 1)
    listed = datetime(end.year, end.month, end.day, tzinfo=UTC) - timedelta(days=int(rng.integers(20, 700)))
    brand = pick(rng, data["brands"])
    colors = list(data["colors"])
    chosen = [style, *([fabric] if fabric else []), *line.get("always", ()), *extra, line["noun"]]
    tail = pick(rng, data["zh_tail"])
    texts = data["texts"][line["noun"].partition("/")[0]]
    for variant, i in enumerate(rng.permutation(len(colors))[:2]):
        color = colors[i]
        zh, en = ({e: data["words"][e][k] for e in chosen} for k in (0, 1))
        zh_color, en_color = data["colors"][color]
        middle = " ".join(zh[e] for e in chosen)
        english = " ".join(en[e] for e in chosen)
        told = {
            "fabric": zh[fabric] if fabric else "面料",
            "noun": zh[line["noun"]],
            "style": zh[style],
            "tail": tail,
        }
        sold = {"style": en[style], "color": en_color}
        text = f"{pick(rng, texts['zh']).format(**told)} {pick(rng, texts['en']).format(**sold)}"
        yield Product(
            id=f"P{number:03d}-{'AB'[variant]}",
            title=f"{brand} {middle} {tail} {zh_color}",
            text=f"{text} {english}.",
            element_ids=(*chosen, color),
            price=price,
            is_available=bool(rng.random() >= _OUT_OF_STOCK),
            created_at=listed,
            group_id=f"P{number:03d}",
        )
