"""Words that show, without naming an element, whether a text talks about clothes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from modacast.errors import InvalidInput, NotFound, suggest
from modacast.types import LANGUAGES

__all__ = ["Cue", "load_cues"]

_HEADER = ("lang", "cue", "weight")


@dataclass(frozen=True, slots=True)
class Cue:
    """One word or phrase.

    Attributes:
        lang: language code.
        text: the word, with a final `?` taken off.
        weight: above 0 the chance that a random post which holds it is about fashion; below 0, how much it
            speaks against that.
    """

    lang: str
    text: str
    weight: float


def load_cues(path: str | Path | None = None) -> tuple[Cue, ...]:
    """Read a file of cues: CSV with the columns `lang,cue,weight`.

    Args:
        path: the file; None for the one that comes with modacast.

    Raises:
        InvalidInput: a row is wrong; the message lists all of them with line and column.
        NotFound: there is no such file.
    """
    if path is None:
        with as_file(files("modacast.elements") / "data" / "cues.csv") as shipped:
            return load_cues(shipped)
    source = Path(path)
    if not source.is_file():
        raise NotFound(f"cue file {source} does not exist")
    with source.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = tuple(next(reader, []))
        if header != _HEADER:
            raise InvalidInput(
                f"{source}, line 1: the header is {','.join(header)!r}; it must be 'lang,cue,weight'"
            )
        cues: list[Cue] = []
        slips: list[str] = []
        for values in reader:
            if not any(values):
                continue
            wrong = _wrong(values)
            if wrong:
                slips.append(f"{source}, line {reader.line_num}, {wrong}")
            else:
                cues.append(Cue(values[0].strip(), values[1].strip().rstrip("?"), float(values[2])))
    if slips:
        raise InvalidInput("; ".join(slips[:20]))
    return tuple(cues)


def _wrong(values: list[str]) -> str:
    if len(values) != len(_HEADER):
        return f"{len(values)} columns, expected {len(_HEADER)}"
    lang, cue, weight = (value.strip() for value in values)
    if lang not in LANGUAGES:
        return f"column lang: {lang!r} is no language of the lexicon{suggest(lang, LANGUAGES)}"
    if not cue.rstrip("?"):
        return "column cue: empty"
    try:
        is_weight = -1.0 <= float(weight) <= 1.0 and float(weight) != 0.0
    except ValueError:
        is_weight = False
    return "" if is_weight else f"column weight: {weight!r} is no number from -1 to 1 other than 0"
