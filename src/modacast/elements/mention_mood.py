"""What a text feels about each element that it names: the stretch around the mention decides."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.elements.clauses import Clauses, split_clauses
from modacast.elements.columns import text_column
from modacast.elements.comparison import preference
from modacast.elements.polarity import Polarity
from modacast.errors import NotFound
from modacast.types import MENTIONS, Floats

__all__ = ["mention_scores"]

_NEXT_CLAUSE = 0.7
_LAST_CLAUSE = 0.5
_SILENT = 0.15
_PREFERRED = 0.6
_CLEAR, _UNCLEAR, _OTHER_SIDE = 0.4, 0.2, 0.4
_CONTRAST = re.compile(r"却|倒是?|反而|\b(?:whereas|while|though|however)\b", re.IGNORECASE)
_STRONG_LINK = re.compile(
    r"\b(?:whereas|while|während|tandis que|mientras|mentre|enquanto)\b|而且?|却|倒是?", re.IGNORECASE
)
_LINK = re.compile(
    r"\b(?:and|when|with|und|et|y|e|con|avec|mit)\b|和|配了?|搭|と|하고", re.IGNORECASE
)  # fmt: skip

Ints = npt.NDArray[np.int64]
Reader = Callable[[Sequence[str], Sequence[str]], Floats]
Span = tuple[int, int]


def mention_scores(
    mentions: pa.Table, documents: pa.Table, polarity: Polarity, reader: Reader | None
) -> pa.Table:
    """Fill in the polarity of mentions; see `Sentiment.mention_polarity`.

    Args:
        mentions: a table of `MENTIONS`.
        documents: a table with the columns `id`, `text` and `lang`.
        polarity: finds the polar words.
        reader: gets the polarity of stretches of text, given them and their languages; None for the polar words.
    """
    ids, texts, langs = (text_column(documents, name) for name in ("id", "text", "lang"))
    number = {doc_id: i for i, doc_id in enumerate(ids)}
    wanted = mentions.column("doc_id").to_pylist()
    unknown = next((doc_id for doc_id in wanted if doc_id not in number), None)
    if unknown is not None:
        raise NotFound(f"document {unknown!r} of the mentions is not among the documents")
    doc = np.array([number[doc_id] for doc_id in wanted], dtype=np.int64)
    found = _Mentioned(texts, langs, doc, mentions, polarity, reader)
    tagged = mentions.column("polarity").to_numpy()
    values = pa.array(np.where(tagged < 0, tagged, found.felt()), pa.float32())
    return mentions.set_column(MENTIONS.get_field_index("polarity"), MENTIONS.field("polarity"), values)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a mention stands.

    Attributes:
        doc: position of its document.
        span: first character and one past the last.
        clause: number of its clause.
    """

    doc: int
    span: Span
    clause: int


