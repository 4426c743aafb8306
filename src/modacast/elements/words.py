"""Where the words of Chinese texts meet, for surfaces so short that they turn up by chance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from modacast.elements.folding import fold_all
from modacast.elements.matcher import Flags, Matches

__all__ = ["cuts_across_words", "word_borders"]

_CHANCE_LENGTH = 3


def cuts_across_words(matches: Matches, texts: Sequence[str], may_be_part: Flags) -> Flags:
    """Mark the matches of up to three Chinese characters that are parts of other words.

    `表带` in `人大代表带着` is no watch strap: it takes the end of one word and all of the next. A single
    character has to be a word, or may be part of one where that is allowed: `粉` in `粉丝` is no pink, `鞋` in
    `跑鞋` is a shoe. The words are those of jieba's dictionary.

    Args:
        matches: ordered by document.
        texts: the texts that were searched.
        may_be_part: whether each match, where it is a single character, may be part of a longer word.
    """
    crossing = np.zeros(len(matches), dtype=np.bool_)
    short = [
        int(i)
        for i in np.flatnonzero(matches.end - matches.start <= _CHANCE_LENGTH)
        if _is_han(texts[matches.doc[i]][matches.start[i]])
    ]
    docs = list(dict.fromkeys(matches.doc[short].tolist()))
    borders = dict(zip(docs, word_borders([texts[doc] for doc in docs]), strict=True))
    for i in short:
        border = borders[int(matches.doc[i])]
        start, end = int(matches.start[i]), int(matches.end[i])
        if end - start == 1:
            crossing[i] = not may_be_part[i] and (start not in border or end not in border)
        elif start not in border or end not in border:
            crossing[i] = any(position in border for position in range(start + 1, end))
    return crossing


def word_borders(texts: Sequence[str]) -> list[frozenset[int]]:
    """Get the positions in each text at which a word of jieba's dictionary begins or ends."""
    import rjieba

    # no guessing of unknown words: it runs through the compounds of fashion
    return [frozenset((0, *accumulate(map(len, rjieba.cut(text, False))))) for text in fold_all(texts)]


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"
