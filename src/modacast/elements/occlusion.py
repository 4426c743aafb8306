"""The pieces of a text that can be taken away, to see what the rest feels (Zeiler and Fergus, 2014, "occlusion")."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modacast.elements.clauses import split_clauses

__all__ = ["Reason", "pieces_of", "without"]

_WORDS = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
_MOST_PIECES = 60


@dataclass(frozen=True, slots=True)
class Reason:
    """A piece of a text, and what it adds.

    Attributes:
        text: the piece.
        start: its first character in the text.
        end: one past its last.
        weight: by how much the chance of praise less that of blame falls when it is taken away, in [-2, 2]; below 0
            the piece blames.
    """

    text: str
    start: int
    end: int
    weight: float


def pieces_of(text: str, lang: str) -> list[tuple[int, int]]:
    """Get start and end of the words and the clauses of a text, at most 60.

    Args:
        text: what to cut.
        lang: language code; Chinese is cut into words by jieba's dictionary.
    """
    starts = split_clauses([text], [lang]).start.tolist()
    clauses = [
        _trimmed(text, start, end) for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    ]
    pieces = dict.fromkeys(
        piece for piece in clauses if len(clauses) > 1 and any(map(str.isalnum, text[slice(*piece)]))
    )
    pieces |= dict.fromkeys(_words(text, lang))
    return list(pieces)[:_MOST_PIECES]


def without(text: str, piece: tuple[int, int]) -> str:
    """Get the text with one piece taken away."""
    return text[: piece[0]] + text[piece[1] :]


def _words(text: str, lang: str) -> list[tuple[int, int]]:
    if lang != "zh":
        return [match.span() for match in _WORDS.finditer(text)]
    import rjieba

    spans, start = [], 0
    for word in rjieba.cut(_sound(text), True):
        if not word.isspace():
            spans.append((start, start + len(word)))
        start += len(word)
    return spans


def _sound(text: str) -> str:
    """Replace lone surrogates, which the segmenter refuses."""
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    end = start + len(text[start:end].rstrip(" ,，。.!！?？;；"))
    return end - len(text[start:end].lstrip()), end
