"""Alarms on streams of dated texts that are walked through week by week, against their peers.

    python -m benchmarks.emergence --data DIR [--quick] [--only STREAM] [--json FILE] [--listing FILE]

Weibo hot-search titles 2020-11 to 2024-12, with a lexicon that lacks the known cases, and Reddit fashion posts to
2013. Each week sees the texts up to that week alone: new words, counts, expectations, seasons and corrections. A
known case is flagged by an alarm whose texts mostly hold its word. Peers get the same counts and as many alarms
over the same weeks; BERTopic (left out with `--quick`) gets the same texts and the bundled encoder's vectors. The
verdicts on alarms are a person's reading of their texts (`cases/emergence_verdicts.csv`).
"""

from __future__ import annotations

import csv
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data_sets
from benchmarks.data_sets import NoData, find_file
from benchmarks.emergence_peers import add_bertopic, add_peers
from benchmarks.emergence_stream import Stream, read_stream
from benchmarks.known_cases import CASES, cases_within, first_judged, frozen_lexicon, is_about, lead
from benchmarks.report import Report, parse_arguments, peak_memory
from modacast.config import Input
from modacast.encoder import get_encoder
from modacast.trends import AlarmRules, alarms

SEASONAL = ("羽绒服", "防晒衣")
VERDICTS = Path(__file__).parent / "cases" / "emergence_verdicts.csv"

PATTERNS = {"weibo": data_sets.WEIBO, "reddit": data_sets.REDDIT}

