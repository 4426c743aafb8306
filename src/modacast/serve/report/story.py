"""What the numbers of a trend say, in sentences of both languages."""

from __future__ import annotations

from typing import Any

from modacast.serve.report.board import BoardRow
from modacast.serve.report.courses import FROM_NOTHING
from modacast.serve.report.names import Names
from modacast.serve.report.words import (
    Words,
    chance,
    change,
    counted,
    join,
    mase,
    month,
    percent,
    share,
)
from modacast.trends.seasonality import is_seasonal

__all__ = [
    "alarm",
    "chance_of_growth",
    "chart_label",
    "foreseen",
    "headline",
    "held_against",
    "mood",
    "sureness",
    "was_off",
    "why",
]

_EMPTY = Words("", "")


def headline(row: BoardRow) -> Words:
    """Get the rest of the sentence that begins with the element's name."""
    parts = [_course(row), _level(row)]
    ahead = foreseen(row)
    if ahead is not None:
        parts.append(ahead)
    said = [part for part in parts if part.zh]
    return Words("，".join(part.zh for part in said) + "。", ", ".join(part.en for part in said) + ".")


def foreseen(row: BoardRow) -> Words | None:
    """Get the forecast in words, with its interval and the chance of growth; None without a forecast."""
    if row.foreseen is None:
        return None
    seen = row.foreseen
    weeks, mean = row.course.ahead.size, share(seen.share)
    likely = chance_of_growth(row)
    also = Words(f"；{likely.zh}", f"; {likely.en}") if likely is not None else _EMPTY
    if seen.is_from_nothing:
        ends = seen.said_range
        return Words(
            f"预测今后 {weeks} 周平均声量 {mean}" + (f"（80 % 区间 {ends}{also.zh}）" if ends else ""),
            f"forecast {mean} on average over the next {weeks} weeks"
            + (f" (80 %: {ends}{also.en})" if ends else ""),
        )
    against = held_against(row)
    return Words(
        f"预测今后 {weeks} 周平均 {mean}，{against.zh} {seen.said}（80 % 区间 {seen.said_range}{also.zh}）",
        f"forecast {mean} on average over the next {weeks} weeks, {seen.said} {against.en} "
        f"(80 %: {seen.said_range}{also.en})",
    )


def held_against(row: BoardRow) -> Words:
    """Get what the forecast is held against."""
    if row.foreseen is not None and not row.foreseen.is_yearly:
        return Words("较现在", "on today")
    return Words("较去年同期", "on last year")


def chance_of_growth(row: BoardRow) -> Words | None:
    """Get the chance that what is foreseen will be more than what it is held against; None where unknown.

    It names that, as what has just risen may be sure to beat last year and as sure to fall from here.
    """
    value = row.fields["chance_of_growth"]
    if value is None:
        return None
    if row.foreseen is not None and not row.foreseen.is_yearly:
        return Words(f"高于现在的概率 {chance(value)}", f"chance of more than today {chance(value)}")
    return Words(f"高于去年同期的概率 {chance(value)}", f"chance of more than last year {chance(value)}")


def why(row: BoardRow) -> list[Words]:
    """Get the reasons for a stage, one sentence each."""
    fields = row.fields
    said = [_compared(row)]
    if fields["p_value"] is not None:
        said.append(_test(fields["p_value"]))
    strength = fields["season_strength"]
    if is_seasonal(strength, row.course.y.size):
        said.append(
            Words("它的一年有规律（季节强度 {s}），因此只与去年同周相比。",
                  "Its year repeats (season strength {s}), so it is held against the same weeks of last year alone.")
            .format(s=f"{strength:.2f}")
        )  # fmt: skip
    said.append(_when(row))
    return said


def sureness(confidence: float) -> Words:
    """Get a confidence in [0, 1] in words."""
    for least, words in (
        (0.9, Words("很有把握", "very sure")),
        (0.7, Words("较有把握", "fairly sure")),
        (0.5, Words("有些把握", "somewhat sure")),
    ):
        if confidence >= least:
            return words
    return Words("把握不大", "not sure")


def mood(polarity: float | None) -> Words:
    """Get a mean polarity in [-1, 1] in words."""
    if polarity is None:
        return Words("未知", "unknown")
    for least, words in (
        (0.35, Words("热爱", "loved")),
        (0.1, Words("喜欢", "liked")),
        (-0.1, Words("褒贬相当", "mixed")),
    ):
        if polarity >= least:
            return words
    return Words("批评居多", "criticised")


