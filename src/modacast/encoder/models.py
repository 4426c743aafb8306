"""Finds a model by name and gets it converted: bundled, a path, or a name on the Hugging Face hub."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modacast.encoder.bundled import E5File, bundled_path
from modacast.encoder.convert import convert
from modacast.encoder.recipe import Precision, Recipe
from modacast.encoder.tokenizer import folder_tokenizer, tokenizer_files, unigram_tokenizer
from modacast.encoder.weights import (
    BertConfig,
    SafetensorsWeights,
    TorchWeights,
    Weights,
    files_digest,
    read_json,
)
from modacast.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["E5_PREFIXES", "Model", "converted_model", "default_cache_dir", "find_model", "local_path"]

E5_PREFIXES: Mapping[str, str] = {"query": "query: ", "document": "passage: "}
_CONVERTER = "modacast-converter-1"
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_HUB_FILES = ["*.json", "*.txt", "model.safetensors", "*/config.json"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Model:
    """A model as it was found, not yet converted.

    Attributes:
        recipe: how its vectors are made.
        weights: opens its weights.
        tokenizer: builds its tokenizer.
    """

    recipe: Recipe
    weights: Callable[[], Weights]
    tokenizer: Callable[[], Tokenizer]


def default_cache_dir() -> Path:
    """Get the folder for what can be made again: the user's cache folder, then `modacast`."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "modacast"


def converted_model(
    name: str | Path, *, cache_dir: Path | None, precision: Precision, allow_download: bool
) -> Path:
    """Get the folder of a model in CTranslate2's format, converting it on the first call.

    Args:
        name: `"bundled"`, a path, or a name on the Hugging Face hub.
        cache_dir: where conversions are kept; `default_cache_dir()` where None.
        precision: of the converted weights.
        allow_download: whether a model that is not on this machine may be fetched.

    Raises:
        NotFound: there is no such model on this machine, and downloading was not allowed or failed.
        InvalidInput: what is there is no model, or a broken one.
        StorageError: the conversion cannot be written.
    """
    path = local_path(name, allow_download)
    if path is not None and (path / "model.bin").is_file():
        return path
    model = find_model(name, path, precision)
    label = re.sub(r"[^\w.-]", "-", model.recipe.name)
    folder = (cache_dir or default_cache_dir()) / "encoder" / f"{label}-{_key(model.recipe)}"
    if folder.is_dir():
        try:
            Recipe.read(folder)
        except InvalidInput as error:
            _log.warning("a converted model is broken and is made anew: %s", error)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            return folder
    convert(model.weights(), model.tokenizer(), model.recipe, folder)
    return folder


def _key(recipe: Recipe) -> str:
    return files_digest([], salt=json.dumps([_CONVERTER, recipe.model_id, recipe.dim]))[:16]


def find_model(name: str | Path, path: Path | None, precision: Precision) -> Model:
    """Read what a model is, without reading its tensors.

    Args:
        name: as the caller wrote it.
        path: where it lies; None for the bundled one.
        precision: for the recipe.
    """
    if path is None:
        return _e5_model(bundled_path(), "multilingual-e5-small", precision)
    if path.is_file():
        return _e5_model(path, path.stem, precision)
    shown = path.resolve().name if Path(name).expanduser().exists() else str(name)
    return _folder_model(path, shown, precision)


def _e5_model(path: Path, name: str, precision: Precision) -> Model:
    file = E5File(path)
    recipe = Recipe(
        name=name,
        dim=file.config.hidden_size,
        max_tokens=file.config.max_tokens,
        prefixes=dict(E5_PREFIXES),
        precision=precision,
        digest=files_digest([path], salt=_CONVERTER),
    )
    return Model(recipe, lambda: file, lambda: unigram_tokenizer(file.pieces()))


def _folder_model(folder: Path, name: str, precision: Precision) -> Model:
    settings = _SentenceSettings(folder)
    inner = settings.transformer
    config = BertConfig.from_file(inner / "config.json")
    checkpoint = next(
        (inner / file for file in ("model.safetensors", "pytorch_model.bin") if (inner / file).is_file()),
        None,
    )
    if checkpoint is None:
        raise InvalidInput(f"{inner}: holds no weights (neither model.safetensors nor pytorch_model.bin)")
    reader = SafetensorsWeights if checkpoint.suffix == ".safetensors" else TorchWeights
    files = [checkpoint, inner / "config.json", *tokenizer_files(inner)]
    recipe = Recipe(
        name=name,
        dim=config.hidden_size,
        max_tokens=min(config.max_tokens, settings.max_tokens or config.max_tokens),
        pooling=settings.pooling,
        prefixes=settings.prefixes,
        precision=precision,
        digest=files_digest(files, salt=_CONVERTER),
    )
    return Model(recipe, lambda: reader(checkpoint, config), lambda: folder_tokenizer(inner))


