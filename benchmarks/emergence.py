"""Alarms on a stream of dated titles that is walked through week by week, against their peers.

    python -m benchmarks.emergence --data DIR [--quick] [--json FILE] [--alarms FILE]

Weibo hot-search titles 2020-11 to 2024-12, with a lexicon that lacks the known cases. Each week sees the titles
up to that week alone: new words (`benchmarks.newwords`), counts, expectations, seasons and corrections. A known
case is flagged by an alarm whose texts mostly hold its word. Peers get the same counts and as many alarms over
the same weeks. The verdicts on alarms are a person's reading of their titles (`cases/emergence_verdicts.csv`).
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.bursts import PEERS, raise_by, threshold_for
from benchmarks.newwords import Title, weekly_words
from benchmarks.report import Report, parse_arguments, peak_memory
from modacast.config import Input, ProjectSettings, Settings
from modacast.elements import Lexicon
from modacast.errors import NotFound
from modacast.pipeline.progress import Silent
from modacast.pipeline.texts import collect_documents, tag_documents
from modacast.pipeline.workspace import Workspace
from modacast.trends import AlarmRules, alarms
from modacast.trends.counting import count_weeks, with_days
from modacast.types import DOCUMENTS, MENTIONS

FIRST = date(2022, 7, 4)
"""The first week that is judged; settings were chosen on the weeks before and on made streams."""

HIDDEN = (
    "style/neo-chinese", "garment/mamian-skirt", "brand/erke", "多巴胺", "美拉德", "新中式", "马面", "尔克",
)  # fmt: skip
QUIET = ("season/", "occasion/", "length/")
RECENT = timedelta(weeks=26)
VERDICTS = Path(__file__).parent / "cases" / "emergence_verdicts.csv"


@dataclass(frozen=True, slots=True)
class Case:
    """A known rise.

    Attributes:
        word: that the lexicon lacks.
        first: Monday of its first title on clothes.
        peak: Monday of its highest week.
    """

    word: str
    first: date
    peak: date


CASES = (
    Case("多巴胺", date(2023, 5, 15), date(2023, 6, 19)),
    Case("美拉德", date(2023, 8, 21), date(2023, 10, 2)),
    Case("新中式", date(2022, 2, 28), date(2024, 1, 8)),
    Case("马面裙", date(2022, 7, 11), date(2024, 2, 19)),
    Case("鸿星尔克", date(2021, 7, 19), date(2021, 7, 19)),
)
SEASONAL = ("羽绒服", "防晒衣")


@dataclass(frozen=True, slots=True)
class Stream:
    """What is walked through.

    Attributes:
        documents: `DOCUMENTS` of the fashion stream, and every title that holds a new word.
        mentions: `MENTIONS`, those of new words as `"new/WORD"`.
        panel: `PANEL`.
        known_from: new word's element id to the week after which it was known.
        texts: document id to its text.
    """

    documents: pa.Table
    mentions: pa.Table
    panel: pa.Table
    known_from: Mapping[str, date]
    texts: Mapping[str, str]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    given = list(sys.argv[1:] if argv is None else argv)
    listing = None
    if "--alarms" in given:
        at = given.index("--alarms")
        listing = Path(given[at + 1])
        del given[at : at + 2]
    arguments = parse_arguments("emergence", given)
    report = Report("emergence")
    path = arguments.data / "posts" / "weibo_hot_search_2020_2024.tsv.gz"
    began = time.process_time()
    stream = read_stream(path, frozen_lexicon())
    report.add("stream and new words", "processor seconds", time.process_time() - began, better="lower")
    raised = walk(stream)
    report.add(
        "stream, new words and alarms", "processor seconds", time.process_time() - began, better="lower"
    )
    report.add("peak memory", "MB", peak_memory(), ahead=4000, better="lower")
    add_cases(report, raised, stream)
    add_alarms(report, raised, stream)
    add_peers(report, raised, stream)
    if listing is not None:
        write_listing(listing, raised, stream)
    report.finish(arguments.json)


def frozen_lexicon() -> Lexicon:
    """Get the lexicon without the known cases."""
    lexicon = Lexicon.load()
    for name in HIDDEN:
        try:
            lexicon = lexicon.without(name)
        except NotFound:  # it never held that word
            continue
    return lexicon


def read_stream(path: Path, lexicon: Lexicon) -> Stream:
    """Clean and tag the titles, find new words, and name them in every title."""
    with tempfile.TemporaryDirectory() as folder:
        source = Input(
            name="weibo", path=path.name, columns={"text": "title", "published_at": "date"}, lang="zh"
        )
        settings = Settings(project=ProjectSettings(home=Path(folder)), documents=[source], base=path.parent)
        workspace = Workspace(settings)
        workspace.__dict__["lexicon"] = lexicon  # a cached property
        collect_documents(workspace, source, Silent())
        tag_documents(workspace, Silent())
        documents, mentions, panel = (workspace.lake.read(n) for n in ("documents", "mentions", "panel"))
    titles = _titles(path, set(documents["text"].to_pylist()))
    surfaces = frozenset(e.surface.text for e in lexicon.entries if e.lang == "zh")
    words = weekly_words(titles, surfaces)
    return _with_words(Stream(documents, mentions, panel, {}, {}), titles, words)


def _titles(path: Path, fashion: set[str]) -> list[Title]:
    import gzip

    opener: Any = gzip.open if path.suffix == ".gz" else open
    seen: dict[str, date] = {}
    titles = []
    with opener(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            day, text = date.fromisoformat(row["date"]), row["title"]
            if text in seen and (day - seen[text]).days <= 28:
                continue
            seen[text] = day
            titles.append(Title(day - timedelta(days=day.weekday()), text, text in fashion))
    return titles


def _with_words(stream: Stream, titles: Sequence[Title], words: Mapping[str, date]) -> Stream:
    """Name the new words in all titles; one that was not in the fashion stream joins the documents."""
    id_of = dict(zip(stream.documents["text"].to_pylist(), stream.documents["id"].to_pylist(), strict=True))
    rows: list[dict[str, Any]] = []
    named: list[dict[str, Any]] = []
    for n, title in enumerate(titles):
        held = {title.text[i : i + k] for k in (3, 4) for i in range(len(title.text) - k + 1)} & words.keys()
        if not held:
            continue
        doc_id = id_of.get(title.text)
        if doc_id is None:
            doc_id = id_of[title.text] = f"title-{n}"
            rows.append(dict.fromkeys(DOCUMENTS.names) | {
                "id": doc_id, "text": title.text, "lang": "zh", "source": "weibo", "relevance": 0.0,
                "published_at": title.week, "tokens": None,
            })  # fmt: skip
        named += [
            {"doc_id": doc_id, "element_id": f"new/{w}", "start": 0, "end": 0, "surface": w, "polarity": 0.0,
             "confidence": 1.0}
            for w in held
        ]  # fmt: skip
    if rows:
        stamps = (
            pa.array([row["published_at"] for row in rows], pa.date32())
            .cast(pa.timestamp("us"))
            .cast(pa.timestamp("us", tz="UTC"))
        )
        table = pa.Table.from_pylist(
            [row | {"published_at": None} for row in rows],
            schema=pa.schema([f.with_nullable(True) for f in DOCUMENTS]),
        )
        table = table.set_column(table.column_names.index("published_at"), "published_at", stamps)
        documents = pa.concat_tables([stream.documents, table.cast(DOCUMENTS)])
    else:
        documents = stream.documents
    loud = [not e.startswith(QUIET) for e in stream.mentions["element_id"].to_pylist()]
    mentions = pa.concat_tables(
        [stream.mentions.filter(pa.array(loud, pa.bool_())), pa.Table.from_pylist(named, schema=MENTIONS)]
    )
    texts = dict(zip(documents["id"].to_pylist(), documents["text"].to_pylist(), strict=True))
    return Stream(documents, mentions, stream.panel, {f"new/{w}": day for w, day in words.items()}, texts)


def walk(stream: Stream, rules: AlarmRules | None = None) -> list[dict[str, Any]]:
    """Get the alarms; that of a new word is raised when the word is known, if it is known soon enough."""
    table = alarms(
        stream.mentions,
        stream.documents,
        stream.panel,
        elements=Lexicon.load().elements,
        rules=rules or AlarmRules(n_evidence=40),
    )
    found = []
    for row in table.to_pylist():
        known = stream.known_from.get(row["element_id"], row["ds"])
        if known <= row["ds"] + timedelta(weeks=13):
            found.append(row | {"ds": max(known, row["ds"])})
    return sorted(found, key=lambda row: (row["ds"], row["p_value"]))


def is_about(row: Mapping[str, Any], word: str, texts: Mapping[str, str]) -> bool:
    """Whether most texts of an alarm hold a word."""
    held = [word in texts[i] for i in row["evidence_ids"]]
    return bool(held) and sum(held) >= len(held) / 2


def flagged(days: Sequence[date], case: Case) -> date | None:
    """Get the first alarm of a case's rise: not before its first title nor half a year before its peak."""
    soon = [d for d in sorted(days) if max(case.first, case.peak - RECENT) <= d <= case.peak]
    return soon[0] if soon else None


