"""What was learned about spans, and which elements of the lexicon are near a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from modacast.elements.folding import fold
from modacast.elements.lexicon import Lexicon
from modacast.elements.spans.models import Linear
from modacast.types import Floats

__all__ = ["Near", "Neighbours", "SpanModels"]


@dataclass(frozen=True, slots=True)
class SpanModels:
    """What a span tagger learned.

    Attributes:
        model_id: of the encoder.
        tokens: outside, begin or inside of a span, from a token's features.
        facets: position in `FACETS`, from the mean of a span's features.
        words: 1 for names of elements, from the vector of a word alone.
    """

    model_id: str
    tokens: Linear
    facets: Linear
    words: Linear


@dataclass(frozen=True, slots=True)
class Near:
    """The elements nearest to a word, and the cosine of the first; None where there is no element."""

    ids: list[str]
    cosine: float | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The lexicon's labels in one language, without the language's mean, of length 1."""

    ids: list[str]
    vectors: Floats
    middle: Floats

    @classmethod
    def of(cls, lexicon: Lexicon, lang: str, encode: Callable[[Sequence[str]], Floats]) -> Neighbours:
        """Read the labels of a language; the English ones where the lexicon does not know it."""
        named = [(element.id, element.labels[lang][0]) for element in lexicon if element.labels.get(lang)]
        if not named:
            named = [(element.id, element.labels["en"][0]) for element in lexicon if element.labels.get("en")]
        if not named:
            return cls([], np.zeros((0, 1), np.float32), np.zeros(1, np.float32))
        vectors = encode([fold(label) for _, label in named])
        middle = vectors.mean(axis=0)
        return cls([element_id for element_id, _ in named], _unit(vectors - middle), middle)

    def nearest(self, vector: Floats, n: int) -> Near:
        """Get the `n` nearest elements to a word's vector."""
        if not self.ids:
            return Near([], None)
        similar = self.vectors @ _unit((vector - self.middle)[None])[0]
        order = np.argsort(-similar, kind="stable")[:n].tolist()
        return Near([self.ids[i] for i in order], float(similar[order[0]]))


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)
