"""What a text feels about each element that it names: the clause around the mention decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.elements.clauses import Clauses
from modacast.elements.columns import text_column
from modacast.elements.polarity import Polarity, PolarWords
from modacast.errors import NotFound
from modacast.types import MENTIONS, Floats

__all__ = ["mention_scores"]

_NEXT_CLAUSE = 0.7
_LAST_CLAUSE = 0.5

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Reader = Callable[[Sequence[str], Sequence[str]], Floats]


def mention_scores(
    mentions: pa.Table, documents: pa.Table, polarity: Polarity, reader: Reader | None
) -> pa.Table:
    """Fill in the polarity of mentions; see `Sentiment.mention_polarity`.

    Args:
        mentions: a table of `MENTIONS`.
        documents: a table with the columns `id`, `text` and `lang`.
        polarity: finds the polar words.
        reader: gets the polarity of clauses, given them and their languages; None for the polar words alone.
    """
    ids, texts, langs = (text_column(documents, name) for name in ("id", "text", "lang"))
    place = {doc_id: i for i, doc_id in enumerate(ids)}
    wanted = mentions.column("doc_id").to_pylist()
    unknown = next((doc_id for doc_id in wanted if doc_id not in place), None)
    if unknown is not None:
        raise NotFound(f"document {unknown!r} of the mentions is not among the documents")
    doc = np.array([place[doc_id] for doc_id in wanted], dtype=np.int64)
    polar = polarity.find(texts, langs)
    clauses = polar.clauses
    own = polar.by_clause()
    clause = clauses.of(doc, mentions.column("start").to_numpy().astype(np.int64))
    felt = np.tanh(_spread(own, clause, clauses)).astype(np.float32)
    tagged = mentions.column("polarity").to_numpy()
    values = pa.array(np.where(tagged < 0, tagged, felt[clause]), pa.float32())
    return mentions.set_column(MENTIONS.get_field_index("polarity"), MENTIONS.field("polarity"), values)


def _spread(
    own: npt.NDArray[np.float64], mentioned: npt.NDArray[np.int64], clauses: Clauses
) -> npt.NDArray[np.float64]:
    """Give silent clauses what a neighbouring clause of the same sentence without mentions says."""
    n = len(own)
    has_mention = np.zeros(n + 1, dtype=np.bool_)
    has_mention[mentioned] = True
    felt = own.copy()
    for clause in np.unique(mentioned):
        if felt[clause] != 0.0:
            continue
        following = clause + 1
        if (
            following < n
            and clauses.same_sentence(clause, following)
            and not has_mention[following]
            and own[following]
        ):
            felt[clause] = _NEXT_CLAUSE * own[following]
        elif clause > 0 and clauses.same_sentence(clause - 1, clause) and not has_mention[clause - 1]:
            felt[clause] = _LAST_CLAUSE * own[clause - 1]
    return felt


