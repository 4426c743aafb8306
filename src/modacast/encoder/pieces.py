"""A Unigram tokenizer that needs a seventh of the memory: the same ids as `tokenizers`, from a plain dictionary.

The library keeps 250,000 pieces in a trie of hash tables, about 280 MB. Here they lie in one dictionary of strings,
about 40 MB. The best segmentation is found by Viterbi search (Kudo 2018, "Subword Regularization"), step by step as
the library does it, so that even ties fall alike; normalisation is the library's own. It is slower, 30 to 60
microseconds for a short title, which is little beside a forward pass.
"""

from __future__ import annotations

import json
import logging
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np

from modacast.encoder.states import Token, traced
from modacast.encoder.weights import files_digest, read_json
from modacast.errors import InvalidInput

__all__ = ["PIECES_FILE", "CompactUnigram"]

PIECES_FILE = "pieces.safetensors"
_FORMAT = "1"
_SPACE = "▁"
_WORDS = re.compile(f"{_SPACE}[^{_SPACE}]*")
_UNKNOWN_PENALTY = 10.0
_REMEMBERED_LENGTH = 16
_REMEMBERED_WORDS = 20_000
_log = logging.getLogger(__name__)


class CompactUnigram:
    """Turns texts into the ids of a Unigram vocabulary with `Metaspace` words, as XLM-RoBERTa's is.

    Args:
        pieces: surface of each id.
        scores: `(n,)` float64 log-probability of each id.
        layout: the `tokenizer.json` without its vocabulary.

    Raises:
        InvalidInput: the layout is of another kind; see `supports`.
    """

    def __init__(self, pieces: Sequence[str], scores: Iterable[float], layout: dict[str, Any]) -> None:
        if not self.supports(layout):
            raise InvalidInput("only Unigram vocabularies with Metaspace words are read compactly")
        self._id_of = {piece: i for i, piece in enumerate(pieces)}
        self._scores = array("d", scores)
        self._unknown: int = layout["model"]["unk_id"]
        self._unknown_score = min(self._scores) - _UNKNOWN_PENALTY
        # the longest piece that begins with a character ends the search for longer ones
        self._reach: dict[str, int] = {}
        for piece in pieces:
            if len(piece) > self._reach.get(piece[:1], 0):
                self._reach[piece[:1]] = len(piece)
        self._normalizer = _normalizer(layout)
        self._added = {token["content"]: int(token["id"]) for token in layout["added_tokens"]}
        by_length = sorted(self._added, key=len, reverse=True)
        self._added_pattern = (
            re.compile("(" + "|".join(map(re.escape, by_length)) + ")") if by_length else None
        )
        self._before, self._after = _template(layout)
        self._remembered: dict[str, list[int]] = {}

    @staticmethod
    def supports(layout: dict[str, Any]) -> bool:
        """Say whether a `tokenizer.json`, with or without its vocabulary, is of the kind that is read here."""
        model, words = layout.get("model") or {}, layout.get("pre_tokenizer") or {}
        plain = all(
            not any(token.get(flag) for flag in ("single_word", "lstrip", "rstrip", "normalized"))
            for token in layout.get("added_tokens", [])
        )
        return (
            plain
            and model.get("type") == "Unigram"
            and model.get("unk_id") is not None
            and not model.get("byte_fallback")
            and words.get("type") == "Metaspace"
            and words.get("replacement") == _SPACE
            and words.get("prepend_scheme") == "always"
            and bool(words.get("split"))
            and (layout.get("post_processor") or {}).get("type") == "TemplateProcessing"
        )

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Read a folder's tokenizer; None where it is of another kind.

        The first call reads `tokenizer.json` and leaves the pieces beside it in a form that opens without the
        detour, where the folder can be written.

        Raises:
            InvalidInput: the tokenizer is missing or broken.
        """
        source = folder / "tokenizer.json"
        try:
            digest = files_digest([source])
        except OSError as error:
            raise InvalidInput(f"{source}: cannot be read ({error})") from error
        stored = folder / PIECES_FILE
        if stored.is_file() and (found := cls._read(stored, digest)) is not None:
            return found
        layout = read_json(source)
        if not cls.supports(layout):
            return None
        try:
            vocabulary = layout["model"].pop("vocab")
            pieces = [str(piece) for piece, _ in vocabulary]
            found = cls(pieces, (float(score) for _, score in vocabulary), layout)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"{source}: not a tokenizer ({error!r})") from error
        found._write(stored, pieces, layout, digest)
        return found

    @classmethod
    def _read(cls, path: Path, digest: str) -> Self | None:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                facts = file.metadata() or {}
                if facts.get("format") != _FORMAT or facts.get("digest") != digest:
                    return None
                blob = file.get_tensor("blob").tobytes()
                ends = file.get_tensor("ends")
                scores = file.get_tensor("scores")
            bounds = pairwise([0, *ends.tolist()])
            return cls([blob[a:b].decode() for a, b in bounds], scores.tolist(), json.loads(facts["layout"]))
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            _log.warning("%s is broken and is made anew (%s)", path, error)
            return None

    def _write(self, path: Path, pieces: Sequence[str], layout: dict[str, Any], digest: str) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import save_file

        surfaces = [piece.encode() for piece in pieces]
        tensors = {
            "blob": np.frombuffer(b"".join(surfaces), np.uint8),
            "ends": np.cumsum([len(surface) for surface in surfaces], dtype=np.int64),
            "scores": np.frombuffer(self._scores, np.float64),
        }
        facts = {"format": _FORMAT, "digest": digest, "layout": json.dumps(layout)}
        aside = path.with_name(f".{path.name}-{os.getpid()}")
        # a folder that cannot be written is read the long way each time
        with suppress(OSError, SafetensorError):
            save_file(tensors, aside, facts)
            aside.replace(path)

    def ids(self, text: str, max_tokens: int) -> list[int]:
        """Get a text's ids, special tokens included, cut to `max_tokens`."""
        found: list[int] = []
        room = max_tokens - len(self._before) - len(self._after)
        parts = [text] if self._added_pattern is None else self._added_pattern.split(text)
        for i, part in enumerate(parts):
            # every second part is an added token, written out in the text
            found += [self._added[part]] if i % 2 else self._plain(part, room - len(found))
            if len(found) >= room:
                break
        return [*self._before, *found[: max(0, room)], *self._after]

    def tokens(self, text: str, max_tokens: int) -> list[Token]:
        """Get a text's tokens with their places, special ones (of no width) included, cut to `max_tokens`.

        The ids are those of `ids`, save where a mark changes a character that it is not joined to.
        """
        found: list[Token] = []
        room = max_tokens - len(self._before) - len(self._after)
        place = 0
        for i, part in enumerate([text] if self._added_pattern is None else self._added_pattern.split(text)):
            if i % 2:
                found.append(Token(self._added[part], place, place))
            else:
                found += self._traced(part, place)
            place += len(part)
            if len(found) >= room:
                break
        ends = ([Token(number, 0, 0) for number in numbers] for numbers in (self._before, self._after))
        before, after = ends
        return [*before, *found[: max(0, room)], *after]

    def _traced(self, text: str, shift: int) -> Iterator[Token]:
        """Yield the tokens of a text that begins `shift` characters into a longer one."""
        normal, origin = traced(text, self._normalizer.normalize_str)
        if not normal:
            return
        normal = normal.replace(" ", _SPACE)
        if normal[0] != _SPACE:
            normal, origin = _SPACE + normal, [0, *origin]
        ends = [*origin[1:], len(text)]
        for word in _WORDS.finditer(normal):
            last = word.start()
            for number, end in self._cuts(word[0]):
                first, last = last, word.start() + end
                # the mark before a word is no character of it
                inside = first + (normal[first] == _SPACE)
                if inside >= last:
                    yield Token(number, shift + origin[first], shift + origin[first])
                else:
                    yield Token(
                        number, shift + origin[inside], shift + max(ends[last - 1], origin[inside] + 1)
                    )

    def _plain(self, text: str, room: int) -> list[int]:
        text = self._normalizer.normalize_str(text).replace(" ", _SPACE) if text else ""
        if not text:
            return []
        if text[0] != _SPACE:
            text = _SPACE + text
        found: list[int] = []
        for word in _WORDS.findall(text):
            found += self._word(word)
            if len(found) >= room:
                break
        return found

    def _word(self, word: str) -> list[int]:
        known = self._remembered.get(word)
        if known is None:
            known = self._segmented(word)
            if len(word) <= _REMEMBERED_LENGTH and len(self._remembered) < _REMEMBERED_WORDS:
                self._remembered[word] = known
        return known

    def _segmented(self, word: str) -> list[int]:
        """Get the ids of the likeliest segmentation of one word."""
        return [number for number, _ in self._cuts(word)]

    def _cuts(self, word: str) -> list[tuple[int, int]]:
        """Get the id and the end of each piece of the likeliest segmentation of one word."""
        id_of, scores, reach, unknown = self._id_of.get, self._scores, self._reach, self._unknown
        n = len(word)
        best, begins, ids = [0.0] * (n + 1), [-1] * (n + 1), [unknown] * (n + 1)
        for start in range(n):
            so_far = best[start]
            alone = False
            for end in range(start + 1, min(n, start + reach.get(word[start], 0)) + 1):
                piece = id_of(word[start:end])
                if piece is None:
                    continue
                score = so_far + scores[piece]
                if begins[end] < 0 or score > best[end]:
                    best[end], begins[end], ids[end] = score, start, piece
                alone = alone or end == start + 1
            if not alone:
                score = so_far + self._unknown_score
                if begins[start + 1] < 0 or score > best[start + 1]:
                    best[start + 1], begins[start + 1], ids[start + 1] = score, start, unknown
        found: list[tuple[int, int]] = []
        while n > 0:
            # unknown characters side by side are one unknown piece
            if not (found and ids[n] == unknown == found[-1][0]):
                found.append((ids[n], n))
            n = begins[n]
        return found[::-1]


def _normalizer(layout: dict[str, Any]) -> Any:
    from tokenizers import Tokenizer, normalizers

    if layout.get("normalizer") is None:
        return normalizers.Sequence([])
    model = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0]], "byte_fallback": False}
    empty = {"version": "1.0", "added_tokens": [], "normalizer": layout["normalizer"], "model": model}
    return Tokenizer.from_str(json.dumps(empty)).normalizer


def _template(layout: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Get the ids before and after a single text."""
    processor = layout["post_processor"]
    sides: tuple[list[int], list[int]] = ([], [])
    behind = False
    for part in processor["single"]:
        if "Sequence" in part:
            behind = True
        else:
            sides[behind].extend(processor["special_tokens"][part["SpecialToken"]["id"]]["ids"])
    return sides
