"""What a BERT knows of each token, and where in the text the token stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.types import Floats

__all__ = ["Token", "TokenStates", "traced"]

Ints = npt.NDArray[np.int64]
_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a text: its id in the vocabulary, and its first character and one past its last."""

    id: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TokenStates:
    """The tokens of one text, special ones aside.

    Attributes:
        states: `(n, dim)` float16, the model's last hidden state of each token.
        start: `(n,)` int64, first character of each token in the text.
        end: `(n,)` int64, one past its last.
    """

    states: npt.NDArray[np.float16]
    start: Ints
    end: Ints

    @classmethod
    def of(cls, hidden: Floats, first: Ints, last: Ints) -> TokenStates:
        """Keep the rows whose tokens hold characters: special tokens and lone spaces hold none."""
        kept = last > first
        return cls(hidden[kept].astype(np.float16), first[kept], last[kept])


def traced(text: str, normalize: Callable[[str], str]) -> tuple[str, list[int]]:
    r"""Normalise a text so that each character of the result knows where it came from.

    A character is normalised with the marks that are joined to it; runs of spaces become one.

    Args:
        text: what to normalise.
        normalize: gives the normal form of a short string.

    Returns:
        The normal form, and the position in `text` of the cluster that each of its characters came from.

    >>> traced("ＡＢ\u3000\u3000裙", lambda piece: unicodedata.normalize("NFKC", piece))
    ('AB 裙', [0, 1, 2, 4])
    """
    normal: list[str] = []
    origin: list[int] = []
    known: dict[str, str] = {}
    for place, cluster in _clusters(text):
        if cluster not in known:
            known[cluster] = normalize(cluster)
        for character in known[cluster]:
            if character == " " and normal and normal[-1] == " ":
                continue
            normal.append(character)
            origin.append(place)
    return "".join(normal), origin


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    first = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not _is_joined(text[place]):
            yield first, text[first:place]
            first = place


def _is_joined(character: str) -> bool:
    """Say whether a character belongs to the one before it: marks, and the vowels and finals of loose Hangul."""
    if character.isascii():
        return False
    return (
        bool(unicodedata.combining(character))
        or "\u1160" <= character <= "\u11ff"
        or character in "\uff9e\uff9f"
    )
