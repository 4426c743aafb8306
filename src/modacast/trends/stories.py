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

_SAME = 0.34  # Jaccard similarity of two texts' other words from which they tell one story
_COMMON = 0.5  # share of a rise's texts from which a word belongs to the element and not to a story
_FEW = 4  # texts below which no word is called common


@dataclass(frozen=True, slots=True)
class Text:
    """One document that names an element.

    Attributes:
        id: of the document.
        day: UTC day on which it was published.
        source: its source.
        author: its author's pseudonym, or its id where that is unknown.
        words: its words.
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
    """Finds the texts that name an element within some weeks.

    Args:
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`; without `tokens`, two characters at a time stand for words.
    """

    def __init__(self, mentions: pa.Table, documents: pa.Table) -> None:
        columns = ["id", "text", "source", "published_at", "author_key", "engagement", "tokens"]
        given = documents.select([c for c in columns if c in documents.column_names])
        named = pl.DataFrame(mentions.select(["doc_id", "element_id"])).unique()
        self._documents = pl.DataFrame(given).with_columns(pl.col("published_at").dt.date().alias("day"))
        numbered = self._documents.select("id", "day").with_row_index("row")
        found = named.join(numbered, left_on="doc_id", right_on="id").sort("element_id", "day", "doc_id")
        self._rows = {
            str(key[0]): (part["day"].to_numpy(), part["row"].to_numpy())
            for key, part in found.group_by("element_id", maintain_order=True)
        }

    def naming(self, elements: Iterable[str]) -> frozenset[str]:
        """Get the ids of all texts that name one of some elements."""
        rows = [self._rows[name][1] for name in elements if name in self._rows]
        return frozenset(self._documents["id"][np.concatenate(rows)].to_list()) if rows else frozenset()

    def read(self, element_id: str, last: date, n_weeks: int) -> Reading:
        """Get the texts that name an element in the `n_weeks` weeks that end with the week of Monday `last`."""
        days, rows = self._rows.get(element_id, (np.array([], "datetime64[D]"), np.array([], np.int64)))
        first = np.datetime64(last - timedelta(weeks=n_weeks - 1))
        end = np.datetime64(last + timedelta(days=7))
        inside = (days >= first) & (days < end)
        texts = tuple(_text(row) for row in self._documents[rows[inside]].to_dicts())
        return Reading(texts, _stories([text.words for text in texts]))


def _text(row: Mapping[str, Any]) -> Text:
    words = row.get("tokens") or _pairs(row.get("text") or "")
    notice = row.get("engagement") or 0.0
    return Text(
        id=str(row["id"]),
        day=row["day"],
        source=str(row["source"]),
        author=str(row.get("author_key") or row["id"]),
        words=frozenset(words),
        notice=0.0 if math.isnan(notice) else notice,
    )


def _pairs(text: str) -> list[str]:
    letters = "".join(c for c in text.lower() if c.isalnum())
    return [letters[i : i + 2] for i in range(max(1, len(letters) - 1))]


def _stories(words: Sequence[frozenset[str]]) -> npt.NDArray[np.int64]:
    """Join texts that are alike, directly or through others; words that most of them have do not count."""
    n = len(words)
    story = np.arange(n)
    if n >= _FEW:
        often = Counter(word for said in words for word in said)
        common = {word for word, times in often.items() if times >= _COMMON * n}
        words = [said - common for said in words]
    for i in range(n):
        for j in range(i):
            shared = len(words[i] & words[j])
            if shared and shared >= _SAME * len(words[i] | words[j]):
                story[story == story[i]] = story[j]
    return story
