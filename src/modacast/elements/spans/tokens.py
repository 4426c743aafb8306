"""Texts as rows of tokens: the language model's states, and where the words of the text meet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import numpy as np
import numpy.typing as npt

from modacast.elements.matcher import Flags, Ints
from modacast.types import Floats

__all__ = ["Sentence", "Span", "StateEncoder", "States", "sentences", "words_of"]

_WORD = re.compile(r"[^\W_]+(?:['’&-][^\W_]+)*")
_N_BORDERS = 4


class States(Protocol):
    """The tokens of one text; `modacast.encoder.states.TokenStates` is one."""

    @property
    def states(self) -> npt.NDArray[np.float16]:
        """`(n, dim)` float16."""

    @property
    def start(self) -> Ints:
        """`(n,)` int64, first character of each token."""

    @property
    def end(self) -> Ints:
        """`(n,)` int64, one past its last."""


class StateEncoder(Protocol):
    """What is needed of a language model; `modacast.encoder.Encoder` is one."""

    model_id: str

    def states(self, texts: Sequence[str]) -> Sequence[States]:
        """Get the states and places of the tokens of each text."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text.

    Attributes:
        start: first character.
        end: one past its last.
        facet: position in `FACETS`; -1 where it is not known.
    """

    start: int
    end: int
    facet: int = -1


@dataclass(frozen=True, slots=True)
class Sentence:
    """One text as tokens.

    Attributes:
        text: as it was written.
        features: `(n, dim + 4)` float32: the state, whether a word begins and ends with the token, both, and whether
            one begins where the last token ended one.
        start: `(n,)` first character of each token.
        end: `(n,)` one past its last.
        is_word: `(n,)` whether each holds a letter or digit.
    """

    text: str
    features: Floats
    start: Ints
    end: Ints
    is_word: Flags

    def tags(self, spans: Sequence[Span]) -> Ints:
        """Get 1 for the first token of a span, 2 for its others, 0 elsewhere; of spans that overlap the longest."""
        tags = np.zeros(len(self.start), np.int64)
        last = 0
        for span in sorted(spans, key=lambda span: (span.start, -span.end)):
            inside = np.flatnonzero((self.start < span.end) & (self.end > span.start))
            if span.start >= last and len(inside):
                tags[inside] = 2
                tags[inside[0]] = 1
                last = span.end
        return tags


def words_of(text: str, lang: str) -> list[tuple[int, int]]:
    """Get the words of a text by a general dictionary (Chinese), or by what stands between them."""
    if lang != "zh":
        return [match.span() for match in _WORD.finditer(text)]
    import rjieba

    ends = list(accumulate(map(len, rjieba.cut(text, False))))
    return list(zip([0, *ends], ends, strict=False))


def sentences(encoder: StateEncoder, texts: Sequence[str], langs: Sequence[str]) -> list[Sentence]:
    """Read texts with the language model."""
    return [
        _sentence(text, states, words_of(text, lang))
        for text, lang, states in zip(texts, langs, encoder.states(texts), strict=True)
    ]


def _sentence(text: str, states: States, words: Sequence[tuple[int, int]]) -> Sentence:
    begins, ends = (np.zeros(len(text) + 1, np.bool_) for _ in range(2))
    for first, last in words:
        begins[first] = ends[last] = True
    opens, closes = begins[states.start], ends[states.end]
    before = np.concatenate([[True], closes[:-1]]) if len(closes) else closes
    borders = np.stack([opens, closes, opens & closes, before & opens], axis=1).astype(np.float32)
    is_word = np.fromiter(
        (any(map(str.isalnum, text[a:b])) for a, b in zip(states.start, states.end, strict=True)),
        np.bool_,
        len(states.start),
    )
    features = np.hstack([states.states.astype(np.float32), borders.reshape(-1, _N_BORDERS)])
    return Sentence(text, features, states.start, states.end, is_word)
