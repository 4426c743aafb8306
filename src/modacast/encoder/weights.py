"""Readers of BERT weights as float32 numpy tensors, without torch.

Whatever the file, tensors are asked for by the names that Hugging Face's `BertModel` gives them
(`embeddings.word_embeddings.weight`, `encoder.layer.0.attention.self.query.weight`, ...), and in pieces, so
that a large embedding table never has to lie in memory as float32 at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from modacast.errors import InvalidInput, MissingExtra
from modacast.types import Floats

__all__ = [
    "WORD_EMBEDDINGS",
    "BertConfig",
    "SafetensorsWeights",
    "TorchWeights",
    "Weights",
    "bert_shapes",
    "check_weights",
    "files_digest",
    "read_json",
]

WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
_MODEL_TYPES = ("bert", "roberta", "xlm-roberta")


@dataclass(frozen=True, slots=True)
class BertConfig:
    """The shape of a BERT encoder.

    Attributes:
        vocab_size: rows of the word embeddings.
        hidden_size: width, also of the vectors that come out.
        n_layers: Transformer layers.
        n_heads: attention heads a layer.
        ffn_size: inner width of the feed-forward blocks.
        n_positions: rows of the position embeddings.
        n_types: rows of the token type embeddings.
        layer_norm_eps: added to the variance in layer normalisation.
        activation: of the feed-forward blocks, by its name in `config.json`.
        position_offset: position id of the first token; RoBERTa counts from its padding id + 1.
    """

    vocab_size: int
    hidden_size: int
    n_layers: int
    n_heads: int
    ffn_size: int
    n_positions: int
    n_types: int
    layer_norm_eps: float = 1e-12
    activation: str = "gelu"
    position_offset: int = 0

    @property
    def max_tokens(self) -> int:
        """Longest sequence that the position embeddings allow."""
        return self.n_positions - self.position_offset

    @classmethod
    def from_file(cls, path: Path) -> BertConfig:
        """Read the `config.json` of a Hugging Face BERT, RoBERTa or XLM-RoBERTa.

        Raises:
            InvalidInput: the file is missing, broken, or of another architecture.
        """
        raw = read_json(path)
        kind = raw.get("model_type")
        if kind not in _MODEL_TYPES:
            raise InvalidInput(f"{path}: model_type is {kind!r}; modacast reads {', '.join(_MODEL_TYPES)}")
        positions = raw.get("position_embedding_type", "absolute")
        if positions != "absolute":
            raise InvalidInput(f"{path}: position_embedding_type is {positions!r}; it must be 'absolute'")
        try:
            return cls(
                vocab_size=int(raw["vocab_size"]),
                hidden_size=int(raw["hidden_size"]),
                n_layers=int(raw["num_hidden_layers"]),
                n_heads=int(raw["num_attention_heads"]),
                ffn_size=int(raw["intermediate_size"]),
                n_positions=int(raw["max_position_embeddings"]),
                n_types=int(raw.get("type_vocab_size", 2)),
                layer_norm_eps=float(raw.get("layer_norm_eps", 1e-12)),
                activation=str(raw.get("hidden_act", "gelu")),
                position_offset=0 if kind == "bert" else int(raw.get("pad_token_id", 1)) + 1,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"{path}: not a BERT configuration ({error!r})") from error


class Weights(Protocol):
    """A trained BERT, read piece by piece."""

    config: BertConfig

    def names(self) -> Iterable[str]:
        """Get the names of the tensors that are there."""
        ...

    def shape(self, name: str) -> tuple[int, ...]:
        """Get a tensor's shape."""
        ...

    def tensor(self, name: str, start: int = 0, stop: int | None = None) -> Floats:
        """Get rows `start` to `stop` of a tensor as a new float32 array."""
        ...


def bert_shapes(config: BertConfig) -> dict[str, tuple[int, ...]]:
    """Get name and shape of every tensor that a BERT encoder without its pooler has."""
    width, ffn = config.hidden_size, config.ffn_size
    shapes: dict[str, tuple[int, ...]] = {
        WORD_EMBEDDINGS: (config.vocab_size, width),
        "embeddings.position_embeddings.weight": (config.n_positions, width),
        "embeddings.token_type_embeddings.weight": (config.n_types, width),
    }
    norms = ["embeddings.LayerNorm"]
    for i in range(config.n_layers):
        layer = f"encoder.layer.{i}"
        linears = {
            "attention.self.query": (width, width),
            "attention.self.key": (width, width),
            "attention.self.value": (width, width),
            "attention.output.dense": (width, width),
            "intermediate.dense": (ffn, width),
            "output.dense": (width, ffn),
        }
        for name, shape in linears.items():
            shapes[f"{layer}.{name}.weight"] = shape
            shapes[f"{layer}.{name}.bias"] = shape[:1]
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    for name in norms:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)
    return shapes


