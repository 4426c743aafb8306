"""How ambiguous words are told apart: `python -m benchmarks.context [--write FILE]`.

The model is learned from the part `train` of the project's examples and measured on the part `test`, most of whose
words no training example holds. `--write` saves it, which is how the shipped file was made. Peers: the rules by cues
and clear mentions, and taking every word as fashion.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from benchmarks.report import Report
from modacast.elements import Lexicon, Tagger
from modacast.elements.context import Context, Sense, load_senses
from modacast.encoder import get_encoder

__all__ = ["ambiguous_words", "has_clear_sign", "main"]


def has_clear_sign(tagger: Tagger, senses: Sequence[Sense]) -> np.ndarray:
    """Say whether each text holds a clear sign of fashion."""
    reading = tagger.reader.read([s.text for s in senses], [s.lang for s in senses])
    return tagger._has_context(reading, len(senses))


def ambiguous_words(report: Report, tagger: Tagger, context: Context) -> None:
    """Measure a context model, the rules and nothing on the examples that no model has learned from."""
    senses = [sense for sense in load_senses() if sense.part == "test"]
    truth = np.array([sense.is_fashion for sense in senses])
    clear = has_clear_sign(tagger, senses)
    chance = context.probabilities(
        [sense.text for sense in senses],
        np.arange(len(senses)),
        np.array([sense.start for sense in senses]),
        np.array([sense.end for sense in senses]),
        clear,
    )
    row = "ambiguous words, held-out cases"
    report.add_mean(row, "accuracy", list((chance >= 0.5) == truth))
    for name, chosen in (
        ("zh", ["zh"]),
        ("en", ["en"]),
        ("others", ["fr", "de", "es", "it", "pt", "ja", "ko"]),
    ):
        some = np.array([sense.lang in chosen for sense in senses])
        report.add_mean(f"{row}, {name}", "accuracy", list(((chance >= 0.5) == truth)[some]))
    report.add(row, "Brier score", float(np.mean((chance - truth) ** 2)), better="lower")
    report.add_mean(row, "accuracy", list(clear == truth), peer="rules: cues and clear mentions")
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
    context = Context(get_encoder().encode).fit(senses, has_clear_sign(tagger, senses))
    ambiguous_words(report, tagger, context)
    if given.write:
        context.save(given.write)
    report.finish(given.json)


if __name__ == "__main__":
    main()
