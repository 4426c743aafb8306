"""Which language a text is in: by its script where that tells, by its letters where it does not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["UNKNOWN", "identify_languages"]

UNKNOWN = "und"
"""Language code of texts without letters, or in a script that is not known here (ISO 639-2)."""

_RANGES: dict[str, tuple[tuple[int, int], ...]] = {
    "latin": ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F), (0x1E00, 0x1EFF)),
    "han": ((0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3134F)),
    "kana": ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x31F0, 0x31FF)),
    "no": ((0x306E, 0x306E),),
    "ko": ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7AF)),
    "ru": ((0x400, 0x52F),),
    "ar": ((0x600, 0x6FF), (0x750, 0x77F)),
    "el": ((0x370, 0x3FF), (0x1F00, 0x1FFF)),
    "he": ((0x590, 0x5FF),),
    "th": ((0xE00, 0xE7F),),
    "hi": ((0x900, 0x97F),),
}
_SCRIPTS = ("other", *_RANGES)
_LATIN, _HAN, _KANA, _NO, _KO = (_SCRIPTS.index(name) for name in ("latin", "han", "kana", "no", "ko"))
_ALPHABETS = [_SCRIPTS.index(name) for name in ("ko", "ru", "ar", "el", "he", "th", "hi")]
# characters of Chinese, Japanese and Korean that weigh as much as one word of letters
_CHARACTERS_A_WORD = 0.5
_LETTERS_A_WORD = 5
_MAIN = ("en", "fr", "de", "es", "it", "pt")
_OTHERS = ("nl", "sv", "pl", "tr", "vi", "id", "ro", "cs")
_SHORT, _MIDDLE, _LONG = 12, 40, 60
# by how much another language must be likelier (in log odds) than English in a text of few letters
_MARGIN = 3.0
_HINT = re.compile(r"[a-z]{2,3}")
_HINT_NAMES = {
    "cn": "zh", "zho": "zh", "chi": "zh", "cmn": "zh", "jp": "ja", "jpn": "ja", "kr": "ko", "kor": "ko", "eng": "en",
    "fra": "fr", "fre": "fr", "deu": "de", "ger": "de", "spa": "es", "ita": "it", "por": "pt",
}  # fmt: skip


def identify_languages(texts: Sequence[str], hints: Sequence[str | None] | None = None) -> list[str]:
    """Get the ISO 639-1 code of each text's language.

    Kana make a text Japanese, Hangul Korean, Han without kana Chinese (a lone の is fashionable in Chinese, too).
    Latin letters are told apart by py3langid (Lui and Baldwin, 2012), restricted to the languages of the lexicon
    and, for texts of 60 letters and more, to eight others; where a short text leaves room for doubt, it is English.

    Args:
        texts: `(n,)`.
        hints: `(n,)` codes such as `"zh"`, `"zh-CN"` or `"jpn"`; one that is a code wins.

    Returns:
        `(n,)` codes, `"und"` where there are no letters.

    >>> identify_languages(["秋の新作コート", "신상 원피스", "新中式穿搭", "une jolie robe longue", "42"])
    ['ja', 'ko', 'zh', 'fr', 'und']
    """
    counts = _count_scripts(texts)
    codes = _codes_by_script(counts)
    for i in np.flatnonzero(codes == "latin").tolist():
        codes[i] = _latin_language(texts[i], int(counts.letters[i, _LATIN]))
    found: list[str] = codes.tolist()
    if hints is None:
        return found
    return [_hinted(hint) or code for hint, code in zip(hints, found, strict=True)]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Letters of each script, `(n, len(_SCRIPTS))`, and words of Latin letters, `(n,)`, of n texts."""

    letters: npt.NDArray[np.int64]
    latin_words: npt.NDArray[np.int64]


def _count_scripts(texts: Sequence[str]) -> _Counts:
    n = len(texts)
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=n)
    # a line break keeps the last word of a text and the first of the next apart
    joined = "\n".join(texts)
    scripts = _script_table()[np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)]
    owner = np.repeat(np.arange(n), lengths + 1)[: scripts.size]
    letters = np.bincount(owner * len(_SCRIPTS) + scripts, minlength=n * len(_SCRIPTS))
    is_latin = scripts == _LATIN
    is_start = is_latin & ~np.concatenate([[False], is_latin[:-1]])[: scripts.size]
    return _Counts(letters.reshape(n, len(_SCRIPTS)), np.bincount(owner[is_start], minlength=n))


def _codes_by_script(counts: _Counts) -> npt.NDArray[np.object_]:
    letters = counts.letters
    han, kana = letters[:, _HAN], letters[:, _KANA]
    japanese = kana + letters[:, _NO]
    east_asian = (han + japanese) / _CHARACTERS_A_WORD
    a_word = np.where(np.array(_ALPHABETS) == _KO, _CHARACTERS_A_WORD, _LETTERS_A_WORD)
    alphabets = letters[:, _ALPHABETS] / a_word
    others = alphabets.max(axis=1)
    codes = np.full(han.size, UNKNOWN, dtype=object)
    codes[counts.latin_words > 0] = "latin"
    is_other = (others > 0) & (others >= counts.latin_words) & (others >= east_asian)
    names = np.array([_SCRIPTS[i] for i in _ALPHABETS], dtype=object)
    codes[is_other] = names[alphabets.argmax(axis=1)][is_other]
    is_east = (east_asian > 0) & (east_asian >= counts.latin_words) & ~is_other
    codes[is_east] = "zh"
    is_japanese = is_east & (kana > 0) & (japanese * 10 >= japanese + han)
    codes[is_japanese | (is_east & (han == 0))] = "ja"
    return codes


def _latin_language(text: str, n_letters: int) -> str:
    if n_letters < _SHORT and text.isascii():
        return "en"
    ranked: list[tuple[str, float]] = _identifier().rank(text.lower())
    if n_letters >= _LONG:
        return ranked[0][0]
    scores = dict(ranked)
    best = next(code for code in scores if code in _MAIN)
    is_close = n_letters < _MIDDLE and scores[best] < scores["en"] + _MARGIN
    return "en" if is_close else best


def _hinted(hint: str | None) -> str | None:
    code = (hint or "").strip().lower().replace("_", "-").partition("-")[0]
    code = _HINT_NAMES.get(code, code)
    return code if _HINT.fullmatch(code) else None


@cache
def _identifier() -> Any:
    import py3langid

    py3langid.set_languages([*_MAIN, *_OTHERS])
    return py3langid


@cache
def _script_table() -> npt.NDArray[np.uint8]:
    table = np.zeros(0x110000, dtype=np.uint8)
    for i, ranges in enumerate(_RANGES.values(), start=1):
        for first, last in ranges:
            table[first : last + 1] = i
    return table
