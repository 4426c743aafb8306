"""What a title is learned by: its words, its letters and the elements that it names, each weighed by TF-IDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modacast.elements.folding import fold

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

__all__ = ["BLOCKS", "Title", "TitleFeatures"]

BLOCKS = ("words", "letters", "elements")
"""The three kinds of features."""

_MOST = 20_000
_MIN_TITLES = 2


@dataclass(frozen=True, slots=True)
class Title:
    """A title, and what it names.

    Attributes:
        text: as it is written.
        lang: language code.
        elements: `element_words` of it.
    """

    text: str
    lang: str
    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TitleFeatures:
    """Vocabularies with their inverse document frequency.

    Attributes:
        idf: block to feature to weight; words and letters that only one title holds are not kept.
    """

    idf: dict[str, dict[str, float]]

    @classmethod
    def fit(cls, titles: Sequence[Title]) -> TitleFeatures:
        """Learn which features there are; at most 20,000 of a block, the most frequent."""
        idf: dict[str, dict[str, float]] = {}
        for block in BLOCKS:
            vectorizer = _vectorizer(block)
            try:
                vectorizer.fit(_columns(titles, block))
            except ValueError:  # no feature stands in two titles
                idf[block] = {}
                continue
            places = sorted(vectorizer.vocabulary_.items(), key=lambda pair: pair[1])
            idf[block] = {word: round(float(vectorizer.idf_[place]), 4) for word, place in places}
        return cls(idf)

    @property
    def width(self) -> int:
        """How many features there are."""
        return sum(map(len, self.idf.values()))

    def of(self, titles: Sequence[Title]) -> csr_matrix:
        """Get `(n, width)` float32; each block of a row is L2-normalised."""
        from scipy.sparse import csr_matrix, hstack

        blocks = [
            _vectorizer(block, self.idf[block]).transform(_columns(titles, block))
            for block in BLOCKS
            if self.idf[block]
        ]
        if not blocks:
            return csr_matrix((len(titles), 0), dtype=np.float32)
        return csr_matrix(hstack(blocks), dtype=np.float32)


def _columns(titles: Sequence[Title], block: str) -> list[Any]:
    if block == "elements":
        return [title.elements for title in titles]
    return [fold(title.text) for title in titles]


def _vectorizer(block: str, idf: dict[str, float] | None = None) -> TfidfVectorizer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    options: dict[str, dict[str, Any]] = {
        "words": {"token_pattern": r"[^\W_]+", "ngram_range": (1, 2), "min_df": _MIN_TITLES},
        "letters": {"analyzer": "char_wb", "ngram_range": (2, 5), "min_df": _MIN_TITLES},
        "elements": {"analyzer": _itself},
    }
    common: dict[str, Any] = {"sublinear_tf": True, "dtype": np.float32, "lowercase": False}
    if idf is None:
        return TfidfVectorizer(max_features=_MOST, **options[block], **common)
    options[block].pop("min_df", None)
    ready = TfidfVectorizer(vocabulary={w: i for i, w in enumerate(idf)}, **options[block], **common)
    ready.idf_ = np.array(list(idf.values()), dtype=np.float32)
    return ready


def _itself(words: Any) -> Any:
    return words
