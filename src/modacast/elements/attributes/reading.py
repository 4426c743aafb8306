"""What the lexicon says about a title, and which of a shop's labels that means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import pyarrow as pa

from modacast.elements.folding import fold
from modacast.elements.reader import HEADS
from modacast.elements.tagger import Tagger
from modacast.types import LANGUAGES

__all__ = ["Named", "element_words", "meanings", "named_in", "reading_of"]

_FOR_WHOM = frozenset({"garment/childrenswear", "garment/womenswear", "garment/menswear", "garment/clothing"})
_HEAD_FIRST = frozenset({"fr", "es", "it", "pt"})
# what comes along with a thing is named after these words: `dress with belt`
_WITH = {"en": " with ", "de": " mit ", "fr": " avec ", "es": " con ", "it": " con ", "pt": " com "}


@dataclass(frozen=True, slots=True)
class Named:
    """One mention in a title.

    Attributes:
        element_id: what it names.
        start: its first character.
        end: one past its last.
        broader: the element and all that are broader, the nearest first.
    """

    element_id: str
    start: int
    end: int
    broader: tuple[str, ...]

    @property
    def facet(self) -> str:
        """What kind of element it is."""
        return self.element_id.partition("/")[0]


def named_in(tagger: Tagger, texts: Sequence[str], langs: Sequence[str]) -> list[list[Named]]:
    """Get the mentions of each text of a catalogue, in their order."""
    ids = [str(number) for number in range(len(texts))]
    strings = {"id": ids, "text": list(texts), "lang": list(langs)}
    mentions = tagger.tag(
        pa.table({name: pa.array(values, pa.string()) for name, values in strings.items()}),
        about_fashion=True,
    )
    found: list[list[Named]] = [[] for _ in texts]
    broader: dict[str, tuple[str, ...]] = {}
    columns = (mentions.column(name).to_pylist() for name in ("doc_id", "element_id", "start", "end"))
    for doc_id, element_id, start, end in zip(*columns, strict=True):
        if element_id not in broader:
            broader[element_id] = (element_id, *tagger.lexicon.ancestors(element_id))
        found[int(doc_id)].append(Named(element_id, start, end, broader[element_id]))
    return found


def element_words(named: Sequence[Named], text: str, lang: str) -> list[str]:
    """Get what a title names, as words to learn from: elements, the broader ones, its garment, the first of a facet."""
    words = [f"any:{element_id}" for mention in named for element_id in mention.broader]
    heads = list(_in_order([m for m in named if m.facet in HEADS and not _says_for_whom(m)], text, lang))
    words += [f"head:{element_id}" for head in heads[:1] for element_id in head.broader]
    first = {mention.facet: mention for mention in reversed(named) if mention.facet not in HEADS}
    words += [f"first:{element_id}" for mention in first.values() for element_id in mention.broader]
    return words


def meanings(tagger: Tagger, labels: Sequence[str], lang: str) -> dict[str, tuple[str, ...]]:
    """Get the labels that each element means: those whose whole name it is, in any of nine languages.

    Args:
        tagger: reads the labels.
        labels: the shop's own names; those of one element keep their order.
        lang: is asked first.
    """
    known: dict[str, tuple[str, ...]] = {}
    left = list(labels)
    for code in dict.fromkeys((lang, *LANGUAGES)):
        named = named_in(tagger, left, [code] * len(left))
        read = {
            label: {m.element_id for m in mentions if m.start == 0 and m.end == len(label)}
            for label, mentions in zip(left, named, strict=True)
        }
        for label, element_ids in read.items():
            for element_id in sorted(element_ids):
                known[element_id] = (*known.get(element_id, ()), label)
        left = [label for label in left if not read[label]]
    return known


def reading_of(
    named: Sequence[Named], text: str, lang: str, known: Mapping[str, Sequence[str]]
) -> str | None:
    """Get the label that the lexicon gives a title; None where the title names none.

    An element that no label means counts for the nearest broader one that a label does. Of labels that mean the same,
    the one that is written most like the title's word is taken, and then the first.
    """
    facets = {element_id.partition("/")[0] for element_id in known}
    fitting = [m for m in named if m.facet in facets]
    for mention in _in_order(fitting, text, lang):
        for element_id in mention.broader:
            if element_id in known:
                return _most_alike(known[element_id], text[mention.start : mention.end])
    return None


def _most_alike(labels: Sequence[str], word: str) -> str:
    if len(labels) == 1:
        return labels[0]
    folded = fold(word)
    return max(labels, key=lambda label: SequenceMatcher(None, fold(label), folded).ratio())


def _says_for_whom(mention: Named) -> bool:
    return mention.element_id in _FOR_WHOM


def _in_order(mentions: Sequence[Named], text: str, lang: str) -> Iterator[Named]:
    """Yield mentions, those first that say what the thing is: most languages name it last, some first."""
    heads = [m for m in mentions if m.facet in HEADS]
    if not heads or lang in _HEAD_FIRST:
        yield from mentions
        return
    along = text.lower().find(_WITH[lang]) if lang in _WITH else -1
    own = [m for m in heads if along < 0 or m.start < along]
    yield from own[::-1]
    yield from (m for m in heads if m not in own)
    yield from (m for m in mentions if m.facet not in HEADS)
