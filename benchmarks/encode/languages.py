"""The same element or product in Chinese and English, before and after training on other elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.encode.data import Doubles, element_halves, ranks
from benchmarks.report import Arguments, Report
from modacast.encoder import Centring, Encoder
from modacast.encoder.pairs import Pair, name_pairs
from modacast.encoder.phrases import Phrase, compose_phrases, phrase_pairs
from modacast.types import LANGUAGES, Element, Floats

Both = list[tuple[str, str]]
_ASKED = ("zh", "en")


class Questions:
    """What is asked: names of the second half's elements, and titles composed of them or of known ones."""

    def __init__(self, *, quick: bool) -> None:
        halves = element_halves(quick=quick)
        self.train, test = halves.train, halves.test
        n = 100 if quick else 1000
        unseen = compose_phrases(_labels(test), n, langs=_ASKED, seed=11)
        # 12 is no seed of the training's titles, and a combination that these hold is left out
        learned = {frozenset(phrase.element_ids) for phrase in self.phrases(quick=quick)}
        known = compose_phrases(_labels(self.train), n, langs=_ASKED, seed=12)
        known = [phrase for phrase in known if frozenset(phrase.element_ids) not in learned]
        self.asked: dict[str, Both] = {
            f"name of the same element among {len(test)}": [(e.label("zh"), e.label("en")) for e in test],
            f"title of the same product among {len(unseen)}, of elements not trained on": [
                (phrase.titles["zh"], phrase.titles["en"]) for phrase in unseen
            ],
            f"title of the same product among {len(known)}, of elements trained on": [
                (phrase.titles["zh"], phrase.titles["en"]) for phrase in known
            ],
        }

    def phrases(self, *, quick: bool) -> list[Phrase]:
        """Get the products whose titles the training learns from."""
        return compose_phrases(_labels(self.train), 50 if quick else 1000, langs=_ASKED, seed=1)

    def pairs(self, *, quick: bool) -> list[Pair]:
        """Get what the training learns from: the first half's names in nine languages, and titles of them."""
        names = name_pairs(_labels(self.train), langs=LANGUAGES, pivots=_ASKED, at_most=12_000, seed=1)
        return [*(names[:160] if quick else names), *phrase_pairs(self.phrases(quick=quick))]


def _labels(elements: Sequence[Element]) -> dict[str, dict[str, Sequence[str]]]:
    return {element.id: dict(element.labels) for element in elements}


def untrained(report: Report, arguments: Arguments, encoder: Encoder) -> dict[str, float]:
    """The bundled model as it is, and with each language's mean taken away; get its accuracies."""
    questions = Questions(quick=arguments.quick)
    sample = [(element.label("zh"), element.label("en")) for element in questions.train]
    vectors = np.concatenate([encoder.encode_document([pair[i] for pair in sample]) for i in (0, 1)])
    centring = Centring().fit(vectors, [lang for lang in _ASKED for _ in sample])
    found = {}
    for name, asked in questions.asked.items():
        before = both_ways(encoder, asked)
        _rows(report, f"zh <-> en {name}", before, peer="raw e5")
        found[name] = float((before == 1).mean())
        zh, en = (
            centring.transform(encoder.encode_document([pair[i] for pair in asked]), [lang] * len(asked))
            for i, lang in enumerate(_ASKED)
        )
        _rows(report, f"zh <-> en {name}", _ranks_both_ways(zh, en), peer="raw e5, centred by language")
    return found


def trained(report: Report, arguments: Arguments, encoder: Encoder, before: dict[str, float]) -> None:
    """The model that was fine-tuned on the first half."""
    questions = Questions(quick=arguments.quick)
    for name, asked in questions.asked.items():
        goals = {"must": round(before[name] + 0.1, 3), "ahead": 0.95}
        _rows(report, f"zh <-> en {name}, fine-tuned", both_ways(encoder, asked), **goals)


def both_ways(encoder: Encoder, asked: Both) -> Doubles:
    """Get the rank of each one's own, from Chinese to English and back, as query and document."""
    found = []
    for a, b in ((0, 1), (1, 0)):
        queries = encoder.encode_query([pair[a] for pair in asked])
        documents = encoder.encode_document([pair[b] for pair in asked])
        found.append(ranks(queries @ documents.T))
    return np.concatenate(found)


def _ranks_both_ways(zh: Floats, en: Floats) -> Doubles:
    scores = zh @ en.T
    return np.concatenate([ranks(scores), ranks(scores.T)])


def _rows(report: Report, row: str, found: npt.NDArray[np.float64], **more: object) -> None:
    report.add_mean(row, "accuracy@1", found == 1, **more)
    more = {key: value for key, value in more.items() if key == "peer"}
    report.add_mean(row, "accuracy@5", found <= 5, **more)
    report.add_mean(row, "MRR", 1 / found, **more)
