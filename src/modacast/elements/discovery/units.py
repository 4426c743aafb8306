"""What texts are cut into before words are looked for in them: characters where no spaces stand, else words.

Chinese gives one unit a character; Japanese one a kanji or a run of katakana, hiragana (mostly grammar) ends a
word; a run of Latin letters and digits is one unit in both. Languages with spaces give one unit a word. Whatever
is neither (punctuation, emoji, the end of a text) is a break that no word reaches across.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from modacast.elements.folding import CLASSES, character_classes, decode, encode, fold_codes

__all__ = ["BREAK", "UNSPACED", "Cutter", "Units"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

UNSPACED = frozenset({"zh", "ja"})
BREAK = 0
_FIRST_WORD = 0x110000
_LINE_BREAK = ord("\n")
_WORD = re.compile(r"[^\W_]+(?:['.&][^\W_]+)*")
_GAP = re.compile(r"[^ ]")
# a text's particles and pronouns: no name of a thing begins or ends with them
_PARTICLES = frozenset(
    "的了着过是在有和与及或被把让给对从到为以于也都还就又才很太吗呢吧啊呀么这那哪谁什怎我你他她它们个之其并而但却"
    "将会能可要想去来说看称已没不别请如何后前时"
)
# Chinese characters that join words to phrases and are hardly ever inside one: `质感的百褶裙` is no word
_GLUE = frozenset("的了着吗呢吧么这那")
_KOREAN_PARTICLES = re.compile(
    r"(?<=[\uac00-\ud7a3]{2})(?:으로|에서|에게|까지|부터|처럼|보다|이랑|은|는|이|가|을|를|의|에|로|와|과|도|만|랑)$"
)
_POSSESSIVE = re.compile(r"'s$")


@dataclass(frozen=True, slots=True)
class Units:
    """The units of many texts in one row, a break between texts and wherever a word must end.

    Attributes:
        text: the folded texts, a line break after each.
        id: `(n,)` int64, what stands there, equal for equal spellings; `BREAK` for a break.
        start: `(n,)` int64, first character in `text`.
        end: `(n,)` int64, one past the last character.
        doc: `(n,)` int64, position of the text.
        is_word: `(n,)` whether it is more than one character of a language without spaces.
        may_end: `(n,)` whether a word may begin or end with it.
        may_hold: `(n,)` whether it may stand inside a word.
    """

    text: str
    id: Ints
    start: Ints
    end: Ints
    doc: Ints
    is_word: Flags
    may_end: Flags
    may_hold: Flags

    def surface(self, first: int, size: int) -> str:
        """Get how `size` units from `first` on are written, folded."""
        return self.text[int(self.start[first]) : int(self.end[first + size - 1])]


class Cutter:
    """Cuts the texts of one language; equal words keep their number from one call to the next.

    Args:
        lang: language code.
    """

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._numbers: dict[str, int] = {}
        self._is_stop: dict[int, bool] = {}

    def cut(self, texts: Sequence[str]) -> Units:
        """Cut texts into units.

        Args:
            texts: as they were written; any string, lone surrogates included.
        """
        lines = [text.replace("\n", " ") if "\n" in text else text for text in texts]
        codes = encode("".join(f"{line}\n" for line in lines))
        folded = fold_codes(codes).copy()
        folded[codes == _LINE_BREAK] = _LINE_BREAK
        return self._characters(folded) if self.lang in UNSPACED else self._words(folded)

    def _characters(self, codes: npt.NDArray[np.uint32]) -> Units:
        classes = character_classes(codes)
        latin = (classes == CLASSES["letter"]) | (classes == CLASSES["digit"])
        katakana = classes == CLASSES["katakana"]
        if self.lang == "zh":
            single = (classes == CLASSES["han"]) | (classes == CLASSES["hiragana"]) | katakana
            joined = latin.astype(np.int8)
        else:
            single = classes == CLASSES["han"]
            joined = latin.astype(np.int8) + 2 * katakana.astype(np.int8)
        spaces = codes == ord(" ")
        if self.lang == "zh":  # `clean fit` is two units side by side
            between = np.zeros(len(codes), np.bool_)
            between[1:-1] = spaces[1:-1] & latin[:-2] & latin[2:]
        else:
            between = np.zeros(len(codes), np.bool_)
        keep = ~between
        begins = keep.copy()
        begins[1:] &= ~((joined[1:] > 0) & (joined[1:] == joined[:-1]))
        start = np.flatnonzero(begins)
        end = np.append(start[1:], len(codes))
        ids = np.where(single[start], codes[start].astype(np.int64), BREAK)
        text = decode(codes)
        words = np.flatnonzero(joined[start] > 0)
        for i in words.tolist():
            last = int(end[i])
            last -= between[last - 1]
            end[i] = last
            ids[i] = self._number(text[start[i] : last])
        is_word = joined[start] > 0
        may_end = (ids != BREAK) & ~np.isin(ids, _codes(_PARTICLES))
        doc = np.cumsum(codes == _LINE_BREAK)[start] - (codes[start] == _LINE_BREAK)
        may_hold = ids != BREAK
        if self.lang == "zh":
            may_hold &= ~np.isin(ids, _codes(_GLUE))
        return Units(text, ids, start, end, doc, is_word, may_end, may_hold)

    def _words(self, codes: npt.NDArray[np.uint32]) -> Units:
        text = decode(codes)
        ids: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        may_end: list[bool] = []
        last = 0
        for found in _WORD.finditer(text):
            word = found[0]
            first, after = found.span()
            if first - last > 1 or (first > last and _GAP.match(text[last])):
                ids.append(BREAK)
                starts.append(last)
                ends.append(first)
                may_end.append(False)
            stem = self._stem(word)
            number = self._number(stem)
            ids.append(number)
            starts.append(first)
            ends.append(first + len(stem) if self.lang == "ko" else after)
            may_end.append(not self._stops(number, stem))
            last = after
        ids.append(BREAK)
        starts.append(last)
        ends.append(len(text))
        may_end.append(False)
        start = np.array(starts, np.int64)
        breaks = np.flatnonzero(codes == _LINE_BREAK)
        doc = np.searchsorted(breaks, start)
        id_array = np.array(ids, np.int64)
        end = np.array(ends, np.int64)
        whole = id_array != BREAK
        return Units(text, id_array, start, end, doc, whole, np.array(may_end, np.bool_), whole)

    def _number(self, word: str) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = _FIRST_WORD + len(self._numbers)
        return number

    def _stops(self, number: int, word: str) -> bool:
        stops = self._is_stop.get(number)
        if stops is None:
            letters = sum(map(str.isalpha, word))
            stops = word in _stop_words(self.lang) or letters < 2 or letters < len(word) / 2
            self._is_stop[number] = stops
        return stops

    def _stem(self, word: str) -> str:
        if self.lang == "ko":
            return _KOREAN_PARTICLES.sub("", word)
        word = _POSSESSIVE.sub("", word)
        if self.lang in {"en", "fr", "es", "pt"} and len(word) > 3 and word[-1] == "s":
            if self.lang == "en" and word.endswith(("ss", "us", "is")):
                return word
            if self.lang == "en" and len(word) > 4 and word.endswith("ies"):
                return word[:-3] + "y"
            if word.endswith(("shes", "ches", "xes", "sses")):
                return word[:-2]
            return word[:-1]
        return word


@cache
def _codes(characters: frozenset[str]) -> Ints:
    return np.array(sorted(map(ord, characters)), np.int64)


@cache
def _stop_words(lang: str) -> frozenset[str]:
    import stopwordsiso

    words = stopwordsiso.stopwords(lang) if stopwordsiso.has_lang(lang) else set()
    return frozenset(words)
