"""Finds many surfaces in many short texts at once.

A whole batch is folded, joined and read by one Aho-Corasick automaton (Aho and Corasick, 1975, "Efficient
string matching"); what it finds is then checked for word boundaries and languages with array operations.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
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
_FOLDED_AT_ONCE = 8192
_MANY = 10_000
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

    def __init__(self, claims: Iterable[Claim]) -> None:
        from ahocorasick_rs import AhoCorasick

        table = _ClaimTable.read(claims)
        rows: dict[str, int] = {}
        for spelling in filter(None, table.spellings):
            rows.setdefault(spelling, len(rows))
        self._winners = _Winners(_resolve(table, rows))
        self._forbidden_left, self._forbidden_right = _boundaries(table)
        self._is_exact = table.is_exact
        self._exact = table.exact
        # the automaton needs much room while it is built: what is no longer needed goes first
        del table
        patterns = list(rows)
        del rows
        self._automaton = AhoCorasick(patterns, store_patterns=False) if patterns else None
        if len(patterns) > _MANY:
            del patterns
            _give_back_memory()

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
        claim = self._winners.of(pattern, spoken[doc])
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


@dataclass(frozen=True, slots=True)
class _ClaimTable:
    """Claims as columns, a fraction of the size of as many objects.

    Attributes:
        spellings: folded surface of each.
        lang: `(n,)` position of each language in `langs`.
        langs: the languages.
        rank: `(n,)` of each.
        tail: `(n,)` whether each may end a longer word.
        is_exact: `(n,)` whether its case must be as written.
        exact: the surfaces of those.
    """

    spellings: list[str]
    lang: Ints
    langs: list[str]
    rank: Ints
    tail: Flags
    is_exact: Flags
    exact: dict[int, str]

    @classmethod
    def read(cls, claims: Iterable[Claim]) -> _ClaimTable:
        """Read claims one by one; they need not all be there at once."""
        spellings: list[str] = []
        waiting: list[str] = []
        langs: dict[str, int] = {}
        lang, rank, tail, is_exact = array("q"), array("q"), array("b"), array("b")
        exact: dict[int, str] = {}
        for claim in claims:
            if claim.exact:
                exact[len(lang)] = claim.surface
            lang.append(langs.setdefault(claim.lang, len(langs)))
            rank.append(claim.rank)
            tail.append(claim.tail)
            is_exact.append(claim.exact)
            waiting.append(claim.surface)
            if len(waiting) == _FOLDED_AT_ONCE:
                spellings.extend(map(_tight, fold_all(waiting)))
                waiting = []
        spellings.extend(map(_tight, fold_all(waiting)))
        return cls(
            spellings,
            np.array(lang, dtype=np.int64),
            list(langs),
            np.array(rank, dtype=np.int64),
            np.array(tail, dtype=np.bool_),
            np.array(is_exact, dtype=np.bool_),
            exact,
        )


def _give_back_memory() -> None:
    """Return what building freed to the system: glibc keeps a good tenth of the process otherwise."""
    import ctypes

    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


class _Winners:
    """Which claim wins for each pattern in each language: almost always the same one wherever one counts at all.

    Args:
        resolved: `(n_patterns, n_languages)` int32, -1 where none counts.
    """

    def __init__(self, resolved: npt.NDArray[np.int32]) -> None:
        bits = (1 << np.arange(resolved.shape[1])).astype(np.uint16)
        self._claim = resolved.max(axis=1, initial=-1)
        self._langs = ((resolved >= 0) @ bits).astype(np.uint16)
        several = np.flatnonzero(((resolved >= 0) & (resolved != self._claim[:, None])).any(axis=1))
        self._row = np.full(len(resolved), -1, dtype=np.int32)
        self._row[several] = np.arange(len(several))
        self._several = resolved[several]

    def of(self, pattern: Ints, lang: Ints) -> Ints:
        """Get the claim of each pattern in the language beside it."""
        claim = np.where((self._langs[pattern] >> lang) & 1, self._claim[pattern], -1).astype(np.int64)
        row = self._row[pattern]
        some = np.flatnonzero(row >= 0)
        claim[some] = self._several[row[some], lang[some]]
        return claim


def _resolve(table: _ClaimTable, rows: dict[str, int]) -> npt.NDArray[np.int32]:
    """Get, for each pattern and each language of a text, the claim that wins; -1 where none counts."""
    resolved = np.full((len(rows), len(LANGUAGES) + 1), -1, dtype=np.int32)
    row = np.fromiter((rows.get(s, -1) for s in table.spellings), dtype=np.int64, count=len(table.spellings))
    # what is written later wins: the highest rank goes first
    order = np.argsort(-table.rank, kind="stable")
    order = order[row[order] >= 0]
    by_lang = {lang: order[table.lang[order] == code] for code, lang in enumerate(table.langs)}
    for column, lang in enumerate((*LANGUAGES, "")):
        for source in _sources(lang):
            if source in by_lang:
                resolved[row[by_lang[source]], column] = by_lang[source]
        for word in _FALSE_FRIENDS.get(lang, ()):
            place = rows.get(word)
            if place is not None and table.langs[table.lang[resolved[place, column]]] != lang:
                resolved[place, column] = -1
    return resolved


def _sources(lang: str) -> tuple[str, ...]:
    """Get the languages whose surfaces count in a text of a language, the ones that win last."""
    others = ("en",) if lang == "ja" else ("zh", "en")
    return (*(code for code in others if code != lang), lang)


def _boundaries(table: _ClaimTable) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Get, as bit sets of character classes, what may stand neither before nor after each claim."""
    left = np.zeros(len(table.spellings), dtype=np.uint8)
    right = np.zeros(len(table.spellings), dtype=np.uint8)
    firsts = character_classes(encode("".join(spelling[:1] or " " for spelling in table.spellings)))
    lasts = character_classes(encode("".join(spelling[-1:] or " " for spelling in table.spellings)))
    for i, (spelling, first, last) in enumerate(zip(table.spellings, firsts, lasts, strict=True)):
        left[i] = 0 if table.tail[i] else _forbidden(int(first), len(spelling), before=True)
        right[i] = _forbidden(int(last), len(spelling), before=False)
    return left, right


def _forbidden(edge: int, length: int, *, before: bool) -> int:
    letter, digit = CLASSES["letter"], CLASSES["digit"]
    if edge in (letter, digit):
        return 1 << letter | 1 << digit
    if length < 3 and (edge == CLASSES["katakana"] or (edge == CLASSES["hangul"] and before)):
        return 1 << edge
    return 0
