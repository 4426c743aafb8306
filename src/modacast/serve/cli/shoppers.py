"""Commands about shoppers: recommend, feedback, privacy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modacast.serve.cli import app
from modacast.serve.cli.options import (
    ColumnOption,
    ConfigOption,
    DataOption,
    HomeOption,
    JsonOption,
    OutOption,
    column_mapping,
    language,
    open_workspace,
)
from modacast.serve.cli.terminal import Bars, emit, log, print_json, stage_table

if TYPE_CHECKING:
    from modacast.pipeline.workspace import Workspace

__all__ = ["feedback", "privacy_app", "recommend"]

privacy_app = typer.Typer(no_args_is_help=True, help="Consent of shoppers.", rich_markup_mode=None)
app.add_typer(privacy_app, name="privacy")


@app.command()
def recommend(
    user: Annotated[
        list[str], typer.Option("--user", "-u", help="a shopper's id as your shop knows it; may be repeated")
    ],
    k: Annotated[int, typer.Option("-k", help="length of the list")] = 12,
    explain: Annotated[bool, typer.Option("--explain", help="say why")] = False,
    personal: Annotated[
        bool, typer.Option("--personal/--no-personal", help="use the shopper's profile, or not")
    ] = True,
    lang: Annotated[str, typer.Option("--lang", help="language of the reasons: zh or en")] = "zh",
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    out: OutOption = None,
) -> None:
    """Recommend products to shoppers, from their history and the trends."""
    from modacast.pipeline.single import recommend_to

    workspace = open_workspace(config, home=home)
    found = recommend_to(workspace, user, k=k, personal=personal, explain=explain, lang=language(lang))
    if as_json or out is not None:
        emit(found.table, out, as_json=as_json)
        return
    for shopper in user:
        typer.echo(f"{shopper}" + ("" if shopper in found.known else "  (no history: what sells and rises)"))
        if explain and personal and shopper in found.known:
            _tell_profile(workspace, shopper, language(lang))
        for row in found.rows_of(shopper):
            typer.echo(f"  {row['rank']:>2}. {row['title']}  [{row['item_id']}]")
            for reason in row["reasons"]:
                typer.echo(f"        {reason}")


def _tell_profile(workspace: Workspace, shopper: str, lang: str) -> None:
    """Say which styles a shopper who agreed is of, and what they care for."""
    from modacast.errors import ConsentRequired, NotFound
    from modacast.pipeline.styles import styles_of_user

    try:
        profile = styles_of_user(workspace, shopper, lang=lang)
    except (ConsentRequired, NotFound):
        return
    label = workspace.lexicon.label
    rows = workspace.database.profiles([workspace.pseudonymiser.key("user", shopper)]).to_pylist()
    held = [label(value, lang) for row in rows for value in row["values"] or ()]
    weighed = [f"{label(style.style_id, lang)} {style.weight:.0%}" for style in profile.styles]
    for name, said in (
        ("风格" if lang == "zh" else "styles", weighed),
        ("在意" if lang == "zh" else "cares for", held),
    ):
        if said:
            typer.echo(f"  {name}: {', '.join(said)}")


@app.command()
def feedback(
    target: Annotated[
        str, typer.Argument(metavar="FILE|status", help="a file of events to import, or `status`")
    ],
    config: ConfigOption = None,
    data: DataOption = None,
    home: HomeOption = None,
    column: ColumnOption = None,
    name: Annotated[
        str, typer.Option("--name", help="name of the import; the same rows under the same name count once")
    ] = "feedback",
    kind: Annotated[
        str | None, typer.Option("--kind", help="kind of all events, where the file has no such column")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import purchases, ratings, reviews and the like, update profiles at once and learn; or show the status."""
    from modacast.pipeline.single import feedback_status, import_feedback

    workspace = open_workspace(config, data=data, home=home)
    if target != "status":
        with Bars() as bars:
            rows = import_feedback(
                workspace, Path(target), name=name, columns=column_mapping(column), kind=kind, progress=bars
            )
        log.print(stage_table(rows))
    status = feedback_status(workspace)
    if as_json:
        print_json(status)
        return
    for what, value in status.items():
        typer.echo(f"{what:<18} {value}")


@privacy_app.command("consent")
def privacy_consent(
    user: Annotated[str, typer.Argument(help="the shopper's id as your shop knows it")],
    status: Annotated[str, typer.Argument(help="granted, anonymous (no personalisation) or denied")],
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Record what a shopper agreed to."""
    workspace = open_workspace(config, home=home)
    with workspace.locked():
        workspace.database.set_consent(workspace.pseudonymiser.key("user", user), status)
    typer.echo(f"recorded: {status}")
