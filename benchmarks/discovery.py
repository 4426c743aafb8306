"""Discovery of new words, against its peers.

    python -m benchmarks.discovery --data DIR [--quick] [--json FILE] [--only PART] [--listing FILE]

Four parts. `hidden`: words of the lexicon are hidden, their texts before a drawn week taken away, so that they are
born again; which of them are found, among how many others (Weibo titles before 2022-07-04, on which the thresholds
were chosen). `facets`: which facet hidden words get. `weibo`: all titles 2020-11 to 2024-12 with a lexicon that lacks the five known cases. `reddit`: the
English posts. The verdicts on what was found on Weibo are a person's reading of the titles
(`cases/discovery_verdicts.csv`).
"""

from __future__ import annotations

import csv
import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.data_sets import REDDIT, WEIBO, NoData, find_file, open_text, text_of
from benchmarks.discovery_facets import hidden_facets
from benchmarks.discovery_peers import PEERS
from benchmarks.known_cases import FIRST, cases_within, first_judged, frozen_lexicon
from benchmarks.report import Report, parse_arguments, peak_memory
from modacast.elements import Lexicon, Relevance, Tagger
from modacast.elements.discovery import DiscoveryRules, discover
from modacast.elements.folding import fold
from modacast.elements.lexicon_exchange import dump_rows, lexicon_rows
from modacast.encoder import get_encoder
from modacast.types import Floats

SEEDS = (1, 2, 3)
STRICT = (0.5, 0.7, 0.9, 0.97)
OPEN = DiscoveryRules(min_probability=0.5, story_weight=0.0)
N_HIDDEN = 60
HIDDEN_FROM = date(2021, 5, 31)
ABOUT_FASHION = 0.3
SOON = timedelta(weeks=13)
QUIET = ("season/", "occasion/", "length/", "value/")
VERDICTS = Path(__file__).parent / "cases" / "discovery_verdicts.csv"


class CountingEncoder:
    """The bundled model, which computes each text once and counts its texts and processor seconds."""

    def __init__(self) -> None:
        self._encode = get_encoder().encode_query
        self._known: dict[str, Floats] = {}
        self.seconds = 0.0

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Get the vectors of texts."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        began = time.process_time()
        if new:
            self._known.update(zip(new, self._encode(new), strict=True))
        self.seconds += time.process_time() - began
        return np.stack([self._known[text] for text in texts])

    @property
    def n_texts(self) -> int:
        """Texts that were computed."""
        return len(self._known)


@dataclass(frozen=True, slots=True)
class Titles:
    """Texts with their days, copies within four weeks left out."""

    texts: list[str]
    days: list[date]
    lang: str


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parts = {"hidden": add_hidden, "facets": add_facets, "weibo": add_weibo, "reddit": add_reddit}
    arguments = parse_arguments("discovery", argv, parts=tuple(parts), lists=True)
    report = Report("discovery")
    encode = CountingEncoder()
    for name, part in parts.items():
        if arguments.only in {None, name}:
            with report.part(name):
                part(report, arguments.data, encode, quick=arguments.quick, listing=arguments.listing)
    report.add("peak memory", "MB", peak_memory(), ahead=4000, better="lower")
    report.finish(arguments.json)


def add_hidden(
    report: Report, data: Path, encode: CountingEncoder, *, quick: bool, listing: Path | None
) -> None:
    """Add how many hidden words are found, and how much else, by us and by peers with as many finds."""
    titles = weibo_titles(data, until=FIRST)
    if min(titles.days) > HIDDEN_FROM or max(titles.days) < FIRST - timedelta(weeks=1):
        raise NoData(
            f"the titles do not reach from {HIDDEN_FROM} to {FIRST}, the weeks that this was chosen on"
        )
    lexicon = frozen_lexicon()
    recalls: dict[str, list[float]] = {}
    others: dict[str, list[float]] = {}
    for seed in SEEDS[:1] if quick else SEEDS:
        trial = hide(titles, lexicon, seed)
        found = discover(trial.documents, trial.lexicon, encode, OPEN)
        rows = found.to_pylist()
        ours = [(row["text"], row["ds"]) for row in rows if is_shipped(row)]
        runs = {"modacast": ours}
        for least in STRICT:
            runs[f"probability {least} or more"] = [
                (row["text"], row["ds"]) for row in rows if row["probability"] >= least
            ]
        for peer, finder in PEERS.items():
            runs[peer] = finder(trial.documents, trial.lexicon)[: len(ours)]
        for name, words in runs.items():
            hits = [any(is_soon(word, day, target) for word, day in words) for target in trial.targets]
            recalls.setdefault(name, []).extend(map(float, hits))
            named = sum(any(is_same(fold(word), t.words) for t in trial.targets) for word, _ in words)
            others.setdefault(name, []).append((len(words) - named) / trial.n_weeks)
        report.note(
            f"seed {seed}: {len(trial.targets)} hidden words with texts enough, {len(ours)} words found"
        )
    for name, hits in recalls.items():
        peer = None if name == "modacast" else name
        report.add_mean("hidden words found within 13 weeks", "recall", hits, peer=peer)
        report.add("words found besides", "a week", float(np.mean(others[name])), peer=peer, better="lower")


