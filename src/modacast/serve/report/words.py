"""Words in both of the report's languages, and numbers and dates as people write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from modacast.serve.report.data import Lang

__all__ = [
    "Words",
    "both",
    "chance",
    "change",
    "counted",
    "interval",
    "join",
    "mase",
    "month",
    "multiple",
    "percent",
    "score",
    "share",
    "signed",
]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUS = "−"
_SURE = 0.95
_MOST_TIMES = 50  # the error of last year's values; beyond, there was next to nothing to go by
_THIN = "\u202f"  # narrow, and never broken at the end of a line


@dataclass(frozen=True, slots=True)
class Words:
    """One phrase in Chinese and in English; a template prints both, and the page shows one.

    Attributes:
        zh: the phrase in Chinese.
        en: the phrase in English.
    """

    zh: str
    en: str

    def __html__(self) -> str:
        """Get both phrases as markup, escaped, each marked with its language."""
        zh, en = (said.replace(" %", f"{_THIN}%") for said in (self.zh, self.en))
        if zh == en:
            return str(escape(zh))
        return str(
            Markup('<span class="zh" lang="zh">{}</span><span class="en" lang="en">{}</span>').format(zh, en)
        )

    def text(self, lang: Lang) -> str:
        """Get the phrase in one language."""
        return self.zh if lang == "zh" else self.en

    def format(self, **values: object) -> Words:
        """Fill the places in both phrases; a value that is itself `Words` is put in language by language."""
        return Words(self.zh.format(**_of(values, "zh")), self.en.format(**_of(values, "en")))


def _of(values: dict[str, object], lang: Lang) -> dict[str, object]:
    return {name: value.text(lang) if isinstance(value, Words) else value for name, value in values.items()}


def both(make: Callable[[Lang], str]) -> Words:
    """Say the same thing in both languages."""
    return Words(make("zh"), make("en"))


def join(parts: Iterable[Words], zh: str = "、", en: str = ", ") -> Words:
    """Join phrases with each language's own separator."""
    found = list(parts)
    return Words(zh.join(part.zh for part in found), en.join(part.en for part in found))


def share(value: float | None) -> str:
    """Get a share of voice in [0, 1] as a percentage with about two digits that matter: `"0.42 %"`."""
    if value is None or math.isnan(value):
        return "–"
    percent = value * 100
    if percent <= 0:  # no share is negative, though the low end of an interval may be
        return f"0{_THIN}%"
    digits = 1 if percent >= 1 else min(4, 1 - math.floor(math.log10(percent)))
    return f"{percent:.{digits}f}{_THIN}%"


def percent(value: float) -> str:
    """Get a share in [0, 1] as a whole percentage: `"81 %"`."""
    return f"{value * 100:.0f}{_THIN}%"


def chance(value: float) -> str:
    """Get a chance from .05 to .95, beyond which nothing is known: `"83 %"`, `"≥ 95 %"`, `"≤ 5 %"`."""
    if value >= _SURE:
        return f"≥{_THIN}{percent(_SURE)}"
    return f"≤{_THIN}{percent(1 - _SURE)}" if value <= 1 - _SURE else percent(value)


def change(growth: float | None) -> str:
    """Get a relative change: `"+38 %"`, `"−12 %"`, `"×4.2"` from a threefold on, `"–"` where unknown."""
    if growth is None or math.isnan(growth):
        return "–"
    if growth >= 2:
        return multiple(growth)
    return f"{_whole(growth)}{_THIN}%"


def multiple(growth: float) -> str:
    """Get a relative change as a factor: 3.2 is `"×4.2"`, -0.93 is `"×0.07"`; from next to nothing, `"×50+"`."""
    factor = growth + 1
    if factor > 50:
        return "×50+"
    digits = 2 if round(factor, 2) < 1 else 1 if factor < 10 else 0
    return f"×{factor:.{digits}f}"


def interval(low: float, high: float, *, is_multiple: bool = False) -> str:
    """Get the interval of a relative change, both ends in one unit: `"+12 … +61 %"`, or `"×1.1 … ×4.0"`."""
    if is_multiple:
        return f"{multiple(low)} … {multiple(high)}"
    return f"{_whole(low)} … {_whole(high)}{_THIN}%"


def signed(value: float, digits: int = 3) -> str:
    """Get a difference with its sign."""
    return f"{_sign(value)}{abs(value):.{digits}f}"


def score(value: float | None, digits: int = 2) -> str:
    """Get a plain figure, `"–"` where unknown."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def mase(value: float, digits: int = 2) -> str:
    """Get a MASE, `"> 50"` where there was next to nothing to be wrong about."""
    return f"{value:.{digits}f}" if value <= _MOST_TIMES else f"> {_MOST_TIMES}"


def counted(n: int) -> str:
    """Get a count with its thousands set apart by thin spaces."""
    return f"{n:,}".replace(",", "\u202f")


def month(day: date) -> Words:
    """Get a month and year in words."""
    return Words(f"{day.year} 年 {day.month} 月", f"{_MONTHS[day.month - 1]} {day.year}")


def _whole(growth: float) -> str:
    """Get a relative change in whole percent, with its sign; what rounds to nothing has none."""
    number = f"{abs(growth) * 100:.0f}"
    return number if number == "0" else f"{_sign(growth)}{number}"


def _sign(value: float) -> str:
    return _MINUS if value < 0 else "+"
