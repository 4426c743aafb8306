"""What the judge learns from: words of the lexicon as the corpus uses them, and words that the lexicon lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from modacast.elements.discovery.judge import Example
from modacast.elements.discovery.language import LanguageWalk, Run
from modacast.elements.discovery.stories import MASK, masked
from modacast.elements.folding import fold
from modacast.elements.lexicon import Lexicon
from modacast.elements.reader import Reader
from modacast.types import FACETS

__all__ = ["QUIET", "Lessons"]

QUIET = frozenset({"season", "occasion", "length", "value"})
"""Facets whose words are used far beyond fashion: they teach nothing, and no new word is given to them."""

_MOST_WORDS, _MOST_OTHERS = 800, 1600
_CONTEXTS = 3
_MIN_LENGTH = 2


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
        self._used: dict[tuple[str, int], list[str]] = {}
        self._others: dict[str, tuple[str, ...]] = {}
        self._labels = [
            Example(fold(element.labels[lang][0]), (), FACETS.index(element.facet))
            for element in lexicon
            if element.labels.get(lang) and element.facet not in QUIET
        ]

    def read(self, walk: LanguageWalk) -> None:
        """Gather the lexicon's words from the week that was read last."""
        given = walk.weeks[-1].given
        mentions = self._reader.read(given.texts, [self._lang] * len(given.texts)).mentions
        clear = ~self._reader.is_ambiguous[mentions.claim] & (mentions.end - mentions.start >= _MIN_LENGTH)
        found = mentions.where(clear)
        for doc, start, end, claim in zip(
            found.doc.tolist(), found.start.tolist(), found.end.tolist(), found.claim.tolist(), strict=True
        ):
            facet = self._facets[int(self._reader.element[claim])]
            if FACETS[facet] in QUIET:
                continue
            text = walk.weeks[-1].line(doc)
            texts = self._used.setdefault((text[start:end], facet), [])
            if len(texts) < _CONTEXTS:
                texts.append(text[:start] + MASK + text[end:])

    def add_others(self, runs: Iterable[Run]) -> None:
        """Gather words that the lexicon lacks."""
        for run in runs:
            self._others.setdefault(run.text, tuple(masked(t, run.text) for t in run.texts[:_CONTEXTS]))

    def examples(self, found: Sequence[str] = ()) -> list[Example]:
        """Get what there is, at most 800 words of the lexicon and 1,600 others, and all labels.

        Args:
            found: words that were found to be of fashion, which are no longer examples of others.
        """
        known = [Example(word, tuple(texts), facet) for (word, facet), texts in self._used.items()]
        leave_out = frozenset(found)
        others = [Example(word, texts) for word, texts in self._others.items() if word not in leave_out]
        return [*self._some(known, _MOST_WORDS), *self._labels, *self._some(others, _MOST_OTHERS)]

    def _some(self, examples: list[Example], most: int) -> list[Example]:
        if len(examples) <= most:
            return examples
        return [examples[i] for i in sorted(self._chance.choice(len(examples), most, replace=False))]