WEIBO = Input(
    name="weibo",
    path="weibo_hot_search_2020_2024.tsv.gz",
    columns={"text": "title", "published_at": "date"},
    lang="zh",
)
REDDIT = Input(
    name="reddit",
    path="reddit_fashion_2009_2013.jsonl.gz",
    columns={"text": "title", "published_at": "created_utc"},
    lang="en",
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    arguments = parse_arguments("emergence", argv, parts=("weibo", "reddit"), lists=True)
    report = Report("emergence")
    encode = None if arguments.quick else get_encoder().encode_query
    lexicon = frozen_lexicon()
    told: list[tuple[str, list[dict[str, Any]], Stream]] = []
    for source in (WEIBO, REDDIT):
        if arguments.only not in {None, source.name}:
            continue
        try:
            path = find_file(arguments.data, PATTERNS[source.name])
        except NoData as absence:
            report.note(f"{source.name}: left out: {absence}")
            continue
        source = source.model_copy(update={"path": path.name})  # noqa: PLW2901
        began = time.process_time()
        stream = read_stream(source, path.parent, lexicon, encode)
        read = time.process_time() - began
        raised = walk(stream)
        name = f"{source.name}: texts, new words and alarms"
        report.add(f"{source.name}: texts and new words", "processor seconds", read, better="lower")
        report.add(name, "processor seconds", time.process_time() - began, ahead=900, better="lower")
        report.add(name, "peak memory, MB", peak_memory(), ahead=4000, better="lower")
        told.append((source.name, raised, stream))
        if source.name == WEIBO.name:
            add_cases(report, raised, stream)
            add_peers(report, raised, stream)
            if encode is not None:
                add_bertopic(report, raised, stream, encode)
        add_alarms(report, source.name, raised, stream)
    if arguments.listing is not None:
        write_listing(arguments.listing, told)
    report.finish(arguments.json)


def walk(stream: Stream, rules: AlarmRules | None = None) -> list[dict[str, Any]]:
    """Get the alarms, oldest first."""
    return alarms(
        stream.mentions,
        stream.documents,
        stream.panel,
        elements=stream.elements,
        rules=rules or AlarmRules(n_evidence=40),
        known_from=stream.known_from,
        about=stream.about,
    ).to_pylist()


def add_cases(report: Report, raised: Sequence[Mapping[str, Any]], stream: Stream) -> None:
    """Add the known cases: flagged or not, and how many weeks before the peak."""
    leads, n_new = [], 0
    first, last = span_of(stream)
    cases = cases_within(first, last)
    for case in CASES:
        if case not in cases:
            report.note(f"{case.word}: its rise is not within {first} to {last}; left out")
    if not cases:
        return
    of, must, ahead = f"of {len(cases)}", math.ceil(0.8 * len(cases)), len(cases)
    for case in cases:
        days = [row["ds"] for row in raised if is_about(row, case.word, stream.texts)]
        leads.append(lead(days, case))
        report.add(f"{case.word}, peak {case.peak}", "weeks of lead", leads[-1])
        report.note(f"{case.word}: all its alarms {', '.join(map(str, days)) or 'none'}")
        new = [w for w in stream.found if case.stands_for(w)]
        n_new += bool(new)
        known = ", ".join(
            f"{w} ({stream.found[w]}{'' if w in stream.known_from else ', for review'})" for w in new
        )
        report.note(f"{case.word}: new words {known or 'none'}")
    known_leads = [weeks for weeks in leads if weeks is not None]
    report.add("known cases flagged by their peak week", of, float(len(known_leads)), must=must, ahead=ahead)
    median = float(np.median(known_leads)) if known_leads else None
    report.add("known cases", "median lead, weeks, of those flagged", median, ahead=2)
    must = math.ceil(0.6 * len(cases))
    report.add("new elements that the lexicon lacked", of, float(n_new), must=must, ahead=ahead)
    begin = first_judged(first, last)
    late = [
        row
        for row in raised
        if row["ds"] >= begin and any(is_about(row, word, stream.texts) for word in SEASONAL)
    ]
    n_late = float(len(late))
    report.add(
        "seasonal words that alarm after their second season", "alarms", n_late, must=0, better="lower"
    )


def add_alarms(report: Report, name: str, raised: Sequence[Mapping[str, Any]], stream: Stream) -> None:
    """Add how many alarms there were, and how many a reader calls true."""
    first, last = span_of(stream)
    begin = first_judged(first, last) if name == WEIBO.name else first
    judged = [row for row in raised if row["ds"] >= begin]
    n_weeks = max(1, (last - begin).days // 7 + 1)
    row_name = f"{name}: alarms from {begin} on"
    report.add(row_name, "a week", len(judged) / n_weeks, must=5, ahead=2, better="lower")
    report.add(row_name, "number", float(len(judged)))
    verdicts = read_verdicts()
    said = [verdicts.get((name, row["element_id"], row["ds"].isoformat()), "not judged") for row in judged]
    read = [
        (row["kind"], verdict) for row, verdict in zip(judged, said, strict=True) if verdict != "not judged"
    ]
    is_rise = [float(verdict == "true rise") for _, verdict in read]
    is_told = [float(verdict in {"true rise", "news"}) for _, verdict in read]
    is_shock = [kind == "shock" for kind, _ in read]
    if read:
        report.add_mean(row_name, "precision by our reading", is_rise, ahead=0.7)
        report.add_mean(row_name, "the same, single events of fashion counted as right", is_told)
    if any(is_shock):
        shocks = [value for value, shock in zip(is_told, is_shock, strict=True) if shock]
        report.add_mean(row_name, "shocks alone: single events of fashion or true rises", shocks)
    if not all(is_shock):
        rises = [value for value, shock in zip(is_rise, is_shock, strict=True) if not shock]
        report.add_mean(row_name, "without shocks: true rises", rises)
    counted = ", ".join(f"{n} {verdict}" for verdict, n in Counter(said).most_common())
    report.note(f"{name}: verdicts: {counted}")


def span_of(stream: Stream) -> tuple[date, date]:
    """Get the first and the last week that was read."""
    weeks = stream.panel["ds"].to_pylist()
    return min(weeks), max(weeks)


def read_verdicts() -> dict[tuple[str, str, str], str]:
    """Get stream, element and week to the verdict: "true rise", "not fashion", "seasonal", "news" or "noise"."""
    with VERDICTS.open(encoding="utf-8") as file:
        return {
            (row["stream"], row["element_id"], row["week"]): row["verdict"] for row in csv.DictReader(file)
        }


def write_listing(path: Path, told: Sequence[tuple[str, Sequence[Mapping[str, Any]], Stream]]) -> None:
    """Write all alarms with their texts and verdicts, for a reader; the file is not for publication."""
    verdicts = read_verdicts()
    with path.open("w", encoding="utf-8") as file:
        for name, raised, stream in told:
            for row in raised:
                shown = " | ".join(stream.texts[i] for i in row["evidence_ids"][:6])
                verdict = verdicts.get((name, row["element_id"], row["ds"].isoformat()), "not judged")
                file.write(
                    f"{name}\t{row['ds']}\t{row['element_id']}\t{row['kind']}\t"
                    f"{row['count']:.1f}/{row['expected']:.2f}\t{row['q_value']:.1g}\t{verdict}\t"
                    f"{','.join(row['also'])}\t{row['why_en']}\t{shown}\n"
                )


if __name__ == "__main__":
    main()
