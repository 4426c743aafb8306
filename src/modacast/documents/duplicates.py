"""Copies of texts: exact ones among all texts, near ones among those that are about fashion."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.documents.shingles import NearIndex, shingle
from modacast.errors import InvalidInput

__all__ = ["SEEN", "Deduplicator", "NearCopies", "Sightings", "hash_texts"]

SEEN = pa.schema([
    pa.field("id", pa.string(), nullable=False),
    pa.field("hash", pa.int64(), nullable=False),
    pa.field("published_at", pa.timestamp("us", tz="UTC"), nullable=False),
])  # fmt: skip
"""Every distinct text that was seen, about fashion or not: what exact copies are told by."""

Integers = npt.NDArray[np.int64]

_NO_LETTER = re.compile(r"[\W_]+")
_PLACEHOLDER = re.compile(r"\[[a-z]+\]")
_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Sightings:
    """What became of texts that were looked up.

    Attributes:
        is_new: `(n,)` bool; the text is distinct and was remembered.
        is_stored: `(n,)` bool; the document itself, by its id, was seen before.
        copy_of: index to the first 16 digits of the id of the text that it copies.
        seen: rows of `SEEN` for the new ones.
    """

    is_new: npt.NDArray[np.bool_]
    is_stored: npt.NDArray[np.bool_]
    copy_of: dict[int, str]
    seen: pa.Table


@dataclass(frozen=True, slots=True)
class NearCopies:
    """Which texts are near copies.

    Attributes:
        copy_of: index to the id of the document that it copies.
        similarity: index to the Jaccard similarity of the two.
    """

    copy_of: dict[int, str]
    similarity: dict[int, float]


def hash_texts(texts: Sequence[str]) -> Integers:
    """Get a 64-bit hash of each text's letters and digits, `(n,)` int64; case and punctuation do not count."""
    digest = hashlib.blake2b
    keys = (_letters(text).encode("utf-8", "surrogatepass") for text in texts)
    joined = b"".join(digest(key, digest_size=8).digest() for key in keys)
    return np.frombuffer(joined, dtype="<i8").astype(np.int64)


def _letters(text: str) -> str:
    bare = _PLACEHOLDER.sub("", text) if "[" in text else text
    return _NO_LETTER.sub("", bare).casefold() or text


