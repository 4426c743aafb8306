"""The values that shoppers care for: what they take and send back, and what they write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.errors import InvalidInput, suggest

__all__ = ["STATEMENTS", "VALUES", "value_evidence"]

STATEMENTS = pa.schema([
    pa.field("user_key", pa.string(), nullable=False),
    pa.field("element_id", pa.string(), nullable=False),  # of the facet "value"
    pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
    pa.field("care", pa.float32(), nullable=False),       # -1 (says that it does not matter) .. 1 (asks for it)
    pa.field("surface", pa.string(), nullable=False),
    pa.field("item_id", pa.string()),                     # that it was written about
])  # fmt: skip
"""What shoppers wrote about values, one row a mention."""

VALUES = pa.schema([
    pa.field("user_key", pa.string(), nullable=False),
    pa.field("element_id", pa.string(), nullable=False),
    pa.field("weight", pa.float64(), nullable=False),     # in (-1, 1): 0 is no more than chance
    pa.field("n_taken", pa.int64(), nullable=False),      # products with the value that were taken to
    pa.field("n_refused", pa.int64(), nullable=False),    # that were sent back or disliked
    pa.field("n_said", pa.int64(), nullable=False),       # times that it was written of
    pa.field("share", pa.float64(), nullable=False),      # of what was taken, shrunk towards the catalogue's share
    pa.field("base", pa.float64(), nullable=False),       # the catalogue's share
    pa.field("item_ids", pa.list_(pa.string())),          # the latest products that speak for it
    pa.field("surfaces", pa.list_(pa.string())),          # the latest words
])  # fmt: skip
"""Each shopper's values with what they rest on, the weightiest first."""

_PRIOR_EVENTS = 6.0
_PRIOR_SAID = 1.5
_SHOWN = 3


@dataclass(slots=True)
class _Found:
    taken: float = 0.0
    refused: float = 0.0
    said: float = 0.0
    n_taken: int = 0
    n_refused: int = 0
    n_said: int = 0
    items: dict[str, float] = field(default_factory=dict)
    surfaces: dict[str, float] = field(default_factory=dict)


def value_evidence(
    events: pa.Table,
    strengths: npt.ArrayLike,
    item_values: Mapping[str, Sequence[str]],
    *,
    now: datetime,
    statements: pa.Table | None = None,
    half_life_days: float = 180.0,
    consents: Mapping[str, str] | None = None,
) -> pa.Table:
    """Get what each shopper cares for, with counts and examples.

    What was taken speaks by its share of all that the shopper took, shrunk towards the catalogue's share as if six
    events of the catalogue's mix were among them, so that one organic shirt is no creed. What was written
    speaks for itself, shrunk by 1.5. Old evidence fades.

    Args:
        events: rows of `EVENTS`; those after `now` and of items that `item_values` lacks are left out.
        strengths: `(n_events,)` in [-1, 1] of `event_strength`.
        item_values: every item of the catalogue to the ids of its values.
        now: UTC; ages are counted back from here.
        statements: rows of `STATEMENTS`.
        half_life_days: after which evidence counts half. Values change more slowly than tastes.
        consents: pseudonym to what the shopper agreed to; only `"granted"`, which absence means, has values.

    Returns:
        `VALUES`, ordered by shopper and descending weight.

    Raises:
        InvalidInput: a column is missing, or the strengths do not fit.
    """
    strength = np.asarray(strengths, dtype=np.float64)
    if strength.shape != (events.num_rows,):
        raise InvalidInput(f"need one strength an event: {events.num_rows} events, {strength.shape}")
    _need(events, "events", ("user_key", "item_id", "at"))
    may = {key for key, consent in (consents or {}).items() if consent != "granted"}
    base = _base(item_values)
    found: dict[str, dict[str, _Found]] = {}
    total: dict[str, float] = {}
    columns = (events[name].to_pylist() for name in ("user_key", "item_id", "at"))
    for key, item_id, at, force in zip(*columns, strength.tolist(), strict=True):
        if key in may or item_id not in item_values or at > now or force == 0:
            continue
        weight = abs(force) * _fresh(at, now, half_life_days)
        if force > 0:
            total[key] = total.get(key, 0.0) + weight
        for element_id in item_values[item_id]:
            one = found.setdefault(key, {}).setdefault(element_id, _Found())
            if force > 0:
                one.taken += weight
                one.n_taken += 1
                one.items[item_id] = max(one.items.get(item_id, 0.0), at.timestamp())
            else:
                one.refused += weight
                one.n_refused += 1
    for row in _said(statements):
        if row["user_key"] in may or row["at"] > now:
            continue
        one = found.setdefault(row["user_key"], {}).setdefault(row["element_id"], _Found())
        one.said += row["care"] * _fresh(row["at"], now, half_life_days)
        one.n_said += 1
        one.surfaces[row["surface"]] = max(one.surfaces.get(row["surface"], 0.0), row["at"].timestamp())
    rows = [
        _row(key, element_id, one, total.get(key, 0.0), base.get(element_id, 0.0))
        for key in sorted(found)
        for element_id, one in sorted(found[key].items())
    ]
    rows.sort(key=lambda row: (row["user_key"], -row["weight"], row["element_id"]))
    return pa.Table.from_pylist(rows, schema=VALUES)


def _row(key: str, element_id: str, one: _Found, total: float, base: float) -> dict[str, Any]:
    share = max(one.taken - one.refused + _PRIOR_EVENTS * base, 0.0) / (total + _PRIOR_EVENTS)
    took = (share - base) / (share + base) if share + base > 0 else 0.0
    said = one.said / (abs(one.said) + _PRIOR_SAID)
    # two ways of caring add up without passing 1; one against the other cancel out
    agree = took * said >= 0
    weight = np.sign(took + said) * (1 - (1 - abs(took)) * (1 - abs(said))) if agree else took + said
    latest = [
        sorted(found, key=lambda name: (-found[name], name))[:_SHOWN] for found in (one.items, one.surfaces)
    ]
    return {
        "user_key": key, "element_id": element_id, "weight": float(weight), "n_taken": one.n_taken,
        "n_refused": one.n_refused, "n_said": one.n_said, "share": share, "base": base, "item_ids": latest[0],
        "surfaces": latest[1],
    }  # fmt: skip


def _base(item_values: Mapping[str, Sequence[str]]) -> dict[str, float]:
    counts: dict[str, int] = {}
    for values in item_values.values():
        for element_id in values:
            counts[element_id] = counts.get(element_id, 0) + 1
    return {element_id: (n + 0.5) / (len(item_values) + 1.0) for element_id, n in counts.items()}


def _fresh(at: datetime, now: datetime, half_life_days: float) -> float:
    age = (now.astimezone(UTC) - at).total_seconds() / 86_400
    return float(np.exp2(-age / half_life_days))


def _said(statements: pa.Table | None) -> list[dict[str, Any]]:
    if statements is None:
        return []
    _need(statements, "statements", STATEMENTS.names)
    found: list[dict[str, Any]] = statements.select(STATEMENTS.names).to_pylist()
    return found


def _need(table: pa.Table, name: str, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in table.column_names:
            raise InvalidInput(f"{name}: there is no column {column!r}{suggest(column, table.column_names)}")
