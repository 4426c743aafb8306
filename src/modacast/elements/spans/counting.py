"""Spans counted by what they say: a list for a person to look through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from modacast.elements.folding import fold

__all__ = ["COUNTED_SPANS", "counted"]

COUNTED_SPANS = pa.schema(
    [
        pa.field("text", pa.string(), nullable=False),
        pa.field("lang", pa.string()),
        pa.field("n_texts", pa.int64(), nullable=False),
        pa.field("facet", pa.string(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("nearest", pa.string()),
        pa.field("cosine", pa.float64()),
        pa.field("example", pa.string()),
    ]
)
"""Words: how many texts hold them, the facet that most of their places look like, their mean probability, the nearest
element with its cosine, and a stretch of a text that shows them."""

_AROUND = 20


@dataclass(slots=True)
class _Word:
    spellings: Counter[str] = field(default_factory=Counter)
    facets: Counter[str] = field(default_factory=Counter)
    docs: set[str] = field(default_factory=set)
    probabilities: list[float] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)


def counted(spans: pa.Table, texts: Mapping[str, str], *, fewest: int = 1) -> pa.Table:
    """Count spans by language and folded spelling.

    Args:
        spans: a table of `SPANS`.
        texts: by document id, scrubbed of what is personal: the examples come from these.
        fewest: smallest number of texts.

    Returns:
        A table of `COUNTED_SPANS`: the commonest first, of equals the likeliest.
    """
    words: dict[tuple[str, str], _Word] = {}
    for row in spans.to_pylist():
        word = words.setdefault((row["lang"] or "", fold(row["text"])), _Word())
        word.spellings[row["text"]] += 1
        word.facets[row["facet"]] += 1
        word.docs.add(row["doc_id"])
        word.probabilities.append(row["probability"])
        if not word.best or row["probability"] > word.best["probability"]:
            word.best = row
    rows = [_row(lang, word, texts) for (lang, _), word in words.items() if len(word.docs) >= fewest]
    rows.sort(key=lambda row: (-row["n_texts"], -row["probability"], row["text"]))
    return pa.Table.from_pylist(rows, schema=COUNTED_SPANS)


def _row(lang: str, word: _Word, texts: Mapping[str, str]) -> dict[str, Any]:
    best = word.best
    return {
        "text": word.spellings.most_common(1)[0][0],
        "lang": lang or None,
        "n_texts": len(word.docs),
        "facet": word.facets.most_common(1)[0][0],
        "probability": round(sum(word.probabilities) / len(word.probabilities), 4),
        "nearest": _first(best["nearest"]),
        "cosine": None if best["cosine"] is None else round(best["cosine"], 4),
        "example": _around(texts.get(best["doc_id"], ""), best["text"]),
    }


def _first(ids: Sequence[str]) -> str | None:
    return ids[0] if ids else None


def _around(text: str, name: str) -> str | None:
    """Get what stands around a name in a scrubbed text; None where the scrubbing took it."""
    place = text.find(name)
    if place < 0:
        return None
    return " ".join(text[max(0, place - _AROUND) : place + len(name) + _AROUND].split())
