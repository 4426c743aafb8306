"""Which of two things a sentence prefers: `比`, `不如`, `better than`, `rather than`, `plus ... que`, `より`.

Comparative sentences in the sense of Jindal and Liu (2006, "Mining comparative sentences and relations"): patterns
over what stands before, between and after two mentions of one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["preference"]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What has to stand before, between and after two mentions, and what that says.

    Attributes:
        before: matches the end of what stands before the first.
        between: matches all that stands between them.
        after: matches the beginning of what stands after the second.
        sign: 1 where the first is preferred, -1 where the second is.
        turns: whether blame in the words of the comparison turns it round (`uglier than`, `比...丑`).
    """

    before: re.Pattern[str]
    between: re.Pattern[str]
    after: re.Pattern[str]
    sign: int
    turns: bool = False


def _pattern(before: str, between: str, sign: int, *, after: str = "", turns: bool = False) -> _Pattern:
    flags = re.IGNORECASE
    return _Pattern(
        re.compile(f"(?:{before})$" if before else "", flags),
        re.compile(between, flags),
        re.compile(after, flags),
        sign,
        turns,
    )


_ANY = r"[^。！？!?;；\n]{0,40}?"
_SOME = r"[^。！？!?;；，,\n]{0,24}?"
_PATTERNS: dict[str, tuple[_Pattern, ...]] = {
    "zh": (
        _pattern(rf"(?:与其|与其说){_SOME}", rf"{_ANY}(?:不如|还不如|倒不如|宁可|宁愿){_SOME}", -1),
        _pattern(rf"(?:宁可|宁愿|更喜欢|更爱){_SOME}", rf"{_ANY}(?:也不|而不|胜过|超过|多过){_SOME}", 1),
        _pattern("", rf"{_SOME}(?:不如|不及|比不上|比不过|没有|没){_SOME}", -1,
                 after=rf"{_SOME}(?:好|美|舒|暖|软|厚|显|漂亮|耐|值|凉快|轻|合身|精|高级|百搭|强|香|$)"),
        _pattern("", rf"{_SOME}(?<!对)(?<!相)比(?!较|如|例){_SOME}", 1, turns=True),
    ),
    "en": (
        _pattern(rf"\b(?:rather than|instead of|forget|skip){_SOME}", rf"{_ANY}\b(?:get|buy|choose|take|try|go for|pick){_SOME}", -1),
        _pattern(rf"\b(?:prefer|favou?r|rather have|choose|pick|took){_SOME}", rf"\s+(?:to|over|rather than|instead of)\s{_SOME}", 1),
        _pattern(rf"\b(?:if only|wish){_SOME}", rf"{_SOME}\b(?:as|like)\b{_SOME}", -1),
        _pattern("", rf"{_SOME}\b(?:n't|not|isnt|never|nowhere near|hardly)\b{_SOME}\bas\b{_SOME}\bas\s{_SOME}", -1),
        _pattern("", rf"{_SOME}n't{_SOME}\bas\b{_SOME}\bas\s{_SOME}", -1),
        _pattern("", rf"{_SOME}\b(?:less|worse)\b{_SOME}\bthan\s{_SOME}", -1, turns=False),
        _pattern("", rf"{_SOME}\b(?:more|better|\w+er)\b{_SOME}\bthan\s{_SOME}", 1, turns=True),
        _pattern("", rf"{_SOME}\b(?:beats?|outshines?|over)\s{_SOME}", 1),
        _pattern("", rf"{_SOME}\b(?:unlike)\s{_SOME}", 1, turns=True),
    ),
    "ja": (_pattern("", r"よりも?[^。、]{0,12}?", -1, turns=True),),
    "ko": (_pattern("", r"보다[^.,]{0,12}?", -1, turns=True),),
    "fr": (_pattern("", rf"{_SOME}\b(?:moins|pire)\b{_SOME}\bque?\b{_SOME}", -1, turns=True),
           _pattern("", rf"{_SOME}\b(?:plus|mieux|meilleure?s?)\b{_SOME}\bque?\b{_SOME}", 1, turns=True)),
    "de": (_pattern("", rf"{_SOME}\b(?:weniger|schlechter)\b{_SOME}\bals\b{_SOME}", -1),
           _pattern("", rf"{_SOME}\b(?:mehr|besser|\w+er)\b{_SOME}\bals\b{_SOME}", 1, turns=True)),
    "es": (_pattern("", rf"{_SOME}\b(?:menos|peor)\b{_SOME}\bque\b{_SOME}", -1),
           _pattern("", rf"{_SOME}\b(?:más|mejor(?:es)?)\b{_SOME}\bque\b{_SOME}", 1, turns=True)),
    "it": (_pattern("", rf"{_SOME}\b(?:meno|peggio(?:re)?)\b{_SOME}\b(?:d[ei]l?|dei|della|dello|delle|degli|che)\b{_SOME}", -1),
           _pattern("", rf"{_SOME}\b(?:più|meglio|migliore)\b{_SOME}\b(?:d[ei]l?|dei|della|dello|delle|degli|che)\b{_SOME}", 1, turns=True)),
    "pt": (_pattern("", rf"{_SOME}\b(?:menos|pior)\b{_SOME}\bque\b{_SOME}", -1),
           _pattern("", rf"{_SOME}\b(?:mais|melhor(?:es)?)\b{_SOME}\bque\b{_SOME}", 1, turns=True)),
}  # fmt: skip


def preference(before: str, between: str, after: str, lang: str, blame: Callable[[], float]) -> int:
    """Say which of two mentions of one sentence is preferred.

    Args:
        before: the sentence up to the first mention.
        between: what stands between the two.
        after: the rest of the sentence.
        lang: language code.
        blame: gets the polarity of the comparison's own words, below 0 where they blame; asked where it matters.

    Returns:
        1 for the first, -1 for the second, 0 where the two are not compared.
    """
    if len(between) > 80:
        return 0
    for pattern in _PATTERNS.get(lang, ()):
        if (
            pattern.between.fullmatch(between)
            and pattern.before.search(before)
            and pattern.after.match(after)
        ):
            return -pattern.sign if pattern.turns and blame() < 0 else pattern.sign
    return 0
