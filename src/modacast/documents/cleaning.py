"""From raw rows to documents."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modacast.documents.duplicates import Deduplicator
from modacast.documents.languages import identify_languages
from modacast.documents.normalising import normalise_many
from modacast.documents.words import tokenise
from modacast.errors import InvalidInput
from modacast.privacy import scrub_many, scrub_url
from modacast.types import DOCUMENTS, PANEL, REJECTS, Floats

__all__ = ["Cleaned", "clean"]

_SOMETHING = re.compile(r"[^\W_]")
_PLACEHOLDER = re.compile(r"\[[a-z]+\]")
_ID_BYTES = 16
_OTHERS = ("id", "text", "lang", "published_at", "author_key", "relevance")
_DAY = 86_400_000_000
_MONDAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of a batch of raw rows.

    Attributes:
        documents: rows of `DOCUMENTS`: distinct and about fashion.
        panel: rows of `PANEL`, by week and language: all texts but copies and near copies, and how many of them are in `documents`.
        rejects: rows of `REJECTS`: empty or too long texts, copies and near copies. Texts about other things are no
            rejects; the panel counts them.
        seen: rows of `SEEN`, to be stored for `Deduplicator.remember`.
        others: `id`, `text`, `lang`, `published_at`, `author_key`, `relevance` of distinct texts about other things,
            scrubbed like the documents; to be stored only where someone wants them.
        n_stored: rows whose very document was there already; they are neither rejects nor in the panel.
        scrubbed: how many personal data of each kind were replaced.
    """

    documents: pa.Table
    panel: pa.Table
    rejects: pa.Table
    seen: pa.Table
    others: pa.Table
    n_stored: int
    scrubbed: Mapping[str, int]


