"""One element in nine languages: its labels, and shop categories."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from benchmarks.data_sets import CATEGORIES, find_file, open_text
from benchmarks.report import Report
from benchmarks.tag.finders import NearestLabels, closure, tagged
from benchmarks.tag.titles import meant_by
from modacast.elements import Tagger
from modacast.elements.reader import HEADS
from modacast.types import LANGUAGES

__all__ = ["own_labels", "shop_categories"]

_FOLDER_COLUMNS = {
    "zh": "zh-CN", "en": "en", "ja": "ja", "ko": "ko", "fr": "fr", "de": "de", "es": "es", "it": "it", "pt": "pt-BR",
}  # fmt: skip
_FEW = 300


def own_labels(report: Report, tagger: Tagger, *, with_model: bool = True) -> None:
    """Whether each element's label, read as a text, leads back to it: surfaces of elements may hide one another.

    The peer leads a label of another language to the nearest English label, on 300 elements.
    """
    english = NearestLabels(tagger.lexicon, "en")
    for lang in LANGUAGES:
        elements = [element for element in tagger.lexicon if element.labels.get(lang)]
        found = tagged(tagger, [e.labels[lang][0] for e in elements], [lang] * len(elements), catalogue=True)
        right = [
            any(m.element_id == element.id for m in mentions)
            for element, mentions in zip(elements, found, strict=True)
        ]
        row = f"same element from the lexicon's label, {lang}"
        report.add_mean(row, "accuracy", right, must=0.95, ahead=0.99)
        if with_model and lang != "en":
            places = np.random.default_rng(0).choice(len(elements), min(_FEW, len(elements)), replace=False)
            some = [elements[i] for i in places if elements[i].labels.get("en")]
            nearest = english.of([element.labels[lang][0] for element in some])
            raw = [element_id == element.id for (element_id, _), element in zip(nearest, some, strict=True)]
            report.add_mean(row, "accuracy", raw, peer=f"raw e5, nearest English label ({len(raw)} elements)")
    report.note("same element: labels of the lexicon itself; words that it lacks are the encoder's part")


def shop_categories(report: Report, tagger: Tagger, data: Path) -> None:
    """Whether a category's name in each language leads to the element that its English name leads to.

    Categories count whose English name is, as a whole, one element.
    """
    with open_text(find_file(data, CATEGORIES)) as stream:
        rows = list(csv.DictReader(stream))
    truths = [(row, meant_by(tagger, row["en"], HEADS)) for row in rows]
    known = [(row, truth) for row, truth in truths if truth]
    for lang, column in _FOLDER_COLUMNS.items():
        if lang == "en":
            continue
        found = tagged(tagger, [row[column] for row, _ in known], [lang] * len(known), catalogue=True)
        right = [
            bool(truth & closure(tagger.lexicon, (m.element_id for m in mentions)))
            for (_, truth), mentions in zip(known, found, strict=True)
        ]
        report.add_mean(f"shop category leads where its English name leads, {lang}", "accuracy", right)
    report.note(
        f"shop categories: {len(known)} of {len(rows)} names are one element in English; the names are "
        "machine-translated and finer than the lexicon, so no goal is set"
    )
