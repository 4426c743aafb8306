"""What a new word is: its facet, what is near it, what it is a kind of."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.elements.discovery.facets import WordFacets, likely_facets
from modacast.elements.discovery.grams import Floats64
from modacast.elements.discovery.judge import Encode, Judgement
from modacast.elements.discovery.language import LanguageWalk, Run
from modacast.elements.discovery.lessons import QUIET
from modacast.elements.folding import fold
from modacast.elements.lexicon import Lexicon
from modacast.elements.reader import HEADS, Reader
from modacast.types import FACETS, Floats

__all__ = ["Namer", "element_name", "word_id"]

_NEAREST = 5
_MIN_LETTERS = 2
_NOT_A_NAME = re.compile(r"[^\w.]+")


def word_id(lang: str, text: str) -> str:
    """Get the id of a new word: 16 hexadecimal digits of its language and folded spelling."""
    return hashlib.sha256(f"{lang}\x1f{fold(text)}".encode("utf-8", "replace")).hexdigest()[:16]


def element_name(facet: str, text: str) -> str:
    """Get the id that a new word gets as an element.

    >>> element_name("style", "clean fit")
    'style/clean-fit'
    """
    name = _NOT_A_NAME.sub("-", fold(text).lower()).strip("-.") or word_id("", text)
    return f"{facet}/{name}"


@dataclass(frozen=True, slots=True)
class _Labels:
    """The lexicon's labels in one language: ids, `(n, d)` centred vectors, `(n,)` facets, and the centre."""

    ids: list[str]
    vectors: Floats
    facet: npt.NDArray[np.int64]
    middle: Floats


class Namer:
    """Tells what new words of one language are.

    Args:
        lang: language code.
        lexicon: the elements.
        reader: of that lexicon.
        encode: the language model; None for what the words themselves show.

    Attributes:
        vectors: id of each word that was named to its vector without the language's mean, of length 1.
    """

    def __init__(self, lang: str, lexicon: Lexicon, reader: Reader, encode: Encode | None) -> None:
        self._lang = lang
        self._elements = list(lexicon)
        self._names = _names(lexicon, lang)
        self._ids = reader.element_ids
        self._encode = encode
        self.vectors: dict[str, Floats] = {}

    def rows(
        self,
        runs: Sequence[Run],
        probability: Floats64,
        walk: LanguageWalk,
        judgement: Judgement | None,
        n_evidence: int,
    ) -> list[dict[str, Any]]:
        """Get rows of `NEW_WORDS`.

        Args:
            runs: the words.
            probability: `(n,)` of being of fashion.
            walk: that found them.
            judgement: of the judge; None where there is none.
            n_evidence: most texts that are named.
        """
        facets = np.zeros((len(runs), len(FACETS)))
        if judgement is not None:
            vectors = _unit(judgement.vectors - self._labels.middle)
            facets = likely_facets(self._facets.logs([run.text for run in runs], vectors), judgement.facets)
        rows = []
        for i, run in enumerate(runs):
            parent = self._parent(run)
            facet, sure = self._facet(parent, facets[i])
            if judgement is not None:
                self.vectors[word_id(self._lang, run.text)] = self._centred(judgement.vectors[i])
            rows.append(
                {
                    "id": word_id(self._lang, run.text),
                    "text": self._spelling(run, walk),
                    "lang": self._lang,
                    "facet": facet,
                    "facet_probability": sure,
                    "parent": parent,
                    "nearest": [] if judgement is None else self._nearest(judgement.vectors[i]),
                    "variants": [],
                    "same_as": [],
                    "ds": walk.weeks[-1].given.ds,
                    "first_seen": walk.first_seen(run.text),
                    "n_texts": run.n,
                    "n_stories": run.n_stories,
                    "n_authors": run.n_authors,
                    "n_before": run.n_before,
                    "growth": min(run.growth, 1e6),
                    "probability": float(probability[i]),
                    "by_word": None if judgement is None else float(judgement.by_word[i]),
                    "by_context": None if judgement is None else float(judgement.by_context[i]),
                    "likeness": run.likeness,
                    "fashion_share": run.share,
                    "freedom": run.freedom,
                    "cohesion": run.cohesion,
                    "evidence_ids": list(run.ids[:n_evidence]),
                    "status": "found",
                }
            )
        return rows

    def _parent(self, run: Run) -> str | None:
        """Get the element that the word ends with, where that is a thing that is worn: 马面裙 is a kind of skirt."""
        if run.head < 0:
            return None
        element_id = self._ids[run.head]
        return element_id if element_id.partition("/")[0] in HEADS else None

    def _facet(self, parent: str | None, by_word: Floats64) -> tuple[str, float]:
        if parent is not None:
            return parent.partition("/")[0], 0.9
        if not by_word.any():
            return "style", 0.0
        best = int(np.argmax(by_word))
        return FACETS[best], float(by_word[best])

    def _spelling(self, run: Run, walk: LanguageWalk) -> str:
        """Get how the word is mostly written."""
        written: Counter[str] = Counter()
        for week in walk.weeks:
            for doc, text in enumerate(week.given.texts):
                at = week.line(doc).find(run.text) if run.ids and week.given.ids[doc] in run.ids else -1
                if at >= 0:
                    written[text[at : at + len(run.text)]] += 1
        return written.most_common(1)[0][0] if written else run.text

    @cached_property
    def _labels(self) -> _Labels:
        named = [
            (element.id, FACETS.index(element.facet), element.labels[self._lang][0])
            for element in self._elements
            if element.labels.get(self._lang) and element.facet not in QUIET
        ]
        vectors = np.zeros((0, 1), np.float32)
        if named and self._encode is not None:
            vectors = np.asarray(self._encode([fold(label) for _, _, label in named]), np.float32)
        middle = vectors.mean(axis=0) if len(vectors) else np.zeros(1, np.float32)
        facet = np.array([facet for _, facet, _ in named], np.int64)
        return _Labels([element_id for element_id, _, _ in named], _unit(vectors - middle), facet, middle)

    @cached_property
    def _facets(self) -> WordFacets:
        facets = np.array([facet for facet, _ in self._names], np.int64)
        words = [word for _, word in self._names]
        return WordFacets().fit(self._labels.vectors, self._labels.facet, words, facets)

    def _centred(self, vector: Floats) -> Floats:
        return np.asarray(_unit((vector - self._labels.middle)[None])[0], np.float32)

    def _nearest(self, vector: Floats) -> list[str]:
        labels = self._labels
        if not labels.ids:
            return []
        similar = labels.vectors @ self._centred(vector)
        return [labels.ids[i] for i in np.argsort(-similar, kind="stable")[:_NEAREST].tolist()]


def _names(lexicon: Lexicon, lang: str) -> list[tuple[int, str]]:
    """Get the facets and spellings of clear names."""
    return [
        (FACETS.index(facet), fold(entry.surface.text))
        for entry in lexicon.iter_entries()
        if entry.lang == lang
        and not entry.surface.ambiguous
        and len(entry.surface.text) >= _MIN_LETTERS
        and (facet := lexicon[entry.element_id].facet) not in QUIET
    ]


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)
