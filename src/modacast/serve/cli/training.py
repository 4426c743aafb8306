"""Commands that train the language model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

from modacast.errors import InvalidInput
from modacast.serve.cli import app
from modacast.serve.cli.models import shown_time, trained_table
from modacast.serve.cli.options import (
    ColumnOption,
    ConfigOption,
    HomeOption,
    JsonOption,
    column_mapping,
    open_settings,
    open_workspace,
)
from modacast.serve.cli.terminal import log, print_json, print_table

if TYPE_CHECKING:
    from modacast.encoder.training import TrainingState
    from modacast.pipeline.training import Trained
    from modacast.pipeline.workspace import Workspace

__all__ = ["TrainingBar", "train_app"]

train_app = typer.Typer(
    no_args_is_help=True,
    help="Train the language model (needs the extra train: pip install 'modacast[train]').",
    rich_markup_mode=None,
)
app.add_typer(train_app, name="train")
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base", help="bundled, a folder, or a name such as bert-base-chinese; else the one in use"
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="a new folder for the model, instead of the home's registry"),
]
MinutesOption = Annotated[float | None, typer.Option("--minutes", help="time for all of it")]
BatchOption = Annotated[int | None, typer.Option("--batch-size", help="texts or pairs computed together")]
RateOption = Annotated[float | None, typer.Option("--learning-rate", help="at its highest")]
SeedOption = Annotated[int, typer.Option("--seed", help="decides split, order and masks")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda")]
ThreadsOption = Annotated[int | None, typer.Option("--threads", help="of the processor")]
PrecisionOption = Annotated[str, typer.Option("--precision", help="auto, float32, bfloat16, float16")]
PromoteOption = Annotated[bool, typer.Option("--promote", help="put the model to use if it is accepted")]
RestartOption = Annotated[
    bool, typer.Option("--restart", help="begin anew although a training that was stopped could go on")
]


@train_app.command()
def pretrain(
    texts: Annotated[
        Path | None,
        typer.Argument(help="a file with a column text; without, the home's documents and products"),
    ] = None,
    base: BaseOption = None,
    out: OutOption = None,
    minutes: MinutesOption = None,
    steps: Annotated[int | None, typer.Option("--steps", help="updates of the weights")] = None,
    batch_size: BatchOption = None,
    accumulate: Annotated[int, typer.Option("--accumulate", help="batches an update")] = 1,
    learning_rate: RateOption = None,
    evaluate_every: Annotated[
        int | None, typer.Option("--evaluate-every", help="steps between two measurements and checkpoints")
    ] = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    threads: ThreadsOption = None,
    precision: PrecisionOption = "auto",
    restart: RestartOption = False,
    promote: PromoteOption = False,
    column: ColumnOption = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn the words of fashion from bare texts: a masked language model, whole words masked.

    Goes on where it was stopped when the same command is given again.
    """
    from modacast.encoder.pretrain import PretrainSettings
    from modacast.pipeline.corpus import home_corpus, read_corpus
    from modacast.pipeline.training import train_pretrain

    chosen = _settings(
        PretrainSettings,
        _duration(minutes, steps, "steps", default=15.0) | {"accumulate": accumulate},
        _common(seed, device, threads, precision)
        | {"batch_size": batch_size, "learning_rate": learning_rate, "evaluate_every": evaluate_every},
    )
    workspace = _workspace(config, home, needs_home=texts is None)
    corpus = read_corpus(texts, columns=column_mapping(column)) if texts else home_corpus(workspace)
    _say_rejects(corpus.n_rejected, corpus.name)
    with TrainingBar(f"pretrain on {len(corpus.texts):,} texts") as bar:
        made = train_pretrain(
            workspace, corpus, chosen, base=base, out=out, restart=restart, progress=bar.show
        )
    _finish(workspace, made, promote=promote, as_json=as_json)