def add_cases(report: Report, raised: Sequence[Mapping[str, Any]], stream: Stream) -> None:
    """Add the known cases: flagged or not, and how many weeks before the peak."""
    leads, n_new = [], 0
    for case in CASES:
        about = [row for row in raised if is_about(row, case.word, stream.texts)]
        day = flagged([row["ds"] for row in about], case)
        ever = sorted(row["ds"] for row in about)
        lead = (case.peak - day).days / 7 if day else None
        report.add(f"{case.word}, peak {case.peak}", "weeks of lead", lead)
        report.note(f"{case.word}: all its alarms {', '.join(map(str, ever)) or 'none'}")
        leads.append(lead)
        new = [w for w in stream.known_from if case.word in w or w.removeprefix("new/") in case.word]
        n_new += bool(new)
        report.note(
            f"{case.word}: new words {', '.join(f'{w[4:]} ({stream.known_from[w]})' for w in new) or 'none'}"
        )
    known = [lead for lead in leads if lead is not None]
    report.add("known cases flagged by their peak week", "of 5", float(len(known)), must=4, ahead=5)
    report.add(
        "known cases",
        "median lead, weeks, of those flagged",
        float(np.median(known)) if known else None,
        ahead=2,
    )
    report.add("new elements that the lexicon lacked", "of 5", float(n_new), must=3, ahead=5)
    late = [
        row
        for row in raised
        if row["ds"] >= date(2022, 7, 1) and any(is_about(row, word, stream.texts) for word in SEASONAL)
    ]
    report.add(
        "seasonal words that alarm after their second season",
        "alarms",
        float(len(late)),
        must=0,
        better="lower",
    )


