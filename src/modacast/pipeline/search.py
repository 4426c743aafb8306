"""Search by meaning over products and documents, across languages.

A query is looked up as it was typed and, for texts in another language, as the lexicon says it there: the vectors of
a small multilingual model bring whole sentences together across languages, but not yet the bare names of
garments. Texts that name the query's elements, or finer ones, come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from modacast.documents import identify_languages
from modacast.encoder import Centring
from modacast.errors import InvalidInput
from modacast.pipeline.index import INDEX_KINDS, IndexKind, SearchIndex, label_means, open_index
from modacast.pipeline.progress import Progress, Silent
from modacast.pipeline.workspace import Workspace
from modacast.types import LANGUAGES, Floats

__all__ = ["Hit", "search"]

_ELEMENT_WEIGHT = 0.5  # of the share of the query's elements that a text names, beside its cosine
_SAME = 0.95  # cosine from which two texts are the same to a reader
_READ = 20  # times k: so many are looked at for copies


@dataclass(frozen=True, slots=True)
class Hit:
    """A product or a document that was found.

    Attributes:
        kind: `"products"` or `"documents"`.
        id: of the product or document.
        text: title and description, or the scrubbed text.
        lang: its language.
        source: of a document; None for a product.
        at: when it was published, or since when the product is there; UTC.
        score: cosine in [-1, 1], plus half the share of the query's elements that it names.
        elements: those elements, by their ids.
    """

    kind: IndexKind
    id: str
    text: str
    lang: str
    source: str | None
    at: datetime | None
    score: float
    elements: tuple[str, ...]


def search(
    workspace: Workspace,
    query: str,
    *,
    k: int = 10,
    kinds: Sequence[IndexKind] = INDEX_KINDS,
    lang: str | None = None,
    progress: Progress | None = None,
) -> list[Hit]:
    """Find what is nearest in meaning to some words of any language.

    Args:
        workspace: whose products and documents.
        query: the words.
        k: how many of each kind.
        kinds: what to look through.
        lang: only texts in this language.
        progress: is told when an index has to be made.

    Returns:
        Up to `k` of each kind, best first; near copies and variants of one product once.

    Raises:
        InvalidInput: the query is empty, `k` is below 1, or there is nothing to look through.
    """
    if k < 1:
        raise InvalidInput(f"k is at least 1, got {k}")
    if not query.strip():
        raise InvalidInput("the query is empty; say what to look for, for example: 通勤 极简 西装")
    indexes = {kind: open_index(workspace, kind, progress or Silent()) for kind in kinds}
    if not any(len(index) for index in indexes.values()):
        raise InvalidInput(
            f"there are no {' and no '.join(kinds)} yet; name inputs in modacast.toml and run `modacast run`"
        )
    asked = _Asked(workspace, query)
    return [
        hit for kind, index in indexes.items() if len(index) for hit in _found(asked, kind, index, k, lang)
    ]


class _Asked:
    """A query, its elements, and its vector for texts of each language."""

    def __init__(self, workspace: Workspace, query: str) -> None:
        self._workspace = workspace
        self._query = query
        self._lang, self.elements = _read(workspace, query)
        lexicon = workspace.lexicon
        self._finer = {e: {e, *_descendants(workspace, e)} for e in self.elements if e in lexicon}

    def vectors(self, langs: Sequence[str]) -> Floats:
        """Get the query for texts of each of these languages, as `(len(langs), d)`."""
        written = [self._written(lang) for lang in langs]
        spoken = [
            self._lang if text == self._query else lang for text, lang in zip(written, langs, strict=True)
        ]
        centring = Centring()
        centring.means_ = label_means(self._workspace, spoken)
        raw = self._workspace.encoder.encode_document(written)
        return centring.transform(raw, spoken)

    def named(self, element_ids: Sequence[str]) -> tuple[str, ...]:
        """Get which of the query's elements a text names, itself or by a finer one."""
        own = set(element_ids)
        return tuple(e for e, finer in self._finer.items() if own & finer)

    def _written(self, lang: str) -> str:
        """Write the query in a language as far as the lexicon can; as it is where it cannot."""
        if lang == self._lang or lang not in LANGUAGES or not self.elements:
            return self._query
        names = [self._workspace.lexicon[e].labels.get(lang, ()) for e in self.elements]
        told = [name[0] for name in names if name]
        return " ".join(told) if len(told) == len(names) else " ".join([*told, self._query])


def _read(workspace: Workspace, query: str) -> tuple[str, tuple[str, ...]]:
    """Get a query's language and elements; of few letters, the language is the one that has words for them."""
    first = identify_languages([query])[0]
    for lang in dict.fromkeys([first, *LANGUAGES]):
        table = pa.table({"id": ["query"], "text": [query], "lang": [lang]})
        named = workspace.tagger.tag(table)["element_id"].to_pylist()
        if named:
            return lang, tuple(dict.fromkeys(named))
    return first, ()


def _descendants(workspace: Workspace, element_id: str) -> list[str]:
    found: list[str] = []
    left = [element_id]
    while left:
        below = workspace.lexicon.children(left.pop())
        found += below
        left += below
    return found


def _found(asked: _Asked, kind: IndexKind, index: SearchIndex, k: int, lang: str | None) -> list[Hit]:
    langs = np.asarray(index.rows["lang"].to_pylist())
    spoken = sorted(set(langs.tolist()))
    scores = np.full(len(index), -np.inf, np.float32)
    for code, vector in zip(spoken, asked.vectors(spoken), strict=True):
        if lang is None or code == lang:
            rows = langs == code
            scores[rows] = index.vectors[rows] @ vector
    elements = index.rows["element_ids"].to_pylist()
    named = [asked.named(own or ()) for own in elements] if asked.elements else [()] * len(index)
    if asked.elements:
        shares = np.asarray([len(found) for found in named], np.float32) / len(asked.elements)
        scores += _ELEMENT_WEIGHT * shares
    hits = []
    for i in _distinct(index, scores, k):
        row = index.rows.slice(i, 1).to_pylist()[0]
        hits.append(
            Hit(
                kind,
                row["id"],
                row["text"],
                row["lang"],
                row["source"],
                row["at"],
                float(scores[i]),
                named[i],
            )
        )
    return hits


def _distinct(index: SearchIndex, scores: Floats, k: int) -> list[int]:
    """Get the best places, passing over near copies and further variants of a product."""
    groups, texts = index.rows["group"], index.rows["text"]
    picked: list[int] = []
    seen: set[str | None] = set()
    for i in np.argsort(-scores, kind="stable")[: _READ * k]:
        place = int(i)
        group = groups[place].as_py()
        letters = "".join(c for c in texts[place].as_py().casefold() if c.isalpha())
        if not np.isfinite(scores[place]) or (group and group in seen) or letters in seen:
            continue
        if picked and float((index.vectors[picked] @ index.vectors[place]).max()) > _SAME:
            continue
        picked.append(place)
        seen |= {group, letters}
        if len(picked) == k:
            break
    return picked
