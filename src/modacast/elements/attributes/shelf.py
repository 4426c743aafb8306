"""Learned attributes on disk: `attributes.json` and `attributes.safetensors` in a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modacast.elements.attributes.features import BLOCKS, TitleFeatures
from modacast.elements.attributes.model import AttributeModel, AttributeReport
from modacast.errors import InvalidInput, NotFound, StorageError

__all__ = ["Shelved", "load", "save"]

_JSON, _TENSORS = "attributes.json", "attributes.safetensors"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Shelved:
    """What is kept.

    Attributes:
        models: attribute to what was learned about it.
        features: that all of them share.
        lexicon: version of the lexicon that it was learned with.
    """

    models: dict[str, AttributeModel]
    features: TitleFeatures
    lexicon: str


def save(shelved: Shelved, folder: Path) -> None:
    """Write what was learned.

    Raises:
        StorageError: the disk refused.
    """
    from safetensors.numpy import save as packed

    tensors, facts = {}, []
    for number, (name, model) in enumerate(shelved.models.items()):
        tensors[f"{number}.weights"] = np.ascontiguousarray(model.weights, np.float32)
        tensors[f"{number}.bias"] = np.ascontiguousarray(model.bias, np.float32)
        facts.append(
            {
                "name": name, "labels": model.labels, "known": model.known, "n_learned": model.n_learned,
                "report": asdict(model.report),
            }
        )  # fmt: skip
    body = {"format": _FORMAT, "lexicon": shelved.lexicon, "attributes": facts, "idf": shelved.features.idf}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _TENSORS).write_bytes(packed(tensors))
        (folder / _JSON).write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"the attributes cannot be saved to {folder}: {error}") from error


def load(folder: Path) -> Shelved:
    """Read what `save` wrote.

    Raises:
        NotFound: there is no such model.
        InvalidInput: its files are broken, or of another version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpacked

    if not (folder / _JSON).is_file():
        raise NotFound(f"{folder} holds no learned attributes ({_JSON}, {_TENSORS})")
    try:
        body = json.loads((folder / _JSON).read_text(encoding="utf-8"))
        if body["format"] != _FORMAT or tuple(body["idf"]) != BLOCKS:
            raise InvalidInput(f"{folder}: attributes of another version; learn them again")
        tensors = unpacked((folder / _TENSORS).read_bytes())
        features = TitleFeatures(
            {block: {word: float(idf) for word, idf in body["idf"][block].items()} for block in BLOCKS}
        )
        models = {
            str(facts["name"]): _model(facts, tensors, number, features.width)
            for number, facts in enumerate(body["attributes"])
        }
        return Shelved(models, features, str(body["lexicon"]))
    except InvalidInput:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise InvalidInput(f"{folder}: not whole learned attributes ({error})") from error


def _model(facts: Mapping[str, Any], tensors: Mapping[str, Any], number: int, width: int) -> AttributeModel:
    weights, bias = tensors[f"{number}.weights"], tensors[f"{number}.bias"]
    labels = tuple(map(str, facts["labels"]))
    if weights.shape != (len(labels), width) or bias.shape != (len(labels),):
        raise ValueError(f"weights of shape {weights.shape}, expected {(len(labels), width)}")
    known = {str(element_id): tuple(map(str, meant)) for element_id, meant in facts["known"].items()}
    if not set().union(*known.values()) <= set(labels):
        raise ValueError("an element means a label that is not listed")
    report = AttributeReport(**facts["report"])
    return AttributeModel(labels, known, weights, bias, int(facts["n_learned"]), report)
