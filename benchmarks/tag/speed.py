"""How fast titles are tagged, and in how much memory."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pyarrow as pa

from benchmarks.data_sets import WEIBO, find_file, open_text
from benchmarks.report import Report
from benchmarks.tag.finders import Finder
from modacast.elements import Relevance, Tagger
from modacast.elements.folding import fold

__all__ = ["memory", "throughput", "titles"]

_N_SLOW_TITLES = 400
_MEMORY_PROGRAM = """
import gzip, io, re, sys
from itertools import islice
from pyarrow import csv, string
from modacast.elements import Lexicon, Tagger
with (gzip.open if sys.argv[1].endswith(".gz") else open)(sys.argv[1], "rt", encoding="utf-8") as stream:
    titles = [line.rstrip("\\n").split("\\t")[-1].replace('"', "") for line in islice(stream, 1, 5001)]
rows = "\\n".join(["id,text,lang", *(f'{i},"{title}",zh' for i, title in enumerate(titles))])
table = csv.read_csv(io.BytesIO(rows.encode()), convert_options=csv.ConvertOptions(column_types={"id": string()}))
Tagger(Lexicon.load()).tag(table)
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def titles(data: Path, limit: int) -> list[str]:
    """Get short Chinese titles."""
    with open_text(find_file(data, WEIBO)) as stream:
        return [line.rstrip("\r\n").split("\t")[-1] for line in islice(stream, 1, limit + 1)]


def throughput(report: Report, tagger: Tagger, peers: dict[str, Finder], texts: list[str]) -> None:
    """Time the tagger, the relevance score and the peers, in one process and thread."""
    table = pa.table({"id": [str(i) for i in range(len(texts))], "text": texts, "lang": ["zh"] * len(texts)})
    tagger.tag(table.slice(0, 1000))
    row = "throughput, short zh titles"
    rate = best_rate(lambda: tagger.tag(table), len(texts))
    report.add(row, "docs/s", rate, must=20_000, ahead=100_000)
    for peer, find in peers.items():
        some = texts[:20_000]
        report.add(row, "docs/s", best_rate(lambda find=find, some=some: find(some), len(some)), peer=peer)
    surfaces = {fold(e.surface.text) for e in tagger.lexicon.entries if e.lang in ("zh", "en")}
    some = texts[:_N_SLOW_TITLES]
    pattern = re.compile("|".join(map(re.escape, sorted(surfaces, key=len, reverse=True))))
    rate = best_rate(lambda: [pattern.findall(title.lower()) for title in some], len(some))
    report.add(row, "docs/s", rate, peer="one regular expression")
    relevance, langs = Relevance(tagger), ["zh"] * len(texts)
    rate = best_rate(lambda: relevance(texts, langs), len(texts))
    report.add("relevance, short zh titles", "docs/s", rate, must=50_000)
    passing = float((relevance(texts, langs) >= 0.5).mean())
    report.add("relevance, short zh titles", "share that passes .5", passing)


def memory(report: Report, data: Path) -> None:
    """Measure a process of its own that loads the lexicon and tags 5,000 titles; on Linux alone."""
    if sys.platform != "linux":
        report.note("memory: only Linux tells the highest use of a process")
        return
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY_PROGRAM, str(find_file(data, WEIBO))],
        check=True,
        capture_output=True,
        text=True,
    )
    peak = int(done.stdout) / 1024
    report.add("a process that tags 5,000 titles", "peak MB", peak, must=200, ahead=200, better="lower")


def best_rate(work: Callable[[], object], n: int) -> float:
    """Get how many units a second the best of three runs does."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return n / min(seconds)
