"""Small checks of what a model could do before, and a gate that keeps a worse model out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modacast.encoder.check_texts import (
    AS_DOCUMENTS,
    AS_QUERIES,
    DESCRIBED,
    GENERAL_TEXTS,
    OPINIONS,
    TRANSLATED,
    TRIPLES,
)
from modacast.types import Encoder, Floats

__all__ = ["GENERAL_TEXTS", "TRIPLES", "Gate", "Verdict", "battery", "battery_scores"]

_COLLAPSED = 0.985


@dataclass(frozen=True, slots=True)
class Gate:
    """What a new model must hold to.

    Attributes:
        min_gain: by more than which the task's score must rise.
        max_loss: by which a check of other abilities may fall.
    """

    min_gain: float = 0.0
    max_loss: float = 0.06

    def judge(self, before: Mapping[str, float], after: Mapping[str, float], task: str) -> Verdict:
        """Compare a new model with the old one.

        Args:
            before: check to score of the old model, the task's among them; higher is better.
            after: the same of the new model.
            task: name of the score that is to rise.
        """
        reasons = []
        if not after[task] > before[task] + self.min_gain:
            reasons.append(f"{task} went from {before[task]:.3f} to {after[task]:.3f}")
        for name, score in before.items():
            if name != task and not after[name] >= score - self.max_loss:
                reasons.append(f"{name} fell from {score:.3f} to {after[name]:.3f}")
        return Verdict(not reasons, tuple(reasons))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a new model is taken.

    Attributes:
        accepted: whether it is.
        reasons: what speaks against it.
    """

    accepted: bool
    reasons: tuple[str, ...]


def battery_scores(queries: Mapping[str, Floats], documents: Mapping[str, Floats]) -> dict[str, float]:
    """Get the scores of the checks that need no data of the user, one for each kind of work a model does.

    Args:
        queries: text to its vector as a query, for each of `check_texts.AS_QUERIES`.
        documents: text to its vector as a document, for each of `check_texts.AS_DOCUMENTS`.

    Returns:
        Shares in [0, 1]. `"paraphrases"`: of `TRIPLES` in which the text that means the same is nearer than the one
        that looks the same, all as documents. `"languages"`: of `TRANSLATED` names that, as queries, find the other
        language's among all of them. `"elements"`: of descriptions that, as queries, find their element among all of
        `DESCRIBED`. `"opinions"`: of `OPINIONS` that, as queries, lie nearer to the mean of the others that feel
        alike than to the mean of those that do not. `"spread"`: 1 where the vectors of different texts differ, 0
        where all have become one or are not finite.
    """
    right = [
        float(documents[text] @ documents[same] > documents[text] @ documents[other])
        for text, same, other in TRIPLES
    ]
    there, back = [_found(queries, documents, TRANSLATED, asked) for asked in (0, 1)]
    return {
        "paraphrases": float(np.mean(right)),
        "languages": (there + back) / 2,
        "elements": _found(queries, documents, DESCRIBED, 0),
        "opinions": _told_apart(queries),
        "spread": float(_is_spread(queries) and _is_spread(documents)),
    }


def battery(encoder: Encoder) -> dict[str, float]:
    """Get the same scores of any encoder."""
    queries = dict(zip(AS_QUERIES, encoder.encode_query(AS_QUERIES), strict=True))
    documents = dict(zip(AS_DOCUMENTS, encoder.encode_document(AS_DOCUMENTS), strict=True))
    return battery_scores(queries, documents)


def _is_spread(vectors: Mapping[str, Floats]) -> bool:
    rows = np.stack(list(vectors.values()))
    cosines = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    return bool(np.isfinite(rows).all()) and float(cosines.mean()) < _COLLAPSED


def _found(
    queries: Mapping[str, Floats],
    documents: Mapping[str, Floats],
    pairs: Sequence[tuple[str, str]],
    asked: int,
) -> float:
    """Get the share whose own is nearer than all others; a tie is none."""
    asking = np.stack([queries[pair[asked]] for pair in pairs])
    scores = asking @ np.stack([documents[pair[1 - asked]] for pair in pairs]).T
    own = np.diag(scores)[:, None]
    return float(((scores >= own).sum(axis=1) == 1).mean())


def _told_apart(vectors: Mapping[str, Floats]) -> float:
    rows = np.stack([vectors[text] for text, _ in OPINIONS])
    pleased = np.asarray([pleased for _, pleased in OPINIONS])
    right = []
    for i, feels in enumerate(pleased):
        others = np.arange(len(rows)) != i
        alike, unlike = (rows[others & (pleased == side)].mean(axis=0) for side in (feels, not feels))
        right.append(rows[i] @ alike > rows[i] @ unlike)
    return float(np.mean(right))