def add_facets(
    report: Report, data: Path, encode: CountingEncoder, *, quick: bool, listing: Path | None
) -> None:
    """Add how many hidden words of Weibo's titles about fashion get the right facet."""
    lexicon = Lexicon.load()
    titles = weibo_titles(data, until=date(2021, 10, 4) if quick else None)
    documents = as_documents(titles, lexicon)
    about = documents.filter(pc.greater_equal(documents["relevance"], ABOUT_FASHION))
    hidden_facets(report, about["text"].to_pylist(), lexicon, encode, quick=quick)


def add_weibo(
    report: Report, data: Path, encode: CountingEncoder, *, quick: bool, listing: Path | None
) -> None:
    """Add when the known cases are found, how many others are, and how many of them a reader calls right."""
    titles = weibo_titles(data, until=date(2021, 10, 4) if quick else None)
    lexicon = frozen_lexicon()
    documents = as_documents(titles, lexicon)
    began = time.process_time()
    discover(documents, lexicon)
    report.add("Weibo, walk without language model", "processor seconds", time.process_time() - began, must=60, better="lower")  # fmt: skip
    before, began = encode.seconds, time.process_time()
    found = discover(documents, lexicon, encode).to_pylist()
    report.add("Weibo, walk with it", "processor seconds", time.process_time() - began, better="lower")
    report.add(
        "Weibo, of that the language model", "processor seconds", encode.seconds - before, better="lower"
    )
    report.note(f"the language model read {encode.n_texts:,} different texts")
    n_found = 0
    cases = cases_within(min(titles.days), max(titles.days))
    for case in cases:
        about = [row for row in found if case.word in row["text"] or row["text"] in case.word]
        n_found += bool(about)
        told = "; ".join(
            f"{row['text']} {row['ds']} ({row['facet']}, p {row['probability']:.2f})" for row in about
        )
        report.note(f"{case.word}, first {case.first}, peak {case.peak}: {told or 'not found'}")
        if about:
            lead = (case.peak - about[0]["ds"]).days / 7
            report.add(f"{case.word}", "weeks from its finding to its peak", lead)
    if cases:
        of, must = f"of {len(cases)}", math.ceil(0.6 * len(cases))
        report.add("new elements that the lexicon lacked", of, float(n_found), must=must, ahead=len(cases))
    else:
        report.note(f"no known case rises within {min(titles.days)} to {max(titles.days)}")
    add_verdicts(report, found, first_judged(min(titles.days), max(titles.days)))
    if listing is not None:
        texts = dict(zip(documents["id"].to_pylist(), documents["text"].to_pylist(), strict=True))
        write_listing(listing, found, texts)