class _Mentioned:
    """The mentions of a batch of texts, and how to read what is said of them."""

    def __init__(  # noqa: PLR0917
        self,
        texts: Sequence[str],
        langs: Sequence[str],
        doc: Ints,
        mentions: pa.Table,
        polarity: Polarity,
        reader: Reader | None,
    ) -> None:
        self._texts, self._langs, self._polarity = texts, langs, polarity
        self._reader = reader or (lambda some, codes: polarity.find(some, codes).by_document())
        start, end = (mentions.column(name).to_numpy().astype(np.int64) for name in ("start", "end"))
        self._clauses = split_clauses(texts, langs)
        self._ends = _ends(self._clauses, texts)
        clause = self._clauses.of(doc, start)
        self._places = [
            _Place(d, (s, e), c)
            for d, s, e, c in zip(doc.tolist(), start.tolist(), end.tolist(), clause.tolist(), strict=True)
        ]

    def felt(self) -> Floats:
        """Get the polarity of each mention."""
        if not self._places:
            return np.zeros(0, np.float32)
        stretches = self._stretches()
        spread = self._spread(self._read(stretches))
        return self._compared(self._contrasted(spread, stretches))

    def _read(self, stretches: Sequence[tuple[int, int, int]]) -> Floats:
        """Get the polarity of stretches (document, first character, one past the last), each text read once."""
        pieces = [(self._texts[doc][first:last].strip(), self._langs[doc]) for doc, first, last in stretches]
        known = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
        if not known:
            return np.zeros(0, np.float32)
        scores = self._reader([text for text, _ in known], [lang for _, lang in known])
        return scores[[known[piece] for piece in pieces]]

    def _stretches(self) -> list[tuple[int, int, int]]:
        """Get the stretch of each mention: its clause, cut between mentions that have words of their own."""
        spans: dict[int, set[Span]] = defaultdict(set)
        for place in self._places:
            spans[place.clause].add(place.span)
        shared = [clause for clause, found in spans.items() if len(found) > 1]
        words = self._polar_words(shared)
        borders: dict[int, list[int]] = {}
        for clause, found in spans.items():
            doc = int(self._clauses.doc[clause])
            cuts = [
                _cut(self._texts[doc], one, two, words.get(clause, []))
                for one, two in pairwise(sorted(found))
            ]
            first, last = int(self._clauses.start[clause]), int(self._ends[clause])
            borders[clause] = [first, *(cut for cut in cuts if cut is not None), last]
        stretches = []
        for place in self._places:
            border = borders[place.clause]
            k = max(i for i, cut in enumerate(border[:-1]) if cut <= place.span[0] or i == 0)
            stretches.append((place.doc, border[k], border[k + 1]))
        return stretches

    def _polar_words(self, clauses: Sequence[int]) -> dict[int, list[Span]]:
        """Get where words of praise and blame stand in some clauses."""
        texts, langs = [], []
        for clause in clauses:
            doc = int(self._clauses.doc[clause])
            texts.append(self._texts[doc][self._clauses.start[clause] : self._ends[clause]])
            langs.append(self._langs[doc])
        found = self._polarity.find(texts, langs)
        words: dict[int, list[Span]] = defaultdict(list)
        for i, start, end, score in zip(
            found.doc.tolist(), found.start.tolist(), found.end.tolist(), found.score.tolist(), strict=True
        ):
            if score:
                begin = int(self._clauses.start[clauses[i]])
                words[clauses[i]].append((begin + start, begin + end))
        return words

    def _spread(self, felt: Floats) -> Floats:
        """Give silent mentions what a neighbouring clause of the sentence without mentions says."""
        mentioned = {place.clause for place in self._places}
        wanted: list[tuple[int, int, float]] = []
        for i, place in enumerate(self._places):
            if abs(felt[i]) >= _SILENT:
                continue
            for clause, weight in ((place.clause + 1, _NEXT_CLAUSE), (place.clause - 1, _LAST_CLAUSE)):
                inside = 0 <= clause < len(self._ends) and self._clauses.same_sentence(place.clause, clause)
                if inside and clause not in mentioned:
                    wanted.append((i, clause, weight))
        said = self._read(
            [(self._places[i].doc, int(self._clauses.start[c]), int(self._ends[c])) for i, c, _ in wanted]
        )
        spread = felt.copy()
        for (i, _, weight), value in zip(wanted, said, strict=True):
            if abs(spread[i]) < _SILENT <= abs(value):
                spread[i] = weight * value
        return spread

    def _contrasted(self, felt: Floats, stretches: Sequence[tuple[int, int, int]]) -> Floats:
        """Give a mention of which little is said the other side of the one that a `but` sets against it."""
        result = felt.copy()
        order = sorted(range(len(self._places)), key=lambda i: (self._places[i].doc, self._places[i].span))
        for one, two in pairwise(order):
            first, second = self._places[one], self._places[two]
            same = self._clauses.sentence[first.clause] == self._clauses.sentence[second.clause]
            if not same or first.doc != second.doc or stretches[one] == stretches[two]:
                continue
            said = self._texts[first.doc][first.span[1] : stretches[two][2]]
            turns = any(self._clauses.is_contrast[first.clause + 1 : second.clause + 1])
            if turns or _CONTRAST.search(said):
                strong, weak = (one, two) if abs(felt[one]) > abs(felt[two]) else (two, one)
                if abs(felt[strong]) >= _CLEAR and abs(felt[weak]) < _UNCLEAR:
                    result[weak] = -_OTHER_SIDE * felt[strong]
        return result

    def _compared(self, felt: Floats) -> Floats:
        """Prefer one of two mentions where their sentence compares them."""
        sentences: dict[int, list[int]] = defaultdict(list)
        for i, place in enumerate(self._places):
            sentences[int(self._clauses.sentence[place.clause])].append(i)
        result = felt.copy()
        for members in sentences.values():
            spans = sorted(_outermost({self._places[i].span for i in members}))
            for one, two in pairwise(spans):
                side = self._preferred(members, one, two)
                for i in members if side else ():
                    if _is_within(self._places[i].span, one):
                        result[i] = _PREFERRED * side
                    elif _is_within(self._places[i].span, two):
                        result[i] = -_PREFERRED * side
        return result

    def _preferred(self, members: Sequence[int], one: Span, two: Span) -> int:
        """Say which of two mentions their sentence prefers: 1, -1, or 0."""
        if one[1] > two[0]:
            return 0
        clauses = [self._places[i].clause for i in members]
        doc = self._places[members[0]].doc
        text, lang = self._texts[doc], self._langs[doc]
        first, last = int(self._clauses.start[min(clauses)]), int(self._ends[max(clauses)])
        before, between, after = text[first : one[0]], text[one[1] : two[0]], text[two[1] : last]

        def blame() -> float:
            return float(self._polarity.find([f"{between} {after}"], [lang]).score.sum())

        return preference(before, between, after, lang, blame)


def _is_within(span: Span, other: Span) -> bool:
    return other[0] <= span[0] and span[1] <= other[1]


def _outermost(spans: set[Span]) -> set[Span]:
    """Leave out the spans that lie within others, as `阔腿` does in `阔腿裤`."""
    return {one for one in spans if not any(one != two and _is_within(one, two) for two in spans)}


def _ends(clauses: Clauses, texts: Sequence[str]) -> Ints:
    """Get the end of each clause: where the next one of its text begins."""
    ends = np.array([len(texts[doc]) for doc in clauses.doc.tolist()], dtype=np.int64)
    same = np.flatnonzero(clauses.doc[1:] == clauses.doc[:-1])
    ends[same] = clauses.start[same + 1]
    return ends


def _cut(text: str, one: Span, two: Span, words: Sequence[Span]) -> int | None:
    """Get where to cut between two mentions; None where they share their words."""
    if one[1] > two[0]:
        return None
    strong = _STRONG_LINK.search(text, one[1], two[0])
    if strong is not None:
        return strong.start()
    link = _LINK.search(text, one[1], two[0])
    between = [word for word in words if one[1] <= word[0] and word[1] <= two[0]]
    outside = any(word[0] >= two[1] for word in words) and any(word[1] <= one[0] for word in words)
    if link is not None and (between or outside):
        return link.start()
    if not between:
        return None
    last = between[-1]
    # the words right before a mention speak of it: `ugly shoes`, `丑得要命的鞋`
    return last[0] if len(between) > 1 and two[0] - last[1] <= 1 else two[0]
