"""What the judge learns from: words of the lexicon as the corpus uses them, and words that the lexicon lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from modacast.elements.discovery.judge import Example
from modacast.elements.discovery.language import LanguageWalk, Run
from modacast.elements.discovery.nearby import nearby_words
from modacast.elements.discovery.stories import MASK, masked
from modacast.elements.folding import fold
from modacast.elements.lexicon import Lexicon
from modacast.elements.reader import Reader
from modacast.types import FACETS

__all__ = ["QUIET", "Lessons", "examples_of"]

QUIET = frozenset({"season", "occasion", "length", "value"})
"""Facets whose words are used far beyond fashion: they teach nothing, and no new word is given to them."""

_MOST_WORDS, _MOST_OTHERS = 800, 1600
_CONTEXTS, _CONTEXTS_OF_RUNS = 3, 4
_MIN_LENGTH = 2


@dataclass(frozen=True, slots=True)
class _Place:
    """A masked text, and how like fashion it is without the word."""

    text: str
    likeness: float
    relevance: float


def examples_of(runs: Sequence[Run], walk: LanguageWalk) -> list[Example]:
    """Get words that the lexicon lacks as examples, with what is around them."""
    texts = [tuple(masked(text, run.text) for text in run.texts[:_CONTEXTS_OF_RUNS]) for run in runs]
    around = walk.surroundings([text for each in texts for text in each])
    result, at = [], 0
    for run, each in zip(runs, texts, strict=True):
        mean = around[at : at + len(each)].mean(axis=0)
        at += len(each)
        result.append(Example(run.text, each, -1, float(mean[0]), float(mean[1])))
    return result


class Lessons:
    """Gathers examples as the weeks go by.

    Args:
        lang: language code.
        lexicon: whose words are the examples.
        reader: of that lexicon.
        seed: decides which examples are kept where there are many.
    """

    def __init__(self, lang: str, lexicon: Lexicon, reader: Reader, seed: int) -> None:
        self._lang = lang
        self._reader = reader
        self._chance = np.random.default_rng(seed)
        self._facets = [FACETS.index(element.facet) for element in lexicon]
        self._used: dict[tuple[str, int], list[_Place]] = {}
        self._others: dict[str, Example] = {}
        self._labels = [
            Example(fold(element.labels[lang][0]), (), FACETS.index(element.facet))
            for element in lexicon
            if element.labels.get(lang) and element.facet not in QUIET
        ]
        known = {example.word for example in self._labels}
        self._labels += [Example(word, ()) for word in nearby_words(lang) if word not in known]

    def read(self, walk: LanguageWalk) -> None:
        """Gather the lexicon's words from the week that was read last."""
        given = walk.weeks[-1].given
        mentions = self._reader.read(given.texts, [self._lang] * len(given.texts)).mentions
        clear = ~self._reader.is_ambiguous[mentions.claim] & (mentions.end - mentions.start >= _MIN_LENGTH)
        found = mentions.where(clear)
        new: list[tuple[tuple[str, int], str]] = []
        for doc, start, end, claim in zip(
            found.doc.tolist(), found.start.tolist(), found.end.tolist(), found.claim.tolist(), strict=True
        ):
            facet = self._facets[int(self._reader.element[claim])]
            text = walk.weeks[-1].line(doc)
            key = (text[start:end], facet)
            if FACETS[facet] not in QUIET and len(self._used.get(key, ())) < _CONTEXTS:
                new.append((key, text[:start] + MASK + text[end:]))
        around = walk.surroundings([text for _, text in new])
        for (key, text), row in zip(new, around, strict=True):
            places = self._used.setdefault(key, [])
            if len(places) < _CONTEXTS:
                places.append(_Place(text, float(row[0]), float(row[1])))

    def add_others(self, examples: Iterable[Example]) -> None:
        """Gather words that the lexicon lacks."""
        for example in examples:
            self._others.setdefault(example.word, example)

    def examples(self, found: Sequence[str] = ()) -> list[Example]:
        """Get what there is: at most 800 words of the lexicon in their texts, and 1,600 others.

        All labels, and words that are near fashion but none of it, come without texts.

        Args:
            found: words that were found to be of fashion, which are no longer examples of others.
        """
        known = [
            Example(
                word,
                tuple(place.text for place in places),
                facet,
                float(np.mean([place.likeness for place in places])),
                float(np.mean([place.relevance for place in places])),
            )
            for (word, facet), places in self._used.items()
        ]
        leave_out = frozenset(found)
        others = [example for word, example in self._others.items() if word not in leave_out]
        return [*self._some(known, _MOST_WORDS), *self._labels, *self._some(others, _MOST_OTHERS)]

    def _some(self, examples: list[Example], most: int) -> list[Example]:
        if len(examples) <= most:
            return examples
        return [examples[i] for i in sorted(self._chance.choice(len(examples), most, replace=False))]
