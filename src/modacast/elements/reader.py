"""Reads texts for element surfaces and cues at once: what the tagger and the relevance score share."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from modacast.elements.cues import Cue, load_cues
from modacast.elements.folding import fold_all
from modacast.elements.inflection import variants
from modacast.elements.lexicon import Entry, Lexicon
from modacast.elements.matcher import Claim, Flags, Matcher, Matches
from modacast.elements.words import cuts_across_words
from modacast.types import FACETS, Facet

__all__ = ["CLEAR_EVIDENCE", "FACET_WEIGHTS", "HEADS", "MODIFIERS", "Reader", "Reading", "shared_reader"]

FACET_WEIGHTS: dict[Facet, float] = {
    "garment": 0.8, "footwear": 0.75, "accessory": 0.45, "neckline": 0.8, "sleeve": 0.8, "silhouette": 0.7,
    "length": 0.5, "detail": 0.45, "fabric": 0.45, "pattern": 0.45, "style": 0.7, "brand": 0.55, "value": 0.2,
    "occasion": 0.1, "season": 0.05, "color": 0.05,
}  # fmt: skip
"""The chance that a random post which names an unambiguous element of the facet is about fashion."""

CLEAR_EVIDENCE = 0.5
"""The weight from which a cue or a mention makes ambiguous surfaces count."""

HEADS: frozenset[Facet] = frozenset({"garment", "footwear", "accessory"})
MODIFIERS: frozenset[Facet] = frozenset(
    {"color", "pattern", "fabric", "silhouette", "length", "neckline", "sleeve", "detail", "style"}
)

_IS_THING = np.array([facet in HEADS for facet in FACETS])
_IS_COLOR = np.array([facet == "color" for facet in FACETS])
_IS_WORN = np.array([facet in ("garment", "footwear") for facet in FACETS])
_ADJECTIVE_FACETS = frozenset({*HEADS, *MODIFIERS} - {"fabric"})
_PLURAL_FACETS = {"en": frozenset({*HEADS, "pattern", "detail", "neckline", "sleeve"}), "de": HEADS}

# what is listed goes before what is derived from it, and that before the cues
_VARIANT_RANK, _CUE_RANK = 10_000_000, 100_000_000
_VARIANT_CONFIDENCE = 0.95
_SINGLE_CHARACTER_CONFIDENCE = 0.7
_MIN_TAIL = 5
_CLAIMS_AT_ONCE = 8192
_GENERIC = (
    "面料", "工艺", "设计", "材质", "质地", "元素", "款式", "版型", "色系", "风格", "版", "款", "感", "范", "系",
)  # fmt: skip
_MIN_STEM = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """What a batch of texts names.

    Attributes:
        mentions: matches of elements, those that overlap included.
        cues: matches of cues.
    """

    mentions: Matches
    cues: Matches


class Reader:
    """Finds element surfaces, their regular other spellings, and cues.

    Args:
        lexicon: the elements.
        cues: the cues; None for those that come with modacast.

    Attributes:
        element_ids: ids by element number.
        element: `(n_claims,)` element number of each claim, -1 for a cue.
        facet: `(n_elements,)` position of each element's facet in `FACETS`.
        is_attribute: `(n_elements,)` whether each names an attribute (`面料`, `袖长`) rather than a value of it.
        weight: `(n_claims,)` how much the claim speaks for a text about fashion, in [-1, 1].
        is_ambiguous: `(n_claims,)` whether the surface was flagged `?`.
        confidence: `(n_claims,)` how sure a match of the claim is, in (0, 1].
        is_english: `(n_claims,)` whether the claim is an English one.
    """

    def __init__(self, lexicon: Lexicon, cues: Sequence[Cue] | None = None) -> None:
        cues = load_cues() if cues is None else cues
        self.element_ids = [element.id for element in lexicon]
        numbers = {element_id: number for number, element_id in enumerate(self.element_ids)}
        self.facet = np.array([FACETS.index(element.facet) for element in lexicon], dtype=np.int64)
        self.is_attribute = np.array(
            [element.attributes.get("role") == "attribute" for element in lexicon], dtype=np.bool_
        )
        columns = _Columns()
        self._matcher = Matcher(columns.noting(_all_claims(lexicon, numbers, cues), self._weights(cues)))
        self.element = np.array(columns.element, dtype=np.int64)
        self.is_ambiguous = np.array(columns.is_ambiguous, dtype=np.bool_)
        self.is_english = np.array(columns.is_english, dtype=np.bool_)
        self.confidence = np.array(columns.confidence, dtype=np.float32)
        self.weight = np.array(columns.weight, dtype=np.float32)

    def read(self, texts: Sequence[str], langs: Sequence[str], *, about_fashion: bool = False) -> Reading:
        """Find elements and cues.

        A short Chinese mention that is part of other words is left out, and one inside a longer cue where it is ambiguous (`红` in `红毯`) or where the cue shows
        another sense (`裙` in `裙带关系`).

        Args:
            texts: what to read.
            langs: language code of each text.
            about_fashion: whether the texts are known to be about clothes; then no cue shows another sense, and
                no general dictionary says what the words are (it reads `高|腰包|臀` where `高腰|包臀` is meant).
        """
        matches = self._matcher.find(texts, langs)
        is_cue = self.element[matches.claim] < 0
        cues, mentions = matches.where(is_cue), matches.where(~is_cue)
        against = self.weight[cues.claim] < 0
        hidden = _is_inside(mentions, cues.where(~against)) & self.is_ambiguous[mentions.claim]
        if not about_fashion:
            hidden |= _is_inside(mentions, cues.where(against))
        mentions = mentions.where(~hidden)
        if not about_fashion:
            may_be_part = _IS_WORN[self.facets_of(mentions)] | self.colors_a_thing(mentions)
            mentions = mentions.where(~cuts_across_words(mentions, texts, may_be_part))
        return Reading(mentions, cues)

    def facets_of(self, mentions: Matches) -> npt.NDArray[np.int64]:
        """Get the position in `FACETS` of each mention's facet."""
        return self.facet[self.element[mentions.claim]]

    def colors_a_thing(self, mentions: Matches) -> Flags:
        """Mark the colours at the beginning of things whose rest is a thing, too: `白` in `白衬衫`, not in `白金戒指`."""
        if not len(mentions):
            return np.zeros(0, dtype=np.bool_)
        width = int(mentions.end.max()) + 1
        start = mentions.doc * width + mentions.start
        length = mentions.end - mentions.start
        facets = self.facets_of(mentions)
        things = np.flatnonzero(_IS_THING[facets])
        wholes: dict[int, set[int]] = {}
        for begin, long in zip(start[things].tolist(), length[things].tolist(), strict=True):
            wholes.setdefault(begin, set()).add(long)
        leads = np.zeros(len(mentions), dtype=np.bool_)
        for i in np.flatnonzero(_IS_COLOR[facets]).tolist():
            begin, own = int(start[i]), int(length[i])
            rests = wholes.get(begin + own, ())
            leads[i] = any(long - own in rests for long in wholes.get(begin, ()))
        return leads

    def _weights(self, cues: Sequence[Cue]) -> Callable[[Claim, str], float]:
        """Get what weighs a claim and its spelling: a cue by itself, an element by its facet's or its cue's if more."""
        spelled = zip(fold_all([cue.text for cue in cues]), cues, strict=True)
        by_cue = {(cue.lang, spelling): cue.weight for spelling, cue in spelled}
        by_facet = [FACET_WEIGHTS[FACETS[facet]] for facet in self.facet]

        def weight(claim: Claim, spelling: str) -> float:
            cued = by_cue.get((claim.lang, spelling), 0.0)
            return cued if claim.owner < 0 else max(cued, by_facet[claim.owner])

        return weight


