"""Small panels with a known truth."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from modacast.types import DOCUMENTS, MENTIONS, PANEL, SERIES

MONDAY = date(2020, 1, 6)


def make_series(values, *, start=MONDAY, step=7):
    """Build a long-format table from a mapping of name to values."""
    ids, ds, y = [], [], []
    for name, column in values.items():
        ids += [name] * len(column)
        ds += [start + timedelta(days=step * i) for i in range(len(column))]
        y += list(column)
    return pa.table({"unique_id": ids, "ds": pa.array(ds, pa.date32()), "y": pa.array(y, pa.float64())})


def make_counts(values, *, read=2000, start=MONDAY):
    """Build `SERIES` from a mapping of name to weekly counts out of `read` texts."""
    rows = []
    for name, column in values.items():
        for i, n in enumerate(column):
            day = start + timedelta(weeks=i)
            rows.append(
                {
                    "unique_id": name,
                    "ds": day,
                    "y": None if n is None else n / read,
                    "n_mentions": int(n or 0),
                    "n_documents": 0 if n is None else read,
                }
            )
    return pa.Table.from_pylist(rows, schema=SERIES)


def make_corpus(posts):
    """Build documents and mentions from `(day, element or None, source, lang, author)` rows."""
    documents, mentions = [], []
    for i, (day, element, source, lang, author) in enumerate(posts):
        documents.append({
            "id": f"d{i:06d}", "text": f"text {i} about {element}", "lang": lang, "source": source, "url": None,
            "published_at": datetime.combine(day, time(12), UTC), "author_key": author, "region": None,
            "engagement": None, "relevance": 1.0, "tokens": [],
        })  # fmt: skip
        named = [element] if isinstance(element, str) else element or []
        mentions += [
            {"doc_id": f"d{i:06d}", "element_id": name, "start": 0, "end": 1, "surface": "x",
             "polarity": 0.5, "confidence": 1.0}
            for name in named
        ]  # fmt: skip
    return pa.Table.from_pylist(documents, schema=DOCUMENTS), pa.Table.from_pylist(mentions, schema=MENTIONS)


def make_panel(rows):
    """Build `PANEL` from `(week, source, lang, n)` rows."""
    names = PANEL.names
    return pa.Table.from_pylist([dict(zip(names, (*row, row[3]), strict=True)) for row in rows], schema=PANEL)


def wave(n, *, level=10.0, swing=5.0, noise=0.5, seed=0):
    """Draw a yearly wave with noise."""
    rng = np.random.default_rng(seed)
    return np.maximum(level + swing * np.sin(2 * np.pi * np.arange(n) / 52) + rng.normal(0, noise, n), 0.0)
