"""Runs all parts; see `benchmarks.encode`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.encode import languages, retrieval, speed, training
from benchmarks.report import Arguments, Report, parse_arguments
from modacast.encoder import Encoder


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    arguments = parse_arguments("encode", argv)
    report = Report("encode")
    encoder = Encoder.from_pretrained("bundled")
    with TemporaryDirectory() as folder:
        _measure(report, arguments, encoder, Path(folder))
    report.finish(arguments.json)


def _measure(report: Report, arguments: Arguments, encoder: Encoder, folder: Path) -> None:
    can_train = bool(find_spec("torch") and find_spec("transformers"))
    retrieval.untrained(report, arguments, encoder)
    before = languages.untrained(report, arguments, encoder)
    speed.throughput(report, arguments, encoder, _as_folder(folder) if can_train else None)
    speed.latency(report, arguments, encoder)
    speed.memory(report, arguments)
    if not can_train:
        report.note("training was left out: it needs pip install 'modacast[train]'")
        return
    training.briefly_tuned(report, arguments, folder)
    tuned = training.fine_tuned(report, arguments, folder)
    if tuned is not None:
        retrieval.tuned(report, arguments, Encoder.from_pretrained(tuned, cache_dir=folder))
    both = training.languages_tuned(report, arguments, folder)
    if both is not None:
        languages.trained(report, arguments, Encoder.from_pretrained(both, cache_dir=folder), before)
    training.pretrained(report, arguments, folder)
    if tuned is not None:
        training.students(report, arguments, tuned, folder)


def _as_folder(folder: Path) -> Path | None:
    """Write the bundled weights as a folder that sentence-transformers opens."""
    if not find_spec("sentence_transformers"):
        return None
    from modacast.encoder.torch_model import load_bert, save_bert

    return save_bert(load_bert("bundled"), folder / "e5", "")


if __name__ == "__main__":
    main()