def clean(
    batch: pa.Table,
    *,
    source: str,
    pseudonymise: Callable[[pa.Array], pa.Array],
    relevance: Callable[[list[str], list[str]], Floats],
    deduplicator: Deduplicator,
    threshold: float = 0.5,
    path: str = "",
    max_chars: int = 100_000,
) -> Cleaned:
    """Make documents of raw rows: normalise, tell the language, scrub, drop copies, keep what is about fashion.

    The result does not depend on how the rows are cut into batches, given that each batch is cleaned with the
    same deduplicator, in order.

    Args:
        batch: rows of `RAW_DOCUMENTS`.
        source: their source's name.
        pseudonymise: `(n,)` raw authors, null where unknown, to `(n,)` keyed pseudonyms.
        relevance: `(n,)` texts and language codes to `(n,)` probabilities of being about fashion.
        deduplicator: knows the texts that came before, and gets to know these.
        threshold: probability from which a text is kept.
        path: file or URL, for the rejects.
        max_chars: longer texts are set aside.

    Raises:
        InvalidInput: `relevance` gave something else than a probability a text.
    """
    rows = _Rows.of(batch)
    rejects = _Rejects(source, path)
    rows = rows.keep(_well_formed(rows, rejects, max_chars))
    ids = _document_ids(source, rows)
    sightings = deduplicator.look_up(ids, rows.texts, rows.raw["published_at"])
    for i, original in sightings.copy_of.items():
        rejects.add(rows.number(i), "duplicate", f"copy of the document {original}...")
    rows, ids = rows.keep(sightings.is_new), _chosen(ids, sightings.is_new)
    probability = _probabilities(relevance, rows)
    is_kept = probability >= threshold
    is_copy = _near_copies(rows, ids, is_kept, deduplicator, rejects)
    is_kept &= ~is_copy
    panel = _panel(source, rows.keep(~is_copy), is_kept[~is_copy])
    relevant = rows.keep(is_kept)
    documents = _documents(source, relevant, _chosen(ids, is_kept), probability[is_kept], pseudonymise)
    is_other = ~(is_kept | is_copy)
    others = _others(rows.keep(is_other), _chosen(ids, is_other), probability[is_other], pseudonymise)
    return Cleaned(
        documents,
        panel,
        rejects.table(),
        sightings.seen,
        others,
        int(sightings.is_stored.sum()),
        rows.scrubbed,
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Raw rows with their cleaned texts."""

    raw: pa.Table
    texts: list[str]
    langs: list[str]
    scrubbed: Mapping[str, int]

    @classmethod
    def of(cls, batch: pa.Table) -> _Rows:
        texts = normalise_many(batch["text"].to_pylist())
        langs = identify_languages(texts, batch["lang"].to_pylist())
        scrubbed = scrub_many(texts)
        return cls(batch, scrubbed.texts, langs, scrubbed.counts)

    def keep(self, chosen: npt.NDArray[np.bool_]) -> _Rows:
        if chosen.all():
            return self
        raw = self.raw.filter(pa.array(chosen))
        return _Rows(raw, _chosen(self.texts, chosen), _chosen(self.langs, chosen), self.scrubbed)

    def number(self, i: int) -> int:
        return int(self.raw["row"][i].as_py())


@dataclass(frozen=True, slots=True)
class _Rejects:
    source: str
    path: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: int, reason: str, detail: str | None = None) -> None:
        self.rows.append(
            {
                "source": self.source,
                "path": self.path,
                "row": row,
                "column": "text",
                "reason": reason,
                "detail": detail,
            }
        )

    def table(self) -> pa.Table:
        return pa.Table.from_pylist(sorted(self.rows, key=lambda reject: int(reject["row"])), schema=REJECTS)


def _chosen(values: Sequence[str], chosen: npt.NDArray[np.bool_]) -> list[str]:
    return [value for value, is_in in zip(values, chosen.tolist(), strict=True) if is_in]


def _well_formed(rows: _Rows, rejects: _Rejects, max_chars: int) -> npt.NDArray[np.bool_]:
    is_good = np.ones(len(rows.texts), dtype=np.bool_)
    for i, text in enumerate(rows.texts):
        if not _SOMETHING.search(_PLACEHOLDER.sub("", text) if "[" in text else text):
            rejects.add(rows.number(i), "empty text", "nothing was left after cleaning")
            is_good[i] = False
        elif len(text) > max_chars:
            rejects.add(rows.number(i), "too long", f"{len(text):,} characters; at most {max_chars:,}")
            is_good[i] = False
    return is_good


def _document_ids(source: str, rows: _Rows) -> list[str]:
    """Get ids that say nothing of the source's own: hashes of it, or of date and text where it has none."""
    moments = rows.raw["published_at"].cast(pa.int64()).to_pylist()
    given = rows.raw["id"].to_pylist()
    contents = (
        f"{source}\x1fid\x1f{own}" if own is not None else f"{source}\x1ftext\x1f{moment}\x1f{text}"
        for own, moment, text in zip(given, moments, rows.texts, strict=True)
    )
    return [hashlib.blake2b(content.encode(), digest_size=_ID_BYTES).hexdigest() for content in contents]


def _probabilities(relevance: Callable[[list[str], list[str]], Floats], rows: _Rows) -> Floats:
    probability = np.asarray(relevance(rows.texts, rows.langs), dtype=np.float32)
    if probability.shape != (len(rows.texts),):
        raise InvalidInput(
            f"relevance must give {len(rows.texts)} probabilities, got shape {probability.shape}"
        )
    return probability


def _near_copies(
    rows: _Rows,
    ids: Sequence[str],
    is_kept: npt.NDArray[np.bool_],
    deduplicator: Deduplicator,
    rejects: _Rejects,
) -> npt.NDArray[np.bool_]:
    is_copy = np.zeros(len(ids), dtype=np.bool_)
    places = np.flatnonzero(is_kept).tolist()
    near = deduplicator.look_up_near(
        [ids[i] for i in places],
        [rows.texts[i] for i in places],
        [rows.langs[i] for i in places],
        rows.raw["published_at"].filter(pa.array(is_kept)),
    )
    for at, original in near.copy_of.items():
        i = places[at]
        rejects.add(
            rows.number(i), "near duplicate", f"{near.similarity[at]:.2f} like the document {original}"
        )
        is_copy[i] = True
    return is_copy


def _panel(source: str, rows: _Rows, is_kept: npt.NDArray[np.bool_]) -> pa.Table:
    days = np.floor_divide(rows.raw["published_at"].cast(pa.int64()).to_numpy(), _DAY)
    weeks = (days - (days + _MONDAY) % 7).astype(np.int32)
    table = pa.table(
        {"ds": weeks, "lang": pa.array(rows.langs, pa.string()), "n_relevant": is_kept.astype(np.int64)}
    )
    grouped = table.group_by(["ds", "lang"]).aggregate([("n_relevant", "sum"), ("n_relevant", "count")])
    columns = {
        "ds": grouped["ds"].cast(pa.int32()).cast(pa.date32()),
        "source": pa.array([source] * grouped.num_rows, pa.string()),
        "lang": grouped["lang"],
        "n_documents": grouped["n_relevant_count"],
        "n_relevant": grouped["n_relevant_sum"],
    }
    return pa.table(columns, schema=PANEL).sort_by([("ds", "ascending"), ("lang", "ascending")])


def _documents(
    source: str,
    rows: _Rows,
    ids: Sequence[str],
    probability: Floats,
    pseudonymise: Callable[[pa.Array], pa.Array],
) -> pa.Table:
    raw = rows.raw
    columns = {
        "id": pa.array(ids, pa.string()),
        "text": pa.array(rows.texts, pa.string()),
        "lang": pa.array(rows.langs, pa.string()),
        "source": pa.array([source] * len(ids), pa.string()),
        "url": _each(raw["url"], scrub_url),
        "published_at": raw["published_at"],
        "author_key": pseudonymise(raw["author"].combine_chunks()),
        "region": _each(raw["region"], lambda region: scrub_many([region]).texts[0]),
        "audience": _each(raw["audience"], lambda audience: scrub_many([audience]).texts[0]),
        "engagement": raw["engagement"],
        "relevance": pa.array(probability, pa.float32()),
        "tokens": pa.array(tokenise(rows.texts, rows.langs), pa.list_(pa.string())),
    }
    return pa.table(columns, schema=DOCUMENTS)


def _others(
    rows: _Rows, ids: Sequence[str], probability: Floats, pseudonymise: Callable[[pa.Array], pa.Array]
) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(ids, pa.string()),
            "text": pa.array(rows.texts, pa.string()),
            "lang": pa.array(rows.langs, pa.string()),
            "published_at": rows.raw["published_at"],
            "author_key": pseudonymise(rows.raw["author"].combine_chunks()),
            "relevance": pa.array(probability, pa.float32()),
        },
        schema=pa.schema([DOCUMENTS.field(name) for name in _OTHERS]),
    )


def _each(column: pa.ChunkedArray, change: Callable[[str], str]) -> pa.Array:
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.string())
    return pa.array([None if value is None else change(value) for value in column.to_pylist()], pa.string())
