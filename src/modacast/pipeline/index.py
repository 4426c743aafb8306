"""What search looks through: vectors, languages and elements of products and documents, kept in the home.

An index is made from the database or the lake when it is first asked for, and anew when these, the lexicon or the
language model have changed. It lies under `index/`, and can be deleted at any time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from modacast.documents import identify_languages
from modacast.encoder import Centring
from modacast.pipeline.fingerprints import fingerprint
from modacast.pipeline.progress import Progress, StageTimer
from modacast.pipeline.workspace import Workspace
from modacast.store.files import write_atomically
from modacast.types import LANGUAGES, Floats

__all__ = ["INDEX_KINDS", "IndexKind", "SearchIndex", "label_means", "open_index"]

IndexKind = Literal["products", "documents"]
INDEX_KINDS: tuple[IndexKind, ...] = ("products", "documents")

_FORMAT = 1
_EMBEDDED_CHARS = 200
_BATCH = 2_048
_MIN_TEXTS = 200  # of a language, for a mean of its own
_LABELS = 400
_ROWS = pa.schema([
    pa.field("id", pa.string(), nullable=False),
    pa.field("text", pa.string(), nullable=False),      # what is embedded, and shown in part
    pa.field("lang", pa.string(), nullable=False),
    pa.field("element_ids", pa.list_(pa.string())),
    pa.field("group", pa.string()),                     # of which one is shown: variants of a product
    pa.field("source", pa.string()),
    pa.field("at", pa.timestamp("us", tz="UTC")),
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """Everything of one kind that can be found.

    Attributes:
        rows: `id, text, lang, element_ids, group, source, at`.
        vectors: `(n, d)` float32, L2-normalised, each language's mean taken away.
    """

    rows: pa.Table
    vectors: Floats

    def __len__(self) -> int:
        return self.rows.num_rows


def open_index(workspace: Workspace, kind: IndexKind, progress: Progress) -> SearchIndex:
    """Get an index, made or made anew where it has to be.

    Args:
        workspace: whose products or documents.
        kind: which.
        progress: is told where it takes time.
    """
    found = _state(workspace, kind)
    folder = workspace.home / "index" / kind
    known = _stored(folder, found)
    if known is not None:
        return known
    rows = _products(workspace) if kind == "products" else _documents(workspace)
    vectors = _centred(workspace, kind, rows, progress)
    # rounded as it is stored, so that the first search says what the second does
    index = SearchIndex(rows, vectors.astype(np.float16).astype(np.float32))
    _store(folder, index, found)
    return index


def label_means(workspace: Workspace, langs: Iterable[str]) -> dict[str, Floats]:
    """Get the mean vector of each language, from the names of elements that the lexicon has in all of them.

    Args:
        workspace: gives lexicon and language model.
        langs: language codes; those that the lexicon does not speak get the mean of all that it speaks.
    """
    everywhere = [e for e in workspace.lexicon if all(e.labels.get(lang) for lang in LANGUAGES)]
    chosen = everywhere[:: max(1, len(everywhere) // _LABELS)]
    means: dict[str, Floats] = {}
    for lang in dict.fromkeys(langs):
        spoken = [lang] if lang in LANGUAGES else list(LANGUAGES)
        names = [element.labels[code][0] for element in chosen for code in spoken]
        if names:
            means[lang] = workspace.encoder.encode_document(names).mean(axis=0)
    return means


def _state(workspace: Workspace, kind: IndexKind) -> str:
    """Get what an index depends on, in one string."""
    if kind == "products":
        read: Mapping[str, str] = workspace.database.imported("items/")
        size = workspace.database.count("items")
    else:
        commits = [*workspace.lake.commits("clean/"), *workspace.lake.commits("tag/")]
        read, size = {commit.key: commit.fingerprint for commit in commits}, 0
    facts = [_FORMAT, size, sorted(read.items()), workspace.encoder.model_id, workspace.lexicon.version]
    return fingerprint(json.dumps(facts))


def _products(workspace: Workspace) -> pa.Table:
    items = workspace.database.items()
    texts = [f"{a} {b or ''}".strip() for a, b in _pairs(items, "title", "text")]
    groups = [group or None for group in items["group_id"].to_pylist()]
    columns = [
        items["id"],
        pa.array(texts, pa.string()),
        pa.array(identify_languages(texts), pa.string()),
        items["element_ids"],
        pa.array(groups, pa.string()),
        pa.nulls(items.num_rows, pa.string()),
        items["created_at"],
    ]
    return pa.table(columns, schema=_ROWS)


def _documents(workspace: Workspace) -> pa.Table:
    documents = workspace.lake.read("documents", columns=["id", "text", "lang", "source", "published_at"])
    mentions = workspace.lake.read("mentions", columns=["doc_id", "element_id"])
    named: dict[str, dict[str, None]] = {}
    for doc_id, element_id in _pairs(mentions, "doc_id", "element_id"):
        named.setdefault(doc_id, {})[element_id] = None
    elements = [list(named.get(i, ())) for i in documents["id"].to_pylist()]
    columns = [
        documents["id"],
        documents["text"],
        documents["lang"],
        pa.array(elements, pa.list_(pa.string())),
        pa.nulls(documents.num_rows, pa.string()),
        documents["source"],
        documents["published_at"],
    ]
    return pa.table(columns, schema=_ROWS)


def _centred(workspace: Workspace, kind: IndexKind, rows: pa.Table, progress: Progress) -> Floats:
    encoder = workspace.encoder
    if not rows.num_rows:
        return np.zeros((0, encoder.dim), np.float32)
    timer = StageTimer(progress, "index", kind, total=rows.num_rows)
    vectors = np.zeros((rows.num_rows, encoder.dim), np.float32)
    for start in range(0, rows.num_rows, _BATCH):
        texts = [text[:_EMBEDDED_CHARS] for text in rows["text"].slice(start, _BATCH).to_pylist()]
        vectors[start : start + len(texts)] = encoder.encode_document(texts)
        timer.add(len(texts), len(texts))
    timer.finish()
    return _without_means(workspace, vectors, rows["lang"].to_pylist())


def _without_means(workspace: Workspace, vectors: Floats, langs: Sequence[str]) -> Floats:
    codes, counts = np.unique(np.asarray(langs), return_counts=True)
    own = {str(code) for code, n in zip(codes, counts, strict=True) if n >= _MIN_TEXTS}
    centring = Centring()
    centring.means_ = label_means(workspace, [str(code) for code in codes if str(code) not in own])
    known = np.asarray([lang in own for lang in langs])
    if known.any():
        fitted = Centring().fit(vectors[known], [lang for lang in langs if lang in own])
        centring.means_ |= fitted.means_
    return centring.transform(vectors, langs)


def _stored(folder: Path, found: str) -> SearchIndex | None:
    try:
        facts: dict[str, Any] = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        if facts["state"] != found:
            return None
        rows = pq.read_table(folder / "rows.parquet", memory_map=True)
        vectors = np.load(folder / "vectors.npy", allow_pickle=False).astype(np.float32)
    except (OSError, ValueError, KeyError, pa.ArrowInvalid):
        return None
    return SearchIndex(rows, vectors) if len(vectors) == rows.num_rows else None


def _store(folder: Path, index: SearchIndex, found: str) -> None:
    # the facts are taken away first and come back last, so that a killed write is never taken for a whole one
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "rows.parquet", lambda file: pq.write_table(index.rows, file))
    write_atomically(folder / "vectors.npy", lambda file: np.save(file, index.vectors.astype(np.float16)))
    facts = json.dumps({"state": found}).encode()
    write_atomically(folder / "facts.json", lambda file: file.write(facts))


def _pairs(table: pa.Table, first: str, second: str) -> Iterable[tuple[Any, Any]]:
    return zip(table[first].to_pylist(), table[second].to_pylist(), strict=True)
