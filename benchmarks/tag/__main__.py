"""Runs all parts; see `benchmarks.tag`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks.modifiers import modifiers
from benchmarks.report import Arguments, Report, parse_arguments
from benchmarks.tag import attributes, chinese, errors, labels, spans, speed, titles, values
from benchmarks.tag.finders import Finder, NearestLabels, jieba_words, plain_substrings, tagged
from modacast.elements import Lexicon, Tagger

PARTS = ("speed", "chinese", "titles", "labels", "errors", "spans", "attributes")
"""What `--only` may name."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    arguments = parse_arguments("tag", argv, parts=PARTS, lists=True)
    report = Report("tag")
    began = time.perf_counter()
    tagger = Tagger(Lexicon.load())
    seconds = time.perf_counter() - began
    for part in PARTS:
        if arguments.only in {None, part}:
            with report.part(part):
                _measure(report, arguments, tagger, part)
    report.add("lexicon and automaton", "seconds to load", seconds, better="lower")
    report.finish(arguments.json)


def _measure(report: Report, arguments: Arguments, tagger: Tagger, part: str) -> None:
    data, limit = arguments.data, 300 if arguments.quick else None
    if part == "speed":
        peers = {
            "plain substrings, zh (Aho-Corasick)": plain_substrings(tagger.lexicon, "zh"),
            "rjieba with user words": jieba_words(tagger.lexicon),
        }
        speed.throughput(report, tagger, peers, speed.titles(data, 5_000 if limit else 200_000))
        speed.memory(report, data)
    elif part == "chinese":
        finders: dict[str | None, Finder] = {
            None: lambda texts: tagged(tagger, texts, ["zh"] * len(texts), catalogue=True),
            "plain substrings": plain_substrings(tagger.lexicon, "zh"),
            "rjieba with user words": jieba_words(tagger.lexicon),
            "raw e5, words near a label (AdvertiseGen: 200 texts)": NearestLabels(tagger.lexicon, "zh").words,
        }
        with report.part("AdvertiseGen"):
            chinese.advertisegen(report, tagger.lexicon, finders, data, limit)
        with report.part("JD sentences"):
            chinese.jd_spans(report, tagger, finders, data)
    elif part == "titles":
        titles.myntra(report, tagger, data, limit)
    elif part == "errors":
        errors.errors(report, tagger, data, arguments.listing)
    elif part == "attributes":
        attributes.learned_attributes(report, tagger, data, limit)
    elif part == "spans":
        with report.part("hidden words"):
            spans.hidden_words(report, tagger.lexicon, data, quick=arguments.quick)
        values.jd_with_spans(report, tagger, data, quick=arguments.quick)
    else:
        labels.own_labels(report, tagger)
        modifiers(report, tagger)
        labels.shop_categories(report, tagger, data)


if __name__ == "__main__":
    main()