class _SentenceSettings:
    """What a sentence-transformers folder says; a plain Hugging Face folder says nothing of it."""

    def __init__(self, folder: Path) -> None:
        self.transformer = folder
        self.pooling: Any = "mean"
        self.prefixes: dict[str, str] = {}
        self.max_tokens: int | None = None
        if (folder / "modules.json").is_file():
            self._read_modules(folder)
            self._read_lengths_and_prompts(folder)
        if not (self.transformer / "config.json").is_file():
            held = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) or "nothing"
            raise InvalidInput(f"{folder}: not a model (no config.json; it holds {held})")

    def _read_modules(self, folder: Path) -> None:
        path = folder / "modules.json"
        try:
            modules = json.loads(path.read_text(encoding="utf-8"))
            types = {str(m["type"]).rsplit(".", 1)[-1]: folder / str(m["path"]) for m in modules}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidInput(f"{path}: not a sentence-transformers list of modules ({error!r})") from error
        unknown = set(types) - {"Transformer", "Pooling", "Normalize"}
        if unknown or "Transformer" not in types:
            raise InvalidInput(
                f"{path}: modacast runs Transformer, Pooling and Normalize; got {', '.join(sorted(types))}"
            )
        self.transformer = types["Transformer"]
        if "Pooling" in types:
            self.pooling = _pooling(types["Pooling"] / "config.json")

    def _read_lengths_and_prompts(self, folder: Path) -> None:
        lengths = self.transformer / "sentence_bert_config.json"
        if lengths.is_file() and (length := read_json(lengths).get("max_seq_length")):
            self.max_tokens = int(length)
        prompts = folder / "config_sentence_transformers.json"
        if prompts.is_file():
            stored = read_json(prompts).get("prompts") or {}
            document = stored.get("document", stored.get("passage"))
            named = {"query": stored.get("query"), "document": document}
            self.prefixes = {kind: str(prompt) for kind, prompt in named.items() if prompt}


def _pooling(path: Path) -> str:
    """Read which pooling a sentence-transformers folder wants; two spellings are in use."""
    raw = read_json(path)
    chosen = {key.removeprefix("pooling_mode_") for key, on in raw.items() if on is True and "_mode_" in key}
    if isinstance(raw.get("pooling_mode"), str):
        chosen = {raw["pooling_mode"]}
    names = {"mean_tokens": "mean", "mean": "mean", "cls_token": "cls", "cls": "cls"}
    if len(chosen) != 1 or not chosen <= set(names):
        raise InvalidInput(
            f"{path}: pooling {', '.join(sorted(chosen)) or 'of no kind'}; modacast does mean or cls"
        )
    return names[chosen.pop()]


def local_path(name: str | Path, allow_download: bool) -> Path | None:
    """Get where a model lies on this machine; None for the bundled one.

    Raises:
        NotFound: there is no such model on this machine, and downloading was not allowed or failed.
    """
    if name == "bundled":
        return None
    path = Path(name).expanduser()
    if path.exists():
        return path
    if isinstance(name, Path) or not _HUB_NAME.fullmatch(name):
        raise NotFound(f"there is no model at {str(name)!r}")
    return _hub_snapshot(name, allow_download)


def _hub_snapshot(name: str, allow_download: bool) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=_HUB_FILES, local_files_only=True))
    except (OSError, ValueError) as error:
        if not allow_download:
            raise NotFound(
                f"model {name!r} is neither a folder nor in this machine's Hugging Face cache. "
                f"Call again with allow_download=True to fetch it, or fetch it elsewhere "
                f"(hf download {name}) and give the folder; 'bundled' needs no download"
            ) from error
    try:
        return Path(snapshot_download(name, allow_patterns=_HUB_FILES))
    except (OSError, ValueError) as error:
        raise NotFound(f"model {name!r} could not be downloaded: {error}") from error
