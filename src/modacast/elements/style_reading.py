"""What a reading of styles says: the weights, and the evidence behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import numpy as np

from modacast.errors import NotFound, suggest
from modacast.types import Floats

__all__ = ["StyleEvidence", "StyleReading", "StyleReason", "StyleWeights"]


@dataclass(frozen=True, slots=True)
class StyleWeights:
    """What one unit of each kind of evidence adds to a style's score.

    Attributes:
        named: of the style's name, at confidence 1.
        elements: of the summed weights of its elements, which count up to 1.5.
        meaning: of the cosine between the text and the style's descriptions.
    """

    named: float
    elements: float
    meaning: float

    @classmethod
    def shipped(cls, *, with_meaning: bool = True) -> StyleWeights:
        """Get the learned ones that come with modacast, with or without a language model."""
        path = files("modacast.elements") / "data" / "style_weights.json"
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(**found["with_meaning" if with_meaning else "without_meaning"])


@dataclass(frozen=True, slots=True)
class StyleReason:
    """One thing that speaks for a style.

    Attributes:
        kind: `"named"`, `"element"` or `"meaning"`.
        what: the words of the text, or the description that it is close to.
        element_id: the element that the words name; None for `"meaning"`.
        part: what it adds to the score, in natural log units.
    """

    kind: Literal["named", "element", "meaning"]
    what: str
    element_id: str | None
    part: float


@dataclass(frozen=True, slots=True)
class StyleEvidence:
    """A word of a text that names a style or speaks for it; `amount` is in units of its kind."""

    column: int
    kind: Literal["named", "element"]
    what: str
    element_id: str
    amount: float


@dataclass(frozen=True, slots=True)
class StyleReading:
    """The styles of a batch of texts.

    Attributes:
        style_ids: the `k` styles, in the order of the columns.
        weights: `(n, k)` float32; a row sums to 1, or is 0 where nothing in the text is about clothes.
        parts: `(n, k, 3)` float32: what the name, the elements and the meaning add to each score.
        evidence: of each text, what names a style or speaks for it.
        sentences: of each style, its descriptions by language.
        unit: what one unit of evidence adds.
    """

    style_ids: tuple[str, ...]
    weights: Floats
    parts: Floats
    evidence: Sequence[Sequence[StyleEvidence]]
    sentences: Sequence[Mapping[str, str]]
    unit: StyleWeights

    def top(self, row: int, k: int = 3) -> list[tuple[str, float]]:
        """Get a text's `k` weightiest styles; empty where it has none."""
        order = np.argsort(-self.weights[row], kind="stable")[:k]
        return [(self.style_ids[i], float(self.weights[row, i])) for i in order if self.weights[row, i] > 0]

    def reasons(self, row: int, style_id: str, lang: str = "zh") -> list[StyleReason]:
        """Get what speaks for a style of a text, strongest first.

        Args:
            row: of the text.
            style_id: the style.
            lang: language in which a description is quoted: zh or en.

        Raises:
            NotFound: there is no such style.
        """
        if style_id not in self.style_ids:
            raise NotFound(f"there is no style {style_id!r}{suggest(style_id, self.style_ids)}")
        column = self.style_ids.index(style_id)
        unit = {"named": self.unit.named, "element": self.unit.elements}
        mine = [e for e in self.evidence[row] if e.column == column]
        # where elements count only up to a limit, each counts for its share of it
        amount = sum(e.amount for e in mine if e.kind == "element")
        if amount > 0:
            unit["element"] = float(self.parts[row, column, 1]) / amount
        found = [StyleReason(e.kind, e.what, e.element_id, e.amount * unit[e.kind]) for e in mine]
        meaning = float(self.parts[row, column, 2])
        if meaning > 0:
            sentences = self.sentences[column]
            found.append(StyleReason("meaning", sentences.get(lang, sentences["en"]), None, meaning))
        return sorted(found, key=lambda reason: (-reason.part, reason.what))
