"""How ambiguous words are told apart: `python -m benchmarks.context [--write FILE]`.

The model is learned from the part `train` of the project's examples and measured on the part `test`, most of whose
words no training example holds, and on the part `everyday`, words that posts and titles hold often. `--write` saves it, which is how the shipped file was made. Peers: the rules by cues
and clear mentions, and taking every word as fashion.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from benchmarks.report import Report
from modacast.elements import Lexicon, Tagger
from modacast.elements.context import Context, Sense, load_senses, signs_beside
from modacast.elements.matcher import Matches
from modacast.encoder import Encoder, get_encoder

__all__ = ["ambiguous_words", "main", "signs_of"]


def signs_of(tagger: Tagger, senses: Sequence[Sense]) -> np.ndarray:
    """Get what stands beside each word; see `modacast.elements.context.signs_beside`."""
    reading = tagger.reader.read([s.text for s in senses], [s.lang for s in senses])
    is_clear = tagger._clear_signs(reading, len(senses)) > 0
    starts = np.array([s.start for s in senses])
    ends = np.array([s.end for s in senses])
    # the word itself need not be in the lexicon
    doc = np.append(reading.mentions.doc, np.arange(len(senses)))
    own = Matches(
        doc,
        np.append(reading.mentions.start, starts),
        np.append(reading.mentions.end, ends),
        np.append(reading.mentions.claim, np.zeros(len(senses), dtype=np.int64)),
    )
    order = np.lexsort((-own.end, own.start, own.doc))
    words = np.argsort(order)[len(reading.mentions) :]
    return signs_beside(own.where(order), words, is_clear)


def ambiguous_words(report: Report, tagger: Tagger, context: Context) -> None:
    """Measure a context model, the rules and nothing on the examples that no model has learned from."""
    for part, row in (("test", "held-out cases"), ("everyday", "everyday cases, held out")):
        _measured(report, tagger, context, part, f"ambiguous words, {row}")


def _measured(report: Report, tagger: Tagger, context: Context, part: str, row: str) -> None:
    senses = [sense for sense in load_senses() if sense.part == part]
    truth = np.array([sense.is_fashion for sense in senses])
    signs = signs_of(tagger, senses)
    chance = context.probabilities(
        [sense.text for sense in senses],
        np.arange(len(senses)),
        np.array([sense.start for sense in senses]),
        np.array([sense.end for sense in senses]),
        signs,
    )
    report.add_mean(row, "accuracy", list((chance >= 0.5) == truth))
    for name, chosen in (
        ("zh", ["zh"]),
        ("en", ["en"]),
        ("others", ["fr", "de", "es", "it", "pt", "ja", "ko"]),
    ):
        some = np.array([sense.lang in chosen for sense in senses])
        if some.any():
            report.add_mean(f"{row}, {name}", "accuracy", list(((chance >= 0.5) == truth)[some]))
    report.add(row, "Brier score", float(np.mean((chance - truth) ** 2)), better="lower")
    report.add_mean(row, "accuracy", list((signs[:, 0] > 0) == truth), peer="rules: cues and clear mentions")
    report.add_mean(row, "accuracy", list(truth), peer="every word counts")


def main(argv: Sequence[str] | None = None) -> None:
    """Learn, measure, and save where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", metavar="FILE", help="save the model")
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args(argv)
    report = Report("context")
    tagger = Tagger(Lexicon.load())
    senses = [sense for sense in load_senses() if sense.part == "train"]
    # int8 vectors differ a little between processors, so what is learned comes from float32 ones
    exact = Encoder.from_pretrained("bundled", precision="float32")
    context = Context(get_encoder().encode)
    context.weights_ = Context(exact.encode).fit(senses, signs_of(tagger, senses)).weights_
    ambiguous_words(report, tagger, context)
    if given.write:
        context.save(given.write)
    report.finish(given.json)


if __name__ == "__main__":
    main()
