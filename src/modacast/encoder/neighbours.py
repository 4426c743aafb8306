"""What lies nearest to some words: elements, products, any texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modacast.encoder.shared import get_encoder
from modacast.errors import InvalidInput
from modacast.types import Encoder

__all__ = ["Neighbour", "nearest"]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One of the texts that were looked through.

    Attributes:
        text: as it was given.
        place: its place in the list, from 0.
        score: cosine to the query, in [-1, 1].
    """

    text: str
    place: int
    score: float


def nearest(
    query: str, texts: Sequence[str], *, k: int = 5, encoder: Encoder | None = None
) -> list[Neighbour]:
    """Get the texts that are nearest in meaning to some words, best first.

    Cosines tell which of these texts is nearer; how near any of them is they tell only beside others. Where the texts
    are in several languages, those in the query's own come first (`modacast search` corrects for that).

    Args:
        query: any words; encoded as a query.
        texts: names of elements, titles of products, any texts; encoded as documents.
        k: how many; fewer where there are fewer texts.
        encoder: the language model; the bundled one, opened once a process, where None.

    Raises:
        InvalidInput: `query` is no string or empty, `texts` is not a list of strings, or `k` is below 1.

    >>> near = nearest("粉色连衣裙", ["黑色羊毛大衣", "粉红色的裙子", "a leather belt"], k=1)
    >>> [n.text for n in near]
    ['粉红色的裙子']
    """
    if not isinstance(query, str) or not query.strip():
        raise InvalidInput(f"query must be some words; got {query!r}")
    if k < 1:
        raise InvalidInput(f"k is at least 1, got {k}")
    encoder = encoder or get_encoder()
    scores = encoder.encode_document(texts) @ encoder.encode_query([query])[0]
    best = np.argsort(-scores, kind="stable")[:k]
    return [Neighbour(texts[i], int(i), float(scores[i])) for i in best]
