"""What a text feels about each element that it names: the stretch around the mention decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
_STRONG_LINK = re.compile(r"\b(?:whereas|while|während|tandis que|mientras|mentre|enquanto)\b|而且?|却|倒是?")
_LINK = re.compile(
    r"\b(?:and|while|whereas|when|with|und|et|y|e|con|avec|mit)\b|而且?|却|倒是?|和|配了?|搭|と|하고", re.IGNORECASE
)  # fmt: skip

Ints = npt.NDArray[np.int64]
Reader = Callable[[Sequence[str], Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a mention stands.

    Attributes:
        doc: position of its document.
        start: its first character.
        end: one past its last.
        clause: number of its clause.
        first: first character of the stretch that speaks of it.
        last: one past the stretch's last.
    """

    doc: int
    start: int
    end: int
    clause: int
    first: int
    last: int


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
    clauses = split_clauses(texts, langs)
    clause = clauses.of(doc, mentions.column("start").to_numpy().astype(np.int64))
    ends = _ends(clauses, texts)
    places = _places(doc, clause, mentions, clauses, ends, texts, polarity, langs)
    scorer = _Scorer(texts, langs, reader or (lambda some, codes: polarity.find(some, codes).by_document()))
    felt = scorer.read([(place.doc, place.first, place.last) for place in places])
    felt = _spread(felt, places, clauses, ends, scorer)
    felt = _compared(felt, places, clauses, ends, texts, langs, polarity)
    tagged = mentions.column("polarity").to_numpy()
    values = pa.array(np.where(tagged < 0, tagged, felt), pa.float32())
    return mentions.set_column(MENTIONS.get_field_index("polarity"), MENTIONS.field("polarity"), values)


class _Scorer:
    """Reads stretches of the texts, each once."""

    def __init__(self, texts: Sequence[str], langs: Sequence[str], reader: Reader) -> None:
        self._texts, self._langs, self._reader = texts, langs, reader

    def read(self, stretches: Sequence[tuple[int, int, int]]) -> Floats:
        """Get the polarity of each stretch (document, first character, one past the last)."""
        pieces = [(self._texts[doc][first:last].strip(), self._langs[doc]) for doc, first, last in stretches]
        known = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
        scores = self._reader([text for text, _ in known], [lang for _, lang in known])
        return scores[[known[piece] for piece in pieces]] if pieces else np.zeros(0, np.float32)


def _ends(clauses: Clauses, texts: Sequence[str]) -> Ints:
    """Get the end of each clause: where the next one of its text begins."""
    ends = np.array([len(texts[doc]) for doc in clauses.doc.tolist()], dtype=np.int64)
    same = np.flatnonzero(clauses.doc[1:] == clauses.doc[:-1])
    ends[same] = clauses.start[same + 1]
    return ends


def _places(
    doc: Ints,
    clause: Ints,
    mentions: pa.Table,
    clauses: Clauses,
    ends: Ints,
    texts: Sequence[str],
    polarity: Polarity,
    langs: Sequence[str],
) -> list[_Place]:
    """Get the stretch of each mention: its clause, cut between mentions that have words of their own."""
    start, end = (mentions.column(name).to_numpy().astype(np.int64).tolist() for name in ("start", "end"))
    by_clause: dict[int, list[int]] = {}
    for i, c in enumerate(clause.tolist()):
        by_clause.setdefault(c, []).append(i)
    shared = [c for c, members in by_clause.items() if len({start[i] for i in members}) > 1]
    stretches = [texts[clauses.doc[c]][clauses.start[c] : ends[c]] for c in shared]
    found = polarity.find(stretches, [langs[clauses.doc[c]] for c in shared])
    places: dict[int, _Place] = {}
    for c, members in by_clause.items():
        cuts = [int(clauses.start[c]), int(ends[c])]
        if len(members) > 1 and c in shared:
            at = shared.index(c) if len(shared) < 8 else _index(shared, c)
            words = [
                (int(s) + cuts[0], int(e) + cuts[0])
                for s, e, score in zip(found.start[found.doc == at], found.end[found.doc == at], found.score[found.doc == at], strict=True)
                if score
            ]  # fmt: skip
            spans = sorted({(start[i], end[i]) for i in members})
            inner = [
                cut for one, two in zip(spans, spans[1:], strict=False)
                if (cut := _cut(texts[doc[members[0]]], one, two, words)) is not None
            ]  # fmt: skip
            cuts = sorted({*cuts, *inner})
        for i in members:
            last = next(cut for cut in cuts[1:] if cut > start[i] or cut == cuts[-1])
            first = max(cut for cut in cuts if cut <= start[i])
            places[i] = _Place(int(doc[i]), start[i], end[i], c, first, last)
    return [places[i] for i in range(len(doc))]


