"""Words of praise and blame, and what they say in their context.

A lexicon method (Taboada et al., 2011, "Lexicon-based methods for sentiment analysis"): every polar word counts
with its score, turned by a negation, strengthened by an intensifier, and more where it follows a `but`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modacast.elements.clauses import Clauses, split_clauses
from modacast.elements.matcher import Claim, Matcher, leftmost_longest
from modacast.elements.negation import is_doubted, is_negated
from modacast.elements.shipped import ShippedRow, shipped_rows
from modacast.errors import InvalidInput, suggest
from modacast.types import LANGUAGES, Floats

__all__ = ["PolarWord", "PolarWords", "Polarity", "load_polarity"]

_HEADER = ("lang", "word", "score")
_TURNED = -0.8
_AFTER_CONTRAST = 1.5
_BEFORE_CONTRAST = 0.6
_INTENSIFIER_REACH = 14

_INTENSIFIERS: dict[str, dict[str, float]] = {
    "zh": dict.fromkeys(("很", "非常", "特别", "超级", "超", "太", "真的", "真", "极其", "十分", "巨", "贼", "相当", "尤其", "好"), 1.4)
    | dict.fromkeys(("有点", "有一点", "略", "稍微", "稍", "一点", "还算", "比较"), 0.6),
    "en": dict.fromkeys(("very", "so", "really", "super", "extremely", "absolutely", "incredibly", "too", "such"), 1.4)
    | dict.fromkeys(("slightly", "somewhat", "kinda", "a bit", "a little", "kind of", "sort of", "fairly"), 0.6),
    "ja": dict.fromkeys(("とても", "すごく", "かなり", "めちゃ", "めっちゃ", "本当に", "非常に", "超"), 1.4)
    | dict.fromkeys(("少し", "ちょっと", "やや"), 0.6),
    "ko": dict.fromkeys(("너무", "정말", "진짜", "아주", "매우", "엄청", "완전"), 1.4)
    | dict.fromkeys(("조금", "약간", "좀"), 0.6),
    "fr": dict.fromkeys(("très", "vraiment", "trop", "super", "extrêmement"), 1.4) | dict.fromkeys(("un peu",), 0.6),
    "de": dict.fromkeys(("sehr", "wirklich", "super", "total", "extrem"), 1.4)
    | dict.fromkeys(("etwas", "ein bisschen", "bisschen"), 0.6),
    "es": dict.fromkeys(("muy", "super", "súper", "demasiado", "realmente"), 1.4) | dict.fromkeys(("un poco", "algo"), 0.6),
    "it": dict.fromkeys(("molto", "davvero", "troppo", "super", "veramente"), 1.4) | dict.fromkeys(("un po'", "un po"), 0.6),
    "pt": dict.fromkeys(("muito", "super", "demais", "realmente", "bem"), 1.4) | dict.fromkeys(("um pouco", "meio"), 0.6),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PolarWord:
    """One word or phrase that praises or blames.

    Attributes:
        lang: language code.
        word: how it is written.
        score: from -1 (blame) to 1 (praise); 0 for a phrase that only looks polar (`不好意思`).
    """

    lang: str
    word: str
    score: float


@dataclass(frozen=True, slots=True)
class PolarWords:
    """The polar words that stand in a batch of texts, in order.

    Attributes:
        doc: `(n,)` int64, position of the text in the batch.
        start: `(n,)` int64, first character in the text.
        end: `(n,)` int64, one past the last.
        clause: `(n,)` int64, number of the clause in `clauses`.
        score: `(n,)` float64, as the context makes it; 0 for phrases that only look polar.
        clauses: the clauses of all texts.
        n_texts: how many texts there are.
    """

    doc: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    clause: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    clauses: Clauses
    n_texts: int

    def by_document(self) -> Floats:
        """Get the polarity of each text, `(n_texts,)` float32 in [-1, 1]; clauses from a `but` on count more."""
        weighted = self.score * _contrast(self.clauses)[self.clause]
        return np.tanh(np.bincount(self.doc, weighted, self.n_texts)).astype(np.float32)

    def by_clause(self) -> npt.NDArray[np.float64]:
        """Get the sum of the scores in each clause."""
        return np.bincount(self.clause, self.score, len(self.clauses.doc)).astype(np.float64)


class Polarity:
    """Finds polar words in texts of the lexicon's nine languages.

    Args:
        words: polar words; None for those that come with modacast.

    Attributes:
        version: changes whenever a word or its score does.
    """

    def __init__(self, words: Sequence[PolarWord] | None = None) -> None:
        words = load_polarity() if words is None else words
        self._score = np.array([word.score for word in words], dtype=np.float64)
        spelled = "\n".join(f"{word.lang},{word.word},{word.score}" for word in words)
        self.version = hashlib.blake2b(spelled.encode("utf-8", "replace"), digest_size=8).hexdigest()
        self._matcher = Matcher([Claim(word.word, word.lang, i) for i, word in enumerate(words)])

    def find(self, texts: Sequence[str], langs: Sequence[str]) -> PolarWords:
        """Find the polar words, with their scores as the context makes them.

        Args:
            texts: what to search.
            langs: language code of each text; nothing is found in languages without words.
        """
        clauses = split_clauses(texts, langs)
        found = self._matcher.find(texts, langs)
        found = found.where(leftmost_longest(found))
        score = self._score[found.claim]
        for i, (d, s, e) in enumerate(
            zip(found.doc.tolist(), found.start.tolist(), found.end.tolist(), strict=True)
        ):
            if score[i]:
                score[i] *= _intensity(texts[d], s, langs[d])
                if is_negated(texts[d], s, e, langs[d]) or is_doubted(texts[d], s, langs[d]):
                    score[i] *= _TURNED
        clause = clauses.of(found.doc, found.start)
        return PolarWords(found.doc, found.start, found.end, clause, score, clauses, len(texts))


def load_polarity(path: str | Path | None = None) -> tuple[PolarWord, ...]:
    """Read polar words: CSV with the columns `lang,word,score`.

    Args:
        path: the file; None for the one that comes with modacast.

    Raises:
        InvalidInput: a row is wrong; the message says which line and column.
        NotFound: there is no such file.
    """
    return tuple(_polar_word(row) for row in shipped_rows("polarity.csv", _HEADER, path))


def _polar_word(row: ShippedRow) -> PolarWord:
    (lang, word, score), where = row.values, row.where
    if lang not in LANGUAGES:
        raise InvalidInput(f"{where}, column lang: {lang!r} is no language here{suggest(lang, LANGUAGES)}")
    if not word:
        raise InvalidInput(f"{where}, column word: empty")
    try:
        number = float(score)
    except ValueError:
        number = np.nan
    if not -1.0 <= number <= 1.0:
        raise InvalidInput(f"{where}, column score: {score!r} is no number from -1 to 1")
    return PolarWord(lang, word, number)


def _intensity(text: str, start: int, lang: str) -> float:
    """Get by how much the words right before a polar word strengthen or weaken it."""
    before = text[max(0, start - _INTENSIFIER_REACH) : start].lower().rstrip()
    for word, factor in _INTENSIFIERS.get(lang, {}).items():
        if before.endswith(word):
            return factor
    return 1.0


def _contrast(clauses: Clauses) -> npt.NDArray[np.float64]:
    """Weigh each clause: more from a `but` on, less before it."""
    turns = np.flatnonzero(clauses.is_contrast)
    last_turn = np.full(int(clauses.doc.max()) + 1 if len(clauses.doc) else 0, -1, dtype=np.int64)
    last_turn[clauses.doc[turns]] = turns
    turn = last_turn[clauses.doc]
    number = np.arange(len(clauses.doc))
    return np.where(turn < 0, 1.0, np.where(number >= turn, _AFTER_CONTRAST, _BEFORE_CONTRAST))
