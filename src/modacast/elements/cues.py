"""Words that show, without naming an element, whether a text talks about clothes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modacast.elements.shipped import shipped_rows
from modacast.errors import InvalidInput, suggest
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
    cues: list[Cue] = []
    slips: list[str] = []
    for row in shipped_rows("cues.csv", _HEADER, path):
        lang, cue, weight = row.values
        wrong = _wrong(lang, cue, weight)
        if wrong:
            slips.append(f"{row.where}, {wrong}")
        else:
            cues.append(Cue(lang, cue.rstrip("?"), float(weight)))
    if slips:
        raise InvalidInput("; ".join(slips[:20]))
    return tuple(cues)


def _wrong(lang: str, cue: str, weight: str) -> str:
    if lang not in LANGUAGES:
        return f"column lang: {lang!r} is no language of the lexicon{suggest(lang, LANGUAGES)}"
    if not cue.rstrip("?"):
        return "column cue: empty"
    try:
        is_weight = -1.0 <= float(weight) <= 1.0 and float(weight) != 0.0
    except ValueError:
        is_weight = False
    return "" if is_weight else f"column weight: {weight!r} is no number from -1 to 1 other than 0"
