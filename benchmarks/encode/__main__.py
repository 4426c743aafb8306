"""Runs all parts; see `benchmarks.encode`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.encode import languages, retrieval, speed, training
from benchmarks.report import Arguments, Report, parse_arguments
from modacast.encoder import Encoder

PARTS = ("untrained", "speed", "brief", "tuned", "languages", "pretrained", "students")
"""What `--only` may name; `students` trains their teacher first."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    arguments = parse_arguments("encode", argv, parts=PARTS)
    report = Report("encode")
    encoder = Encoder.from_pretrained("bundled")
    with TemporaryDirectory() as folder:
        _measure(report, arguments, encoder, Path(folder))
    report.finish(arguments.json)


def _measure(report: Report, arguments: Arguments, encoder: Encoder, folder: Path) -> None:
    wanted = [part for part in PARTS if arguments.only in {None, part}]
    can_train = bool(find_spec("torch") and find_spec("transformers"))
    if "untrained" in wanted:
        with report.part("untrained"):
            retrieval.untrained(report, arguments, encoder)
    # the goal of what is trained is ten points more
    before = languages.untrained(report, arguments, encoder) if {"untrained", "languages"} & {*wanted} else {}
    if "speed" in wanted:
        with report.part("speed"):
            speed.throughput(report, arguments, encoder, _as_folder(folder) if can_train else None)
            speed.latency(report, arguments, encoder)
            speed.memory(report, arguments)
    if can_train:
        with report.part("training"):
            _train(report, arguments, wanted, folder, before)
    else:
        report.note("training was left out: it needs pip install 'modacast[train]'")


def _train(
    report: Report, arguments: Arguments, wanted: Sequence[str], folder: Path, before: dict[str, float]
) -> None:
    if "brief" in wanted:
        training.briefly_tuned(report, arguments, folder)
    tuned = training.fine_tuned(report, arguments, folder) if {"tuned", "students"} & {*wanted} else None
    if tuned is not None:
        retrieval.tuned(report, arguments, Encoder.from_pretrained(tuned, cache_dir=folder))
    both = training.languages_tuned(report, arguments, folder) if "languages" in wanted else None
    if both is not None:
        languages.trained(report, arguments, Encoder.from_pretrained(both, cache_dir=folder), before)
    if "pretrained" in wanted:
        training.pretrained(report, arguments, folder)
    if tuned is not None and "students" in wanted:
        training.students(report, arguments, tuned, folder)


def _as_folder(folder: Path) -> Path | None:
    """Write the bundled weights as a folder that sentence-transformers opens."""
    if not find_spec("sentence_transformers"):
        return None
    from modacast.encoder.torch_model import load_bert, save_bert

    return save_bert(load_bert("bundled"), folder / "e5", "")


if __name__ == "__main__":
    main()
