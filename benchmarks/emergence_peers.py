"""The known cases, and how early the alarms and their peers flag them with as many alarms."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from benchmarks.bursts import PEERS, raise_by, threshold_for
from benchmarks.emergence_stream import Encode, Stream
from benchmarks.known_cases import Case, cases_within, is_about, lead
from benchmarks.report import Report
from benchmarks.topics import fit_topics, tells_of, topic_alarms
from modacast.trends.counting import count_weeks, with_days

__all__ = ["add_bertopic", "add_peers"]

LATE = timedelta(weeks=13)  # after which an alarm is not raised any more when its word becomes known
MISSED = -1.0  # weeks of lead of a case that is never flagged: the week after the peak

Numbers = npt.NDArray[np.float64]


def add_peers(report: Report, raised: Sequence[Mapping[str, Any]], stream: Stream) -> None:
    """Give the peers the same counts and as many alarms, and compare when they flag the known cases."""
    names, start, said, read = _weekly(stream)
    for peer, scores_of in PEERS.items():
        began = time.process_time()
        scores = scores_of(said, read)
        threshold = threshold_for(scores, said, 0, len(raised))
        days: dict[str, list[date]] = {}
        n_alarms = 0
        for week, e in raise_by(scores, said, threshold):
            day = start + timedelta(weeks=week)
            known = stream.known_from.get(names[e], day)
            if known <= day + LATE:
                n_alarms += 1
                days.setdefault(names[e], []).append(max(day, known))
        theirs = {
            case: [d for name, found in days.items() if _is_new(name, case, stream) for d in found]
            for case in _cases(stream)
        }
        _compare(report, peer, n_alarms, theirs, _ours(raised, stream))
        report.add("alarms", "processor seconds", time.process_time() - began, peer=peer, better="lower")


def add_bertopic(report: Report, raised: Sequence[Mapping[str, Any]], stream: Stream, encode: Encode) -> None:
    """Fit BERTopic to the texts of the stream, and let its topics' weekly counts alarm."""
    began = time.process_time()
    _, start, _, read = _weekly(stream)
    texts = stream.documents["text"].to_pylist()
    tokens = [words or [] for words in stream.documents["tokens"].to_pylist()]
    topics = fit_topics(texts, tokens, np.asarray(encode(texts), np.float32))
    days = pc.cast(stream.documents["published_at"], "date32", safe=False).to_pylist()
    week = np.array([(day - start).days // 7 for day in days], np.int64)
    found = topic_alarms(topics, week, read, 0, len(raised))
    theirs = {
        case: [
            start + timedelta(weeks=at)
            for at, topic in found
            if tells_of(topics, topic, at, case.word, texts=texts, week=week)
        ]
        for case in _cases(stream)
    }
    _compare(report, "BERTopic", len(found), theirs, _ours(raised, stream))
    report.add("alarms", "processor seconds", time.process_time() - began, peer="BERTopic", better="lower")
    report.note(f"BERTopic: {len(topics.words)} topics of {len(texts)} texts, fitted over all weeks at once")


def _cases(stream: Stream) -> list[Case]:
    weeks = stream.panel["ds"].to_pylist()
    return cases_within(min(weeks), max(weeks))


def _is_new(name: str, case: Case, stream: Stream) -> bool:
    return name in stream.known_from and case.stands_for(name)


def _ours(raised: Sequence[Mapping[str, Any]], stream: Stream) -> dict[Case, list[date]]:
    return {
        case: [row["ds"] for row in raised if is_about(row, case.word, stream.texts)]
        for case in _cases(stream)
    }


def _compare(
    report: Report,
    peer: str,
    n_alarms: int,
    theirs: Mapping[Case, Sequence[date]],
    ours: Mapping[Case, Sequence[date]],
) -> None:
    gains, n_flagged = [], 0
    for case in theirs:
        own, other = lead(ours[case], case), lead(theirs[case], case)
        n_flagged += other is not None
        report.add(f"{case.word}, peak {case.peak}", "weeks of lead", other, peer=peer)
        if own is not None or other is not None:
            gains.append((MISSED if own is None else own) - (MISSED if other is None else other))
    report.add("alarms", "number", float(n_alarms), peer=peer)
    if not theirs:
        return
    report.add("known cases flagged by their peak week", f"of {len(theirs)}", float(n_flagged), peer=peer)
    mean = float(np.mean(gains)) if gains else None
    report.add(f"lead over {peer}", "weeks, mean over the cases that either flags", mean, must=0, ahead=1)


def _weekly(stream: Stream) -> tuple[list[str], date, Numbers, Numbers]:
    """Count texts by element and week, and texts read by week, from the first week that was read."""
    counts = count_weeks(stream.mentions, with_days(stream.documents), stream.panel)
    names = sorted(set(counts.spoken["element_id"].to_pylist()))
    start: date = pc.min(counts.read["ds"]).as_py()
    n_weeks = (pc.max(counts.read["ds"]).as_py() - start).days // 7 + 1
    row_of = {name: i for i, name in enumerate(names)}
    said, read = np.zeros((len(names), n_weeks)), np.zeros(n_weeks)
    for row in counts.spoken.to_pylist():
        said[row_of[row["element_id"]], (row["ds"] - start).days // 7] += row["n"]
    for row in counts.read.to_pylist():
        read[(row["ds"] - start).days // 7] += row["n"]
    return names, start, said, read
