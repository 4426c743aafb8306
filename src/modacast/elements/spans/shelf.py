"""Span taggers on disk: `spans.json` and `spans.safetensors` in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from modacast.elements.spans.models import Linear
from modacast.elements.spans.naming import SpanModels
from modacast.errors import InvalidInput, NotFound, StorageError
from modacast.types import FACETS

__all__ = ["load", "save"]

_JSON, _TENSORS = "spans.json", "spans.safetensors"
_FORMAT = 1
_PARTS = ("tokens", "facets", "words")


def save(models: SpanModels, folder: Path) -> None:
    """Write what was learned.

    Raises:
        StorageError: the disk refused.
    """
    from safetensors.numpy import save as packed

    tensors = {
        f"{part}.{name}": np.ascontiguousarray(getattr(getattr(models, part), name), np.float32)
        for part in _PARTS
        for name in ("weights", "bias")
    }
    facts = {"format": _FORMAT, "model_id": models.model_id, "facets": FACETS}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _TENSORS).write_bytes(packed(tensors))
        (folder / _JSON).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"the span tagger cannot be saved to {folder}: {error}") from error


def load(folder: Path) -> SpanModels:
    """Read what `save` wrote.

    Raises:
        NotFound: there is no such model.
        InvalidInput: its files are broken, or of another version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpacked

    if not (folder / _JSON).is_file():
        raise NotFound(f"{folder} holds no span tagger ({_JSON}, {_TENSORS})")
    try:
        facts = json.loads((folder / _JSON).read_text(encoding="utf-8"))
        if facts["format"] != _FORMAT or tuple(facts["facets"]) != FACETS:
            raise InvalidInput(f"{folder}: a span tagger of another version; learn it again")
        tensors = unpacked((folder / _TENSORS).read_bytes())
        parts = {part: Linear(tensors[f"{part}.weights"], tensors[f"{part}.bias"]) for part in _PARTS}
        _check(parts)
        return SpanModels(model_id=str(facts["model_id"]), **parts)
    except InvalidInput:
        raise
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise InvalidInput(f"{folder}: not a whole span tagger ({error})") from error


def _check(parts: dict[str, Linear]) -> None:
    for name, n_classes in (("tokens", 3), ("facets", len(FACETS)), ("words", 2)):
        part = parts[name]
        if part.weights.ndim != 2 or len(part.weights) != n_classes or part.bias.shape != (n_classes,):
            raise ValueError(f"{name}: weights of shape {part.weights.shape}")
    if parts["tokens"].weights.shape[1] != parts["facets"].weights.shape[1]:
        raise ValueError("tokens and facets were learned with different encoders")
