"""A small shop that the tests of profiles, recommendation and feedback share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from modacast.profiles import ProfileBuilder, event_strength
from modacast.recommend import Catalogue, Recommender
from modacast.types import EVENTS, ITEMS, TRENDS

NOW = datetime(2024, 3, 4, tzinfo=UTC)
GARMENTS = ("dress", "coat", "sneaker", "bag")
COLORS = ("pink", "black", "white")
PARENTS = {"garment/dress": "garment/clothes", "garment/coat": "garment/clothes"}


def items(n: int = 48) -> pa.Table:
    rows = []
    for i in range(n):
        garment, color = GARMENTS[i % 4], COLORS[(i // 4) % 3]
        rows.append({
            "id": f"i{i:03d}", "title": f"{color} {garment} {i}", "text": "",
            "element_ids": [f"garment/{garment}", f"color/{color}"], "price": 100.0 + 10 * (i % 7), "currency": "CNY",
            "available": i != 7, "created_at": NOW - timedelta(days=i), "group_id": f"g{i // 12}-{garment}",
        })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=ITEMS)


def vectors(table: pa.Table) -> np.ndarray:
    """One axis a garment, one a colour, a little noise: near items are alike."""
    rng = np.random.default_rng(0)
    axes = [f"garment/{g}" for g in GARMENTS] + [f"color/{c}" for c in COLORS]
    found = rng.normal(0, 0.05, (table.num_rows, len(axes) + 4))
    for row, element_ids in enumerate(table["element_ids"].to_pylist()):
        found[row, [axes.index(e) for e in element_ids]] += 1.0
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def event(user: str, item: str, kind: str = "purchase", days: float = 10, value: float | None = None) -> dict:
    at = NOW - timedelta(days=days)
    return {"id": f"{user}{item}{kind}{days}", "user_key": user, "item_id": item, "kind": kind, "at": at, "value": value,
            "text": None, "slate_id": None, "position": None, "propensity": None}  # fmt: skip


def events(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=EVENTS)


def history() -> pa.Table:
    """Anna takes to pink dresses, Bo to black sneakers; a crowd buys bags."""
    rows = [event("anna", f"i{i:03d}", days=5 + i) for i in (0, 12, 24)]
    rows += [event("bo", f"i{i:03d}", days=5 + i) for i in (6, 18, 30)]
    rows += [event(f"c{n}", f"i{3 + 12 * (n % 2):03d}", days=n % 9) for n in range(20)]
    return events(*rows)


def trends(**growth: float) -> pa.Table:
    rows = []
    for name, value in growth.items():
        row = dict.fromkeys(TRENDS.names)
        rows.append(row | {
            "element_id": name.replace("_", "/", 1), "segment": "all", "as_of": NOW.date(), "stage": "rising",
            "level": 0.01, "growth": value, "confidence": 0.9, "n_mentions": 100, "first_seen": NOW.date(),
            "peak": NOW.date(), "why": "",
        })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=TRENDS)


def recommender(
    table: pa.Table | None = None, rows: pa.Table | None = None, *, with_vectors: bool = True, **more
):
    table = items() if table is None else table
    rows = history() if rows is None else rows
    catalogue = Catalogue(table, vectors(table) if with_vectors else None, parents=PARENTS)
    profiles = ProfileBuilder(catalogue).build(rows, now=NOW)
    fit = {"trends": more.pop("trends", None)}
    return Recommender(catalogue, **more).fit(rows, event_strength(rows), profiles, now=NOW, **fit)