def check_weights(weights: Weights, where: Path) -> None:
    """Check that every tensor of the configuration is there in its shape.

    Raises:
        InvalidInput: tensors are missing or of another shape; names the first.
    """
    config = weights.config
    if config.n_heads < 1 or config.hidden_size % config.n_heads:
        raise InvalidInput(f"{where}: width {config.hidden_size} does not divide by {config.n_heads} heads")
    wanted = bert_shapes(config)
    missing = sorted(set(wanted) - set(weights.names()))
    if missing:
        raise InvalidInput(f"{where}: {len(missing)} tensors are missing, {missing[0]!r} the first")
    for name, shape in wanted.items():
        if weights.shape(name) != shape:
            raise InvalidInput(
                f"{where}: tensor {name!r} has shape {weights.shape(name)}, the configuration says {shape}"
            )


class SafetensorsWeights:
    """The tensors of a `model.safetensors` (float32, float16 or bfloat16) beside a `config.json`.

    Args:
        path: the safetensors file.
        config: what its `config.json` says.

    Raises:
        InvalidInput: the file is no safetensors file, or holds no BERT.
    """

    def __init__(self, path: Path, config: BertConfig) -> None:
        from safetensors import SafetensorError, safe_open

        self.config = config
        self._path = path
        try:
            self._file: Any = safe_open(path, framework="numpy")
        except (SafetensorError, OSError) as error:
            raise InvalidInput(f"{path}: not a whole safetensors file ({error})") from error
        self._stored = _bare_names(self._file.keys(), path)
        check_weights(self, path)

    def names(self) -> Iterable[str]:
        """Get the names of the tensors that are there."""
        return self._stored

    def shape(self, name: str) -> tuple[int, ...]:
        """Get a tensor's shape."""
        return tuple(self._file.get_slice(self._stored[name]).get_shape())

    def tensor(self, name: str, start: int = 0, stop: int | None = None) -> Floats:
        """Get rows `start` to `stop` of a tensor as a new float32 array."""
        stored = self._stored[name]
        piece = self._file.get_slice(stored)
        stop = piece.get_shape()[0] if stop is None else stop
        if piece.get_dtype() == "BF16":
            return self._bfloat16(stored)[start:stop]
        return np.array(piece[start:stop], dtype=np.float32)

    def _bfloat16(self, stored: str) -> Floats:
        # numpy has no bfloat16: it is the upper half of a float32
        with self._path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            entry = json.loads(file.read(size))[stored]
        begin, end = entry["data_offsets"]
        halves = np.memmap(self._path, np.uint16, "r", 8 + size + begin, ((end - begin) // 2,))
        return (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])


class TorchWeights:
    """The tensors of a `pytorch_model.bin`, read by torch with nothing but tensors allowed in it.

    Args:
        path: the checkpoint.
        config: what its `config.json` says.

    Raises:
        MissingExtra: torch is not installed.
        InvalidInput: the file is no checkpoint, or holds no BERT.
    """

    def __init__(self, path: Path, config: BertConfig) -> None:
        try:
            import torch
        except ImportError as error:
            raise MissingExtra("train", f"reading {path.name} (a checkpoint without safetensors)") from error
        from pickle import UnpicklingError

        self.config = config
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, UnpicklingError, EOFError, OSError) as error:
            raise InvalidInput(f"{path}: not a PyTorch checkpoint ({error})") from error
        self._tensors = {
            bare: state[stored].float().numpy() for bare, stored in _bare_names(state, path).items()
        }
        check_weights(self, path)

    def names(self) -> Iterable[str]:
        """Get the names of the tensors that are there."""
        return self._tensors

    def shape(self, name: str) -> tuple[int, ...]:
        """Get a tensor's shape."""
        return tuple(self._tensors[name].shape)

    def tensor(self, name: str, start: int = 0, stop: int | None = None) -> Floats:
        """Get rows `start` to `stop` of a tensor as a new float32 array."""
        return np.array(self._tensors[name][start:stop], dtype=np.float32)


def _bare_names(stored: Iterable[str], path: Path) -> dict[str, str]:
    """Map `BertModel`'s names to those in the file, which may start with `bert.` and use TensorFlow's."""
    keys = list(stored)
    prefix = next((key.removesuffix(WORD_EMBEDDINGS) for key in keys if key.endswith(WORD_EMBEDDINGS)), None)
    if prefix is None:
        raise InvalidInput(f"{path}: holds no BERT (no tensor ends in {WORD_EMBEDDINGS!r})")
    modern = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
    names: dict[str, str] = {}
    for key in keys:
        if key.startswith(prefix):
            bare = key.removeprefix(prefix)
            for old, new in modern.items():
                bare = bare.replace(old, new)
            names[bare] = key
    return names


def files_digest(paths: Iterable[Path], *, salt: str = "") -> str:
    """Get 32 hexadecimal digits that stand for the contents of files, and a salt, in order."""
    digest = blake2b(salt.encode(), digest_size=16)
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InvalidInput: the file is missing, unreadable, or no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{path}: expected a JSON object, got {type(found).__name__}")
    return found
