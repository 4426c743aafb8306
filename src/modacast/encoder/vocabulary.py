"""Takes out of a vocabulary what a corpus never uses: the embeddings of 250,000 pieces are 80 % of a small BERT.

Training touches fewer parameters, and the model that comes out is smaller; the pieces that stay keep their
vectors, so a text that uses no other piece has the vector that it had (Abdaoui et al. 2020, "Load What You
Need: Smaller Versions of Multilingual BERT").
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.tokenizer import sound
from modacast.encoder.weights import read_json
from modacast.errors import InvalidInput

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["PRUNING_FILE", "Pruning", "PruningReport", "prune"]

PRUNING_FILE = "vocabulary.json"
_TEXTS_AT_ONCE = 1024
_MARKS = ("▁", "##")
_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class PruningReport:
    """What was kept and what was dropped.

    Attributes:
        n_before: pieces of the vocabulary as it was.
        n_after: pieces that are kept.
        n_special: of those, special and other added tokens.
        n_characters: single characters beyond those.
        n_base: of the base list beyond those.
        n_texts: used by the texts beyond those.
        n_rare: pieces that the texts use, but too seldom to be kept.
        dropped: some of the pieces that are dropped, the commonest of the vocabulary first.
    """

    n_before: int
    n_after: int
    n_special: int
    n_characters: int
    n_base: int
    n_texts: int
    n_rare: int
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pruning:
    """A smaller vocabulary.

    Attributes:
        tokenizer: makes ids of the new vocabulary.
        original_ids: `(n,)` int64; the id in the original vocabulary that each new id had, ascending.
        report: what was kept and dropped.
    """

    tokenizer: Tokenizer
    original_ids: npt.NDArray[np.int64]
    report: PruningReport

    def write(self, folder: Path) -> None:
        """Write the map from new to original ids, and the report, beside a saved model."""
        facts = {"original_ids": self.original_ids.tolist(), "report": asdict(self.report)}
        (folder / PRUNING_FILE).write_text(json.dumps(facts, ensure_ascii=False) + "\n", encoding="utf-8")

    @staticmethod
    def read_ids(folder: Path) -> npt.NDArray[np.int64]:
        """Read the map from new to original ids that `write` left.

        Raises:
            InvalidInput: it is missing or broken.
        """
        path = folder / PRUNING_FILE
        try:
            return np.asarray(read_json(path)["original_ids"], dtype=np.int64)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"{path}: holds no map of ids ({error!r})") from error


def prune(
    tokenizer: Tokenizer,
    texts: Iterable[str],
    *,
    prefixes: Sequence[str] = ("",),
    n_base: int = 16_000,
    min_count: int = 1,
) -> Pruning:
    """Get a vocabulary of what texts use, and of what any text may need.

    Kept are special tokens; all single characters, so that what no text held yet can still be spelled; the
    first `n_base` pieces, which in trained vocabularies are the commonest; and the pieces of the texts.

    Args:
        tokenizer: Unigram (XLM-RoBERTa, e5) or WordPiece (BERT); not changed.
        texts: the corpus, and further texts whose pieces must stay, such as the surfaces of a lexicon.
        prefixes: each text is read behind each of these.
        n_base: length of the base list.
        min_count: a piece stays that the texts use so often.

    Raises:
        InvalidInput: the tokenizer is of another kind.
    """
    layout = json.loads(tokenizer.to_str())
    pieces = _pieces(layout)
    counts = _counts(tokenizer, texts, prefixes)
    special = _special_ids(layout, pieces)
    characters = {i for i, piece in enumerate(pieces) if _is_character(piece)} - special
    base = set(range(min(n_base, len(pieces)))) - special - characters
    used = {i for i, n in counts.items() if n >= min_count} - special - characters - base
    kept = special | characters | base | used
    original = sorted(kept)
    dropped = [piece for i, piece in enumerate(pieces) if i not in kept][:_EXAMPLES]
    report = PruningReport(
        n_before=len(pieces),
        n_after=len(kept),
        n_special=len(special),
        n_characters=len(characters),
        n_base=len(base),
        n_texts=len(used),
        n_rare=len(set(counts) - kept),
        dropped=tuple(dropped),
    )
    return Pruning(_rebuilt(layout, pieces, original), np.asarray(original, dtype=np.int64), report)


def _pieces(layout: dict[str, Any]) -> list[str]:
    """Get the surface of each id."""
    kind, vocabulary = layout["model"].get("type"), layout["model"].get("vocab")
    if kind == "Unigram":
        found = {i: str(entry[0]) for i, entry in enumerate(vocabulary)}
    elif kind == "WordPiece":
        found = {int(i): str(piece) for piece, i in vocabulary.items()}
    else:
        raise InvalidInput(f"only Unigram and WordPiece vocabularies can be pruned; this one is {kind}")
    found.update({int(token["id"]): str(token["content"]) for token in layout.get("added_tokens", [])})
    return [found.get(i, "") for i in range(max(found) + 1)]


def _special_ids(layout: dict[str, Any], pieces: list[str]) -> set[int]:
    ids = {int(token["id"]) for token in layout.get("added_tokens", [])}
    model = layout["model"]
    if model["type"] == "Unigram":
        ids.add(int(model["unk_id"] or 0))
        # the lowest score decides what an unknown character costs, so it must not change
        scores = [entry[1] for entry in model["vocab"]]
        ids.add(int(np.argmin(scores)))
    else:
        ids.update(i for i, piece in enumerate(pieces) if piece == model["unk_token"])
    return ids


def _counts(tokenizer: Tokenizer, texts: Iterable[str], prefixes: Sequence[str]) -> Counter[int]:
    tokenizer = _copy(tokenizer)
    counts: Counter[int] = Counter()
    for batch in _batched((sound(text, 8192) for text in texts), _TEXTS_AT_ONCE):
        for prefix in prefixes:
            for encoding in tokenizer.encode_batch_fast([prefix + text for text in batch]):
                counts.update(encoding.ids)
    return counts


def _copy(tokenizer: Tokenizer) -> Tokenizer:
    """Get a tokenizer of its own that neither cuts nor fills up."""
    from tokenizers import Tokenizer

    copied = Tokenizer.from_str(tokenizer.to_str())
    copied.no_truncation()
    copied.no_padding()
    return copied


def _batched(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(texts)
    while batch := list(islice(iterator, size)):
        yield batch


def _is_character(piece: str) -> bool:
    for mark in _MARKS:
        piece = piece.removeprefix(mark)
    if len(piece) <= 1:
        return True
    # a letter with its accents is one character to who reads it
    return len(piece) <= 3 and all(unicodedata.combining(c) for c in piece[1:])


def _rebuilt(layout: dict[str, Any], pieces: list[str], original: list[int]) -> Tokenizer:
    from tokenizers import Tokenizer

    new_ids = {old: new for new, old in enumerate(original)}
    model = layout["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [model["vocab"][i] for i in original if i < len(model["vocab"])]
        if model["unk_id"] is not None:
            model["unk_id"] = new_ids[model["unk_id"]]
    else:
        model["vocab"] = {piece: new_ids[i] for piece, i in model["vocab"].items() if i in new_ids}
    for token in layout.get("added_tokens", []):
        token["id"] = new_ids[token["id"]]
    _renumber(layout.get("post_processor"), {pieces[i]: new_ids[i] for i in original}, new_ids)
    layout["truncation"] = layout["padding"] = None
    return Tokenizer.from_str(json.dumps(layout, ensure_ascii=False))


def _renumber(part: Any, by_piece: dict[str, int], new_ids: dict[int, int]) -> None:
    """Put new ids into a post-processor: templates, BERT's and RoBERTa's pairs, and sequences of those."""
    if not isinstance(part, dict):
        return
    for inner in part.get("processors", []):
        _renumber(inner, by_piece, new_ids)
    tokens = part.get("special_tokens", {})
    for token in tokens.values():
        token["ids"] = [new_ids[i] for i in token["ids"]]
    for side in ("sep", "cls"):
        if isinstance(part.get(side), list):
            part[side] = [part[side][0], by_piece[part[side][0]]]
