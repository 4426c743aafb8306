"""Reviews become documents, so that what shoppers write is read like everything else."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from modacast.types import RAW_DOCUMENTS

__all__ = ["review_documents"]


def review_documents(events: pa.Table) -> pa.Table:
    """Get the texts of events as raw documents.

    Args:
        events: rows of `EVENTS`; their texts are scrubbed already, and their users pseudonyms.

    Returns:
        Rows of `RAW_DOCUMENTS`: one an event with text; `author` is the pseudonym, `row` counts from 1.
    """
    written = events.filter(pc.greater(pc.coalesce(pc.utf8_length(events["text"]), 0), 0))
    n = written.num_rows
    return pa.table(
        {
            "row": pa.array(range(1, n + 1), pa.int64()),
            "id": written["id"],
            "text": written["text"],
            "lang": pa.nulls(n, pa.string()),
            "url": pa.nulls(n, pa.string()),
            "published_at": written["at"],
            "author": written["user_key"],
            "region": pa.nulls(n, pa.string()),
            "engagement": pa.nulls(n, pa.float64()),
            "audience": pa.nulls(n, pa.string()),
        },
        schema=RAW_DOCUMENTS,
    )
