"""The trainings, each in a process of its own, so that its time and peak memory can be told."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.encode.data import Doubles, lexicon_names, ranks, test_part, titles, train_part
from benchmarks.encode.languages import Questions
from benchmarks.encode.speed import race
from benchmarks.report import Arguments, Report, peak_memory
from modacast.encoder import Encoder


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        result: what the library's function gave.
        minutes: by the clock.
        processor_minutes: of all threads.
        megabytes: the most memory that its process held.
    """

    result: Any
    minutes: float
    processor_minutes: float
    megabytes: float


def apart(task: Callable[..., Any], *arguments: Any) -> Run:
    """Run a task in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, task, *arguments).result()


def _measured(task: Callable[..., Any], *arguments: Any) -> Run:
    began, used = time.perf_counter(), time.process_time()
    result = task(*arguments)
    minutes, processor = ((now - then) / 60 for now, then in zip(
        (time.perf_counter(), time.process_time()), (began, used), strict=True
    ))  # fmt: skip
    return Run(result, minutes, processor, peak_memory())


def _costs(report: Report, row: str, run: Run, **goals: float) -> None:
    report.add(row, "minutes", run.minutes, better="lower", **goals)
    report.add(row, "processor minutes", run.processor_minutes, better="lower")
    report.add(row, "peak MB", run.megabytes, better="lower")


def _battery(report: Report, row: str, result: Any) -> None:
    for name in result.before:
        report.add(f"{row}: {name}", "share", result.before[name], peer="before")
        report.add(f"{row}: {name}", "share", result.after[name])
    for reason in result.reasons:
        report.note(f"{row}: refused, {reason}")


def briefly_tuned(report: Report, arguments: Arguments, folder: Path) -> None:
    """As few steps as reach the trial's .940: what counts here is the time."""
    run = apart(_finetune, arguments, folder / "brief", 1.5)
    _costs(report, "fine-tuning on 4,000 pairs, 1.5 epochs", run, must=15, ahead=5)
    if run.result.folder is None:
        report.note(f"the briefly tuned model was refused: {'; '.join(run.result.reasons)}")
        return
    found = _mrr(Encoder.from_pretrained(run.result.folder, cache_dir=folder), arguments)
    report.add_mean("AdvertiseGen, values alone -> text, fine-tuned for 1.5 epochs", "MRR", found, must=0.94)


def fine_tuned(report: Report, arguments: Arguments, folder: Path) -> Path | None:
    """Contrastive fine-tuning on the first 4,000 pairs of AdvertiseGen; the test pairs are the last 1,000."""
    run = apart(_finetune, arguments, folder / "tuned", 3.0)
    row = "fine-tuning on 4,000 pairs"
    _costs(report, row, run)
    _battery(report, row, run.result)
    return run.result.folder


def _finetune(arguments: Arguments, out: Path, epochs: float) -> Any:
    from modacast.encoder.finetune import FinetuneSettings, finetune
    from modacast.encoder.pairs import Pair

    train = train_part(arguments.data, quick=arguments.quick)
    pairs = [Pair(*both, "attributes") for both in zip(train.values, train.texts, strict=True)]
    # no limit of time, so that the quality does not depend on how busy the machine is
    settings = FinetuneSettings(epochs=0.15 if arguments.quick else epochs, minutes=None)
    # as `modacast train finetune FILE` does it
    return finetune(pairs, out, settings=settings, general_texts=lexicon_names())


def _mrr(encoder: Any, arguments: Arguments) -> Doubles:
    test = test_part(arguments.data, quick=arguments.quick)
    return 1 / ranks(encoder.encode_query(test.values) @ encoder.encode_document(test.texts).T)


def languages_tuned(report: Report, arguments: Arguments, folder: Path) -> Path | None:
    """Fine-tuning on the names of half of the elements in nine languages, and titles composed of them."""
    run = apart(_finetune_languages, arguments, folder / "languages")
    row = "fine-tuning on names of elements"
    _costs(report, row, run)
    _battery(report, row, run.result)
    return run.result.folder


def _finetune_languages(arguments: Arguments, out: Path) -> Any:
    from modacast.encoder.finetune import FinetuneSettings, finetune

    pairs = Questions(quick=arguments.quick).pairs(quick=arguments.quick)
    settings = FinetuneSettings(epochs=2, batch_size=128, n_bank=0, minutes=10)
    if arguments.quick:
        settings = replace(settings, epochs=0.3, batch_size=64)
    return finetune(pairs, out, settings=settings)


def pretrained(report: Report, arguments: Arguments, folder: Path) -> None:
    """Ten minutes of masked-language-model training on 4,000 texts, 5 % of them held out; what retrieval makes of it."""
    run = apart(_pretrain, arguments, folder / "pretrained")
    result = run.result
    _costs(report, "pre-training on 4,000 texts", run)
    row = "masked pieces of held-out texts"
    report.add(row, "accuracy", result.before.accuracy, peer="before pre-training")
    report.add(row, "accuracy", result.after.accuracy, must=result.before.accuracy)
    for name, score in (("before pre-training", result.before), (None, result.after)):
        report.add("held-out texts", "pseudo-perplexity", score.pseudo_perplexity, peer=name, better="lower")
    encoder = Encoder.from_pretrained(result.folder, cache_dir=folder)
    row = "AdvertiseGen, values alone -> text, pre-trained and not fine-tuned"
    report.add_mean(row, "MRR", _mrr(encoder, arguments))


def _pretrain(arguments: Arguments, out: Path) -> Any:
    from modacast.encoder.pretrain import PretrainSettings, pretrain

    settings = PretrainSettings(minutes=0.15 if arguments.quick else 10)
    return pretrain(train_part(arguments.data, quick=arguments.quick).texts, out, settings=settings)


def students(report: Report, arguments: Arguments, tuned: Path, folder: Path) -> None:
    """Half of the fine-tuned model's layers, and no layers at all: speed and quality."""
    from modacast.encoder.static import distil_static

    train = train_part(arguments.data, quick=arguments.quick)
    run = apart(_student, arguments, tuned, folder)
    _costs(report, "making a student of 6 layers", run)
    texts = titles(arguments.data, 200 if arguments.quick else 2000)
    teacher = Encoder.from_pretrained(tuned, cache_dir=folder)
    models: dict[str, Any] = {
        "fine-tuned, 12 layers": teacher,
        "its student, 6 layers": Encoder.from_pretrained(run.result.folder, cache_dir=folder),
        "its static vectors": distil_static(teacher, teacher.tokenizer, [*train.values, *train.texts]),
    }
    seconds = race({name: model.encode_document for name, model in models.items()}, texts, rounds=2)
    for name, model in models.items():
        report.add_mean(f"AdvertiseGen, values alone -> text, {name}", "MRR", _mrr(model, arguments))
        report.add(f"short Chinese titles, {name}", "texts/s", len(texts) / seconds[name])


def _student(arguments: Arguments, tuned: Path, folder: Path) -> Any:
    from modacast.encoder.student import StudentSettings, distil

    train = train_part(arguments.data, quick=arguments.quick)
    settings = StudentSettings(minutes=0.2 if arguments.quick else 6)
    return distil(
        [*train.values, *train.texts], folder / "student", base=tuned, settings=settings, cache_dir=folder
    )