def add_alarms(report: Report, raised: Sequence[Mapping[str, Any]], stream: Stream) -> None:
    """Add how many alarms there were, and how many a reader calls true."""
    last = max((row["ds"] for row in raised), default=FIRST)
    n_weeks = max(1, (last - FIRST).days // 7 + 1)
    judged = [row for row in raised if row["ds"] >= FIRST]
    report.add(
        "alarms over the fashion stream", "a week", len(judged) / n_weeks, must=5, ahead=2, better="lower"
    )
    report.add("alarms over the fashion stream", "number", float(len(judged)))
    verdicts = read_verdicts()
    said = Counter(verdicts.get((row["element_id"], row["ds"].isoformat()), "not judged") for row in judged)
    n_judged = sum(n for verdict, n in said.items() if verdict != "not judged")
    if n_judged:
        hits = [
            float(verdict == "true rise")
            for verdict, n in said.items()
            if verdict != "not judged"
            for _ in range(n)
        ]
        report.add_mean("alarms over the fashion stream", "precision by our reading", hits, ahead=0.7)
    report.note("verdicts: " + ", ".join(f"{n} {verdict}" for verdict, n in said.most_common()))


def read_verdicts() -> dict[tuple[str, str], str]:
    """Get element and week to the verdict: "true rise", "not fashion", "seasonal" or "noise"."""
    if not VERDICTS.exists():
        return {}
    with VERDICTS.open(encoding="utf-8") as file:
        return {(row["element_id"], row["week"]): row["verdict"] for row in csv.DictReader(file)}


def add_peers(report: Report, raised: Sequence[Mapping[str, Any]], stream: Stream) -> None:
    """Give the peers the same counts and as many alarms, and compare when they flag the known cases."""
    counts = count_weeks(stream.mentions, with_days(stream.documents), stream.panel)
    names = sorted(set(counts.spoken["element_id"].to_pylist()))
    start = pc.min(counts.read["ds"]).as_py()
    n_weeks = (pc.max(counts.read["ds"]).as_py() - start).days // 7 + 1
    row_of = {name: i for i, name in enumerate(names)}
    said, read = np.zeros((len(names), n_weeks)), np.zeros(n_weeks)
    for row in counts.spoken.to_pylist():
        said[row_of[row["element_id"]], (row["ds"] - start).days // 7] += row["n"]
    for row in counts.read.to_pylist():
        read[(row["ds"] - start).days // 7] += row["n"]
    ours = {
        case.word: _weeks([r["ds"] for r in raised if is_about(r, case.word, stream.texts)], case)
        for case in CASES
    }
    for peer, scores_of in PEERS.items():
        scores = scores_of(said, read)
        threshold = threshold_for(scores, said, 0, len(raised))
        days: dict[str, list[date]] = {}
        n_alarms = 0
        for week, e in raise_by(scores, said, threshold):
            day = start + timedelta(weeks=week)
            known = stream.known_from.get(names[e], day)
            if known > day + timedelta(weeks=13):
                continue
            n_alarms += 1
            days.setdefault(names[e], []).append(max(day, known))
        gains, n_flagged = [], 0
        for case in CASES:
            # a word stands for a case if it holds the case's word, or is a part of it
            about = [
                d
                for e, ds in days.items()
                if e.startswith("new/") and (case.word in e or e[4:] in case.word)
                for d in ds
            ]
            theirs = _weeks(about, case)
            n_flagged += theirs is not None
            if ours[case.word] is not None:
                # a case that the peer never flags counts as flagged the week after the peak
                gains.append(float(ours[case.word]) - (theirs if theirs is not None else -1.0))  # type: ignore[arg-type]
        report.add("known cases flagged by their peak week", "of 5", float(n_flagged), peer=peer)
        report.add("alarms", "number", float(n_alarms), peer=peer)
        report.add(
            f"lead over {peer}",
            "weeks, mean over the cases that we flag",
            float(np.mean(gains)) if gains else None,
            must=0,
            ahead=1,
        )


def _weeks(days: Sequence[date], case: Case) -> float | None:
    day = flagged(days, case)
    return None if day is None else (case.peak - day).days / 7


def write_listing(path: Path, raised: Sequence[Mapping[str, Any]], stream: Stream) -> None:
    """Write all alarms with their titles, for a reader; the file is not for publication."""
    with path.open("w", encoding="utf-8") as file:
        for row in raised:
            shown = " | ".join(stream.texts[i] for i in row["evidence_ids"][:6])
            file.write(
                f"{row['ds']}\t{row['element_id']}\t{row['kind']}\t{row['n_texts']}/{row['expected']:.2f}\t"
                f"{row['q_value']:.1g}\t{','.join(row['also'])}\t{shown}\n"
            )


if __name__ == "__main__":
    main()
