"""Vectors without a network: the mean of fixed vectors of the pieces, for bulk work.

Each piece of the vocabulary is encoded once by the whole model, principal components make the vectors shorter, and
frequent pieces weigh less (Tulkens and van Dongen 2024, "Model2Vec"; the weights are the smooth inverse frequencies
of Arora, Liang and Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings"). Word order is lost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from modacast.encoder.tokenizer import load_tokenizer, sound
from modacast.encoder.vocabulary import prune
from modacast.encoder.weights import files_digest
from modacast.errors import InvalidInput, StorageError
from modacast.types import Encoder, Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["StaticEncoder", "distil_static"]

_INNER = "0_StaticEmbedding"
_TENSOR = "embedding.weight"
_SIF = 1e-3
_MAX_TOKENS = 512
_TEXTS_AT_ONCE = 4096


class StaticEncoder:
    """Means of fixed vectors of pieces; see `modacast.types.Encoder`.

    Args:
        tokenizer: cuts texts into pieces.
        rows: `(vocabulary, dim)` float32, a vector a piece, weighed already.
        name: of the model.

    Attributes:
        model_id: name and digest.
        dim: width of the vectors.
    """

    def __init__(self, tokenizer: Tokenizer, rows: Floats, name: str) -> None:
        n_ids = tokenizer.get_vocab_size(with_added_tokens=True)
        if rows.ndim != 2 or len(rows) != n_ids:
            raise InvalidInput(
                f"{name}: {n_ids} pieces need as many rows; got an array of shape {rows.shape}"
            )
        self._tokenizer, self._rows, self._name = tokenizer, rows, name
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.dim = rows.shape[1]
        digest = files_digest([], salt=f"{tokenizer.to_str()}{rows.tobytes().hex()[:4096]}{rows.sum()}")
        self.model_id = f"{name}@{digest[:12]}"

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> StaticEncoder:
        """Open what `save_pretrained`, or sentence-transformers for a `StaticEmbedding`, wrote.

        Raises:
            InvalidInput: the folder holds no such model.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        inner = Path(folder) / _INNER
        inner = inner if inner.is_dir() else Path(folder)
        try:
            tensors = load_file(inner / "model.safetensors")
        except (OSError, SafetensorError) as error:
            raise InvalidInput(f"{folder}: holds no static model ({error})") from error
        if _TENSOR not in tensors:
            raise InvalidInput(f"{inner}: holds {', '.join(sorted(tensors)[:3])}, and no {_TENSOR!r}")
        tokenizer = load_tokenizer(inner / "tokenizer.json")
        return cls(tokenizer, tensors[_TENSOR].astype(np.float32), Path(folder).resolve().name)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write a folder that sentence-transformers opens, too.

        Raises:
            StorageError: the folder exists or cannot be written.
        """
        from safetensors.numpy import save_file

        target = Path(folder)
        kinds = [("StaticEmbedding", _INNER), ("Normalize", "1_Normalize")]
        modules = [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (kind, path) in enumerate(kinds)
        ]
        try:
            for path in (target, *(target / path for _, path in kinds)):
                path.mkdir(parents=True)
            save_file({_TENSOR: self._rows}, target / _INNER / "model.safetensors", {"format": "pt"})
            self._tokenizer.save(str(target / _INNER / "tokenizer.json"), pretty=False)
            (target / "modules.json").write_text(json.dumps(modules, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise StorageError(f"the model cannot be saved to {target}: {error}") from error
        return target

    def encode_query(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised; queries and documents are the same here."""
        return self.encode_document(texts)

    def encode_document(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised; zeros for a text without pieces."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            batch = [sound(text, _MAX_TOKENS) for text in texts[start : start + _TEXTS_AT_ONCE]]
            found = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for row, encoding in enumerate(found, start):
                if encoding.ids:
                    vectors[row] = self._rows[encoding.ids].mean(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths == 0, 1, lengths)
        return vectors


def distil_static(
    encoder: Encoder, tokenizer: Tokenizer, texts: Sequence[str], *, dim: int = 256, n_base: int = 16_000
) -> StaticEncoder:
    """Get a static model that imitates an encoder.

    Args:
        encoder: encodes each piece once.
        tokenizer: the encoder's.
        texts: decide which pieces are kept and how frequent each is.
        dim: width of the vectors; no more than the encoder's.
        n_base: pieces that are kept whether the texts use them or not.

    Raises:
        InvalidInput: no texts, or `dim` is not possible.
    """
    if not texts or not 1 <= dim <= encoder.dim:
        raise InvalidInput(
            f"needs texts and a dim of 1 to {encoder.dim}; got {len(texts)} texts and dim {dim}"
        )
    pruned = prune(tokenizer, texts, n_base=n_base).tokenizer
    n_ids = pruned.get_vocab_size(with_added_tokens=True)
    counts = np.zeros(n_ids, np.int64)
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        batch = [sound(text, _MAX_TOKENS) for text in texts[start : start + _TEXTS_AT_ONCE]]
        for encoding in pruned.encode_batch_fast(batch, add_special_tokens=False):
            np.add.at(counts, encoding.ids, 1)
    surfaces = [_surface(pruned.id_to_token(i) or "") for i in range(n_ids)]
    rows = _principal(encoder.encode_document(surfaces), dim)
    # a piece that was never seen counts as seen less than once, so its weight is nearly 1
    shares = np.maximum(counts, 0.5) / max(1, counts.sum())
    rows *= (_SIF / (_SIF + shares)).astype(np.float32)[:, None]
    return StaticEncoder(pruned, np.ascontiguousarray(rows, dtype=np.float32), f"static-{dim}")


def _surface(piece: str) -> str:
    return piece.removeprefix("##").replace("▁", " ").strip() or piece


def _principal(rows: Floats, dim: int) -> Floats:
    centred = rows - rows.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    projected: Floats = centred @ directions[:, ::-1][:, :dim]
    return projected
