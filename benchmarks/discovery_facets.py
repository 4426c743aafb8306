"""Whether a new word gets the right facet: words of the lexicon, hidden from it a fifth at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from benchmarks.report import Report
from modacast.elements import Lexicon, Tagger
from modacast.elements.discovery.facets import ContextFacets, WordFacets, likely_facets
from modacast.elements.discovery.lessons import QUIET
from modacast.elements.discovery.stories import masked
from modacast.elements.folding import fold
from modacast.types import FACETS, Floats

__all__ = ["hidden_facets"]

_N_FOLDS = 5
_CONTEXTS = 4
_FEWEST = 3
_MIN_LETTERS = 2
_WORN = frozenset({"garment", "footwear", "accessory"})

Encode = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class _Word:
    """A name of an element, and texts that hold it, masked."""

    element_id: str
    text: str
    contexts: tuple[str, ...]

    @property
    def facet(self) -> int:
        return FACETS.index(self.element_id.partition("/")[0])

    def part(self, salt: str, n: int) -> int:
        """Get one of n parts that the element falls in."""
        return hashlib.md5(f"{salt}{self.element_id}".encode(), usedforsecurity=False).digest()[0] % n


def hidden_facets(
    report: Report, texts: Sequence[str], lexicon: Lexicon, encode: Encode, *, quick: bool
) -> None:
    """Add how many words get the right facet where nothing of their element, nor what holds them, is learned from.

    Half of the elements were there to choose by; the rows are the other half's. Words that end with the name of a
    thing have their facet from it in discovery, so the rest have rows of their own.
    """
    words = _words(texts, lexicon)
    if quick:
        words = words[::4]
    names = _names(lexicon)
    truth = np.array([word.facet for word in words])
    things = tuple(
        {
            fold(entry.surface.text)
            for entry in lexicon.iter_entries()
            if entry.lang == "zh" and entry.element_id.partition("/")[0] in _WORN
        }
    )
    headless = np.array([not any(w.text.endswith(t) and w.text != t for t in things) for w in words])
    judged = np.array([word.part("", 2) == 1 for word in words])
    told: dict[str | None, np.ndarray] = {}
    for part in range(_N_FOLDS):
        out = np.array([word.part("f", _N_FOLDS) == part for word in words])
        for peer, facets in _told(words, out, names, lexicon, encode).items():
            told.setdefault(peer, np.full(len(words), -1))[out] = facets
    for peer, facets in told.items():
        more = {} if peer is None else {"peer": peer}
        right = facets == truth
        for row, some in (("words", judged), ("words without a thing's name at the end", judged & headless)):
            report.add_mean(f"facet of hidden {row}", "accuracy", right[some].tolist(), **more)
            of_facets = [right[some & (truth == facet)] for facet in set(truth[some].tolist())]
            macro = float(np.mean([hits.mean() for hits in of_facets if len(hits) >= _FEWEST]))
            report.add(f"facet of hidden {row}", "mean accuracy of facets", macro, **more)
        report.note(f"half to choose by, {peer or 'modacast'}: accuracy {right[~judged].mean():.3f}, "
                    f"without a thing's name {right[~judged & headless].mean():.3f}")  # fmt: skip


def _words(texts: Sequence[str], lexicon: Lexicon) -> list[_Word]:
    reader = Tagger(lexicon).reader
    folded = [fold(text) for text in texts]
    mentions = reader.read(folded, ["zh"] * len(folded)).mentions
    mentions = mentions.where(
        ~reader.is_ambiguous[mentions.claim] & (mentions.end - mentions.start >= _MIN_LETTERS)
    )
    places: dict[tuple[str, str], list[int]] = {}
    for doc, start, end, claim in zip(
        *(column.tolist() for column in (mentions.doc, mentions.start, mentions.end, mentions.claim)),
        strict=True,
    ):
        element_id = reader.element_ids[reader.element[claim]]
        if element_id.partition("/")[0] not in QUIET:
            places.setdefault((element_id, folded[doc][start:end]), []).append(doc)
    chance = np.random.default_rng(0)
    found = []
    for (element_id, word), docs in places.items():
        some = [docs[i] for i in chance.permutation(len(docs))[:_CONTEXTS]]
        if len(docs) >= _FEWEST:
            found.append(_Word(element_id, word, tuple(masked(folded[doc], word) for doc in some)))
    return found


def _names(lexicon: Lexicon) -> list[tuple[str, str]]:
    return [
        (entry.element_id, fold(entry.surface.text))
        for entry in lexicon.iter_entries()
        if entry.lang == "zh"
        and not entry.surface.ambiguous
        and len(entry.surface.text) >= _MIN_LETTERS
        and entry.element_id.partition("/")[0] not in QUIET
    ]


def _told(
    words: Sequence[_Word], out: np.ndarray, names: list[tuple[str, str]], lexicon: Lexicon, encode: Encode
) -> dict[str | None, np.ndarray]:
    """Learn from all words but some, and tell the facets of those, by all four sides and by fewer."""
    hidden = {word.element_id for word, is_out in zip(words, out, strict=True) if is_out}
    spelled = {word.text for word, is_out in zip(words, out, strict=True) if is_out}
    left = [(e, text) for e, text in names if e not in hidden and not any(word in text for word in spelled)]
    labels = [
        (element.id, label)
        for element in lexicon
        if element.id not in hidden
        and element.facet not in QUIET
        and element.labels.get("zh")
        and not any(word in (label := fold(element.labels["zh"][0])) for word in spelled)
    ]
    vectors = encode([label for _, label in labels])
    middle = vectors.mean(axis=0)
    by_word = WordFacets().fit(
        _unit(vectors - middle), _facets(labels), [text for _, text in left], _facets(left)
    )
    owner = np.array([i for i, word in enumerate(words) for _ in word.contexts])
    contexts = encode([text for word in words for text in word.contexts])
    known = np.where(out, -1, [word.facet for word in words])
    texts = [word.contexts for word in words]
    by_context = ContextFacets().fit(contexts, owner, known, texts)
    own = _unit(encode([word.text for word in words]) - middle)
    word_logs, context_logs = (
        by_word.logs([word.text for word in words], own),
        by_context.logs(contexts, owner, texts),
    )
    word_vectors, context_vectors = _vectors_alone(by_word, by_context)
    sides = {
        None: likely_facets(word_logs, context_logs),
        "the word alone": word_logs,
        "its texts alone": context_logs,
        "vectors of word and texts": word_vectors.logs([""] * len(words), own)
        + context_vectors.logs(contexts, owner, texts),
    }
    return {peer: side.argmax(axis=1)[out] for peer, side in sides.items()}


def _vectors_alone(by_word: WordFacets, by_context: ContextFacets) -> tuple[WordFacets, ContextFacets]:
    """Get copies that know vectors alone, as discovery did before."""
    word, context = copy(by_word), copy(by_context)
    word._by_letters = context._by_units = None
    return word, context


def _facets(named: Sequence[tuple[str, str]]) -> np.ndarray:
    return np.array([FACETS.index(element_id.partition("/")[0]) for element_id, _ in named])


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)
