"""A shop's own attributes, learned on half of its titles and filled in on the other half.

The halves are by the hash of the title, so that equal titles lie in one half. The settings were chosen on folds of the
half that is learned from; the errors of the other half were not looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import Report
from benchmarks.tag.finders import closure, tagged
from benchmarks.tag.titles import chosen, is_even, read_rows, truths_of
from modacast.elements import Tagger
from modacast.elements.attributes import AttributeTagger
from modacast.elements.reader import HEADS
from modacast.encoder import get_encoder

__all__ = ["learned_attributes"]

CURVE = (0, 5, 20, 100, 1_000)
"""From how many titles is learned, beside all."""

_COLUMNS: tuple[tuple[str, str, Any], ...] = (
    ("article type", "articleType", HEADS),
    ("colour", "baseColour", {"color"}),
)
_STRENGTHS = (0.01, 0.1, 1.0)
_LEAST = 0.5

Rows = Sequence[dict]


def learned_attributes(report: Report, tagger: Tagger, data: Path, limit: int | None) -> None:
    """Accuracy of the shop's own label on the odd half of the titles, by how many of the even half are learned."""
    rows = read_rows(data, limit and limit * 10)
    even = [row for row in rows if is_even(row["productDisplayName"])]
    odd = [row for row in rows if not is_even(row["productDisplayName"])]
    order = np.random.default_rng(0).permutation(len(even))
    sizes = [size for size in CURVE if size < len(even)] + [len(even)]
    labels = {column: sorted({row[column] for row in rows if row[column]}) for _, column, _ in _COLUMNS}
    by_lexicon = {column: _by_lexicon(tagger, rows, odd, column, facets) for _, column, facets in _COLUMNS}
    for size in sizes:
        some = [even[place] for place in order[:size]]
        how_many = "half of the titles" if size == len(even) else f"{size:,} titles"
        began = time.perf_counter()
        columns = {column: [row[column] for row in some] for _, column, _ in _COLUMNS}
        shop = AttributeTagger(tagger).fit(_texts(some), ["en"] * size, columns, labels=labels)
        seconds = time.perf_counter() - began
        filled = shop.fill(_texts(odd), ["en"] * len(odd), least=0)
        for name, column, _ in _COLUMNS:
            row = f"Myntra titles, {name}, learned on {how_many}"
            right = np.array([f.label == r[column] for f, r in zip(filled[column], odd, strict=True)])
            report.add_mean(row, "accuracy", right)
            sure = np.array([f.probability for f in filled[column]])
            report.add(
                row, f"accuracy where the probability is {_LEAST} or more", right[sure >= _LEAST].mean()
            )
            report.add(row, f"share of titles with {_LEAST} or more", float((sure >= _LEAST).mean()))
            report.add(row, "calibration error", _calibration_error(sure, right), better="lower")
            known, lexicon = by_lexicon[column]
            if size == len(even):
                report.add_mean(f"{row}, labels that the lexicon knows", "accuracy", right[known])
                report.add_mean(
                    f"{row}, labels that the lexicon knows", "accuracy", lexicon[known], peer="lexicon alone"
                )
                report.add(
                    "learning two attributes from half of the titles", "seconds", seconds, better="lower"
                )
            report.add_mean(row, "accuracy", lexicon, peer="lexicon alone")
            for peer, answer in _PEERS.items():
                if size >= CURVE[2]:
                    got = answer(_texts(some), [r[column] for r in some], _texts(odd))
                    right = [a == r[column] for a, r in zip(got, odd, strict=True)]
                    report.add_mean(row, "accuracy", right, peer=peer)


def _texts(rows: Rows) -> list[str]:
    return [row["productDisplayName"] for row in rows]


def _by_lexicon(
    tagger: Tagger, rows: Rows, odd: Rows, column: str, facets: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Get which titles have a label that the lexicon knows, and where its answer is the label or finer."""
    truths = truths_of(tagger, rows, column, facets)
    titles = _texts(odd)
    answers = chosen(tagged(tagger, titles, ["en"] * len(titles), catalogue=True), titles, facets)
    said = [closure(tagger.lexicon, [a.element_id] if a else []) for a in answers]
    right = [bool(truths[row[column]] & ids) for row, ids in zip(odd, said, strict=True)]
    return np.array([bool(truths[row[column]]) for row in odd]), np.array(right)


def _calibration_error(sure: np.ndarray, right: np.ndarray) -> float:
    group = np.minimum((sure * 10).astype(int), 9)
    return sum(abs(float((sure - right)[group == g].sum())) for g in range(10)) / len(sure)


def _tfidf(titles: Sequence[str], truth: Sequence[str], unseen: Sequence[str]) -> list[str]:
    """Answer by TF-IDF of words, pairs of words and letters, and logistic regression of the same strength."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
    letters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, max_features=20_000, dtype=np.float32
    )
    model = make_pipeline(make_union(words, letters), LogisticRegression(C=10.0, max_iter=300, tol=1e-3))
    return list(model.fit(titles, truth).predict(unseen))


def _e5(titles: Sequence[str], truth: Sequence[str], unseen: Sequence[str]) -> list[str]:
    """Answer by logistic regression on e5's vectors, its strength chosen on a fifth of what is learned from."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def model(strength: float) -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300, tol=1e-3))

    vectors, y = _vectors(titles), np.array(truth)
    cut = max(1, len(y) * 4 // 5)
    scores = {
        strength: model(strength).fit(vectors[:cut], y[:cut]).score(vectors[cut:], y[cut:])
        for strength in _STRENGTHS
    }
    best = max(scores, key=lambda strength: scores[strength])
    return list(model(best).fit(vectors, y).predict(_vectors(unseen)))


_known_vectors: dict[str, np.ndarray] = {}


def _vectors(texts: Sequence[str]) -> np.ndarray:
    new = [text for text in dict.fromkeys(texts) if text not in _known_vectors]
    if new:
        _known_vectors.update(zip(new, get_encoder().encode_document(new), strict=True))
    return np.array([_known_vectors[text] for text in texts])


_PEERS: dict[str, Callable[[Sequence[str], Sequence[str], Sequence[str]], list[str]]] = {
    "TF-IDF + logistic regression": _tfidf,
    "e5 + logistic regression": _e5,
}
