"""The learned parts: which tokens begin a span or go on with one, and which words are names of elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modacast.elements.matcher import Ints
from modacast.elements.spans.tokens import Sentence
from modacast.types import Floats

__all__ = ["Linear", "TokenSpan", "spans_of", "trimmed"]

_NEVER = -1e9
_N_TAGS = 3
_LEAST_LETTERS = 2
# no name of a thing begins or ends with them, while 前 and 时, which do, are no less common
_LOOSE = frozenset("的了着和与及或是在也都很更")


@dataclass(frozen=True, slots=True)
class Linear:
    """A multinomial logistic regression.

    Attributes:
        weights: `(n_classes, d)` float32.
        bias: `(n_classes,)` float32.
    """

    weights: Floats
    bias: Floats

    @classmethod
    def fit(
        cls, features: Floats, truth: Ints, *, strength: float, n_classes: int, balanced: bool = False
    ) -> Linear:
        """Learn on standardised features; classes without an example never win.

        Args:
            features: `(n, d)`.
            truth: `(n,)` classes from 0 on.
            strength: inverse of the regularisation, as scikit-learn's `C`.
            n_classes: how many there are.
            balanced: whether rare classes weigh as much as common ones.
        """
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        middle, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
        model: Any = LogisticRegression(
            C=strength, max_iter=300, tol=1e-3, class_weight="balanced" if balanced else None
        )
        with threadpool_limits(1):  # the sums, and so the weights, are the same on any number of cores
            model.fit((features - middle) / scale, truth)
        slope, constant = model.coef_, model.intercept_
        if len(slope) == 1:  # two classes have one row in scikit-learn
            slope, constant = np.vstack([-slope, slope]) / 2, np.concatenate([-constant, constant]) / 2
        weights = np.zeros((n_classes, features.shape[1]), np.float32)
        bias = np.full(n_classes, _NEVER, np.float32)
        weights[model.classes_] = slope / scale
        bias[model.classes_] = constant - (slope / scale) @ middle
        return cls(weights, bias)

    def log_probabilities(self, features: Floats) -> Floats:
        """Get `(n, n_classes)` float32, the natural logarithm of each class's probability."""
        scores = features @ self.weights.T + self.bias
        scores -= scores.max(axis=1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)), np.float32)


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """A row of tokens that looks like one name.

    Attributes:
        first: its first token.
        last: one past its last.
        probability: geometric mean of its tokens' probability to belong to a span, in [0, 1].
    """

    first: int
    last: int
    probability: float


def spans_of(sentence: Sentence, log_probabilities: Floats, *, lean: float) -> list[TokenSpan]:
    """Get the likeliest spans (Viterbi search over the tags outside, begin and inside).

    Args:
        sentence: the tokens.
        log_probabilities: `(n, 3)` of the tags.
        lean: taken off the score of "outside": what the weak labels miss makes spans look less likely than they are.
    """
    scores = log_probabilities.astype(np.float64)
    scores[:, 0] -= lean
    scores[~sentence.is_word, 1:] = _NEVER
    inside = np.log1p(-np.minimum(np.exp(log_probabilities[:, 0].astype(np.float64)), 1 - 1e-9))
    return [
        TokenSpan(first, last, float(np.exp(inside[first:last].mean())))
        for first, last in _runs(_best_tags(scores))
    ]


def trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Get a span without particles and marks at its ends; None where it is no name.

    What is left of a name has two letters or more, and does not stand alone in angle or square brackets, as the
    stand-ins for what was scrubbed do.

    >>> trimmed("撞色的领口", 0, 3)
    (0, 2)
    """
    while start < end and _is_loose(text[start]):
        start += 1
    while start < end and _is_loose(text[end - 1]):
        end -= 1
    in_brackets = text[max(0, start - 1) : start] + text[end : end + 1] in {"<>", "[]"}
    if in_brackets or sum(map(str.isalpha, text[start:end])) < _LEAST_LETTERS:
        return None
    return start, end


def _is_loose(character: str) -> bool:
    return character in _LOOSE or not character.isalnum()


def _best_tags(scores: np.ndarray[Any, Any]) -> list[int]:
    if not len(scores):
        return []
    so_far = scores[0].copy()
    so_far[2] = _NEVER
    back = np.zeros((len(scores), _N_TAGS), np.int64)
    for place in range(1, len(scores)):
        best = int(so_far.argmax())
        inside = 1 if so_far[1] >= so_far[2] else 2
        back[place] = (best, best, inside)
        so_far = so_far[back[place]] + scores[place]
    tags = [int(so_far.argmax())]
    for place in range(len(scores) - 1, 0, -1):
        tags.append(int(back[place, tags[-1]]))
    return tags[::-1]


def _runs(tags: Sequence[int]) -> list[tuple[int, int]]:
    """Get each begin with the insides after it."""
    runs: list[tuple[int, int]] = []
    for place, tag in enumerate(tags):
        if tag == 1:
            runs.append((place, place + 1))
        elif tag == 2 and runs:
            runs[-1] = (runs[-1][0], place + 1)
    return runs
