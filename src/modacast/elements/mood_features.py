"""What a text shows of its mood besides its vector: polar words, turns, questions, exclamations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from modacast.elements.polarity import Polarity
from modacast.types import Floats

__all__ = ["FEATURES", "has_words", "mood_features"]

FEATURES = (
    "polarity", "praise", "blame", "both", "silent", "last clause", "first clause", "turns", "question",
    "exclamation", "number", "clear praise", "clear blame",
)  # fmt: skip
_CLEAR = 0.3
_QUESTION = re.compile(r"[?？]\s*$|请问|想问|有人知道|吗\s*$|呢\s*$")
_SCRIPTS = frozenset(
    [
        "LATIN",
        "FULLWIDTH",
        "CJK",
        "HIRAGANA",
        "KATAKANA",
        "HALFWIDTH",
        "HANGUL",
        "CYRILLIC",
        "GREEK",
        "ARMENIAN",
        "GEORGIAN",
        "HEBREW",
        "ARABIC",
        "DEVANAGARI",
        "BENGALI",
        "GURMUKHI",
        "GUJARATI",
        "ORIYA",
        "TAMIL",
        "TELUGU",
        "KANNADA",
        "MALAYALAM",
        "SINHALA",
        "THAI",
        "LAO",
        "MYANMAR",
        "KHMER",
        "ETHIOPIC",
    ]
)  # of the hundred languages of XLM-R (Conneau and others 2020)
_WORD = re.compile(r"[^\W\d_]")


def mood_features(texts: Sequence[str], langs: Sequence[str], polarity: Polarity) -> Floats:
    """Get `(n, 13)` float32, in the order of `FEATURES`, each in [-1, 1].

    Args:
        texts: what to read.
        langs: language code of each text.
        polarity: finds the polar words.
    """
    polar = polarity.find(texts, langs)
    n, clauses = len(texts), polar.clauses
    praise = np.tanh(np.bincount(polar.doc, np.maximum(polar.score, 0), n))
    blame = np.tanh(np.bincount(polar.doc, np.maximum(-polar.score, 0), n))
    overall = polar.by_document()
    by_clause = np.tanh(polar.by_clause())
    speaking = np.flatnonzero(by_clause)
    first, last = np.zeros(n), np.zeros(n)
    last[clauses.doc[speaking]] = by_clause[speaking]
    first[clauses.doc[speaking[::-1]]] = by_clause[speaking[::-1]]
    columns = [
        overall,
        praise,
        blame,
        praise * blame,
        (praise == 0) & (blame == 0),
        last,
        first,
        np.bincount(clauses.doc, clauses.is_contrast, n) > 0,
        [_QUESTION.search(text[-200:]) is not None for text in texts],
        ["!" in text or "！" in text for text in texts],
        [any(c.isdigit() for c in text[:2000]) for text in texts],
        overall > _CLEAR,
        overall < -_CLEAR,
    ]
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def has_words(text: str) -> bool:
    """Say whether a text holds a letter of a script that multilingual language models know."""
    return any(unicodedata.name(letter, "").split(" ")[0] in _SCRIPTS for letter in set(_WORD.findall(text)))
