"""How often a modifier is given to its own garment, on cases that the project wrote: `benchmarks/cases/modifiers.csv`.

Part `a` was in sight while the rules were written; part `b` was not.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pyarrow as pa

from benchmarks.report import Report
from modacast.elements import Tagger
from modacast.elements.attachment import attach

__all__ = ["modifier_cases", "modifiers"]

_CASES = Path(__file__).parent / "cases" / "modifiers.csv"


def modifiers(report: Report, tagger: Tagger) -> None:
    """Measure the rules and, as a peer, the nearest garment by characters; a modifier that is not found is wrong."""
    own: dict[str, list[bool]] = defaultdict(list)
    nearest: dict[str, list[bool]] = defaultdict(list)
    for case in modifier_cases(tagger):
        own[case["part"]] += case["own"]
        own[f"{case['part']}, {'zh' if case['lang'] == 'zh' else 'en' if case['lang'] == 'en' else 'others'}"] += case["own"]  # fmt: skip
        nearest[case["part"]] += case["nearest"]
    names = {"a": "cases in sight", "b": "cases not in sight"}
    for part, right in sorted(own.items()):
        row = names[part[0]] + part[1:]
        report.add_mean(f"modifier to its garment, {row}", "accuracy", right)
    for part, right in sorted(nearest.items()):
        report.add_mean(f"modifier to its garment, {names[part]}", "accuracy", right, peer="nearest garment")


def modifier_cases(tagger: Tagger) -> list[dict]:
    """Get each case with whether each of its pairs came out right."""
    with _CASES.open(encoding="utf-8", newline="") as stream:
        cases = list(csv.DictReader(stream))
    documents = pa.table({
        "id": [str(i) for i in range(len(cases))],
        "text": [c["text"] for c in cases],
        "lang": [c["lang"] for c in cases],
    })  # fmt: skip
    mentions = tagger.tag(documents, about_fashion=True)
    found: dict[str, list[dict]] = defaultdict(list)
    for row in attach(mentions, documents).to_pylist():
        found[row["doc_id"]].append(row)
    heads: dict[str, list[dict]] = defaultdict(list)
    for row in mentions.to_pylist():
        if row["element_id"].partition("/")[0] in ("garment", "footwear", "accessory"):
            heads[row["doc_id"]].append(row)
    for i, case in enumerate(cases):
        pairs = [pair.split(">") for pair in case["pairs"].split(";")]
        case["own"] = [_own(found[str(i)], case["text"], *pair) for pair in pairs]
        case["nearest"] = [_nearest(heads[str(i)], found[str(i)], case["text"], *pair) for pair in pairs]
    return cases


def _own(rows: list[dict], text: str, modifier: str, head: str) -> bool:
    start, stop = _span(text, modifier)
    return any(
        r["start"] < stop and start < r["end"] and head in text[r["head_start"] : r["head_end"]] for r in rows
    ) and not any(
        r["start"] < stop and start < r["end"] and head not in text[r["head_start"] : r["head_end"]]
        for r in rows
    )


def _nearest(heads: list[dict], rows: list[dict], text: str, modifier: str, head: str) -> bool:
    start, stop = _span(text, modifier)
    if not heads or not any(r["start"] < stop and start < r["end"] for r in rows):
        return False
    best = min(heads, key=lambda h: max(h["start"] - stop, start - h["end"]))
    return head in best["surface"]


def _span(text: str, words: str) -> tuple[int, int]:
    start = text.index(words)
    return start, start + len(words)