_shared: WeakValueDictionary[str, Reader] = WeakValueDictionary()


def shared_reader(lexicon: Lexicon) -> Reader:
    """Get the process's reader of a lexicon and the shipped cues; one is built, in seconds, where none is in use."""
    reader = _shared.get(lexicon.version)
    if reader is None:
        reader = _shared[lexicon.version] = Reader(lexicon)
    return reader


@dataclass(frozen=True, slots=True)
class _NotedClaim:
    claim: Claim
    is_ambiguous: bool
    confidence: float


class _Columns:
    """What the reader keeps of each claim, as arrays: there are 170,000."""

    def __init__(self) -> None:
        self.element, self.is_ambiguous, self.is_english = array("q"), array("b"), array("b")
        self.confidence, self.weight = array("f"), array("f")

    def noting(self, claims: Iterable[_NotedClaim], weight: Callable[[Claim, str], float]) -> Iterator[Claim]:
        """Yield the claims, and keep what is known of them."""
        rest = iter(claims)
        while some := list(islice(rest, _CLAIMS_AT_ONCE)):
            spellings = fold_all([noted.claim.surface for noted in some])
            for noted, spelling in zip(some, spellings, strict=True):
                self.element.append(noted.claim.owner)
                self.is_ambiguous.append(noted.is_ambiguous)
                self.is_english.append(noted.claim.lang == "en")
                self.confidence.append(noted.confidence)
                self.weight.append(weight(noted.claim, spelling))
                yield noted.claim


