"""The reason of a stage as one sentence in both languages, from a row of the board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modacast.serve.report.words import Words, change, share

__all__ = ["reason"]

_CHANGE = 0.2  # from here on a change asks for a word on chance


def reason(row: Mapping[str, Any]) -> Words:
    """Get why a trend is at its stage: shares compared, chance, season, peak and begin.

    Args:
        row: of `TRENDS`.
    """
    growth = row["growth"]
    parts = [_change(row["level"], growth)]
    if row["p_value"] is not None:
        parts.append(Words(f"p = {row['p_value']:.2g}", f"p = {row['p_value']:.2g}"))
    if row["stage"] == "steady" and (growth is None or abs(growth) >= _CHANGE):
        parts.append(Words("变化可能只是偶然，或早已发生", "the change may be chance, or an older one"))
    if row["stage"] == "seasonal" and row["season_strength"] is not None:
        strength = f"{row['season_strength']:.2f}"
        parts.append(
            Words(f"年年如此（季节强度 {strength}）", f"its year repeats (season strength {strength})")
        )
    if row["stage"] in {"peaking", "declining"}:
        parts.append(Words(f"{row['peak']} 当周最高", f"highest in the week of {row['peak']}"))
    if row["rising_since"] is not None:
        parts.append(
            Words(f"自 {row['rising_since']} 当周起上升", f"rising since the week of {row['rising_since']}")
        )
    return Words("；".join(part.zh for part in parts), "; ".join(part.en for part in parts))


def _change(level: float, growth: float | None) -> Words:
    now = share(level)
    if growth is None:
        return Words(
            f"最近 8 周声量 {now}，此前同期没有",
            f"share over the last 8 weeks {now}, none in the weeks compared",
        )
    if growth <= -1:
        gone = change(growth)
        return Words(
            f"最近 8 周没有，此前同期有（{gone}）",
            f"none over the last 8 weeks, some in the weeks compared ({gone})",
        )
    before = share(level / (1 + growth))
    return Words(
        f"最近 8 周声量 {now}，此前同期 {before}（{change(growth)}）",
        f"share over the last 8 weeks {now}, {before} in the weeks compared ({change(growth)})",
    )