def _index(items: list[int], item: int) -> int:
    return items.index(item)


def _cut(text: str, one: tuple[int, int], two: tuple[int, int], words: list[tuple[int, int]]) -> int | None:
    """Get where to cut between two mentions; None where they share their words."""
    if one[1] > two[0]:
        return None
    strong = _STRONG_LINK.search(text, one[1], two[0])
    if strong is not None:
        return strong.start()
    link = _LINK.search(text, one[1], two[0])
    between = [word for word in words if one[1] <= word[0] and word[1] <= two[0]]
    after, before = any(w[0] >= two[1] for w in words), any(w[1] <= one[0] for w in words)
    if link is not None and (between or (after and before)):
        return link.start()
    if not between:
        return None
    last = between[-1]
    # the words right before a mention speak of it: `ugly shoes`, `丑得要命的鞋`
    return last[0] if len(between) > 1 and two[0] - last[1] <= 1 else two[0]


def _spread(felt: Floats, places: Sequence[_Place], clauses: Clauses, ends: Ints, scorer: _Scorer) -> Floats:
    """Give silent mentions what a neighbouring clause of the sentence without mentions says."""
    mentioned = {place.clause for place in places}
    wanted: list[tuple[int, int, float]] = []
    for i, place in enumerate(places):
        if abs(felt[i]) >= _SILENT:
            continue
        for clause, weight in ((place.clause + 1, _NEXT_CLAUSE), (place.clause - 1, _LAST_CLAUSE)):
            inside = 0 <= clause < len(ends) and clauses.same_sentence(place.clause, clause)
            if inside and clause not in mentioned:
                wanted.append((i, clause, weight))
    said = scorer.read([(places[i].doc, int(clauses.start[c]), int(ends[c])) for i, c, _ in wanted])
    spread = felt.copy()
    for (i, _, weight), value in zip(wanted, said, strict=True):
        if abs(spread[i]) < _SILENT and abs(value) >= _SILENT:
            spread[i] = weight * value
    return spread


def _compared(
    felt: Floats,
    places: Sequence[_Place],
    clauses: Clauses,
    ends: Ints,
    texts: Sequence[str],
    langs: Sequence[str],
    polarity: Polarity,
) -> Floats:
    """Prefer one of two mentions where their sentence compares them."""
    by_sentence: dict[int, list[int]] = {}
    for i, place in enumerate(places):
        by_sentence.setdefault(int(clauses.sentence[place.clause]), []).append(i)
    result = felt.copy()
    for members in by_sentence.values():
        spans = sorted({(places[i].start, places[i].end) for i in members})
        if len(spans) < 2:
            continue
        doc = places[members[0]].doc
        numbers = [places[i].clause for i in members]
        first, last = min(numbers), max(numbers)
        text, lang = texts[doc], langs[doc]
        begin, stop = int(clauses.start[first]), int(ends[last])
        for one, two in zip(spans, spans[1:], strict=False):
            if one[1] > two[0]:
                continue
            said = text[one[1] : two[0]] + "|" + text[two[1] : stop]
            blame = _score(polarity, said.replace("|", " "), lang)
            side = preference(text[begin : one[0]], text[one[1] : two[0]], text[two[1] : stop], lang, blame)
            if side:
                for i in members:
                    span = (places[i].start, places[i].end)
                    if span in (one, two):
                        result[i] = _PREFERRED * (side if span == one else -side)
    return result


def _score(polarity: Polarity, text: str, lang: str) -> float:
    """Get the sum of the polar words, whatever denies them."""
    return float(polarity.find([text], [lang]).score.sum())
