"""Finds many surfaces in many short texts at once.

A whole batch is folded, joined and read by one Aho-Corasick automaton (Aho and Corasick, 1975, "Efficient
string matching"); what it finds is then checked for word boundaries and languages with array operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise

import numpy as np
import numpy.typing as npt

from modacast.elements.folding import CLASSES, character_classes, decode, encode, fold_all, fold_codes
from modacast.types import LANGUAGES

__all__ = ["Claim", "Matcher", "Matches", "leftmost_longest"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BATCH_CHARACTERS = 500_000
_UNKNOWN = len(LANGUAGES)
_LANGUAGE_CODES = {lang: code for code, lang in enumerate(LANGUAGES)}

# English words that are everyday words of another language, where they are not read as English
_FALSE_FRIENDS: dict[str, frozenset[str]] = {
    "de": frozenset(
        {"hat", "boot", "boots", "rock", "fur", "mode", "gut", "brand", "tank", "tag", "bast", "arm"}
    ),
    "fr": frozenset(
        {"bras", "pull", "robe", "cape", "coin", "pour", "son", "habit", "short", "fond", "chat"}
    ),
    "es": frozenset({"red", "once", "ten", "pie", "sale", "real", "cola", "capa", "dale"}),
    "it": frozenset({"cape", "fine", "more", "sale", "due", "pure", "estate", "colore", "camera"}),
    "pt": frozenset({"pole", "sale", "cape", "dote", "come", "for", "mini", "fio"}),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One surface that stands for something.

    Attributes:
        surface: how it is written.
        lang: language of the texts it is looked for in.
        owner: index of what it stands for; what that is, the caller knows.
        exact: whether the case must be as written.
        tail: whether it may end a longer word, as the head of a German compound does (`Sommerkleid`).
        rank: of two claims to the same surface in the same language, the one of lower rank wins.
    """

    surface: str
    lang: str
    owner: int
    exact: bool = False
    tail: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found, as parallel arrays ordered by document, start and descending end.

    Attributes:
        doc: `(n,)` int64, position of the text in the batch.
        start: `(n,)` int64, first character in the text.
        end: `(n,)` int64, one past the last character.
        claim: `(n,)` int64, position of the claim in the sequence that the matcher was built from.
    """

    doc: Ints
    start: Ints
    end: Ints
    claim: Ints

    def __len__(self) -> int:
        return len(self.doc)

    def where(self, keep: Flags | Ints) -> Matches:
        """Get the matches of a mask or of positions."""
        return Matches(self.doc[keep], self.start[keep], self.end[keep], self.claim[keep])


class Matcher:
    """Finds the claims' surfaces in texts.

    A surface counts in texts of its own language. English ones count in texts of every language, unless they
    are an everyday word there, and Chinese ones in texts of every language but Japanese; where several claims
    stand for one surface, a text's own language goes first, then English, then Chinese.

    Args:
        claims: what to look for.
    """

    def __init__(self, claims: Sequence[Claim]) -> None:
        from ahocorasick_rs import AhoCorasick

        spellings = list(map(_tight, fold_all([claim.surface for claim in claims])))
        patterns = list(dict.fromkeys(filter(None, spellings)))
        self._resolved = _resolve(claims, spellings, patterns)
        self._forbidden_left, self._forbidden_right = _boundaries(claims, spellings)
        self._is_exact = np.array([claim.exact for claim in claims], dtype=np.bool_)
        self._exact = {index: claim.surface for index, claim in enumerate(claims) if claim.exact}
        self._automaton = AhoCorasick(patterns, store_patterns=False) if patterns else None

    def find(self, texts: Sequence[str], langs: Sequence[str]) -> Matches:
        """Find every claim in every text, those that overlap included.

        Args:
            texts: what to read.
            langs: language code of each text; any code is accepted, `""` is unknown.

        Returns:
            All matches, in the texts' order.
        """
        parts: list[Matches] = []
        for first, last in _slices(texts):
            part = self._find(texts[first:last], langs[first:last])
            parts.append(Matches(part.doc + first, part.start, part.end, part.claim))
        if len(parts) == 1:
            return parts[0]
        return Matches(*(_concatenate([getattr(p, name) for p in parts]) for name in Matches.__slots__))

    def _find(self, texts: Sequence[str], langs: Sequence[str]) -> Matches:
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        ends = np.cumsum(lengths + 1)
        begins = ends - lengths
        # a line break before, between and after the texts: no surface holds one
        codes = fold_codes(encode("\n" + "\n".join(texts) + "\n"))
        codes[0] = ord("\n")
        codes[ends] = ord("\n")
        raw = (
            self._automaton.find_matches_as_indexes(decode(codes), overlapping=True)
            if self._automaton
            else []
        )
        found = np.fromiter(chain.from_iterable(raw), dtype=np.int64, count=3 * len(raw)).reshape(-1, 3)
        pattern, start, end = found[:, 0], found[:, 1], found[:, 2]
        doc = np.searchsorted(begins, start, side="right") - 1
        spoken = np.fromiter(
            (_LANGUAGE_CODES.get(lang, _UNKNOWN) for lang in langs), dtype=np.int64, count=len(langs)
        )
        claim = self._resolved[pattern, spoken[doc]].astype(np.int64)
        classes = character_classes(codes)
        whole = claim >= 0
        whole &= ((self._forbidden_left[claim] >> classes[start - 1]) & 1) == 0
        whole &= ((self._forbidden_right[claim] >> classes[end]) & 1) == 0
        matches = Matches(doc, start - begins[doc], end - begins[doc], claim).where(whole)
        matches = matches.where(self._spelled(matches, texts))
        return matches.where(np.lexsort((-matches.end, matches.start, matches.doc)))

    def _spelled(self, matches: Matches, texts: Sequence[str]) -> Flags:
        """Mark the matches whose case is as their claim asks."""
        keep = np.ones(len(matches), dtype=np.bool_)
        for i in np.flatnonzero(self._is_exact[matches.claim]):
            written = texts[matches.doc[i]][matches.start[i] : matches.end[i]]
            keep[i] = written == self._exact[int(matches.claim[i])]
        return keep


def leftmost_longest(matches: Matches) -> Flags:
    """Mark the matches that stay when none may overlap: of each cluster the leftmost, then the longest."""
    n = len(matches)
    keep = np.zeros(n, dtype=np.bool_)
    if n == 0:
        return keep
    # one axis for all texts: no match reaches from one text into the next
    width = int(matches.end.max()) + 1
    start, end = matches.doc * width + matches.start, matches.doc * width + matches.end
    reach = np.maximum.accumulate(end)
    free = np.ones(n, dtype=np.bool_)
    free[1:] = start[1:] >= reach[:-1]
    heads = np.append(np.flatnonzero(free), n)
    keep[heads[:-1]] = True
    for i in np.flatnonzero(np.diff(heads) > 1):
        right = int(end[heads[i]])
        for j in range(int(heads[i]) + 1, int(heads[i + 1])):
            if start[j] >= right:
                keep[j] = True
                right = int(end[j])
    return keep


def _slices(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut a batch where it grows too long, so that memory stays bounded."""
    pages = [total // _BATCH_CHARACTERS for total in accumulate(map(len, texts))]
    cuts = [
        0,
        *(i for i, (before, after) in enumerate(pairwise(pages), start=1) if before != after),
        len(texts),
    ]
    return pairwise(cuts)


def _concatenate(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)


def _tight(spelling: str) -> str:
    return " ".join(spelling.split()) if " " in spelling else spelling


def _resolve(
    claims: Sequence[Claim], spellings: Sequence[str], patterns: Sequence[str]
) -> npt.NDArray[np.int32]:
    """Get, for each pattern and each language of a text, the claim that wins; -1 where none counts."""
    resolved = np.full((len(patterns), len(LANGUAGES) + 1), -1, dtype=np.int32)
    rows = {pattern: row for row, pattern in enumerate(patterns)}
    by_lang: dict[str, list[tuple[int, int]]] = {}
    # what is written later wins: the highest rank goes first
    for index in sorted(range(len(claims)), key=lambda i: claims[i].rank, reverse=True):
        if spellings[index]:
            by_lang.setdefault(claims[index].lang, []).append((rows[spellings[index]], index))
    pairs = {lang: np.array(found, dtype=np.int64).reshape(-1, 2) for lang, found in by_lang.items()}
    for column, lang in enumerate((*LANGUAGES, "")):
        for source in _sources(lang):
            if source in pairs:
                resolved[pairs[source][:, 0], column] = pairs[source][:, 1]
        for word in _FALSE_FRIENDS.get(lang, ()):
            row = rows.get(word)
            if row is not None and claims[resolved[row, column]].lang != lang:
                resolved[row, column] = -1
    return resolved


def _sources(lang: str) -> tuple[str, ...]:
    """Get the languages whose surfaces count in a text of a language, the ones that win last."""
    others = ("en",) if lang == "ja" else ("zh", "en")
    return (*(code for code in others if code != lang), lang)


def _boundaries(
    claims: Sequence[Claim], spellings: Sequence[str]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Get, as bit sets of character classes, what may stand neither before nor after each claim."""
    left = np.zeros(len(claims), dtype=np.uint8)
    right = np.zeros(len(claims), dtype=np.uint8)
    firsts = character_classes(encode("".join(spelling[:1] or " " for spelling in spellings)))
    lasts = character_classes(encode("".join(spelling[-1:] or " " for spelling in spellings)))
    for i, (claim, spelling, first, last) in enumerate(zip(claims, spellings, firsts, lasts, strict=True)):
        left[i] = 0 if claim.tail else _forbidden(int(first), len(spelling), before=True)
        right[i] = _forbidden(int(last), len(spelling), before=False)
    return left, right


def _forbidden(edge: int, length: int, *, before: bool) -> int:
    letter, digit = CLASSES["letter"], CLASSES["digit"]
    if edge in (letter, digit):
        return 1 << letter | 1 << digit
    if length < 3 and (edge == CLASSES["katakana"] or (edge == CLASSES["hangul"] and before)):
        return 1 << edge
    return 0
