"""Events on their way in: checked, agreed to, scrubbed and under pseudonyms."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from modacast.errors import suggest
from modacast.types import EVENT_KINDS, EVENTS, REJECTS, Batch

__all__ = ["admit_events"]


def admit_events(
    events: pa.Table,
    *,
    source: str,
    path: str,
    known_items: Collection[str],
    pseudonymise: Callable[[pa.Array], pa.Array],
    scrub: Callable[[list[str]], list[str]],
    consents: Mapping[str, str],
    presume: Literal["assumed", "required"] = "assumed",
) -> Batch:
    """Turn raw events into events that may be stored.

    Args:
        events: rows of `RAW_EVENTS`.
        source: name of the input, for the rejects.
        path: file of the input, for the rejects.
        known_items: ids of the catalogue.
        pseudonymise: raw user ids to keyed pseudonyms.
        scrub: texts to texts without personal data.
        consents: pseudonym to `"granted"`, `"anonymous"` or `"denied"`, for those who said something.
        presume: whether those who said nothing count as having agreed (`"assumed"`) or not (`"required"`).

    Returns:
        Rows of `EVENTS`, and rows of `REJECTS` for events of an unknown kind, for an unknown product, with a
        rating that is no number, or without consent. Two rows that agree in everything are two events (a
        quantity of two); the same file imported again gives the same ids, so nothing is counted twice.
    """
    raw_users = pc.unique(events["user"])
    keys = dict(zip(raw_users.to_pylist(), pseudonymise(raw_users).to_pylist(), strict=True))
    rows, rejects = [], []
    seen: Counter[bytes] = Counter()
    for row in events.to_pylist():
        user_key = keys[row["user"]]
        problem = _problem(row, user_key, known_items, consents, presume)
        if problem:
            rejects.append({"source": source, "path": path, "row": row["row"], **problem})
        else:
            rows.append(_event(row, user_key, seen))
    table = pa.Table.from_pylist(rows, schema=EVENTS)
    return Batch(table=_scrubbed(table, scrub), rejects=pa.Table.from_pylist(rejects, schema=REJECTS))


def _problem(
    row: Mapping[str, Any],
    user_key: str,
    known_items: Collection[str],
    consents: Mapping[str, str],
    presume: str,
) -> dict[str, str | None] | None:
    if row["kind"] not in EVENT_KINDS:
        detail = f"{row['kind']!r}{suggest(str(row['kind']), EVENT_KINDS)}"
        return {"column": "kind", "reason": "unknown kind", "detail": detail}
    if row["item_id"] not in known_items:
        return {"column": "item_id", "reason": "unknown product", "detail": row["item_id"]}
    if row["kind"] == "rating" and row["value"] is None:
        return {"column": "value", "reason": "rating without a value", "detail": None}
    status = consents.get(user_key, "granted" if presume == "assumed" else "denied")
    if status == "denied":
        return {"column": "user", "reason": "no consent", "detail": None}
    return None


def _event(row: Mapping[str, Any], user_key: str, seen: Counter[bytes]) -> dict[str, Any]:
    parts = (user_key, row["item_id"], row["kind"], row["at"].isoformat(), row["value"], row["text"],
             row["slate_id"], row["position"])  # fmt: skip
    content = "\x1f".join("" if part is None else str(part) for part in parts).encode("utf-8", "replace")
    copy = seen[content]
    seen[content] += 1
    event_id = hashlib.blake2b(content + copy.to_bytes(4, "big"), digest_size=16).hexdigest()
    return {name: row.get(name) for name in EVENTS.names} | {"id": event_id, "user_key": user_key}


def _scrubbed(table: pa.Table, scrub: Callable[[list[str]], list[str]]) -> pa.Table:
    texts = table["text"].to_pylist()
    where = [i for i, text in enumerate(texts) if text]
    if not where:
        return table
    for i, clean in zip(where, scrub([texts[i] for i in where]), strict=True):
        texts[i] = clean
    at = table.column_names.index("text")
    return table.set_column(at, EVENTS.field("text"), pa.array(texts, pa.string()))
