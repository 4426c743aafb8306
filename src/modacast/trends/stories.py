"""Which texts are behind a rise, and how many separate stories they tell.

Ten titles on one star's dress are one event. Texts of a rise that share most of their other words are put into
one story, and each further text of a story counts half as much as the one before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

__all__ = ["Reading", "Stories", "Text"]

_OFTEN = 0.005  # share of all texts so far from which a word says nothing of a story
_OFTEN_TEXTS = 10
_SAME = 0.34  # Jaccard similarity of two texts' other words from which they tell one story


@dataclass(frozen=True, slots=True)
class Text:
    """One document that names an element.

    Attributes:
        id: of the document.
        day: UTC day on which it was published.
        source: its source.
        author: its author's pseudonym, or its id where that is unknown.
        words: its words, without those that name the element.
        notice: its engagement, 0 where unknown.
    """

    id: str
    day: date
    source: str
    author: str
    words: frozenset[str]
    notice: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The texts of one window.

    Attributes:
        texts: oldest first.
        story: `(n,)` number of the story of each.
    """

    texts: tuple[Text, ...]
    story: npt.NDArray[np.int64]

    @property
    def n_stories(self) -> int:
        """How many separate stories there are."""
        return len(set(self.story.tolist()))

    @property
    def n_authors(self) -> int:
        """How many people wrote them."""
        return len({text.author for text in self.texts})

    @property
    def sources(self) -> tuple[str, ...]:
        """Where they were written."""
        return tuple(sorted({text.source for text in self.texts}))

    @property
    def worth(self) -> float:
        """The share in (0, 1] that is left when each further text of a story counts half; 1 without texts."""
        if not self.texts:
            return 1.0
        sizes = Counter(self.story.tolist()).values()
        return sum(2.0 - 0.5 ** (size - 1) for size in sizes) / len(self.texts)

    def chosen(self, k: int) -> list[str]:
        """Get the ids of up to `k` texts, of different stories first, the most noticed and newest first."""
        order = sorted(
            range(len(self.texts)), key=lambda i: (-self.texts[i].notice, -self.texts[i].day.toordinal(), i)
        )
        told: Counter[int] = Counter()
        ranked: list[tuple[int, int, int]] = []
        for i in order:
            story = int(self.story[i])
            ranked.append((told[story], len(ranked), i))
            told[story] += 1
        return [self.texts[i].id for _, _, i in sorted(ranked)[:k]]


class Stories:
    """Finds the texts that name an element within some weeks; ask for later weeks after earlier ones.

    Words that one text in two hundred has had so far, such as "outfit", do not tell stories apart.

    Args:
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`; without `tokens`, two characters at a time stand for words.
    """

    def __init__(self, mentions: pa.Table, documents: pa.Table) -> None:
        columns = ["id", "text", "source", "published_at", "author_key", "engagement", "tokens"]
        given = documents.select([c for c in columns if c in documents.column_names])
        named = (
            pl.DataFrame(mentions.select(["doc_id", "element_id", "surface"]))
            .group_by("doc_id", "element_id")
            .agg(pl.col("surface").unique())
        )
        self._documents = pl.DataFrame(given).with_columns(pl.col("published_at").dt.date().alias("day"))
        numbered = self._documents.select("id", "day").with_row_index("row")
        found = named.join(numbered, left_on="doc_id", right_on="id").sort("element_id", "day", "doc_id")
        self._by_day = np.argsort(self._documents["day"].to_numpy(), kind="stable")
        self._n_known = 0
        self._often: Counter[str] = Counter()
        self._rows = {
            str(key[0]): _Named(part["day"].to_numpy(), part["row"].to_numpy(), part["surface"].to_list())
            for key, part in found.group_by("element_id", maintain_order=True)
        }

    def naming(self, elements: Iterable[str]) -> frozenset[str]:
        """Get the ids of all texts that name one of some elements."""
        rows = [self._rows[name].rows for name in elements if name in self._rows]
        return frozenset(self._documents["id"][np.concatenate(rows)].to_list()) if rows else frozenset()

    def read(self, element_id: str, last: date, n_weeks: int) -> Reading:
        """Get the texts that name an element in the `n_weeks` weeks that end with the week of Monday `last`."""
        named = self._rows.get(element_id)
        if named is None:
            return Reading((), np.array([], np.int64))
        first = np.datetime64(last - timedelta(weeks=n_weeks - 1))
        end = np.datetime64(last + timedelta(days=7))
        inside = np.flatnonzero((named.days >= first) & (named.days < end))
        rows = self._documents[named.rows[inside]].to_dicts()
        self._learn(end)
        texts = tuple(self._text(row, named.surfaces[i]) for row, i in zip(rows, inside, strict=True))
        return Reading(texts, _stories([text.words for text in texts]))

    def _learn(self, end: np.datetime64) -> None:
        """Count the words of all texts before a day; none of a later day are known."""
        days = self._documents["day"].to_numpy()
        until = int(np.searchsorted(days[self._by_day], end))
        for row in self._documents[self._by_day[self._n_known : until]].to_dicts():
            self._often.update(set(_words(row)))
        self._n_known = max(self._n_known, until)

    def _text(self, row: Mapping[str, Any], surfaces: Sequence[str]) -> Text:
        """Read a text; neither what names the element nor what all say belongs to its story."""
        limit = max(_OFTEN_TEXTS, _OFTEN * self._n_known)
        told = (w for w in _words(row) if self._often[w] < limit)
        notice = row.get("engagement") or 0.0
        return Text(
            id=str(row["id"]),
            day=row["day"],
            source=str(row["source"]),
            author=str(row.get("author_key") or row["id"]),
            words=frozenset(w for w in told if not any(w in surface or surface in w for surface in surfaces)),
            notice=0.0 if math.isnan(notice) else notice,
        )


@dataclass(frozen=True, slots=True)
class _Named:
    """Where an element is named: days, rows of the documents, and the words that named it."""

    days: npt.NDArray[np.datetime64]
    rows: npt.NDArray[np.int64]
    surfaces: list[list[str]]


def _words(row: Mapping[str, Any]) -> list[str]:
    return row.get("tokens") or _pairs(row.get("text") or "")


def _pairs(text: str) -> list[str]:
    letters = "".join(c for c in text.lower() if c.isalnum())
    return [letters[i : i + 2] for i in range(max(1, len(letters) - 1))]


def _stories(words: Sequence[frozenset[str]]) -> npt.NDArray[np.int64]:
    """Join texts that are alike, directly or through others; those that say nothing else are alike."""
    story = np.arange(len(words))
    for i in range(len(words)):
        for j in range(i):
            if len(words[i] & words[j]) >= _SAME * len(words[i] | words[j]):
                story[story == story[i]] = story[j]
    return story
