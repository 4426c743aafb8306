"""What is learned from: the mentions that the lexicon finds, and the same texts with other names in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from modacast.elements.columns import text_column
from modacast.elements.lexicon import Lexicon
from modacast.elements.spans.tokens import Span
from modacast.elements.tagger import Tagger
from modacast.types import FACETS

__all__ = ["Marked", "marked", "names_of", "swapped"]

_LEAST_LETTERS = 2
_SWAPPED = 0.5


@dataclass(frozen=True, slots=True)
class Marked:
    """A text and what it is known to name.

    Attributes:
        text: as it was written.
        lang: language code.
        spans: known names, which may overlap.
    """

    text: str
    lang: str
    spans: tuple[Span, ...]

    def covered(self, start: int, end: int) -> bool:
        """Say whether known names cover a stretch, spaces aside."""
        left = {place for place in range(start, end) if not self.text[place].isspace()}
        for span in self.spans:
            left.difference_update(range(span.start, span.end))
        return not left

    def touches(self, start: int, end: int) -> bool:
        """Say whether a known name holds a character of a stretch."""
        return any(span.start < end and span.end > start for span in self.spans)


def marked(
    documents: pa.Table,
    tagger: Tagger,
    *,
    about_fashion: bool,
    values: Sequence[Sequence[str]] | None = None,
) -> list[Marked]:
    """Mark what the lexicon finds in texts, and the attribute values that stand in them word for word.

    Args:
        documents: `id`, `text` and `lang`.
        tagger: finds the mentions.
        about_fashion: whether all texts are about clothes.
        values: of each text; None where none are known.
    """
    texts, langs = text_column(documents, "text"), text_column(documents, "lang")
    numbers = pa.array([str(i) for i in range(len(texts))], pa.string())
    mentions = tagger.tag(
        pa.table({"id": numbers, "text": documents["text"], "lang": documents["lang"]}),
        about_fashion=about_fashion,
    )
    spans: list[list[Span]] = [[] for _ in texts]
    columns = (mentions[name].to_pylist() for name in ("doc_id", "element_id", "start", "end"))
    for doc, element_id, start, end in zip(*columns, strict=True):
        spans[int(doc)].append(Span(start, end, FACETS.index(element_id.partition("/")[0])))
    for doc, given in enumerate(values or ()):
        spans[doc].extend(_standing(texts[doc], given, spans[doc]))
    return [Marked(*row) for row in zip(texts, langs, map(tuple, spans), strict=True)]


def _standing(text: str, values: Sequence[str], known: Sequence[Span]) -> list[Span]:
    """Get where values stand in a text, those left out that cut a known name in two."""
    found = []
    for value in values:
        place = text.find(value) if len(value) >= _LEAST_LETTERS else -1
        while place >= 0:
            end = place + len(value)
            if all(s.end <= place or s.start >= end or (place <= s.start and s.end <= end) for s in known):
                found.append(Span(place, end))
            place = text.find(value, end)
    return found


def names_of(lexicon: Lexicon, langs: set[str]) -> dict[tuple[str, int], list[str]]:
    """Get the unambiguous surfaces by language and position of the facet in `FACETS`."""
    names: dict[tuple[str, int], list[str]] = {}
    for entry in lexicon.iter_entries():
        text = entry.surface.text
        if entry.lang in langs and not entry.surface.ambiguous and len(text) >= _LEAST_LETTERS:
            names.setdefault((entry.lang, FACETS.index(entry.element_id.partition("/")[0])), []).append(text)
    return names


def swapped(text: Marked, names: Mapping[tuple[str, int], Sequence[str]], rng: np.random.Generator) -> Marked:
    """Put other names of the same kind in the place of half the known ones, so that not the words alone decide.

    Args:
        text: with its known names.
        names: by language and facet.
        rng: decides which.
    """
    parts: list[str] = []
    spans: list[Span] = []
    length = last = 0
    for span in sorted(text.spans, key=lambda span: (span.start, -span.end)):
        if span.start < last:
            continue
        name = text.text[span.start : span.end]
        others = names.get((text.lang, span.facet))
        if others and rng.random() < _SWAPPED:
            name = others[int(rng.integers(len(others)))]
        parts += [text.text[last : span.start], name]
        length += span.start - last + len(name)
        spans.append(Span(length - len(name), length, span.facet))
        last = span.end
    return Marked("".join([*parts, text.text[last:]]), text.lang, tuple(spans))
