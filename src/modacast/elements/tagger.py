"""Finds where texts name fashion elements."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.elements.columns import number_column, string_column, text_column
from modacast.elements.context import Context, signs_beside
from modacast.elements.cues import Cue
from modacast.elements.lexicon import Lexicon
from modacast.elements.matcher import Flags, Ints, Matches, leftmost_longest
from modacast.elements.negation import is_negated
from modacast.elements.overlaps import best_cover
from modacast.elements.reader import CLEAR_EVIDENCE, HEADS, MODIFIERS, Reader, Reading, shared_reader
from modacast.elements.titles import in_titles
from modacast.types import FACETS, MENTIONS, Floats

__all__ = ["Tagger"]

_IN_DOMAIN_CONFIDENCE = 0.8
_CONTEXT_CONFIDENCE = 0.6
_NESTED_CONFIDENCE = 0.9
_FOREIGN_CONFIDENCE = 0.85
_MEANT = 0.5
# log-odds for each e-fold of clear signs in a text: a long post about clothes means its ambiguous words mostly as
# fashion; chosen on 80 words of public posts that were judged by hand
_EVIDENCE = 0.7
_NEGATED = -1.0
_LATIN = frozenset({"de", "fr", "es", "it", "pt"})
_COLUMNS = ("id", "text", "lang")
_IS_HEAD = np.array([facet in HEADS for facet in FACETS])
_IS_COMPOUND = np.array([facet in MODIFIERS and facet != "color" for facet in FACETS])
_IS_COLOR = np.array([facet == "color" for facet in FACETS])
_IS_NESTED = np.array([facet in MODIFIERS or facet == "value" for facet in FACETS])
_MIN_COMPOUND = 4
_MIN_WORD = 2
_IS_MODIFIER = np.array([facet in MODIFIERS for facet in FACETS])


@dataclass(frozen=True, slots=True)
class _Kept:
    """The mentions that count.

    Attributes:
        matches: where they stand.
        confidence: how sure each is, in (0, 1].
        holder: `(n,)` position of the mention that each lies inside, or its own.
    """

    matches: Matches
    confidence: npt.NDArray[np.float32]
    holder: list[int]


class Tagger:
    """Finds where texts name the elements of a lexicon, in every language of the lexicon.

    Of surfaces that overlap, those count that together cover most of the text, then the leftmost and longest; inside
    a garment, shoe or accessory, and inside compounds such as `撞色拼接`, the modifiers that are elements themselves
    count too (`牛仔裤` names jeans and denim). Surfaces that are ambiguous outside fashion count where the text holds
    a clear mention or cue, or where the two halves of something like `red shoes` stand side by side; with a
    `Context`, the language model decides about them. Names of attributes (elements with `role=attribute`, such as
    `面料`) count only where a text names nothing else.

    Args:
        lexicon: the elements.
        cues: words that show a text about clothes; None for those that come with modacast.
        context: decides about ambiguous surfaces; only texts that hold one are read by the language model. None
            for the rules alone, which are many times faster.
    """

    def __init__(
        self, lexicon: Lexicon, cues: Sequence[Cue] | None = None, *, context: Context | None = None
    ) -> None:
        self.lexicon = lexicon
        self.context = context
        self.reader = shared_reader(lexicon) if cues is None else Reader(lexicon, cues)

    def with_context(self, context: Context | None) -> Tagger:
        """Get a tagger of the same lexicon and cues with another context."""
        other = copy(self)
        other.context = context
        return other

    def tag(self, documents: pa.Table, *, about_fashion: bool = False) -> pa.Table:
        """Find every mention.

        Args:
            documents: a table with the string columns `id`, `text` and `lang` (any code; null for unknown).
            about_fashion: whether all texts are known to be about clothes, as a shop's catalogue is; ambiguous
                surfaces then always count.

        Returns:
            A table of `MENTIONS`, ordered as the documents and then by `start`. `polarity` is -1 where the text
            denies the element (`without lace`) and 0 elsewhere; `confidence` is in (0, 1], for an ambiguous
            surface the context's probability.

        Raises:
            InvalidInput: a column is missing.
        """
        ids, texts, langs = (text_column(documents, name) for name in _COLUMNS)
        reading = self.reader.read(texts, langs, about_fashion=about_fashion)
        reading = replace(reading, mentions=self._without_loose_characters(reading.mentions, texts))
        kept = self._kept(reading, texts, langs, about_fashion=about_fashion)
        found = kept.matches
        spans = list(zip(found.doc.tolist(), found.start.tolist(), found.end.tolist(), strict=True))
        # what stands inside another mention is denied with it
        polarity = [
            _NEGATED if is_negated(texts[d], s, e, langs[d]) else 0.0
            for d, s, e in map(spans.__getitem__, kept.holder)
        ]
        element = self.reader.element[found.claim].tolist()
        columns = [
            string_column([ids[d] for d in found.doc.tolist()]),
            string_column([self.reader.element_ids[number] for number in element]),
            number_column(found.start, pa.int32()),
            number_column(found.end, pa.int32()),
            string_column([texts[d][s:e] for d, s, e in spans]),
            number_column(np.array(polarity, dtype=np.float32), pa.float32()),
            number_column(kept.confidence, pa.float32()),
        ]
        return pa.Table.from_arrays(columns, schema=MENTIONS)

    def _kept(
        self, reading: Reading, texts: Sequence[str], langs: Sequence[str], *, about_fashion: bool
    ) -> _Kept:
        mentions = reading.mentions
        ambiguous = self.reader.is_ambiguous[mentions.claim]
        signs = np.zeros(len(mentions), dtype=np.int64)
        if not about_fashion:
            titled = in_titles(mentions, texts)
            signs = self._clear_signs(reading, len(langs), ~titled)[mentions.doc]
            # `《裙子的秘密》` alone may be a play; the surroundings decide
            ambiguous = ambiguous | (titled & (signs == 0))
        counts = ~ambiguous
        read = np.zeros(0, dtype=np.int64)
        chance = np.zeros(len(mentions), dtype=np.float32)
        if about_fashion:
            counts[:] = True
        else:
            if self.context is not None:
                beside = self._stands_beside(mentions, ambiguous, ~ambiguous)
                counts |= beside
                read = np.flatnonzero(ambiguous & ~beside & self._top(mentions, texts))
                chance[read] = self._chances(self.context, mentions, read, texts, signs[read])
            counts |= signs > 0
            counts |= self._is_paired(mentions, counts)
            counts[read] = chance[read] >= _MEANT
            counts |= self._stands_beside(mentions, ambiguous & ~counts, counts)
            read = read[chance[read] >= _MEANT]
        by_context = np.isin(np.flatnonzero(counts), read)
        chance = chance[counts]
        mentions = mentions.where(counts)
        top = self._top(mentions, texts)
        nested = self._is_nested(mentions, top, about_fashion=about_fashion)
        confidence = self.reader.confidence[mentions.claim].copy()
        confidence[ambiguous[counts]] *= _IN_DOMAIN_CONFIDENCE if about_fashion else _CONTEXT_CONFIDENCE
        confidence[by_context] = chance[by_context]
        confidence[nested] *= _NESTED_CONFIDENCE
        latin = np.fromiter((lang in _LATIN for lang in langs), dtype=np.bool_, count=len(langs))
        confidence[latin[mentions.doc] & self.reader.is_english[mentions.claim]] *= _FOREIGN_CONFIDENCE
        stays = self._without_attribute_names(mentions, top | nested)
        mentions, own = mentions.where(stays), top[stays]
        holder = np.maximum.accumulate(np.where(own, np.arange(len(own)), 0))
        return _Kept(mentions, confidence[stays], holder.tolist())

    def _top(self, mentions: Matches, texts: Sequence[str]) -> Flags:
        return best_cover(mentions, _IS_HEAD[self.reader.facets_of(mentions)], texts)

    @staticmethod
    def _chances(
        context: Context, mentions: Matches, read: Ints, texts: Sequence[str], n_clear: Ints
    ) -> Floats:
        """Get the chance that ambiguous mentions are meant as fashion.

        A word has one sense in a text, so its first place decides for all (Gale, Church and Yarowsky, 1992, "One
        Sense Per Discourse"), and many clear signs of fashion in a text raise the chance.
        """
        if not len(read):
            return np.zeros(0, np.float32)
        words = np.stack([mentions.doc[read], mentions.claim[read]], axis=1)
        _, first, place = np.unique(words, axis=0, return_index=True, return_inverse=True)
        once, n_clear = mentions.where(read[first]), n_clear[first]
        signs = signs_beside(mentions, read[first], n_clear > 0)
        chance = context.probabilities(texts, once.doc, once.start, once.end, signs)
        raised = chance * (np.maximum(n_clear, 1) ** _EVIDENCE).astype(np.float32)
        chances = raised / (raised + 1 - chance)
        return np.asarray(chances[place.ravel()], np.float32)

    def _stands_beside(self, mentions: Matches, ambiguous: Flags, counts: Flags) -> Flags:
        """Mark ambiguous modifiers right before a head that counts, as in `white sneakers`: nobody need ask."""
        beside = np.zeros(len(mentions), dtype=np.bool_)
        top = np.flatnonzero(leftmost_longest(mentions))
        left, right = top[:-1], top[1:]
        facets = self.reader.facets_of(mentions)
        gap = mentions.start[right] - mentions.end[left]
        meets = (mentions.doc[left] == mentions.doc[right]) & (gap >= 0) & (gap <= 1)
        meets &= _IS_MODIFIER[facets[left]] & ambiguous[left] & _IS_HEAD[facets[right]] & counts[right]
        beside[left[meets & (mentions.end[left] - mentions.start[left] >= _MIN_WORD)]] = True
        return beside

    def _without_loose_characters(self, mentions: Matches, texts: Sequence[str]) -> Matches:
        """Leave out modifiers of one character inside other words: `白裙子` names white, `白皙` does not."""
        width = int(mentions.end.max(initial=0)) + 1
        start, end = mentions.doc * width + mentions.start, mentions.doc * width + mentions.end
        loose = (end - start == 1) & _IS_MODIFIER[self.reader.facets_of(mentions)]
        loose &= ~np.isin(end, start) & ~np.isin(start, end)
        for i in np.flatnonzero(loose):
            text, position = texts[mentions.doc[i]], int(mentions.start[i])
            before, after = text[max(0, position - 1) : position], text[position + 1 : position + 2]
            loose[i] = _continues(before) or _continues(after)
        return mentions.where(~loose)

    def _without_attribute_names(self, mentions: Matches, stays: Flags) -> Flags:
        """Leave out `面料` in `牛皮面料`: the name of an attribute says nothing beside a value of any."""
        names = self.reader.is_attribute[self.reader.element[mentions.claim]]
        return stays & ~(names & np.isin(mentions.doc, mentions.doc[stays & ~names]))

    def _clear_signs(self, reading: Reading, n_docs: int, tells: Flags | None = None) -> Ints:
        """Count the different clear elements, of all mentions or of those that tell, and cues of each text."""
        mentions, cues = reading.mentions, reading.cues
        clear = ~self.reader.is_ambiguous[mentions.claim] & (
            self.reader.weight[mentions.claim] >= CLEAR_EVIDENCE
        )
        if tells is not None:
            clear &= tells
        clear_cues = self.reader.weight[cues.claim] >= CLEAR_EVIDENCE
        signs = np.zeros(n_docs, dtype=np.int64)
        for doc, what in (
            (mentions.doc[clear], self.reader.element[mentions.claim[clear]]),
            (cues.doc[clear_cues], cues.claim[clear_cues]),
        ):
            different = np.unique(np.stack([doc, what], axis=1), axis=0)
            signs += np.bincount(different[:, 0], minlength=n_docs)
        return signs

    def _is_paired(self, mentions: Matches, counted: Flags) -> Flags:
        """Mark ambiguous modifiers and heads that stand side by side, single Chinese characters aside."""
        paired = np.zeros(len(mentions), dtype=np.bool_)
        open_ = np.flatnonzero(~counted & (mentions.end - mentions.start >= 2))
        open_ = open_[leftmost_longest(mentions.where(open_))]
        if len(open_) < 2:
            return paired
        left, right = open_[:-1], open_[1:]
        facets = self.reader.facets_of(mentions)
        gap = mentions.start[right] - mentions.end[left]
        meets = (mentions.doc[left] == mentions.doc[right]) & (gap >= 0) & (gap <= 1)
        meets &= (_IS_MODIFIER[facets[left]] & _IS_HEAD[facets[right]]) | (
            _IS_HEAD[facets[left]] & _IS_MODIFIER[facets[right]]
        )
        paired[left[meets]] = True
        paired[right[meets]] = True
        return paired

    def _is_nested(self, mentions: Matches, top: Flags, *, about_fashion: bool) -> Flags:
        """Mark the clear modifiers that lie inside a head, or a longer modifier, that counts."""
        nested = np.zeros(len(mentions), dtype=np.bool_)
        if not len(mentions):
            return nested
        width = int(mentions.end.max()) + 1
        start, end = mentions.doc * width + mentions.start, mentions.doc * width + mentions.end
        heads = np.flatnonzero(top)
        container = heads[np.maximum(np.searchsorted(start[heads], start, side="right") - 1, 0)]
        facets = self.reader.facets_of(mentions)
        inside = ~top & (start >= start[container]) & (end <= end[container])
        compound = _IS_COMPOUND[facets[container]] & (end[container] - start[container] >= _MIN_COMPOUND)
        inside &= (_IS_HEAD[facets[container]] | compound) & _IS_NESTED[facets]
        # a colour inside the name of a thing is no longer ambiguous
        clear = ~self.reader.is_ambiguous[mentions.claim] | (_IS_HEAD[facets[container]] & _IS_COLOR[facets])
        painted = self.reader.colors_a_thing(mentions) & (start == start[container])
        inside &= (clear | about_fashion) & ((end - start >= 2) | painted)
        candidates = np.flatnonzero(inside)
        nested[candidates[leftmost_longest(mentions.where(candidates))]] = True
        return nested


def _continues(neighbour: str) -> bool:
    """Say whether a character beside a single Chinese one may belong to the same word."""
    return "\u4e00" <= neighbour <= "\u9fff" or (neighbour.isascii() and neighbour.isalnum())
