"""The reason of an alarm in words, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

__all__ = ["AlarmFacts", "why_en", "why_zh"]


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """The numbers that a reason is told with; see `ALARMS`."""

    name_zh: str
    name_en: str
    kind: str
    ds: date
    weeks: int
    n_texts: int
    count: float
    expected: float
    season_count: float
    q: float
    since: date
    first_seen: date
    n_authors: int
    n_stories: int
    sources: Sequence[str]
    company: float | None = None


def why_en(facts: AlarmFacts) -> str:
    """Say it in English."""
    verb = {"new": "is new", "rise": "is rising", "shock": "jumped within a week, as single events do"}[
        facts.kind
    ]
    window = "in the week of" if facts.weeks == 1 else f"in the {facts.weeks} weeks up to that of"
    parts = [
        f"{facts.name_en} {verb}: {_number(facts.n_texts, 'text')} {window} {facts.ds} "
        f"(weighed {facts.count:.3g}, as repeated stories count less), {facts.expected:.2g} expected from its past "
        f"(×{_ratio(facts)}; of alarms as sure as this {facts.q:.1g} may be false)"
    ]
    if facts.season_count > 0:
        parts.append(
            f"the same weeks of an earlier year had at most {facts.season_count:.2g} (not weighed, for as many read)"
        )
    elif facts.first_seen == facts.since:
        parts.append("never named before")
    parts.append(
        f"since {facts.since}, by {_number(facts.n_authors, 'separate voice')} in {_number(facts.n_stories, 'story')} "
        f"on {', '.join(facts.sources)}"
    )
    if facts.company is not None:
        parts.append(f"what else they say is about fashion with probability {facts.company:.2f}")
    return "; ".join(parts) + "."


def why_zh(facts: AlarmFacts) -> str:
    """Say it in Chinese."""
    verb = {"new": "初次兴起", "rise": "正在上升", "shock": "在一周内骤然升温，可能只是单个事件"}[facts.kind]
    window = "一周" if facts.weeks == 1 else f" {facts.weeks} 周"
    parts = [
        f"{facts.name_zh}{verb}：截至 {facts.ds} 当周的{window}内有 {facts.n_texts} 条文本"
        f"（重复话题折减后为 {facts.count:.3g} 条），按以往预期为 {facts.expected:.2g} 条"
        f"（{_ratio(facts)} 倍；同等把握的警报中误报占比约 {facts.q:.1g}）"
    ]
    if facts.season_count > 0:
        parts.append(f"往年同期最多 {facts.season_count:.2g} 条（未折减，按现在的阅读量折算）")
    elif facts.first_seen == facts.since:
        parts.append("此前从未出现")
    parts.append(
        f"自 {facts.since} 起，{facts.n_authors} 个独立声音、{facts.n_stories} 个话题，来自 {'、'.join(facts.sources)}"
    )
    if facts.company is not None:
        parts.append(f"其余内容与时尚有关的概率为 {facts.company:.2f}")
    return "；".join(parts) + "。"


def _ratio(facts: AlarmFacts) -> str:
    ratio = facts.count / facts.expected
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


def _number(n: int, noun: str) -> str:
    if n == 1:
        return f"1 {noun}"
    return f"{n} {noun[:-1]}ies" if noun.endswith("y") else f"{n} {noun}s"
