"""Short texts with their mood, written for modacast: what the shipped sentiment model learned from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal, get_args

from modacast.errors import InvalidInput, NotFound, suggest
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
    if path is None:
        with as_file(files("modacast.elements") / "data" / "sentiment_seeds.csv") as shipped:
            return load_seeds(shipped)
    source = Path(path)
    if not source.is_file():
        raise NotFound(f"file of seed texts {source} does not exist")
    with source.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = tuple(next(reader, []))
        if header != _HEADER:
            raise InvalidInput(
                f"{source}, line 1: the header is {','.join(header)!r}; it must be 'lang,label,text'"
            )
        return tuple(_seed(row, f"{source}, line {reader.line_num}") for row in reader if any(row))


def _seed(row: list[str], where: str) -> Seed:
    if len(row) != len(_HEADER):
        raise InvalidInput(f"{where}: {len(row)} columns, expected {len(_HEADER)}")
    lang, label, text = (value.strip() for value in row)
    if lang not in LANGUAGES:
        raise InvalidInput(f"{where}, column lang: {lang!r} is no language here{suggest(lang, LANGUAGES)}")
    mood = next((mood for mood in MOODS if mood == label), None)
    if mood is None:
        raise InvalidInput(f"{where}, column label: {label!r} is no mood{suggest(label, MOODS)}")
    if not text:
        raise InvalidInput(f"{where}, column text: empty")
    return Seed(lang, mood, text)