class Deduplicator:
    """Remembers texts and finds their copies.

    A text is a copy of another within `window_days` of it; later it is new again. What was remembered can be
    rebuilt from what was stored (`remember`), in any order, so that a run that was killed and goes on decides as
    one that was not.

    Args:
        threshold: Jaccard similarity of shingles from which a text is a near copy.
        window_days: days between a text and its copy.
        min_chars: shorter texts have exact copies only.

    Raises:
        InvalidInput: a setting is out of range.
    """

    def __init__(self, *, threshold: float = 0.8, window_days: float = 28, min_chars: int = 12) -> None:
        if not 0 < threshold <= 1 or window_days < 0:
            raise InvalidInput(
                f"threshold lies in (0, 1] and window_days is >= 0, got {threshold} and {window_days}"
            )
        self._window = timedelta(days=window_days) // timedelta(microseconds=1)
        self._min_chars = min_chars
        self._texts = _SortedTexts()
        self._near = NearIndex(threshold)
        self._near_ids: list[str] = []
        self._near_at: list[int] = []

    def remember(self, seen: pa.Table, documents: pa.Table) -> None:
        """Take back what an earlier run stored.

        Args:
            seen: rows of `SEEN`; a table without columns counts as empty.
            documents: rows of `DOCUMENTS` (`id`, `text`, `lang`, `published_at` are used).
        """
        if seen.num_rows:
            self._texts.add(
                _short_ids(seen["id"].to_pylist()), _int64(seen["hash"]), _int64(seen["published_at"])
            )
        if not documents.num_rows:
            return
        moments = _int64(documents["published_at"]).tolist()
        columns = (documents[name].to_pylist() for name in ("id", "text", "lang"))
        for doc_id, text, lang, moment in zip(*columns, moments, strict=True):
            if self._is_long(text):
                shingles = shingle(text, lang)
                self._near.add(shingles, self._near.sketch(shingles))
                self._near_ids.append(doc_id)
                self._near_at.append(moment)

    def look_up(self, ids: Sequence[str], texts: Sequence[str], published_at: pa.Array) -> Sightings:
        """Find exact copies, and remember the texts that are none.

        Args:
            ids: `(n,)` ids of the documents, 32 hexadecimal digits.
            texts: `(n,)` normalised texts.
            published_at: `(n,)` timestamps.
        """
        hashes, moments, short_ids = hash_texts(texts), _int64(published_at), _short_ids(ids)
        is_stored = self._texts.has_ids(short_ids)
        copy_of = self._copies(hashes, moments, short_ids, is_stored)
        is_new = ~is_stored
        is_new[list(copy_of)] = False
        self._texts.add(short_ids[is_new], hashes[is_new], moments[is_new])
        kept = pa.table(
            [
                pa.array(list(ids), pa.string()),
                pa.array(hashes),
                pa.array(moments).cast(SEEN.field("published_at").type),
            ],
            schema=SEEN,
        )
        return Sightings(is_new, is_stored, copy_of, kept.filter(pa.array(is_new)))

    def look_up_near(
        self, ids: Sequence[str], texts: Sequence[str], langs: Sequence[str], published_at: pa.Array
    ) -> NearCopies:
        """Find near copies, and remember the texts that are none; of several the most similar is named.

        Args:
            ids: `(n,)` ids of the documents.
            texts: `(n,)` normalised texts.
            langs: `(n,)` language codes.
            published_at: `(n,)` timestamps.
        """
        found = NearCopies({}, {})
        for i, moment in enumerate(_int64(published_at).tolist()):
            if not self._is_long(texts[i]):
                continue
            shingles = shingle(texts[i], langs[i])
            sketch = self._near.sketch(shingles)
            near = [
                (-similarity, self._near_at[place], self._near_ids[place])
                for place, similarity in self._near.search(shingles, sketch)
                if abs(moment - self._near_at[place]) <= self._window
            ]
            if near:
                best = min(near)
                found.copy_of[i], found.similarity[i] = best[2], -best[0]
                continue
            self._near.add(shingles, sketch)
            self._near_ids.append(ids[i])
            self._near_at.append(moment)
        return found

    def _is_long(self, text: str) -> bool:
        return len(text) >= self._min_chars

    def _copies(
        self, hashes: Integers, moments: Integers, short_ids: Integers, is_stored: npt.NDArray[np.bool_]
    ) -> dict[int, str]:
        """Find the copies row by row, and mark in `is_stored` the documents that came before in these rows."""
        copy_of: dict[int, str] = {}
        fresh: dict[int, list[tuple[int, int]]] = {}
        fresh_ids: set[int] = set()
        in_question = self._texts.has_hashes(hashes) | _has_twin(hashes) | _has_twin(short_ids)
        for i in np.flatnonzero(in_question & ~is_stored).tolist():
            own, moment, short_id = int(hashes[i]), int(moments[i]), int(short_ids[i])
            if short_id in fresh_ids:
                is_stored[i] = True
                continue
            known = [*self._texts.find(own), *fresh.get(own, ())]
            within = [entry for entry in known if abs(moment - entry[0]) <= self._window]
            if within:
                copy_of[i] = _hex(min(within)[1])
            else:
                fresh.setdefault(own, []).append((moment, short_id))
                fresh_ids.add(short_id)
        return copy_of


class _SortedTexts:
    """Hash, time and id of texts in arrays sorted by hash: 32 bytes a text."""

    def __init__(self) -> None:
        self._hash, self._at, self._id = (np.empty(0, dtype=np.int64) for _ in range(3))
        self._sorted_id = np.empty(0, dtype=np.int64)

    def add(self, ids: Integers, hashes: Integers, moments: Integers) -> None:
        order = np.argsort(hashes, kind="stable")
        places = np.searchsorted(self._hash, hashes[order])
        self._hash = np.insert(self._hash, places, hashes[order])
        self._at = np.insert(self._at, places, moments[order])
        self._id = np.insert(self._id, places, ids[order])
        new_ids = np.sort(ids)
        self._sorted_id = np.insert(self._sorted_id, np.searchsorted(self._sorted_id, new_ids), new_ids)

    def has_ids(self, ids: Integers) -> npt.NDArray[np.bool_]:
        return _are_in(ids, self._sorted_id)

    def has_hashes(self, hashes: Integers) -> npt.NDArray[np.bool_]:
        return _are_in(hashes, self._hash)

    def find(self, own: int) -> list[tuple[int, int]]:
        """Get time and id of the texts with a hash."""
        first, last = np.searchsorted(self._hash, own), np.searchsorted(self._hash, own, side="right")
        return list(zip(self._at[first:last].tolist(), self._id[first:last].tolist(), strict=True))


def _are_in(values: Integers, among: Integers) -> npt.NDArray[np.bool_]:
    if not among.size:
        return np.zeros(values.size, dtype=np.bool_)
    places = np.minimum(np.searchsorted(among, values), among.size - 1)
    return np.asarray(among[places] == values)


def _has_twin(values: Integers) -> npt.NDArray[np.bool_]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] > 1)


def _short_ids(ids: Sequence[str]) -> Integers:
    joined = bytes.fromhex("".join(doc_id[:_ID_DIGITS] for doc_id in ids))
    return np.frombuffer(joined, dtype=">i8").astype(np.int64)


def _hex(short_id: int) -> str:
    return (short_id & (2**64 - 1)).to_bytes(8, "big").hex()


def _int64(column: pa.Array | pa.ChunkedArray) -> Integers:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False))
