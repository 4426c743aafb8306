"""Commands about alarms: alerts list, send, test; signals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modacast.errors import InvalidInput, ModacastError
from modacast.serve.cli import app
from modacast.serve.cli.options import (
    ConfigOption,
    DataOption,
    HomeOption,
    JsonOption,
    OutOption,
    open_workspace,
)
from modacast.serve.cli.terminal import emit, log, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modacast.pipeline.alerts import Sent
    from modacast.pipeline.workspace import Workspace

__all__ = ["alerts_app", "list_alerts", "print_alarms", "print_sent", "send", "try_out"]

alerts_app = typer.Typer(
    no_args_is_help=True,
    help="Alarms for what begins to rise, and where they are sent.",
    rich_markup_mode=None,
)
app.add_typer(alerts_app, name="alerts")


@alerts_app.command("list")
def list_alerts(
    config: ConfigOption = None,
    data: DataOption = None,
    home: HomeOption = None,
    weeks: Annotated[
        int, typer.Option("--weeks", min=1, help="of the last so many weeks that were read")
    ] = 13,
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """List the alarms of the last run, newest first, each with its reason."""
    import pyarrow as pa

    from modacast.pipeline.alarms import alarms_of_week
    from modacast.pipeline.board import latest_board
    from modacast.trends import ALARMS

    workspace = open_workspace(config, data=data, home=home)
    latest_board(workspace)
    rows = alarms_of_week(workspace, weeks=weeks)
    if as_json or out is not None:
        emit(pa.Table.from_pylist(rows, schema=ALARMS), out, as_json=as_json)
        return
    print_alarms(workspace, rows)
    log.print(f"{len(rows):,} alarms in {weeks} weeks; --json or --out for all columns")


@alerts_app.command("send")
def send(
    config: ConfigOption = None, data: DataOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Send what has not been sent yet; ends with 1 where something could not be sent."""
    from modacast.pipeline.alerts import open_channels, send_alerts

    workspace = open_workspace(config, data=data, home=home)
    if not open_channels(workspace.settings.alerts):
        raise InvalidInput(_NOWHERE)
    with workspace.locked():
        sent = send_alerts(workspace)
    if as_json:
        print_json([_as_dict(each) for each in sent])
    else:
        print_sent(sent)
        if not sent:
            weeks = workspace.settings.alerts.max_age_weeks
            log.print(f"nothing to send: no alarm of the last {weeks} weeks is still to go out")
    if any(each.error for each in sent):
        raise typer.Exit(1)


@alerts_app.command("test")
def try_out(
    config: ConfigOption = None, data: DataOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Send a made-up alarm on every channel, to see that it arrives; nothing is written down."""
    from modacast.pipeline.alerts import Sent, open_channels

    workspace = open_workspace(config, data=data, home=home)
    channels = open_channels(workspace.settings.alerts)
    if not channels:
        raise InvalidInput(_NOWHERE)
    alert = _made_up(workspace)
    tried = []
    for channel in channels:
        error = None
        try:
            channel.send(alert)
        except ModacastError as problem:
            error = str(problem)
        tried.append(Sent(alert.id, "test", channel.name.partition(":")[0], error))
    if as_json:
        print_json([_as_dict(each) for each in tried])
    else:
        print_sent(tried, is_test=True)
    if any(each.error for each in tried):
        raise typer.Exit(1)


def print_alarms(workspace: Workspace, rows: Sequence[dict[str, Any]]) -> None:
    """Write each alarm's week and reason to stdout, in the project's language."""
    lang = workspace.settings.project.lang
    for row in rows:
        typer.echo(f"! {row['ds']}  {row[f'why_{lang}']}")


def print_sent(sent: Sequence[Sent], *, is_test: bool = False) -> None:
    """Tell on stderr what was sent and what was not."""
    for each in sent:
        if each.error:
            said = f"  not sent ({each.channel}): {each.element_id}: {each.error}"
            log.print(said, style="yellow", markup=False, soft_wrap=True)
    n = sum(each.error is None for each in sent)
    left = len(sent) - n
    if not sent:
        return
    again = "" if is_test else "; they are tried again with the next run or `modacast alerts send`"
    rest = f", {left:,} not sent{again}" if left else ""
    noun = "alert" if n == 1 else "alerts"
    log.print(f"  {n:,} {'test ' if is_test else ''}{noun} sent{rest}", soft_wrap=True)


_NOWHERE = (
    "alerts are sent nowhere: set alerts.file, alerts.webhook or alerts.email_to in modacast.toml "
    "(`modacast init DIR` writes one with all of them commented)"
)


def _made_up(workspace: Workspace) -> Any:
    from modacast.pipeline.alerts import Alert
    from modacast.trends import ALARMS

    today = date.today()
    fields: dict[str, Any] = dict.fromkeys(ALARMS.names)
    fields |= {
        "id": f"test-{datetime.now(UTC):%Y%m%dT%H%M%S}",
        "element_id": "test",
        "ds": today,
        "kind": "new",
        "sources": [],
        "evidence_ids": [],
        "also": [],
        "why_zh": "这是一条测试提醒，不是真实趋势。",
        "why_en": "This is a test alert and no real trend.",
    }
    name = "测试" if workspace.settings.project.lang == "zh" else "test"
    return Alert(workspace.settings.project.title, workspace.settings.project.lang, name, fields)


def _as_dict(record: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(record)
