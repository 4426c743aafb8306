"""Texts that hold a model to what it could do, made from its own vocabulary.

A model that is fine-tuned on one thing forgets others (French 1999, "Catastrophic forgetting in connectionist
networks"). Replaying old texts prevents that, but nobody has the texts that a given model learned from; its
vocabulary, though, says which words of which languages it knows, and it is asked again what it says of those.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modacast.encoder.check_texts import GENERAL_TEXTS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Replay", "replay_texts"]

_WORD = re.compile(r"[^\W\d_]{2,}")
_SCRIPT_JOINED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_SHORTEST, _LONGEST = 3, 10


@dataclass(frozen=True, slots=True)
class Replay:
    """What a training is held to.

    Attributes:
        texts: every other one is read as a query, since what is held as a document alone drifts as a query.
        n: texts an update.
        weight: of how far the model departs from how alike it found them.
        temperature: that its cosines are divided by for it.
    """

    texts: Sequence[str]
    n: int
    weight: float
    temperature: float


def replay_texts(
    tokenizer: Tokenizer, n: int = 1000, *, general: Sequence[str] = (), seed: int = 0
) -> list[str]:
    """Get words of a vocabulary, and runs of its words in one kind of script, half of each.

    The texts that a model is judged by (`checks.GENERAL_TEXTS`) are never among them.

    Args:
        tokenizer: Unigram or WordPiece.
        n: texts at most; fewer where the vocabulary is small.
        general: further texts that the model must not become worse for; as many of them join, drawn by chance.
        seed: decides which.
    """
    further = [text for text in dict.fromkeys(general) if text.strip()]
    chosen = np.random.default_rng([seed, 2]).permutation(len(further))[:n]
    texts = [*_composed(tokenizer, n, seed), *(further[int(i)] for i in chosen)]
    judged = set(GENERAL_TEXTS)
    return [text for text in dict.fromkeys(texts) if text not in judged]


def _composed(tokenizer: Tokenizer, n: int, seed: int) -> list[str]:
    pieces = sorted(tokenizer.get_vocab(with_added_tokens=False))
    words = [word for piece in pieces if _WORD.fullmatch(word := piece.replace("\u2581", ""))]
    if not words:
        return []
    rng = np.random.default_rng([seed, 2])
    kinds = [[], []]  # type: list[list[str]]
    for word in words:
        kinds[bool(_SCRIPT_JOINED.match(word))].append(word)
    kinds = [kind for kind in kinds if kind]
    texts = [words[int(i)] for i in rng.permutation(len(words))[: n // 2]]
    for i in range(n - n // 2):
        kind = kinds[i % len(kinds)]
        run = [kind[int(j)] for j in rng.integers(len(kind), size=int(rng.integers(_SHORTEST, _LONGEST + 1)))]
        texts.append(("" if _SCRIPT_JOINED.match(run[0]) else " ").join(run))
    return texts
