"""Commands for the whole loop: demo, init, run, report, doctor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from modacast.errors import InvalidInput
from modacast.serve.cli import app
from modacast.serve.cli.options import (
    ConfigOption,
    DataOption,
    HomeOption,
    JsonOption,
    language,
    open_settings,
    open_workspace,
)
from modacast.serve.cli.terminal import Bars, log, print_json, stage_table

if TYPE_CHECKING:
    from modacast.pipeline.run import Outcome

__all__ = ["demo", "doctor", "init", "report", "run"]


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="where to write the report")] = Path("report.html"),
    home: Annotated[
        Path, typer.Option("--home", help="where to keep the sample world and what is made of it")
    ] = Path("demo"),
    lang: Annotated[str, typer.Option("--lang", help="language of the report: zh or en")] = "zh",
    seed: Annotated[int, typer.Option("--seed", help="of the sample world")] = 7,
    train: Annotated[
        bool,
        typer.Option(
            "--train/--no-train", help="teach the language model too, shortly; needs the extra train"
        ),
    ] = True,
) -> None:
    """Run the whole loop on the seeded sample world, offline, and write report.html."""
    from modacast.pipeline.demo import run_demo
    from modacast.pipeline.sample_training import can_train
    from modacast.serve.report.assemble import demo_report
    from modacast.serve.report.render import render
    from modacast.store.files import write_atomically

    with Bars() as bars:
        outcome = run_demo(home, seed=seed, lang=language(lang), progress=bars, train=train)
        page = render(demo_report(outcome)).encode()
    write_atomically(out, lambda file: file.write(page))
    log.print(stage_table(outcome.rows))
    for line in [*outcome.headlines(), *(outcome.training.headlines() if outcome.training else ())]:
        typer.echo(line)
    if train and not can_train():
        typer.echo("Language model: not trained here; that needs pip install 'modacast[train]'")
    typer.echo(f"\nReport: {out}   (open it in a browser)")
    typer.echo(f"The board: modacast trends --home {outcome.after.workspace.home}")
    typer.echo(
        "Next: `modacast init my-project`, name your files in my-project/modacast.toml, "
        "then `modacast run -c my-project`"
    )


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="folder of the new project")]) -> None:
    """Write a commented modacast.toml to start from."""
    from modacast.config import template
    from modacast.store.files import write_atomically

    path = folder / "modacast.toml"
    if path.exists():
        raise InvalidInput(f"{path} is there already; edit it, or choose another folder")
    write_atomically(path, lambda file: file.write(template().encode()))
    typer.echo(f"wrote {path}; name your inputs there, then: modacast run -c {folder}")


@app.command()
def run(
    config: ConfigOption = None,
    data: DataOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="do not write the report")] = False,
) -> None:
    """Run the whole loop as modacast.toml says; what is finished is not done again."""
    from modacast.pipeline.alarms import alarms_of_week
    from modacast.pipeline.run import run_all
    from modacast.serve.cli.alerting import print_alarms, print_sent

    settings = open_settings(config, data=data, home=home)
    if not (settings.documents or settings.items or settings.events):
        raise InvalidInput(
            "there is nothing to read: name inputs under [[documents]], [[items]] or [[events]] in modacast.toml "
            "(`modacast init DIR` writes one to start from), or try `modacast demo`"
        )
    with Bars() as bars:
        outcome = run_all(settings, bars)
        if not no_report:
            _write_report(outcome, settings.report.path)
    if as_json:
        print_json(
            {
                "stages": [_as_dict(row) | {"n_unrelated": row.n_unrelated} for row in outcome.rows],
                "rejects": dict(outcome.rejects),
                "alarms": alarms_of_week(outcome.workspace),
                "alerts": [_as_dict(sent) for sent in outcome.alerts],
            }
        )
    else:
        log.print(stage_table(outcome.rows))
        for reason, n in sorted(outcome.rejects.items(), key=lambda pair: -pair[1]):
            log.print(f"  set aside: {n:,} x {reason}", style="yellow")
        print_alarms(outcome.workspace, alarms_of_week(outcome.workspace))
        print_sent(outcome.alerts)
        if not no_report:
            typer.echo(f"Report: {settings.report.path}")


@app.command()
def report(
    config: ConfigOption = None,
    data: DataOption = None,
    home: HomeOption = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="where to write it")] = None,
    lang: Annotated[
        str | None, typer.Option("--lang", help="that it opens in: zh or en; the project's where not given")
    ] = None,
) -> None:
    """Write the report of the last run as one self-contained HTML file, in Chinese and English."""
    from modacast.pipeline.run import last_outcome

    workspace = open_workspace(config, data=data, home=home)
    path = out or workspace.settings.report.path
    _write_report(last_outcome(workspace), path, lang=None if lang is None else language(lang))
    typer.echo(f"Report: {path}")


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Tell what is installed, which weights are there, what is missing and how to get it."""
    from modacast.serve.cli.checkup import checkup

    findings = checkup()
    if as_json:
        print_json([_as_dict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "ok     " if finding.is_fine else "missing"
            typer.echo(f"{mark}  {finding.what:<22} {finding.detail}")
    if not all(finding.is_fine or finding.is_optional for finding in findings):
        raise typer.Exit(1)


def _write_report(outcome: Outcome, path: Path, *, lang: Literal["zh", "en"] | None = None) -> None:
    from modacast.serve.report.assemble import project_report
    from modacast.serve.report.render import render
    from modacast.store.files import write_atomically

    told = project_report(outcome)
    page = render(told if lang is None else replace(told, lang=lang)).encode()
    write_atomically(path, lambda file: file.write(page))


def _as_dict(record: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(record)
