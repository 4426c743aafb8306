"""A trend's scorecard in words: what was said some weeks ago, and what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from modacast.serve.report.words import Words, mase, share

__all__ = ["CardLine", "card_lines", "scorecard_lines", "scorecard_of"]


@dataclass(frozen=True, slots=True)
class CardLine:
    """One look back.

    Attributes:
        when: how long ago, and on which day.
        said: the forecast with its 80 % interval, what came, and the error since.
        verdict: whether what came lay in the interval; None where that is not known.
        is_inside: likewise.
    """

    when: Words
    said: Words
    verdict: Words | None
    is_inside: bool | None


def scorecard_of(cards: pa.Table, unique_id: str) -> pa.Table:
    """Get the rows of one series, the shortest look back first; none where there is no such card."""
    if "unique_id" not in cards.column_names:
        return cards.slice(0, 0)
    return cards.filter(pc.equal(cards["unique_id"], unique_id)).sort_by("steps_ago")


def card_lines(cards: pa.Table) -> list[CardLine]:
    """Get one line a card, in both languages.

    Args:
        cards: rows of `modacast.trends.SCORECARDS`, of shares.
    """
    return [_line(row) for row in cards.to_pylist()]


def scorecard_lines(cards: pa.Table, *, lang: str = "en") -> list[str]:
    """Get one line a card as text.

    Args:
        cards: rows of `modacast.trends.SCORECARDS`, of shares.
        lang: `"zh"`, else English.

    Returns:
        For example `"26 weeks ago (2024-01-01): 1.2 % for 2024-07-01 (80 %: 0.90 % … 1.6 %), came 1.4 %; MASE 0.81
        since; inside"`.
    """
    spoken: Literal["zh", "en"] = "zh" if lang == "zh" else "en"
    lines = []
    for line in card_lines(cards):
        colon, stop = ("：", "；") if spoken == "zh" else (": ", "; ")
        verdict = "" if line.verdict is None else stop + line.verdict.text(spoken)
        lines.append(f"{line.when.text(spoken)}{colon}{line.said.text(spoken)}{verdict}")
    return lines


def _line(row: Mapping[str, Any]) -> CardLine:
    ago, said_on, ds = row["steps_ago"], row["said_on"], row["ds"]
    zh, en = f"预测 {ds} 为 {share(row['y_hat'])}", f"{share(row['y_hat'])} for {ds}"
    if row["lo_80"] is not None:
        band = f"80 %: {share(row['lo_80'])} … {share(row['hi_80'])}"
        zh, en = f"{zh}（{band}）", f"{en} ({band})"
    if row["y"] is None:
        zh, en = f"{zh}，当周无数据", f"{en}, nothing was read that week"
    else:
        zh, en = f"{zh}，实为 {share(row['y'])}", f"{en}, came {share(row['y'])}"
    if row["mase"] is not None:
        error = f"MASE {mase(row['mase'])}"
        zh, en = f"{zh}；其间 {error}", f"{en}; {error} since"
    inside = row["inside"] if row["y"] is not None else None
    verdict = {True: Words("在区间内", "inside"), False: Words("在区间外", "outside"), None: None}[inside]
    return CardLine(
        Words(f"{ago} 周前（{said_on}）", f"{ago} weeks ago ({said_on})"), Words(zh, en), verdict, inside
    )
