"""What the parts of this benchmark read and compare with."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.data_sets import ADVERTISEGEN, WEIBO, find_file, open_text
from modacast.elements import Lexicon
from modacast.types import Element

Doubles = npt.NDArray[np.float64]
N_TEST = 1000


@dataclass(frozen=True)
class Copy:
    """AdvertiseGen: garments' attributes, and the text written from them."""

    written: list[str]
    values: list[str]
    texts: list[str]

    def part(self, rows: slice) -> Copy:
        """Get some of the rows."""
        return Copy(self.written[rows], self.values[rows], self.texts[rows])


def advertisegen(data: Path) -> Copy:
    """Read all pairs; the last `N_TEST` are for testing, and no training sees them."""
    with open_text(find_file(data, ADVERTISEGEN)) as file:
        rows = [json.loads(line) for line in file]
    return Copy(
        written=[row["content"].replace("#", " ").replace("*", " ") for row in rows],
        values=[" ".join(pair.split("#")[-1] for pair in row["content"].split("*")) for row in rows],
        texts=[row["summary"] for row in rows],
    )


def test_part(data: Path, *, quick: bool) -> Copy:
    """Get the held-out pairs."""
    return advertisegen(data).part(slice(-(100 if quick else N_TEST), None))


def train_part(data: Path, *, quick: bool) -> Copy:
    """Get the pairs to train on."""
    return advertisegen(data).part(slice(300 if quick else -N_TEST))


def titles(data: Path, n: int) -> list[str]:
    """Get short Chinese titles, spread evenly over the archive."""
    with open_text(find_file(data, WEIBO)) as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    distinct = list(dict.fromkeys(row[-1] for row in rows))
    return distinct[:: max(1, len(distinct) // n)][:n]


@dataclass(frozen=True)
class Halves:
    """Elements with a Chinese and an English name, in two halves that share no pair of names."""

    train: list[Element]
    test: list[Element]


def element_halves(*, quick: bool) -> Halves:
    """Get the lexicon's elements in a fixed random order, divided."""
    named = [e for e in Lexicon.load(strict=False) if e.labels.get("zh") and e.labels.get("en")]
    by_names = {
        element.label("en"): element for element in named if element.label("zh") != element.label("en")
    }
    elements = list({element.label("zh"): element for element in by_names.values()}.values())
    order = np.random.default_rng(0).permutation(len(elements))[: 300 if quick else None]
    shuffled = [elements[i] for i in order]
    half = len(shuffled) // 2
    return Halves(shuffled[:half], shuffled[half:])


def lexicon_names() -> list[str]:
    """Get all names of all elements, in all languages."""
    return sorted({name for e in Lexicon.load() for names in e.labels.values() for name in names})


def ranks(scores: npt.NDArray[np.floating[Any]]) -> Doubles:
    """Get the rank of each row's own column, from 1; ties count against it."""
    own = np.diag(scores)[:, None]
    found: Doubles = (scores >= own).sum(axis=1).astype(np.float64)
    return found


def best_possible(queries: Sequence[str]) -> Doubles:
    """Get 1 / rank of each query if all went as well as it can: equal queries rank all texts alike."""
    seen: Counter[str] = Counter()
    found = []
    for query in queries:
        seen[query] += 1
        found.append(1.0 / seen[query])
    return np.asarray(found)


def tfidf(corpus: Sequence[str]) -> Callable[[Sequence[str]], Any]:
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
