"""Writes a world as the files that people have: posts as JSON lines, catalogue and events as CSV."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv

from modacast.types import Batch

__all__ = ["write_world"]


def write_world(
    folder: Path,
    *,
    documents: Mapping[str, Iterable[Batch]],
    items: pa.Table,
    events: pa.Table,
    truth: Mapping[str, Any],
) -> list[Path]:
    """Write all files; the same world gives the same bytes.

    Args:
        folder: is made where it is missing.
        documents: source to its batches of `RAW_DOCUMENTS`.
        items: rows of `ITEMS`.
        events: rows of `RAW_EVENTS`.
        truth: JSON values.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, batches in documents.items():
        path = folder / f"posts_{name}.jsonl.gz"
        path.write_bytes(gzip.compress("".join(_lines(batches)).encode(), mtime=0))
        paths.append(path)
    csv.write_csv(items.drop_columns(["element_ids"]), folder / "catalogue.csv")
    csv.write_csv(events.drop_columns(["row"]), folder / "events.csv")
    (folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1), encoding="utf-8")
    return [*paths, folder / "catalogue.csv", folder / "events.csv", folder / "truth.json"]


def _lines(batches: Iterable[Batch]) -> Iterator[str]:
    for batch in batches:
        for row in batch.table.drop_columns(["row"]).to_pylist():
            row["published_at"] = row["published_at"].isoformat()
            kept = {name: value for name, value in row.items() if value is not None}
            yield json.dumps(kept, ensure_ascii=False) + "\n"
