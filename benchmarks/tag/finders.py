"""Who finds elements: the tagger, and its peers with the same lexicon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from modacast.elements import Lexicon, Tagger
from modacast.elements.folding import fold
from modacast.encoder import get_encoder

__all__ = [
    "Finder",
    "Found",
    "NearestLabels",
    "closure",
    "jieba_words",
    "lexicon_of",
    "plain_substrings",
    "tagged",
]


@dataclass(frozen=True, slots=True)
class Found:
    """One mention."""

    element_id: str
    start: int
    end: int

    @property
    def facet(self) -> str:
        """What kind of element it is."""
        return self.element_id.partition("/")[0]


Finder = Callable[[Sequence[str]], list[list[Found]]]
"""Gets the mentions of each text."""


def tagged(
    tagger: Tagger, texts: Sequence[str], langs: Sequence[str], *, catalogue: bool
) -> list[list[Found]]:
    """Get the tagger's mentions of each text."""
    table = pa.table({"id": [str(i) for i in range(len(texts))], "text": list(texts), "lang": list(langs)})
    mentions = tagger.tag(table, about_fashion=catalogue)
    found: list[list[Found]] = [[] for _ in texts]
    columns = (mentions.column(name).to_pylist() for name in ("doc_id", "element_id", "start", "end"))
    for doc_id, element_id, start, end in zip(*columns, strict=True):
        found[int(doc_id)].append(Found(element_id, start, end))
    return found


def closure(lexicon: Lexicon, element_ids: Iterable[str]) -> set[str]:
    """Get elements and all that are broader."""
    direct = set(element_ids)
    return direct.union(*(lexicon.ancestors(element_id) for element_id in direct))


def lexicon_of(lexicon: Lexicon, lang: str) -> dict[str, str]:
    """Get the element that each folded surface of a language names first."""
    best: dict[str, tuple[int, str]] = {}
    for entry in lexicon.entries:
        if entry.lang == lang:
            surface = fold(entry.surface.text)
            best[surface] = min(
                best.get(surface, (entry.rank, entry.element_id)), (entry.rank, entry.element_id)
            )
    return {surface: element_id for surface, (_, element_id) in best.items()}


def plain_substrings(lexicon: Lexicon, lang: str) -> Finder:
    """Find surfaces wherever they stand, the leftmost and then the longest; lower case is all that is folded."""
    from ahocorasick_rs import AhoCorasick, MatchKind

    surfaces = lexicon_of(lexicon, lang)
    spelled = list(surfaces)
    automaton = AhoCorasick(spelled, matchkind=MatchKind.LeftmostLongest)

    def find(texts: Sequence[str]) -> list[list[Found]]:
        return [
            [Found(surfaces[spelled[i]], a, b) for i, a, b in automaton.find_matches_as_indexes(text.lower())]
            for text in texts
        ]

    return find


def jieba_words(lexicon: Lexicon) -> Finder:
    """Cut Chinese texts by jieba with the lexicon's surfaces as user words, and look each word up."""
    import rjieba

    surfaces = lexicon_of(lexicon, "zh")
    jieba = rjieba.Jieba()
    for surface in surfaces:
        jieba.add_word(surface, jieba.suggest_freq(surface), "n")

    def find(texts: Sequence[str]) -> list[list[Found]]:
        found = []
        for text in texts:
            mentions, start = [], 0
            for word in jieba.cut(text.lower(), False):
                if word in surfaces:
                    mentions.append(Found(surfaces[word], start, start + len(word)))
                start += len(word)
            found.append(mentions)
        return found

    return find


class NearestLabels:
    """The raw language model: what is nearest to a label of the lexicon, vectors centred by language.

    Args:
        lexicon: gives the labels.
        lang: their language.
        facets: the elements' facets; None for all.
    """

    least = 0.5

    def __init__(self, lexicon: Lexicon, lang: str, facets: Iterable[str] | None = None) -> None:
        wanted = None if facets is None else set(facets)
        named = [e for e in lexicon if e.labels.get(lang) and (wanted is None or e.facet in wanted)]
        self._ids = [element.id for element in named]
        self._labels = [element.labels[lang][0] for element in named]

    @cached_property
    def _vectors(self) -> np.ndarray:
        vectors = get_encoder().encode_query(self._labels)
        return _unit(vectors - vectors.mean(axis=0))

    def of(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """Get the nearest element of each text and its cosine; the texts are centred by their own mean."""
        distinct = list(dict.fromkeys(texts))
        vectors = get_encoder().encode_query(distinct)
        cosines = _unit(vectors - vectors.mean(axis=0)) @ self._vectors.T
        nearest = {
            text: (self._ids[best], float(row[best]))
            for text, row, best in zip(distinct, cosines, cosines.argmax(axis=1), strict=True)
        }
        return [nearest[text] for text in texts]

    def words(self, texts: Sequence[str]) -> list[list[Found]]:
        """Cut Chinese texts into words and pairs of words, and keep what is near a label."""
        import rjieba

        spans = []
        for number, text in enumerate(texts):
            ends = np.cumsum([0, *map(len, rjieba.cut(text, False))]).tolist()
            for width in (1, 2):
                spans += [(number, a, b) for a, b in zip(ends, ends[width:], strict=False) if b - a > 1]
        nearest = self.of([texts[n][a:b] for n, a, b in spans])
        found: list[list[Found]] = [[] for _ in texts]
        for (number, start, end), (element_id, cosine) in zip(spans, nearest, strict=True):
            if cosine >= self.least:
                found[number].append(Found(element_id, start, end))
        return found


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
