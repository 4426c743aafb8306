"""Whether what a network learned from AdvertiseGen's pairs helps to find the attribute values of JD's sentences.

Two uses, both learned from AdvertiseGen's training part alone: spans that the lexicon lacks are added to its mentions;
and mentions that are unlikely to be a value in their text are dropped. JD's labels are read for the score only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.data_sets import ADVERTISEGEN, find_file, open_text
from benchmarks.report import Report
from benchmarks.tag import chinese
from benchmarks.tag.finders import Found, tagged
from modacast.elements import Tagger
from modacast.elements.spans import SpanTagger
from modacast.elements.spans.models import Linear
from modacast.elements.spans.tokens import sentences
from modacast.encoder import get_encoder
from modacast.types import Floats

__all__ = ["jd_with_spans"]

_N_LEARNED, _N_CHOSEN = 1200, 1600
_STRENGTH = 1e-3
_KEPT_OF_VALUES = 0.98
_AT_ONCE = 256

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Judge:
    """The chance that a mention is an attribute value, and the two limits that were chosen.

    Attributes:
        model: reads the mean of a mention's token features.
        careful: the highest limit that keeps 98 % of the values of texts that were not learned from.
        strict: the limit of the best F1 on them.
    """

    model: Linear
    careful: float
    strict: float

    def chances(self, texts: Sequence[str], mentions: Sequence[Sequence[Found]]) -> list[Floats]:
        features = _features(texts, mentions)
        return [
            np.exp(self.model.log_probabilities(rows))[:, 1] if len(rows) else rows[:, 0] for rows in features
        ]


def jd_with_spans(report: Report, tagger: Tagger, data: Path, *, quick: bool) -> None:
    """F1 of the values in JD's sentences with learned spans added, with unlikely mentions dropped, and with both."""
    with open_text(find_file(data, ADVERTISEGEN)) as stream:
        records = [json.loads(line) for line in islice(stream, 300 if quick else _N_CHOSEN)]
    texts = [record["summary"] for record in records]
    values = [
        frozenset(pair.partition("#")[2] for pair in record["content"].split("*")) for record in records
    ]
    mentions = [
        _attributes(tagger, some) for some in tagged(tagger, texts, ["zh"] * len(texts), catalogue=True)
    ]
    judge = _learned(texts, mentions, values)
    spans = SpanTagger(get_encoder(), tagger).fit(
        _table(texts), values=[sorted(some) for some in values], about_fashion=True
    )
    sentences = chinese.jd_sentences(data)
    unseen, gold = [one.text for one in sentences], [one.spans for one in sentences]
    plain = [_attributes(tagger, some) for some in tagged(tagger, unseen, ["zh"] * len(gold), catalogue=True)]
    chances = judge.chances(unseen, plain)
    further = _further(spans, unseen)
    kept = {
        name: [
            {(m.start, m.end) for m, p in zip(*row, strict=True) if p >= least}
            for row in zip(plain, chances, strict=True)
        ]
        for name, least in (("all", 0.0), ("careful", judge.careful), ("strict", judge.strict))
    }
    add = {True: further, False: [set[Place]() for _ in gold]}
    for name, limit, more in (
        ("lexicon alone", "all", False), ("with learned spans", "all", True),
        ("without unlikely mentions", "careful", False), ("without unlikely mentions, strict", "strict", False),
        ("with spans, without unlikely mentions", "careful", True),
    ):  # fmt: skip
        _score(report, name, [a | b for a, b in zip(kept[limit], add[more], strict=True)], gold)
    report.note(f"limits chosen on AdvertiseGen: {judge.careful:.2f} and {judge.strict:.2f}")


def _attributes(tagger: Tagger, mentions: Sequence[Found]) -> list[Found]:
    return [m for m in mentions if chinese.may_be_value(tagger.lexicon, m)]


def _learned(
    texts: Sequence[str], mentions: Sequence[Sequence[Found]], values: Sequence[frozenset[str]]
) -> _Judge:
    """Learn on the first texts, and choose the limits on the others."""
    cut = min(_N_LEARNED, len(texts) * 3 // 4)
    features = _features(texts, mentions)
    truth = [
        np.array([text[m.start : m.end] in some for m in row], np.int64)
        for text, row, some in zip(texts, mentions, values, strict=True)
    ]
    learned = np.concatenate(truth[:cut])
    model = Linear.fit(np.vstack(features[:cut]), learned, strength=_STRENGTH, n_classes=2)
    chance = np.exp(model.log_probabilities(np.vstack(features[cut:])))[:, 1]
    is_value = np.concatenate(truth[cut:]).astype(np.bool_)
    limits = np.arange(0, 0.9, 0.05)
    kept = [chance >= limit for limit in limits]
    share = np.array([is_value[k].sum() / max(1, is_value.sum()) for k in kept])
    f1 = np.array([2 * is_value[k].sum() / max(1, k.sum() + is_value.sum()) for k in kept])
    return _Judge(model, float(limits[share >= _KEPT_OF_VALUES].max()), float(limits[f1.argmax()]))


def _features(texts: Sequence[str], mentions: Sequence[Sequence[Found]]) -> list[Floats]:
    rows: list[Floats] = []
    for first in range(0, len(texts), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        read = sentences(get_encoder(), texts[part], ["zh"] * len(texts[part]))
        for sentence, found in zip(read, mentions[part], strict=True):
            width = sentence.features.shape[1]
            means = [
                sentence.features[(sentence.start < m.end) & (sentence.end > m.start)].mean(axis=0)
                for m in found
            ]
            rows.append(np.array(means, np.float32).reshape(-1, width))
    return rows


def _further(spans: SpanTagger, texts: Sequence[str]) -> list[set[Place]]:
    """Get the spans that the lexicon lacks, those that look worn, branded or said of a use left out."""
    found: list[set[Place]] = [set() for _ in texts]
    for row in spans.find(_table(texts), about_fashion=True).to_pylist():
        if row["facet"] not in chinese.NOT_IN_JD:
            found[int(row["doc_id"])].add((row["start"], row["end"]))
    return found


def _table(texts: Sequence[str]) -> pa.Table:
    return pa.table(
        {"id": [str(i) for i in range(len(texts))], "text": list(texts), "lang": ["zh"] * len(texts)}
    )


def _score(
    report: Report, name: str, predicted: Sequence[set[Place]], gold: Sequence[frozenset[Place]]
) -> None:
    hits = np.array([len(p & g) for p, g in zip(predicted, gold, strict=True)])
    sizes = np.array([[len(p), len(g)] for p, g in zip(predicted, gold, strict=True)])
    report.add(f"JD sentences, exact spans, {name}", "F1", chinese.f1(hits, sizes))
    for metric, side in (("precision", 0), ("recall", 1)):
        report.add(
            f"JD sentences, exact spans, {name}", metric, float(hits.sum() / max(1, sizes[:, side].sum()))
        )
