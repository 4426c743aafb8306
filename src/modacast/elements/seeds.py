"""Short texts with their mood, written for modacast: what the shipped sentiment model learned from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from modacast.elements.shipped import ShippedRow, shipped_rows
from modacast.errors import InvalidInput, suggest
from modacast.types import LANGUAGES

__all__ = ["MOODS", "Mood", "Seed", "load_seeds"]

Mood = Literal["negative", "neutral", "positive"]
MOODS: tuple[Mood, ...] = get_args(Mood)

_HEADER = ("lang", "label", "text")


@dataclass(frozen=True, slots=True)
class Seed:
    """One text and what it feels.

    Attributes:
        lang: language code.
        label: `"negative"`, `"neutral"` (facts, questions, as good as bad) or `"positive"`.
        text: the text.
    """

    lang: str
    label: Mood
    text: str


def load_seeds(path: str | Path | None = None) -> tuple[Seed, ...]:
    """Read texts with their mood: CSV with the columns `lang,label,text`.

    Args:
        path: the file; None for the one that comes with modacast.

    Raises:
        InvalidInput: a row is wrong; the message says which line and column.
        NotFound: there is no such file.
    """
    return tuple(_seed(row) for row in shipped_rows("sentiment_seeds.csv", _HEADER, path))


def _seed(row: ShippedRow) -> Seed:
    (lang, label, text), where = row.values, row.where
    if lang not in LANGUAGES:
        raise InvalidInput(f"{where}, column lang: {lang!r} is no language here{suggest(lang, LANGUAGES)}")
    mood = next((mood for mood in MOODS if mood == label), None)
    if mood is None:
        raise InvalidInput(f"{where}, column label: {label!r} is no mood{suggest(label, MOODS)}")
    if not text:
        raise InvalidInput(f"{where}, column text: empty")
    return Seed(lang, mood, text)