def add_verdicts(report: Report, found: Sequence[Mapping[str, Any]], begin: date) -> None:
    """Add how many words were found, and how many of those a reader calls right, from a week on."""
    judged = [row for row in found if row["ds"] >= begin]
    if not judged:
        return
    n_weeks = (max(row["ds"] for row in judged) - begin).days // 7 + 1
    report.add("Weibo, words found", "a week", len(judged) / n_weeks, better="lower")
    verdicts = read_verdicts()
    said = [(verdicts.get((row["text"], row["ds"].isoformat())), row) for row in judged]
    known = [(verdict, row) for verdict, row in said if verdict is not None]
    if known:
        hits = [float(verdict == "fashion") for verdict, _ in known]
        report.add_mean("Weibo, words found", "precision by our reading", hits)
        near = [float(verdict in {"fashion", "near"}) for verdict, _ in known]
        report.add_mean(
            "Weibo, words found, hair, make-up and bodies counted too", "precision by our reading", near
        )
        sure = [float(verdict == "fashion") for verdict, row in known if row["probability"] >= 0.9]
        if sure:
            report.add_mean("Weibo, words with probability .9 or more", "precision by our reading", sure)
    counts = Counter(verdict or "not judged" for verdict, _ in said)
    report.note("verdicts: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common()))


def add_reddit(
    report: Report, data: Path, encode: CountingEncoder, *, quick: bool, listing: Path | None
) -> None:
    """Add how many words are found in the English posts, which are all about fashion."""
    titles = reddit_posts(data, most=2000 if quick else None)
    lexicon = Lexicon.load()
    began = time.process_time()
    found = discover(as_documents(titles, lexicon), lexicon, encode, DiscoveryRules()).to_pylist()
    report.add("Reddit", "processor seconds", time.process_time() - began, better="lower")
    report.add("Reddit, words found", "number", float(len(found)))
    report.note(
        "Reddit: " + ", ".join(f"{row['text']} ({row['ds']}, p {row['probability']:.2f})" for row in found)
    )


def weibo_titles(data: Path, until: date | None = None) -> Titles:
    """Read the titles before a day; one that came within four weeks before is left out."""
    seen: dict[str, date] = {}
    titles = Titles([], [], "zh")
    with open_text(find_file(data, WEIBO)) as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            day = date.fromisoformat(text_of(row, "date", "published_at")[:10])
            text = text_of(row, "title", "text")
            if (until is not None and day >= until) or (text in seen and (day - seen[text]).days <= 28):
                continue
            seen[text] = day
            titles.texts.append(text)
            titles.days.append(day)
    if not titles.days:
        raise NoData(f"there are no titles before {until}")
    return titles


def reddit_posts(data: Path, most: int | None = None) -> Titles:
    """Read the posts, titles and texts, by day."""
    rows = []
    with open_text(find_file(data, REDDIT)) as file:
        for line in file:
            row = json.loads(line)
            day = datetime.fromtimestamp(float(row["created_utc"]), UTC).date()
            rows.append((day, f"{row['title']}\n{row.get('selftext', '')}"))
    rows.sort(key=lambda row: row[0])
    rows = rows[-most:] if most else rows
    return Titles([text for _, text in rows], [day for day, _ in rows], "en")


def as_documents(titles: Titles, lexicon: Lexicon) -> pa.Table:
    """Get texts as the table that discovery reads, with the relevance that a lexicon gives them."""
    langs = [titles.lang] * len(titles.texts)
    return pa.table(
        {
            "id": [str(i) for i in range(len(titles.texts))],
            "text": pa.array(titles.texts, pa.string()),
            "lang": langs,
            "published_at": pa.array(titles.days, pa.date32())
            .cast(pa.timestamp("us"))
            .cast(pa.timestamp("us", "UTC")),
            "relevance": pa.array(Relevance(Tagger(lexicon))(titles.texts, langs)),
        }
    )


@dataclass(frozen=True, slots=True)
class Target:
    """A hidden element: its words, and the week in which it has texts enough to be found."""

    words: frozenset[str]
    ready: date


@dataclass(frozen=True, slots=True)
class Trial:
    """A stream in which elements are born again that the lexicon lacks."""

    documents: pa.Table
    lexicon: Lexicon
    targets: list[Target]
    n_weeks: int


def hide(titles: Titles, lexicon: Lexicon, seed: int) -> Trial:
    """Hide elements from the lexicon, and from the texts before a drawn week of each."""
    chance = np.random.default_rng(seed)
    first, last = date(2021, 7, 5), FIRST - timedelta(weeks=17)
    often = often_named(titles, lexicon, since=last - timedelta(weeks=8))
    words_of: dict[str, frozenset[str]] = {}
    born: dict[str, date] = {}
    for element_id in sorted(chance.choice(often, min(N_HIDDEN, len(often)), replace=False).tolist()):
        words = frozenset(w for s in lexicon[element_id].labels.get("zh", ()) if len(w := fold(s)) > 1)
        if words:
            words_of[element_id] = words
            born[element_id] = first + timedelta(weeks=int(chance.integers(0, (last - first).days // 7)))
    kept = Titles([], [], titles.lang)
    seen: dict[str, dict[str, list[date]]] = {element_id: {} for element_id in words_of}
    for text, day in zip(titles.texts, titles.days, strict=True):
        folded = fold(text)
        held = [(e, w) for e, words in words_of.items() for w in words if w in folded]
        if all(day >= born[e] for e, _ in held):
            kept.texts.append(text)
            kept.days.append(day)
            for e, word in held:
                seen[e].setdefault(word, []).append(day)
    targets = []
    for element_id, words in words_of.items():
        ready = [d for days in seen[element_id].values() if (d := ready_day(days)) is not None]
        if ready and min(ready) <= FIRST - SOON:
            targets.append(Target(words, min(ready)))
    hidden = without_all(lexicon, words_of)
    n_weeks = (FIRST - HIDDEN_FROM).days // 7
    return Trial(as_documents(kept, hidden), hidden, targets, n_weeks)


def is_shipped(row: Mapping[str, Any]) -> bool:
    """Whether the shipped rules would let a found word through."""
    rules = DiscoveryRules()
    n_stories = min(row["n_stories"], row["n_authors"], rules.loud)
    odds = [np.log(p / (1 - p)) for p in (min(row["probability"], 1 - 1e-9), rules.min_probability)]
    return bool(odds[0] + rules.story_weight * np.log(n_stories / rules.min_stories) >= odds[1])


def often_named(titles: Titles, lexicon: Lexicon, since: date) -> list[str]:
    """Get the elements that at least four texts since a day name, those of quiet facets left out."""
    mentions = Tagger(lexicon).tag(as_documents(titles, lexicon))
    used = Counter(
        e for i, e in zip(mentions["doc_id"].to_pylist(), mentions["element_id"].to_pylist(), strict=True)
        if titles.days[int(i)] >= since and not e.startswith(QUIET)
    )  # fmt: skip
    return sorted(e for e, n in used.items() if n >= 4)


def without_all(lexicon: Lexicon, words_of: Mapping[str, frozenset[str]]) -> Lexicon:
    """Get a lexicon without elements and all that holds one of their words, in one pass."""
    hidden = sorted({word for words in words_of.values() for word in words})
    rows = []
    for row in lexicon_rows(lexicon):
        kept = [s for s in row["zh"].split("|") if s and not any(w in fold(s) for w in hidden)]
        if row["id"] not in words_of and (kept or row["en"]):
            rows.append(row | {"zh": "|".join(kept)})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lexicon.csv"
        path.write_text(dump_rows(rows, "csv"), encoding="utf-8")
        return Lexicon.load(path, shipped=False, strict=False)


def ready_day(days: Sequence[date]) -> date | None:
    """Get the day from which one word has three texts within eight weeks."""
    days = sorted(days)
    for a, c in zip(days, days[2:], strict=False):
        if (c - a).days < 56:
            return c
    return None


def is_same(word: str, words: frozenset[str]) -> bool:
    """Whether a find is a word: the same, or one holds the other and is hardly longer."""
    return any(
        (w in word or word in w) and min(len(w), len(word)) * 3 >= 2 * max(len(w), len(word)) for w in words
    )


def is_soon(word: str, day: date, target: Target) -> bool:
    """Whether a find is a target, in time."""
    return is_same(fold(word), target.words) and day <= target.ready + SOON


def read_verdicts() -> dict[tuple[str, str], str]:
    """Get word and week to the verdict: "fashion", "near" (hair, make-up, bodies), "phrase" or "other"."""
    if not VERDICTS.exists():
        return {}
    with VERDICTS.open(encoding="utf-8") as file:
        return {(row["word"], row["week"]): row["verdict"] for row in csv.DictReader(file)}


def write_listing(path: Path, found: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> None:
    """Write what was found with its texts, for a reader; the file is not for publication."""
    with path.open("w", encoding="utf-8") as file:
        for row in found:
            shown = " | ".join(texts[i] for i in row["evidence_ids"][:6])
            file.write(
                f"{row['ds']}\t{row['text']}\t{row['facet']}\t{row['probability']:.2f}\t{row['n_texts']}/"
                f"{row['n_before']}\t{row['fashion_share']:.2f}\t{shown}\n"
            )


Finder = Callable[[pa.Table, Lexicon], list[tuple[str, date]]]

if __name__ == "__main__":
    main()
