"""A trend's scorecard as text: what was said some weeks ago, and what came."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["scorecard_lines", "scorecard_of"]


def scorecard_of(cards: pa.Table, unique_id: str) -> pa.Table:
    """Get the rows of one series, the shortest look back first; none where there is no such card."""
    if "unique_id" not in cards.column_names:
        return cards.slice(0, 0)
    return cards.filter(pc.equal(cards["unique_id"], unique_id)).sort_by("steps_ago")


def scorecard_lines(cards: pa.Table, *, as_share: bool = True) -> list[str]:
    """Get one line a card.

    Args:
        cards: rows of `modacast.trends.SCORECARDS`.
        as_share: whether values are shares, to be shown in per cent.

    Returns:
        For example `"26 weeks ago, on 2024-01-01: 1.20% for 2024-07-01 (80 %: 0.90% .. 1.60%); came 1.45%,
        inside; MASE 0.81"`.
    """
    return [_line(row, as_share) for row in cards.to_pylist()]


def _line(row: dict[str, object], as_share: bool) -> str:
    def shown(name: str) -> str:
        value = row[name]
        return "?" if value is None else f"{value:.3%}" if as_share else f"{value:.4g}"

    text = f"{row['steps_ago']:>2} weeks ago, on {row['said_on']}: {shown('y_hat')} for {row['ds']}"
    if row["lo_80"] is not None:
        text += f" (80 %: {shown('lo_80')} .. {shown('hi_80')})"
    if row["y"] is None:
        return f"{text}; not observed"
    verdict = {True: ", inside", False: ", outside", None: ""}[row["inside"]]  # type: ignore[index]
    text += f"; came {shown('y')}{verdict}"
    return text if row["mase"] is None else f"{text}; MASE {row['mase']:.2f} since"