@train_app.command()
def finetune(
    pairs: Annotated[
        Path | None,
        typer.Argument(
            help="a file with the columns query and document (or --column query=title --column document=text); "
            "without, the home's products, reviews and lexicon"
        ),
    ] = None,
    base: BaseOption = None,
    out: OutOption = None,
    minutes: MinutesOption = None,
    epochs: Annotated[float | None, typer.Option("--epochs", help="times through the pairs")] = None,
    batch_size: BatchOption = None,
    learning_rate: RateOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    threads: ThreadsOption = None,
    precision: PrecisionOption = "auto",
    promote: PromoteOption = False,
    restart: RestartOption = False,
    column: ColumnOption = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Teach the model which texts belong together, so that they come to lie together.

    A model that does worse than its base, on held-out pairs or on a battery of other tasks, is refused. Goes on
    where it was stopped when the same command is given again.
    """
    from modacast.encoder.finetune import FinetuneSettings
    from modacast.pipeline.corpus import home_pairs, read_pairs
    from modacast.pipeline.training import train_finetune

    chosen = _settings(
        FinetuneSettings,
        _duration(minutes, epochs, "epochs", default=None),
        _common(seed, device, threads, precision)
        | {"batch_size": batch_size, "learning_rate": learning_rate},
    )
    workspace = _workspace(config, home, needs_home=pairs is None)
    found = read_pairs(pairs, columns=column_mapping(column)) if pairs else home_pairs(workspace)
    _say_rejects(found.n_rejected, found.name)
    with TrainingBar(f"finetune on {len(found.pairs):,} pairs") as bar:
        made = train_finetune(
            workspace, found, chosen, base=base, out=out, restart=restart, progress=bar.show
        )
    _finish(workspace, made, promote=promote, as_json=as_json)


@train_app.command()
def student(
    texts: Annotated[
        Path | None,
        typer.Argument(help="a file with a column text; without, the home's documents and products"),
    ] = None,
    layers: Annotated[int, typer.Option("--layers", help="that the student keeps")] = 6,
    base: BaseOption = None,
    out: OutOption = None,
    minutes: MinutesOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    threads: ThreadsOption = None,
    precision: PrecisionOption = "auto",
    promote: PromoteOption = False,
    column: ColumnOption = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a faster model with fewer layers that gives nearly the same vectors."""
    from modacast.encoder.student import StudentSettings
    from modacast.pipeline.corpus import home_corpus, read_corpus
    from modacast.pipeline.training import train_student

    chosen = _settings(
        StudentSettings,
        {"n_layers": layers},
        _common(seed, device, threads, precision) | {"minutes": minutes},
    )
    workspace = _workspace(config, home, needs_home=texts is None)
    corpus = read_corpus(texts, columns=column_mapping(column)) if texts else home_corpus(workspace)
    _say_rejects(corpus.n_rejected, corpus.name)
    with TrainingBar(f"student from {len(corpus.texts):,} texts") as bar:
        made = train_student(workspace, corpus, chosen, base=base, out=out, progress=bar.show)
    _finish(workspace, made, promote=promote, as_json=as_json)


class TrainingBar:
    """A bar on stderr with loss and time left; a line each tenth where stderr is no terminal.

    Args:
        title: what is being trained.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._tenth = -1
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[told]}"),
            console=log,
            transient=True,
            disable=not log.is_terminal,
        )
        self._task = self._bar.add_task(title, total=1.0, told="loading, measuring")

    def __enter__(self) -> TrainingBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, state: TrainingState) -> None:
        """Move the bar."""
        told = f"step {state.step}  loss {state.loss:.3f}  {shown_time(state.seconds_left)} left"
        self._bar.update(self._task, completed=state.share, told=told)
        tenth = int(10 * state.share)
        if not log.is_terminal and tenth > self._tenth:
            self._tenth = tenth
            log.print(f"{self._title}: {state.share:.0%}  {told}", markup=False, soft_wrap=True)


def _finish(workspace: Workspace, made: Trained, *, promote: bool, as_json: bool) -> None:
    from modacast.pipeline.models import promote as put_to_use

    if promote and made.record is None:
        log.print("--promote needs the home's registry; --out wrote to a folder of yours", style="yellow")
    takes_over = promote and made.record is not None and not made.reasons
    if takes_over and made.record is not None:
        put_to_use(workspace, made.record.version)
    if as_json:
        print_json(made.to_dict() | {"promoted": takes_over})
        return
    print_table(trained_table(made.metrics))
    pruned = made.facts.get("vocabulary")
    if pruned:
        typer.echo(
            f"Vocabulary: {pruned['n_after']:,} of {pruned['n_before']:,} pieces kept; what is left out is "
            "written with the pieces that stay, down to single characters"
        )
    typer.echo(f"{made.facts['n_steps']:,} steps in {shown_time(made.facts['seconds'])}")
    if made.reasons:
        typer.echo(f"Refused, the model before stays: {'; '.join(made.reasons)}")
    elif made.record is not None:
        use = "in use" if takes_over else f"put it to use with: modacast models promote {made.record.version}"
        typer.echo(f"Version {made.record.version} ({use})")
    if made.folder is not None and made.folder.is_dir():
        typer.echo(f"Model: {made.folder}\nCurve: {made.folder / 'curve.svg'}")


def _workspace(config: Path | None, home: Path | None, *, needs_home: bool) -> Workspace:
    from modacast.pipeline.workspace import Workspace

    return open_workspace(config, home=home) if needs_home else Workspace(open_settings(config, home=home))


def _settings(kind: Any, given: Mapping[str, Any], optional: Mapping[str, Any]) -> Any:
    """Make a settings object; what is None among `optional` keeps its default."""
    return kind(**given, **{name: value for name, value in optional.items() if value is not None})


def _duration(
    minutes: float | None, count: float | None, name: str, *, default: float | None
) -> dict[str, Any]:
    """Get the settings of how long to train: what is given bounds it, and nothing else does."""
    if minutes is None and count is None:
        return {} if default is None else {"minutes": default}
    return {"minutes": minutes, name: count}


def _common(seed: int, device: str, threads: int | None, precision: str) -> dict[str, Any]:
    return {"seed": seed, "device": device, "threads": threads, "arithmetic": _arithmetic(precision)}


def _arithmetic(precision: str) -> Literal["auto", "float32", "bfloat16", "float16"]:
    for known in ("auto", "float32", "bfloat16", "float16"):
        if precision == known:
            return known
    raise InvalidInput(f"--precision is auto, float32, bfloat16 or float16; got {precision!r}")


def _say_rejects(n: int, name: str) -> None:
    if n:
        log.print(f"{n:,} rows of {name} were set aside: they lack a text", style="yellow", soft_wrap=True)
