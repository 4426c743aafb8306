"""From numpy tensors to a CTranslate2 model on disk, without torch and in little memory.

The layout follows CTranslate2's own converter for BERT. Weights are quantised here, a slice at a time:
symmetric int8 with one scale a row, the form that CTranslate2 computes with.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from modacast.encoder.recipe import Precision, Recipe
from modacast.encoder.weights import WORD_EMBEDDINGS, Weights
from modacast.errors import InvalidInput, StorageError
from modacast.types import Floats

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["convert", "write_model"]

_ROWS_AT_ONCE = 16_384
_ACTIVATIONS = {
    "gelu": "GELU",
    "gelu_python": "GELU",
    "gelu_new": "GELUTanh",
    "gelu_fast": "GELUTanh",
    "gelu_pytorch_tanh": "GELUTanh",
    "relu": "RELU",
    "silu": "SWISH",
    "swish": "SWISH",
}


def convert(weights: Weights, tokenizer: Tokenizer, recipe: Recipe, folder: Path) -> Recipe:
    """Write a model that `Encoder` opens: weights, tokenizer and recipe, all of them or none.

    Args:
        weights: of a BERT encoder.
        tokenizer: whose ids are rows of the word embeddings.
        recipe: its `precision` decides how the weights are stored.
        folder: made by this call; where another process was faster, its result stands.

    Returns:
        The recipe as it was written.

    Raises:
        InvalidInput: the tokenizer knows more ids than the model, or a tensor is not finite.
        StorageError: the folder cannot be written.
    """
    n_ids, n_rows = tokenizer.get_vocab_size(with_added_tokens=True), weights.config.vocab_size
    if n_ids > n_rows:
        raise InvalidInput(
            f"{recipe.name}: the tokenizer has {n_ids} ids but the model only {n_rows} embeddings; "
            "they do not belong together"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            write_model(weights, aside, recipe.precision)
            tokenizer.save(str(aside / "tokenizer.json"), pretty=False)
            written = replace(recipe, model_bytes=(aside / "model.bin").stat().st_size)
            written.write(aside)
            _settle(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            f"the converted model cannot be written to {folder.parent} ({error}); "
            "free some space there, or choose another cache_dir"
        ) from error
    return written


def _settle(aside: Path, folder: Path) -> None:
    for path in aside.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    aside.chmod(0o755)
    try:
        aside.rename(folder)
    except OSError:
        # only another process's whole result may stand in the way
        if not (folder / "model.bin").is_file():
            raise


def write_model(weights: Weights, folder: Path, precision: Precision) -> None:
    """Write the files of a CTranslate2 Transformer encoder into an existing folder.

    Raises:
        InvalidInput: a tensor is not finite, or the activation is none that CTranslate2 computes.
    """
    from ctranslate2.specs import common_spec, model_spec, transformer_spec

    config = weights.config
    if config.activation not in _ACTIVATIONS:
        raise InvalidInput(f"activation {config.activation!r} is not one of {', '.join(_ACTIVATIONS)}")
    encoder = transformer_spec.TransformerEncoderSpec(
        config.n_layers,
        config.n_heads,
        pre_norm=False,
        activation=common_spec.Activation[_ACTIVATIONS[config.activation]],
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    spec = transformer_spec.TransformerEncoderModelSpec(encoder)
    spec.config.layer_norm_epsilon = config.layer_norm_eps
    # ids go in, never surfaces: a vocabulary of its own would only cost CTranslate2 memory
    spec.register_vocabulary(["<unk>"])
    _Filler(weights, precision).fill(encoder)
    model_spec.LayerSpec.validate(spec)
    spec.save(str(folder))


class _Filler:
    """Copies tensors into the slots of a specification."""

    def __init__(self, weights: Weights, precision: Precision) -> None:
        self._weights = weights
        self._precision = precision

    def fill(self, encoder: Any) -> None:
        self._matrix(encoder.embeddings[0], [WORD_EMBEDDINGS])
        self._matrix(encoder.embeddings[1], ["embeddings.token_type_embeddings.weight"])
        positions = self._tensor("embeddings.position_embeddings.weight")
        encoder.position_encodings.encodings = positions[self._weights.config.position_offset :]
        self._norm(encoder.layernorm_embedding, "embeddings.LayerNorm")
        for i, layer in enumerate(encoder.layer):
            name = f"encoder.layer.{i}"
            attention = layer.self_attention
            self._linear(
                attention.linear[0], *(f"{name}.attention.self.{x}" for x in ("query", "key", "value"))
            )
            self._linear(attention.linear[1], f"{name}.attention.output.dense")
            self._norm(attention.layer_norm, f"{name}.attention.output.LayerNorm")
            self._linear(layer.ffn.linear_0, f"{name}.intermediate.dense")
            self._linear(layer.ffn.linear_1, f"{name}.output.dense")
            self._norm(layer.ffn.layer_norm, f"{name}.output.LayerNorm")

    def _tensor(self, name: str, start: int = 0, stop: int | None = None) -> Floats:
        values = self._weights.tensor(name, start, stop)
        if not np.isfinite(values).all():
            raise InvalidInput(f"tensor {name!r} holds values that are not finite; the weights are broken")
        return values

    def _norm(self, slot: Any, name: str) -> None:
        slot.gamma = self._tensor(f"{name}.weight")
        slot.beta = self._tensor(f"{name}.bias")

    def _linear(self, slot: Any, *names: str) -> None:
        self._matrix(slot, [f"{name}.weight" for name in names])
        slot.bias = np.concatenate([self._tensor(f"{name}.bias") for name in names])

    def _matrix(self, slot: Any, names: list[str]) -> None:
        """Fill a weight with the rows of one or several tensors, one after another."""
        shapes = [self._weights.shape(name) for name in names]
        total, width = sum(shape[0] for shape in shapes), shapes[0][1]
        quantised = self._precision == "int8"
        weight = np.empty((total, width), np.int8 if quantised else np.float32)
        scale = np.empty(total, np.float32)
        at = 0
        for name, shape in zip(names, shapes, strict=True):
            for start in range(0, shape[0], _ROWS_AT_ONCE):
                stop = min(start + _ROWS_AT_ONCE, shape[0])
                rows = self._tensor(name, start, stop)
                if quantised:
                    scale[at : at + len(rows)] = _quantise(rows)
                weight[at : at + len(rows)] = rows
                at += len(rows)
        slot.weight = weight
        if quantised:
            slot.weight_scale = scale


def _quantise(rows: Floats) -> Floats:
    """Turn rows into whole numbers of -127..127 in place, and get what each was multiplied with."""
    largest = np.abs(rows).max(axis=1)
    # a row of nothing but zeros has no scale of its own, and a tiny one must not overflow
    largest = np.where(largest == 0, np.float32(127), np.maximum(largest, np.float32(1e-30)))
    scale = (np.float32(127) / largest).astype(np.float32)
    rows *= scale[:, None]
    np.rint(rows, out=rows)
    return scale
