"""What a language model can be trained on: bare texts, and pairs of texts that belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modacast.elements import Lexicon
from modacast.encoder.pairs import Pair, attribute_pairs, label_pairs, title_pairs
from modacast.errors import InvalidInput
from modacast.pipeline.workspace import Workspace
from modacast.privacy import scrub_many
from modacast.sources.tables import read_rows
from modacast.types import LANGUAGES, Element

__all__ = ["Corpus", "PairSet", "home_corpus", "home_pairs", "read_corpus", "read_pairs"]

Columns = Mapping[str, str | list[str]]

_TEXTS = pa.schema([pa.field("text", pa.string(), nullable=False)])
_PAIRS = pa.schema(
    [pa.field("query", pa.string(), nullable=False), pa.field("document", pa.string(), nullable=False)]
)
_MIN_DOCUMENTS_OF_LANGUAGE = 20
_MAX_LABELS = 400  # pairs of names a direction beside Chinese and English, or they would outnumber all else


@dataclass(frozen=True, slots=True)
class Corpus:
    """Bare texts, each once.

    Attributes:
        name: where they come from; a file's name, never its path.
        texts: scrubbed.
        counts: source to its number of texts.
        n_rejected: rows without a text.
    """

    name: str
    texts: tuple[str, ...]
    counts: Mapping[str, int]
    n_rejected: int = 0

    def facts(self) -> dict[str, Any]:
        """Get what the registry writes down; never a text."""
        return {
            "from": self.name,
            "n_texts": len(self.texts),
            "counts": dict(self.counts),
            "n_rejected": self.n_rejected,
            "fingerprint": _digest(self.texts),
        }


@dataclass(frozen=True, slots=True)
class PairSet:
    """Pairs of texts that belong together, each once.

    Attributes:
        name: where they come from; a file's name, never its path.
        pairs: scrubbed.
        counts: task to its number of pairs.
        n_rejected: rows that lack one of the two.
    """

    name: str
    pairs: tuple[Pair, ...]
    counts: Mapping[str, int]
    n_rejected: int = 0

    def facts(self) -> dict[str, Any]:
        """Get what the registry writes down; never a text."""
        return {
            "from": self.name,
            "n_pairs": len(self.pairs),
            "counts": dict(self.counts),
            "n_rejected": self.n_rejected,
            "fingerprint": _digest([part for p in self.pairs for part in (p.task, p.query, p.document)]),
        }


def home_corpus(workspace: Workspace) -> Corpus:
    """Get the cleaned documents and the products of a home.

    Raises:
        InvalidInput: there are none.
    """
    documents = workspace.lake.read("documents", columns=["text", "source"])
    counts = Counter(documents["source"].to_pylist())
    items = workspace.database.items()
    products = [_joined(row) for row in items.select(["title", "text"]).to_pylist()]
    if products:
        counts["products"] = len(products)
    texts = _distinct([*documents["text"].to_pylist(), *products])
    if not texts:
        raise InvalidInput(
            f"{workspace.home} holds no texts yet; run `modacast run`, or name a file: modacast train pretrain FILE"
        )
    return Corpus("home", texts, counts)


def home_pairs(workspace: Workspace) -> PairSet:
    """Get the pairs that a home gives of itself.

    Title and description of products, their elements and their text, reviews and the product that they are of, and
    the names of each element of the lexicon in the languages that the home's texts are in (Chinese and English
    always).

    Raises:
        InvalidInput: there are none.
    """
    items = workspace.database.items()
    found = [*title_pairs(items), *_element_pairs(items, workspace.lexicon)]
    found += _review_pairs(items, workspace.database.events())
    langs = _languages(workspace.lake.read("documents", columns=["lang"]))
    found += _name_pairs(_mentioned(workspace, items), langs)
    pairs = tuple(dict.fromkeys(found))
    if not pairs:
        raise InvalidInput(
            f"{workspace.home} holds nothing to pair yet; run `modacast run`, or name a file with the columns query and "
            "document: modacast train finetune FILE"
        )
    return PairSet("home", pairs, _tasks(pairs))


def read_corpus(path: Path, *, columns: Columns) -> Corpus:
    """Read a file with a column `text`; texts are scrubbed.

    Raises:
        InvalidInput: there is no such file, format or column.
    """
    texts: list[str] = []
    n_rejected = 0
    for batch in read_rows(path, schema=_TEXTS, columns=columns):
        n_rejected += batch.rejects.num_rows
        texts += scrub_many(batch.table["text"].to_pylist()).texts
    return Corpus(path.name, _distinct(texts), {path.name: len(texts)}, n_rejected)


def read_pairs(path: Path, *, columns: Columns, task: str = "pairs") -> PairSet:
    """Read a file with the columns `query` and `document`; texts are scrubbed.

    Raises:
        InvalidInput: there is no such file, format or column.
    """
    pairs: list[Pair] = []
    n_rejected = 0
    for batch in read_rows(path, schema=_PAIRS, columns=columns):
        n_rejected += batch.rejects.num_rows
        both = (scrub_many(batch.table[name].to_pylist()).texts for name in ("query", "document"))
        pairs += [Pair(query, document, task) for query, document in zip(*both, strict=True)]
    distinct = tuple(dict.fromkeys(pairs))
    return PairSet(path.name, distinct, _tasks(distinct), n_rejected)


def _element_pairs(items: pa.Table, lexicon: Lexicon) -> list[Pair]:
    rows = []
    for row in items.select(["title", "text", "element_ids"]).to_pylist():
        elements = [lexicon[e] for e in row["element_ids"] or () if e in lexicon]
        # in both languages, so that one asks and the other answers whatever the catalogue is written in
        rows += [({"": [e.label(lang) for e in elements]}, _joined(row)) for lang in ("zh", "en")]
    return attribute_pairs(rows)


def _review_pairs(items: pa.Table, events: pa.Table) -> list[Pair]:
    written = events.filter(pc.is_valid(events["text"]))
    title = dict(zip(items["id"].to_pylist(), items["title"].to_pylist(), strict=True))
    both = zip(written["text"].to_pylist(), written["item_id"].to_pylist(), strict=True)
    return [Pair(text, title[item], "review") for text, item in both if text.strip() and item in title]


def _name_pairs(elements: Sequence[Element], langs: Sequence[str]) -> list[Pair]:
    by_direction: dict[str, list[Pair]] = {}
    for pair in label_pairs({e.id: e.labels for e in elements}, langs=langs):
        by_direction.setdefault(pair.task, []).append(pair)
    found: list[Pair] = []
    for direction, pairs in by_direction.items():
        is_main = direction in {"zh-en", "en-zh"}
        # spread over all facets: the lexicon's order is by facet
        step = 1.0 if is_main else max(1.0, len(pairs) / _MAX_LABELS)
        found += [pairs[int(i * step)] for i in range(int(len(pairs) / step))]
    return found


def _mentioned(workspace: Workspace, items: pa.Table) -> list[Element]:
    """Get the elements that the home speaks of, with those above them; all of the lexicon where it speaks of none."""
    lexicon = workspace.lexicon
    named = set(workspace.lake.read("mentions", columns=["element_id"])["element_id"].unique().to_pylist())
    named |= {e for ids in items["element_ids"].to_pylist() for e in ids or ()}
    known = {e for e in named if e in lexicon}
    known |= {above for e in known for above in lexicon.ancestors(e)}
    return [element for element in lexicon if not known or element.id in known]


def _languages(documents: pa.Table) -> list[str]:
    counts = Counter(documents["lang"].to_pylist())
    spoken = [lang for lang in LANGUAGES if counts[lang] >= _MIN_DOCUMENTS_OF_LANGUAGE]
    return list(dict.fromkeys(["zh", "en", *spoken]))


def _joined(row: Mapping[str, Any]) -> str:
    return f"{row['title'] or ''} {row['text'] or ''}".strip()


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text and text.strip()))


def _tasks(pairs: Sequence[Pair]) -> dict[str, int]:
    return dict(sorted(Counter(pair.task for pair in pairs).items()))


def _digest(parts: Iterable[str]) -> str:
    digest = blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "replace")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()
