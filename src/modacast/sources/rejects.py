"""Rows that a source sets aside."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa

from modacast.types import REJECTS

__all__ = ["Rejects", "shape_of"]

_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_SHOWN = 24


def shape_of(value: object) -> str:
    """Get what a value looks like without what it says: digits become 9, letters become a.

    >>> shape_of("Tue 3/1/24")
    'aaa 9/9/99'
    """
    text = str(value)
    shape = _LETTER.sub("a", _DIGIT.sub("9", text[:_SHOWN]))
    return shape + ("..." if len(text) > _SHOWN else "")


class Rejects:
    """Collects the rows that a source sets aside until the next batch takes them along.

    Args:
        source: name of the source.
        path: file or URL.
    """

    def __init__(self, source: str, path: str) -> None:
        self._source = source
        self.path = path
        self._rows: list[dict[str, Any]] = []

    def add(self, row: int, reason: str, *, column: str | None = None, detail: str | None = None) -> None:
        """Set one row aside; `detail` never holds raw text."""
        self._rows.append(
            {
                "source": self._source,
                "path": self.path,
                "row": row,
                "column": column,
                "reason": reason,
                "detail": detail,
            }
        )

    def __len__(self) -> int:
        return len(self._rows)

    def take(self) -> pa.Table:
        """Get what was set aside since the last call, as rows of `REJECTS` by row number."""
        taken, self._rows = sorted(self._rows, key=lambda reject: int(reject["row"])), []
        return pa.Table.from_pylist(taken, schema=REJECTS)