def _all_claims(lexicon: Lexicon, numbers: dict[str, int], cues: Sequence[Cue]) -> Iterator[_NotedClaim]:
    entries = list(lexicon.iter_entries())
    stems = {(_facet(entry), stem) for entry in entries if (stem := _stem(entry))}
    texts = {text for _, text in stems}
    clear = {
        (_facet(entry), entry.surface.text)
        for entry in entries
        if entry.surface.text in texts and not entry.surface.ambiguous
    }
    for entry in entries:
        # what only adds a generic word (`棉质面料` next to `棉质`) is left out: the span shall be the name alone
        stem = _stem(entry)
        if not stem or (_facet(entry), stem) not in clear:
            for claim in _claims(entry, numbers[entry.element_id]):
                yield _NotedClaim(claim, entry.surface.ambiguous, _confidence(claim, entry))
    for cue in cues:
        yield _NotedClaim(Claim(cue.text, cue.lang, -1, rank=_CUE_RANK), False, 1.0)


def _stem(entry: Entry) -> str:
    """Get a surface without the generic word at its end; `""` where it has none."""
    text = entry.surface.text
    if not text.endswith(_GENERIC):
        return ""
    generic = next(filter(text.endswith, _GENERIC))
    return text.removesuffix(generic) if len(text) - len(generic) >= _MIN_STEM else ""


def _facet(entry: Entry) -> str:
    return entry.element_id.partition("/")[0]


def _claims(entry: Entry, owner: int) -> Iterator[Claim]:
    text, exact = entry.surface.text, entry.surface.exact
    facet = _facet(entry)
    is_noun = entry.lang == "de" and facet in HEADS and text.isalpha() and not entry.surface.ambiguous
    tail = is_noun and len(text) >= _MIN_TAIL
    yield Claim(text, entry.lang, owner, exact=exact, tail=tail, rank=entry.rank)
    if not exact:
        plural = facet in _PLURAL_FACETS.get(entry.lang, _ADJECTIVE_FACETS)
        for variant in sorted(variants(text.lower(), entry.lang, plural=plural)):
            yield Claim(variant, entry.lang, owner, tail=tail, rank=entry.rank + _VARIANT_RANK)


def _confidence(claim: Claim, entry: Entry) -> float:
    confidence = 1.0 if claim.surface == entry.surface.text else _VARIANT_CONFIDENCE
    return confidence * (_SINGLE_CHARACTER_CONFIDENCE if len(claim.surface) == 1 else 1.0)


def _is_inside(matches: Matches, others: Matches) -> Flags:
    """Mark the matches that lie inside a longer one of others."""
    if not len(matches) or not len(others):
        return np.zeros(len(matches), dtype=np.bool_)
    width = int(max(matches.end.max(), others.end.max())) + 1
    start, end = matches.doc * width + matches.start, matches.doc * width + matches.end
    reach = np.maximum.accumulate(others.doc * width + others.end)
    before = np.searchsorted(others.doc * width + others.start, start, side="right") - 1
    return (before >= 0) & (reach[before] >= end)
