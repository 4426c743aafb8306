"""The registry of language models at the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from modacast.serve.cli import app
from modacast.serve.cli.options import ConfigOption, HomeOption, JsonOption, open_workspace
from modacast.serve.cli.terminal import print_json, print_table

if TYPE_CHECKING:
    from modacast.pipeline.models import ModelRecord

__all__ = ["models_app", "shown_time", "trained_table"]

models_app = typer.Typer(
    no_args_is_help=True,
    help="The language models of a home: what they were trained on, how good they are, which is in use.",
    rich_markup_mode=None,
)
app.add_typer(models_app, name="models")


@models_app.command("list")
def list_all(config: ConfigOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List all versions, and which is in use."""
    from modacast.pipeline.models import list_models

    workspace = open_workspace(config, home=home)
    records = list_models(workspace)
    if as_json:
        print_json([record.to_dict() for record in records])
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in ("version", "in use", "status", "task", "from", "data", "before", "after", "made"):
        table.add_column(name)
    table.add_row("-", "" if any(r.in_use for r in records) else "yes", "", "bundled", "", "", "", "", "")
    for record in records:
        name, values = next(iter(record.metrics.items()), ("", {}))
        table.add_row(
            str(record.version),
            "yes" if record.in_use else "",
            record.status,
            record.task,
            record.base if record.parent is None else f"version {record.parent}",
            f"{record.data.get('n_texts', record.data.get('n_pairs', 0)):,} from {record.data.get('from', '')}",
            f"{name} {_number(values.get('before'))}",
            _number(values.get("after")),
            f"{record.made_at:%Y-%m-%d %H:%M}",
        )
    print_table(table)


@models_app.command()
def show(
    version: Annotated[int, typer.Argument(help="a version's number")],
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a version comes from, what it was trained on, and what it was measured to do."""
    from modacast.pipeline.models import find_model

    record = find_model(open_workspace(config, home=home), version)
    if as_json:
        print_json(record.to_dict())
        return
    for line in _described(record):
        typer.echo(line)
    print_table(trained_table(record.metrics))


@models_app.command()
def promote(
    version: Annotated[int, typer.Argument(help="a version's number")],
    force: Annotated[bool, typer.Option("--force", help="although it was refused")] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Put a version to use; texts are encoded anew where they are asked for."""
    from modacast.pipeline.models import promote as put_to_use

    workspace = open_workspace(config, home=home)
    with workspace.locked():
        record = put_to_use(workspace, version, force=force)
    typer.echo(f"version {record.version} is in use; `modacast run` encodes what it needs anew")


@models_app.command()
def rollback(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Take the latest promotion back."""
    from modacast.pipeline.models import roll_back

    workspace = open_workspace(config, home=home)
    with workspace.locked():
        record = roll_back(workspace)
    typer.echo(f"{'the bundled model' if record is None else f'version {record.version}'} is in use")


@models_app.command()
def remove(
    version: Annotated[int, typer.Argument(help="a version's number")],
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Delete a version's files; its line in the list stays."""
    from modacast.pipeline.models import remove as delete

    workspace = open_workspace(config, home=home)
    with workspace.locked():
        delete(workspace, version)
    typer.echo(f"version {version} was removed")


def trained_table(metrics: Mapping[str, Mapping[str, float | None]]) -> Table:
    """Get a table of figures before and after a training."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("measured")
    table.add_column("before", justify="right")
    table.add_column("after", justify="right")
    for name, values in metrics.items():
        table.add_row(name, _number(values.get("before")), _number(values.get("after")))
    return table


def shown_time(seconds: float) -> str:
    """Get a duration in minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _described(record: ModelRecord) -> list[str]:
    counts = ", ".join(f"{n:,} {name}" for name, n in record.data.get("counts", {}).items())
    base = record.base if record.parent is None else f"version {record.parent} ({record.base})"
    lines = [
        f"Version {record.version}: {record.task}, {record.status}{', in use' if record.in_use else ''}",
        f"Made: {record.made_at:%Y-%m-%d %H:%M} UTC, from {base}, with modacast {record.facts.get('modacast', '?')}",
        f"Data: {record.data.get('from', '')}: {counts} (fingerprint {record.data.get('fingerprint', '')[:12]})",
        f"Training: {record.facts.get('n_steps', 0):,} steps in {shown_time(record.facts.get('seconds', 0))}",
    ]
    if record.reasons:
        lines.append(f"Against it: {'; '.join(record.reasons)}")
    return [*lines, f"Files: {record.folder or 'none'}", ""]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
