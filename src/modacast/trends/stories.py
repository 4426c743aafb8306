"""Which texts are behind a rise, and how many separate stories they tell.

Ten titles on one star's dress are one event. Texts of a rise that share much of their other words, rare words
weighing more (inverse document frequency, Sparck Jones 1972), are put into one story, and each further text of a
story counts half as much as the one before. A text joins the story whose texts it is most like on average
(group-average linkage), so that many different texts do not chain up to one story, however many they are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
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
_COPIED = 0.6  # likeness of two texts from which their authors speak with one voice
_SAME = 0.34  # mean weighted Jaccard similarity of other words from which a text belongs to a story


@dataclass(frozen=True, slots=True)
class Text:
    """One document that names an element.

    Attributes:
        id: of the document.
        day: UTC day on which it was published.
        source: its source.
        author: its author's pseudonym, or its id where that is unknown.
        lang: its language.
        rest: what it says, without the words that name the element.
        words: its words, without those that name the element, and the weight of each.
        notice: its engagement, 0 where unknown.
    """

    id: str
    day: date
    source: str
    author: str
    lang: str
    rest: str
    words: Mapping[str, float]
    notice: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The texts of one window.

    Attributes:
        texts: oldest first.
        story: `(n,)` number of the story of each.
        voice: `(n,)` number of the voice of each: an author, with all who repeat that author's words.
    """

    texts: tuple[Text, ...]
    story: npt.NDArray[np.int64]
    voice: npt.NDArray[np.int64]

    @property
    def n_stories(self) -> int:
        """How many separate stories there are."""
        return len(set(self.story.tolist()))

    @property
    def breadth(self) -> float:
        """The effective number of stories, of voices or of days, whichever is least.

        Hill's number of order two (1973): the chance that two texts drawn at random are of one story, inverted.
        Ten texts of one story and two of others are hardly more than one. Days count as well: what is told on one
        day is mostly one event, a show or a launch, in however many words.
        """
        if not self.texts:
            return 0.0
        first = self.texts[0].day
        day = np.array([(text.day - first).days for text in self.texts])
        return min(_effective(kind) for kind in (self.story, self.voice, day))

    @property
    def lasting(self) -> float:
        """The effective number of weeks, from Monday to Sunday, that the texts are spread over."""
        if not self.texts:
            return 0.0
        monday = self.texts[0].day - timedelta(days=self.texts[0].day.weekday())
        return _effective(np.array([(text.day - monday).days // 7 for text in self.texts]))

    @property
    def n_voices(self) -> int:
        """How many people speak, those who repeat another's words not counted."""
        return len(set(self.voice.tolist()))

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


def _effective(kind: npt.NDArray[np.int64]) -> float:
    return len(kind) ** 2 / float((np.bincount(kind) ** 2).sum())


class Stories:
    """Finds the texts that name an element within some weeks; ask for later weeks after earlier ones.

    Words that one text in two hundred has had so far, such as "outfit", do not tell stories apart.

    Args:
        mentions: `MENTIONS`.
        documents: `DOCUMENTS`; without `tokens`, two characters at a time stand for words.
    """

    def __init__(self, mentions: pa.Table, documents: pa.Table) -> None:
        columns = ["id", "text", "lang", "source", "published_at", "author_key", "engagement", "tokens"]
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

    def first_day(self, element_id: str) -> date:
        """Get the UTC day of the first text that names an element.

        Raises:
            KeyError: none does.
        """
        return date.fromisoformat(str(self._rows[element_id].days[0]))

    def read(self, element_id: str, last: date, n_weeks: int) -> Reading:
        """Get the texts that name an element in the `n_weeks` weeks that end with the week of Monday `last`."""
        texts = self.texts(element_id, last, n_weeks)
        alike = _alike([text.words for text in texts])
        return Reading(texts, _stories(alike), _voices([text.author for text in texts], alike))

    def texts(self, element_id: str, last: date, n_weeks: int) -> tuple[Text, ...]:
        """Get the texts that `read` would sort into stories, oldest first."""
        named = self._rows.get(element_id)
        if named is None:
            return ()
        first = np.datetime64(last - timedelta(weeks=n_weeks - 1))
        end = np.datetime64(last + timedelta(days=7))
        inside = np.flatnonzero((named.days >= first) & (named.days < end))
        rows = self._documents[named.rows[inside]].to_dicts()
        self._learn(end)
        return tuple(self._text(row, named.surfaces[i]) for row, i in zip(rows, inside, strict=True))

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
        told = {w for w in _words(row) if self._often[w] < limit}
        notice = row.get("engagement") or 0.0
        return Text(
            id=str(row["id"]),
            day=row["day"],
            source=str(row["source"]),
            author=str(row.get("author_key") or row["id"]),
            lang=str(row.get("lang") or ""),
            rest=_without(str(row.get("text") or ""), surfaces),
            words={
                w: math.log((self._n_known + 1) / max(self._often[w], 1))
                for w in told
                if not any(w in surface or surface in w for surface in surfaces)
            },
            notice=0.0 if math.isnan(notice) else notice,
        )


@dataclass(frozen=True, slots=True)
class _Named:
    """Where an element is named: days, rows of the documents, and the words that named it."""

    days: npt.NDArray[np.datetime64]
    rows: npt.NDArray[np.int64]
    surfaces: list[list[str]]


def _without(text: str, surfaces: Sequence[str]) -> str:
    for surface in sorted(surfaces, key=len, reverse=True):
        text = text.replace(surface, " ")
    return text


def _words(row: Mapping[str, Any]) -> list[str]:
    return row.get("tokens") or _pairs(row.get("text") or "")


def _pairs(text: str) -> list[str]:
    letters = "".join(c for c in text.lower() if c.isalnum())
    return [letters[i : i + 2] for i in range(max(1, len(letters) - 1))]


def _stories(alike: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Put each text, oldest first, into the story that it is most like on average, or let it begin one."""
    story = np.zeros(len(alike), np.int64)
    n_stories = 1
    for i in range(1, len(alike)):
        sizes = np.bincount(story[:i], minlength=n_stories)
        means = np.bincount(story[:i], weights=alike[i, :i], minlength=n_stories) / sizes
        best = int(np.argmax(means))
        story[i] = best if means[best] >= _SAME else n_stories
        n_stories = max(n_stories, int(story[i]) + 1)
    return story


def _voices(authors: Sequence[str], alike: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Join the texts of an author, and those of authors who say nearly the same."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    number = np.unique(np.array(authors, dtype=object).astype(str), return_inverse=True)[1]
    same = (number[:, None] == number[None, :]) | (alike >= _COPIED)
    return np.asarray(connected_components(csr_array(same), directed=False)[1], np.int64)


def _alike(words: Sequence[Mapping[str, float]]) -> npt.NDArray[np.float64]:
    """Jaccard similarities `(n, n)`, each word by its weight; texts that say nothing else are alike."""
    from scipy.sparse import csr_array

    if not words:
        return np.zeros((0, 0))
    place = {word: k for k, word in enumerate(sorted(set().union(*words)))}
    row = [i for i, own in enumerate(words) for _ in own]
    column = [place[word] for own in words for word in own]
    root = np.sqrt([weight for own in words for weight in own.values()])
    held = csr_array((root, (row, column)), shape=(len(words), max(1, len(place))))
    shared = (held @ held.T).toarray()
    own_weight = shared.diagonal()
    either = own_weight[:, None] + own_weight[None, :] - shared
    return np.divide(shared, either, out=np.ones_like(shared), where=either > 0)
