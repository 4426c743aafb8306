"""How a model's vectors are made: pooling, prefixes, length; stored beside the converted weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, get_args

from modacast.encoder.weights import read_json
from modacast.errors import InvalidInput

__all__ = ["KINDS", "POOLINGS", "PRECISIONS", "RECIPE_FILE", "Kind", "Pooling", "Precision", "Recipe"]

RECIPE_FILE = "modacast.json"
_FORMAT = 1

Pooling = Literal["mean", "cls"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)

Kind = Literal["query", "document"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Precision = Literal["int8", "float32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything besides weights and vocabulary that decides what a text's vector is.

    Attributes:
        name: of the model; a folder's own name for a folder, never its whole path.
        dim: width of the vectors.
        max_tokens: longer texts are cut here, special tokens included.
        pooling: `"mean"` over all tokens, or the first token (`"cls"`).
        prefixes: what is put before a `"query"` and before a `"document"`.
        precision: of the stored weights.
        digest: stands for weights and vocabulary.
        model_bytes: size of the converted weights, by which a file cut short is recognised.
    """

    name: str
    dim: int
    max_tokens: int
    pooling: Pooling = "mean"
    prefixes: Mapping[str, str] = field(default_factory=dict)
    precision: Precision = "int8"
    digest: str = ""
    model_bytes: int = 0

    @property
    def model_id(self) -> str:
        """Name and 12 hexadecimal digits; vectors of the same id may be compared and cached together."""
        facts = [self.digest, self.pooling, self.precision, self.max_tokens, sorted(self.prefixes.items())]
        digest = blake2b(json.dumps(facts).encode(), digest_size=6).hexdigest()
        return f"{self.name}@{digest}"

    def changed(self, pooling: str | None, prefixes: Mapping[str, str] | None) -> Recipe:
        """Get the recipe with what the caller chose.

        Raises:
            InvalidInput: a pooling or a kind of text that does not exist.
        """
        return replace(
            self,
            pooling=self.pooling if pooling is None else known_pooling(pooling),
            prefixes=self.prefixes if prefixes is None else _known_prefixes(prefixes),
        )

    def write(self, folder: Path) -> None:
        """Write the recipe into a converted model's folder."""
        text = json.dumps({"format": _FORMAT, **asdict(self)}, ensure_ascii=False, indent=2)
        (folder / RECIPE_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Recipe:
        """Read a converted model's recipe.

        Raises:
            InvalidInput: it is missing or broken, of a later format, or the weights are cut short.
        """
        path = folder / RECIPE_FILE
        raw: dict[str, Any] = read_json(path)
        if raw.pop("format", None) != _FORMAT:
            raise InvalidInput(f"{path}: not of format {_FORMAT}; convert the model anew")
        try:
            recipe = cls(**raw)
            _known_prefixes(recipe.prefixes)
            known_pooling(recipe.pooling)
        except (TypeError, AttributeError) as error:
            raise InvalidInput(f"{path}: not a recipe ({error})") from error
        model = folder / "model.bin"
        size = model.stat().st_size if model.is_file() else 0
        if size != recipe.model_bytes:
            raise InvalidInput(f"{model}: {size} bytes where {recipe.model_bytes} were written; convert anew")
        return recipe


def known_pooling(pooling: str) -> Pooling:
    """Check a pooling's name.

    Raises:
        InvalidInput: there is no such pooling.
    """
    for known in POOLINGS:
        if pooling == known:
            return known
    raise InvalidInput(f"pooling must be one of {', '.join(POOLINGS)}; got {pooling!r}")


def _known_prefixes(prefixes: Mapping[str, str]) -> dict[str, str]:
    for kind, prefix in prefixes.items():
        if kind not in KINDS or not isinstance(prefix, str):
            raise InvalidInput(
                f"prefixes must map {' and '.join(KINDS)} to strings; got {kind!r}: {prefix!r}"
            )
    return dict(prefixes)
