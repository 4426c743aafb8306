"""The alarms of the last weeks, as the report shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from modacast.serve.report.names import Names
from modacast.serve.report.words import Words

__all__ = ["AlarmLine", "alarm_lines"]

_QUOTES = 2


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alarm.

    Attributes:
        id: of the element.
        name: what it is called.
        ds: its week.
        why: the reason.
        quotes: texts of the rise.
    """

    id: str
    name: Words
    ds: date
    why: Words
    quotes: Sequence[str]


def alarm_lines(alarms: Sequence[Mapping[str, Any]], documents: pa.Table, names: Names) -> list[AlarmLine]:
    """Get the alarms in their order; texts that are not in `documents` are left out."""
    texts = dict(zip(documents["id"].to_pylist(), documents["text"].to_pylist(), strict=True))
    return [
        AlarmLine(
            id=str(row["element_id"]),
            name=names.name(row["element_id"]),
            ds=row["ds"],
            why=Words(row["why_zh"], row["why_en"]),
            quotes=[texts[i] for i in row["evidence_ids"] or () if i in texts][:_QUOTES],
        )
        for row in alarms
    ]