def was_off(row: BoardRow) -> list[Words]:
    """Get what the back-test says, empty where there is none."""
    error, covered = row.fields["backtest_mase"], row.fields["backtest_coverage_80"]
    said = []
    if error is not None:
        gap = percent(abs(1 - error))
        if round(error, 2) == 1:
            zh, en = "的误差不大不小", "as much as"
        elif error < 1:
            zh, en = f"的误差小 {gap}", f"{gap} less than"
        elif error < 2:
            zh, en = f"的误差大 {gap}", f"{gap} more than"
        else:
            times = mase(error, digits=1)
            zh, en = f"差，误差是其 {times} 倍", f"{times} times as much as"
        said.append(
            Words(
                f"若在过去各时点预测，比「与去年同期一样」{zh}（MASE {mase(error)}）。",
                f"Forecasts made at past dates erred {en} “same as last year” (MASE {mase(error)}).",
            )
        )
    if covered is not None:
        said.append(
            Words(
                f"80 % 区间实际包住了 {percent(covered)} 的周。",
                f"The 80 % interval held {percent(covered)} of the weeks that came.",
            )
        )
    return said


def chart_label(row: BoardRow) -> Words:
    """Get what a screen reader says of a trend's chart."""
    return join([row.name, Words(headline(row).zh, headline(row).en)], zh="：", en=": ")


def alarm(names: Names, element_ids: list[str]) -> Words:
    """Get the names of elements that were called rising by mistake."""
    return join(names.name(element_id) for element_id in element_ids)


def _course(row: BoardRow) -> Words:
    since, peak = row.since, month(row.fields["peak"])
    if row.stage == "emerging":
        return (
            Words(f"自 {month(since).zh}起萌芽", f"has been emerging since {month(since).en}")
            if since
            else Words("正在萌芽", "is emerging")
        )
    if row.stage == "rising":
        return (
            Words(f"自 {month(since).zh}起上升", f"has been rising since {month(since).en}")
            if since
            else Words("正在上升", "is rising")
        )
    if row.stage == "peaking":
        return Words(f"在 {peak.zh}到顶", f"peaked in {peak.en}")
    if row.stage == "declining":
        return Words(f"自 {peak.zh}的高点退潮", f"has been falling since its high of {peak.en}")
    if row.stage == "seasonal":
        return Words("随季节起落", "comes and goes with the season")
    return Words("保持平稳", "holds steady")


def _level(row: BoardRow) -> Words:
    now, before = share(row.fields["level"]), row.level_before
    if before is not None and row.fields["growth"] > FROM_NOTHING:
        return Words(f"声量从几乎没有到 {now}", f"share of voice from next to nothing to {now}")
    if before is not None:
        return Words(f"声量 {share(before)} → {now}", f"share of voice {share(before)} → {now}")
    if row.is_gone:
        return Words("声量降到零", "share of voice down to nothing")
    if row.fields["level"] <= 0:
        return Words("近期没有人谈起", "nobody spoke of it lately")
    return Words(f"声量从无到 {now}", f"share of voice from nothing to {now}")


def _compared(row: BoardRow) -> Words:
    now, before = share(row.fields["level"]), row.level_before
    if before is not None:
        return Words("最近 8 周的声量是 {now}，此前同期是 {before}（{growth}）。",
                     "Share of voice over the last 8 weeks is {now}, {before} in the weeks compared with ({growth}).").format(
            now=now, before=share(before), growth=change(row.fields["growth"])
        )  # fmt: skip
    if row.is_gone:
        return Words("最近 8 周没有人谈起，此前同期有。",
                     "Nobody spoke of it over the last 8 weeks; some did in the weeks compared with.")  # fmt: skip
    return Words("最近 8 周的声量是 {now}，此前同期没有人谈起。",
                 "Share of voice over the last 8 weeks is {now}; nobody spoke of it in the weeks compared with.").format(
        now=now
    )  # fmt: skip


def _test(p: float) -> Words:
    odds = "< 0.001" if p < 0.001 else f"= {p:.2g}"
    if p <= 0.05:
        return Words(
            f"这样的变化超出偶然（p {odds}，已控制错误发现率）。",
            f"That is more than chance (p {odds}, false discovery rate held).",
        )
    return Words(f"这样的变化可能出于偶然（p {odds}）。", f"That may be chance (p {odds}).")


def _when(row: BoardRow) -> Words:
    fields: Any = row.fields
    first, peak = month(fields["first_seen"]), month(fields["peak"])
    n = counted(fields["n_mentions"])
    return Words(
        f"首次见于 {first.zh}，此后共 {n} 次提及，声量最高在 {peak.zh}。",
        f"First seen in {first.en}, {n} mentions since, loudest in {peak.en}.",
    )
