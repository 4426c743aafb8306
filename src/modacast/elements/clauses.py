"""Cuts texts into clauses: the stretches in which one thing is said about one thing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Clauses", "split_clauses"]

_STOPS = r"[。！？!?\n\r…]+|(?<!\d)\.(?=\s|$|[A-Z])"
_PAUSES = r"[，,；;：:、~～（）()]+(?!\s*da(?:ss|ß)\b)|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])"
_CONTRASTS: dict[str, str] = {
    "zh": r"但是|但(?!凡|愿)|不过(?!分|时|敏)|可是|然而|只是(?!因)|就是(?=有|太|偏|味|颜|尺|质|做|面|布|线|价|物|快|大|小|长|短)|可惜",
    "en": r"\b(?:but(?! also)|however|although|though|yet|except|unfortunately)\b",
    "ja": r"しかし|けれども?|だけど|けど|ですが|ますが|でしたが|ましたが|ただし?、?",
    "ko": r"하지만|그러나|그런데|근데|지만|는데",
    "fr": r"\b(?:mais|cependant|par contre|toutefois|dommage que)\b",
    "de": r"\b(?:aber|jedoch|leider|allerdings|sondern)\b",
    "es": r"\b(?:pero|sin embargo|aunque|sino)\b",
    "it": r"\b(?:ma|però|tuttavia|purtroppo|anche se)\b",
    "pt": r"\b(?:mas|porém|contudo|entretanto|só que)\b",
}
_PATTERNS = {
    lang: re.compile(f"(?P<stop>{_STOPS})|(?P<turn>{turn})|{_PAUSES}", re.IGNORECASE)
    for lang, turn in _CONTRASTS.items()
}
_PLAIN = re.compile(f"(?P<stop>{_STOPS})|(?P<turn>(?!))|{_PAUSES}")


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clauses of a batch of texts, in order; every text has at least one.

    Attributes:
        doc: `(n,)` int64, position of the clause's text in the batch.
        start: `(n,)` int64, first character in the text.
        sentence: `(n,)` int64, number of the sentence over the whole batch.
        is_contrast: `(n,)` whether the clause begins with a word such as `but`.
    """

    doc: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    sentence: npt.NDArray[np.int64]
    is_contrast: npt.NDArray[np.bool_]

    def of(self, doc: npt.NDArray[np.int64], position: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Get the number of the clause that holds each position of a text."""
        longest = int(max(self.start.max(initial=0), position.max(initial=0))) + 1
        return np.searchsorted(self.doc * longest + self.start, doc * longest + position, side="right") - 1

    def same_sentence(self, first: int, second: int) -> bool:
        """Say whether two clauses belong to one sentence."""
        return bool(self.sentence[first] == self.sentence[second])


def split_clauses(texts: Sequence[str], langs: Sequence[str]) -> Clauses:
    """Cut texts at punctuation and before words such as `but`.

    Args:
        texts: what to cut.
        langs: language code of each text.
    """
    doc: list[int] = []
    start: list[int] = []
    sentence: list[int] = []
    turns: list[bool] = []
    n_sentences = 0
    for number, (text, lang) in enumerate(zip(texts, langs, strict=True)):
        n_sentences += 1
        doc.append(number)
        start.append(0)
        sentence.append(n_sentences)
        turns.append(False)
        for cut in _PATTERNS.get(lang, _PLAIN).finditer(text):
            n_sentences += cut["stop"] is not None
            doc.append(number)
            start.append(cut.start() if cut["turn"] else cut.end())
            sentence.append(n_sentences)
            turns.append(cut["turn"] is not None)
    return Clauses(
        np.array(doc, dtype=np.int64),
        np.array(start, dtype=np.int64),
        np.array(sentence, dtype=np.int64),
        np.array(turns, dtype=np.bool_),
    )
