"""Words of texts, without stop words, for counting what goes with what and for finding new words.

Chinese is cut by jieba after it is made simplified. Japanese and Korean get what needs no dictionary: runs of
kanji, katakana and Latin letters (hiragana, mostly grammar, is left out), and words without their commonest
particles. All others are cut where Unicode letters end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from modacast.types import LANGUAGES

__all__ = ["segment", "tokenise"]

_PLACEHOLDER = re.compile(r"\[[a-z]{2,8}\]|\[[\u4e00-\u9fff]{1,4}[a-z]{0,6}\]", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")
_HAS_LETTER = re.compile(r"[^\W\d_]")
_JAPANESE = re.compile(
    # a lone kanji before hiragana is the stem of a verb or adjective, unless a particle follows
    r"[\u3005\u3400-\u9fff\uf900-\ufaff]{2,}|[\u3400-\u9fff](?=[をはがのにでもとへや]|[^\u3041-\u3096]|$)"
    r"|[\u30a1-\u30fa\u30fc]+|[a-z][a-z0-9&'-]*"
)
_PARTICLES = re.compile(
    r"(?<=[\uac00-\ud7a3]{2})(?:으로|에서|에게|까지|부터|처럼|보다|이랑|입니다|이에요|예요|은|는|이|가|을|를|의|에|로|와|과|도|만|랑)$"
)
_ELIDED = re.compile(r"^(?:[a-z]|qu|dell|nell|sull|all|un)['’]", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s$")
_WITH_ELISION = frozenset(("fr", "it"))
# the lists count these among the stop words, but to fashion they say something
_TELLING = (
    "大 小 中 长 短 新 高 低 new top line look length long small large high low big little best old show"
)
_KEPT = frozenset(_TELLING.split())


def tokenise(texts: Sequence[str], langs: Sequence[str]) -> list[list[str]]:
    """Get the words of each text, lower case, in order, without stop words, numbers and placeholders.

    Args:
        texts: `(n,)` normalised texts.
        langs: `(n,)` language codes.

    >>> tokenise(["她穿的連衣裙很好看", "Women's barrel jeans are back"], ["zh", "en"])
    [['穿', '连衣裙', '好看'], ['women', 'barrel', 'jeans']]
    """
    return [_tokens(text, lang) for text, lang in zip(texts, langs, strict=True)]


def segment(text: str) -> list[str]:
    """Get a text cut into words, every character in its place, for whole-word masks.

    Chinese is cut by jieba; what else the text holds is cut at its letters' ends.

    >>> segment("她穿连衣裙 and boots")
    ['她', '穿', '连衣裙', ' ', 'and', ' ', 'boots']
    """
    words: list[str] = _jieba().cut(text)
    return words


def _tokens(text: str, lang: str) -> list[str]:
    if "[" in text:
        text = _PLACEHOLDER.sub(" ", text)
    stop = _stop_words(lang)
    return [word for word in _words(text.lower(), lang) if word not in stop and _HAS_LETTER.search(word)]


def _words(text: str, lang: str) -> list[str]:
    if lang == "zh":
        cut: list[str] = _jieba().cut(_simplifier().convert(text))
        return [word.strip() for word in cut]
    if lang == "ja":
        return _JAPANESE.findall(text)
    words: list[str] = _WORD.findall(text)
    if lang == "ko":
        return [_PARTICLES.sub("", word) for word in words]
    if lang == "en":
        return [_POSSESSIVE.sub("", word) for word in words]
    return [_ELIDED.sub("", word) for word in words] if lang in _WITH_ELISION else words


@cache
def _stop_words(lang: str) -> frozenset[str]:
    import stopwordsiso

    if not stopwordsiso.has_lang(lang):
        return frozenset()
    words = frozenset(stopwordsiso.stopwords(lang))
    return words - _KEPT if lang in LANGUAGES else words


@cache
def _jieba() -> Any:
    import rjieba

    return rjieba


@cache
def _simplifier() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
