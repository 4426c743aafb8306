"""How well the mood of texts is read: `python -m benchmarks.sentiment --data DIR [--quick] [--json FILE]`.

No review of the data sets was used to write or choose the polar words.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.report import Report, parse_arguments
from modacast.elements import Lexicon, Sentiment, Tagger

_SIGNS = {"1": 1, "0": -1, "positive": 1, "neutral": 0, "negative": -1}
_NEUTRAL = 0.2
_THREE_CLASS = {"zh": "chinese", "en": "english", "ja": "japanese"}
_CASES = Path(__file__).parent / "cases" / "mention_polarity.csv"


def main(argv: Sequence[str] | None = None) -> None:
    """Run all parts and print the table."""
    given = parse_arguments("sentiment", argv)
    limit = 200 if given.quick else None
    report = Report("sentiment")
    sentiment = Sentiment()
    reviews = given.data / "reviews"
    two_class(
        report,
        sentiment,
        reviews / "clothing_reviews_zh.csv",
        "clothing reviews, zh",
        limit,
        must=0.88,
        ahead=0.93,
    )
    two_class(report, sentiment, reviews / "other_reviews_zh.csv", "other shop reviews, zh", limit)
    for lang, name in _THREE_CLASS.items():
        three_class(report, sentiment, reviews / f"sentiment3_{name}_valid.csv", lang, limit)
    mentions(report, sentiment)
    report.finish(given.json)


def read(path: Path, column: str, limit: int | None) -> tuple[list[str], np.ndarray]:
    """Get texts and their signs."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(islice(csv.DictReader(stream), limit))
    return [row[column] for row in rows], np.array([_SIGNS[row["label"]] for row in rows])


def two_class(
    report: Report, sentiment: Sentiment, path: Path, name: str, limit: int | None, **goals: float
) -> None:
    """Praise or blame; a text without a polar word is read as blame, and the other choice is reported too."""
    texts, truth = read(path, "review", limit)
    began = time.perf_counter()
    scores = sentiment.document_polarity(texts, ["zh"] * len(texts))
    seconds = time.perf_counter() - began
    report.add_mean(name, "accuracy", np.where(scores > 0, 1, -1) == truth, **goals)
    report.add_mean(name, "accuracy, silent texts read as praise", np.where(scores >= 0, 1, -1) == truth)
    report.add_mean(name, "accuracy where a polar word was found", (np.sign(scores) == truth)[scores != 0])
    report.add(name, "share without polar word", float((scores == 0).mean()), better="lower")
    majority = max((truth > 0).mean(), (truth < 0).mean())
    report.add(name, "accuracy", float(majority), peer="the larger class")
    report.add(name, "docs/s", len(texts) / seconds)


def three_class(report: Report, sentiment: Sentiment, path: Path, lang: str, limit: int | None) -> None:
    """Praise, neutral or blame."""
    texts, truth = read(path, "text", limit)
    scores = sentiment.document_polarity(texts, [lang] * len(texts))
    guess = np.where(scores > _NEUTRAL, 1, np.where(scores < -_NEUTRAL, -1, 0))
    report.add_mean(f"three classes, {lang}", "accuracy", guess == truth)
    share = max(float((truth == sign).mean()) for sign in (-1, 0, 1))
    report.add(f"three classes, {lang}", "accuracy", share, peer="the largest class")


def mentions(report: Report, sentiment: Sentiment) -> None:
    """Cases in which a text praises one thing and blames another; the cases are the project's own."""
    with _CASES.open(encoding="utf-8", newline="") as stream:
        cases = list(csv.DictReader(stream))
    documents = pa.table({"id": [str(i) for i in range(len(cases))], "text": [case["text"] for case in cases],
                          "lang": [case["lang"] for case in cases]})  # fmt: skip
    table = Tagger(Lexicon.load()).tag(documents, about_fashion=True)
    rows = sentiment.mention_polarity(table, documents).to_pylist()
    felt: dict[tuple[str, str], float] = {}
    for row in rows:
        felt.setdefault((row["doc_id"], row["surface"].lower()), row["polarity"])
    for lang in ("zh", "en"):
        right = [
            np.sign(felt.get((str(i), case[f"surface_{side}"]), 0.0)) == int(case[f"sign_{side}"])
            for i, case in enumerate(cases)
            if case["lang"] == lang
            for side in ("a", "b")
        ]
        report.add_mean(f"mentions of mixed texts, {lang}", "accuracy", right, must=0.80, ahead=0.90)


if __name__ == "__main__":
    main()
