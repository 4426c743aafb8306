"""Words that stand close to fashion and are none of it: hair, make-up, bodies, photographs, shows, shops, amounts."""

from __future__ import annotations

import re
from functools import cache

from modacast.elements.discovery.units import UNSPACED
from modacast.elements.folding import fold
from modacast.elements.shipped import shipped_rows

__all__ = ["is_nearby", "nearby_words"]

_HEAD_FIRST = frozenset({"fr", "es", "it", "pt"})
_AMOUNT = re.compile(r"\d+(?:[.,:]\d+)?\D?")  # 16度, 3月; not 8分裤, y2k
_COMPOUNDS = frozenset({"zh", "ja", "ko", "de"})  # written without a space before their heads


def nearby_words(lang: str) -> list[str]:
    """Get the words of a language, folded."""
    return [word for word, _ in _words(lang)]


def is_nearby(text: str, lang: str) -> bool:
    """Say whether a folded word is one of them, or a kind of what one of them names.

    What a compound is, its head says: the last part, in Romance languages the first. Only heads count whose kinds
    are no clothes either: a bob haircut is hair, while milk tea is a colour as well. In languages without spaces
    a number and its unit are none either.

    >>> is_nearby("拍摄路透", "zh"), is_nearby("路透社", "zh"), is_nearby("curly hairstyle", "en")
    (True, False, True)
    """
    heads = tuple(word for word, is_head in _words(lang) if is_head)
    if text in nearby_words(lang) or (lang in UNSPACED and _AMOUNT.fullmatch(text)):
        return True
    if lang in _HEAD_FIRST:
        return text.startswith(tuple(f"{head} " for head in heads))
    return text.endswith(heads if lang in _COMPOUNDS else tuple(f" {head}" for head in heads))


@cache
def _words(lang: str) -> tuple[tuple[str, bool], ...]:
    rows = (row.values for row in shipped_rows("neighbours.csv", ("lang", "text", "head")))
    return tuple((fold(text), head == "yes") for code, text, head in rows if code == lang)
