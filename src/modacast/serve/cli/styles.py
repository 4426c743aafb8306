"""Command `style`: the styles of a text, a product, a shopper, a brand, and the map of styles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modacast.errors import InvalidInput
from modacast.serve.cli import app
from modacast.serve.cli.options import (
    ColumnOption,
    ConfigOption,
    EncodingOption,
    HomeOption,
    JsonOption,
    column_mapping,
    language,
    open_lexicon,
    open_settings,
    open_workspace,
)
from modacast.serve.cli.stages import tell_rejects
from modacast.serve.cli.terminal import log, print_json, write_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from modacast.config import Settings
    from modacast.pipeline.styles import StyleProfile

__all__ = ["style"]


@app.command()
def style(
    text: Annotated[str | None, typer.Argument(help="a text, in any language")] = None,
    item: Annotated[str | None, typer.Option("--item", help="a product's id")] = None,
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="a shopper's id as your shop knows it")
    ] = None,
    brand: Annotated[str | None, typer.Option("--brand", help="a brand's name")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="a file of texts, one style profile a row")
    ] = None,
    column: ColumnOption = None,
    encoding: EncodingOption = None,
    k: Annotated[int, typer.Option("-k", help="how many styles")] = 5,
    lang: Annotated[str, typer.Option("--lang", help="language of the names: zh or en")] = "zh",
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="with --file: a table (.csv .jsonl .parquet); else the map of styles (.svg)"
        ),
    ] = None,
) -> None:
    """Tell which styles a text, product, shopper or brand is of, and why; or draw the map of styles."""
    shown = language(lang)
    given = [value for value in (text, item, user, brand, file) if value is not None]
    if len(given) > 1:
        raise InvalidInput("name one of TEXT, --item, --user, --brand and --file")
    if not given:
        if out is None or out.suffix.lower() != ".svg":
            raise InvalidInput(
                "name a TEXT, --item, --user, --brand or --file; or --out map.svg for the map of styles"
            )
        _draw_map(config, home, out, shown)
        return
    if file is None and out is not None:
        raise InvalidInput(
            "--out goes with --file (a table), or alone (the map of styles, .svg); use --json here"
        )
    if file is not None:
        _of_file(file, column_mapping(column), k, out, encoding=encoding, as_json=as_json)
        return
    profile, label = _profile(text, item, user, brand, config, home, k, shown)
    if as_json:
        from modacast.pipeline.styles import as_dicts

        print_json(as_dicts(profile, label, shown))
    else:
        _print(profile, label, shown)


def _profile(
    text: str | None,
    item: str | None,
    user: str | None,
    brand: str | None,
    config: Path | None,
    home: Path | None,
    k: int,
    lang: str,
) -> tuple[StyleProfile, Callable[[str, str], str]]:
    from modacast.pipeline.styles import styles_of_brand, styles_of_item, styles_of_texts, styles_of_user

    if text is not None:
        from modacast.elements import Tagger
        from modacast.elements.style import StyleReader
        from modacast.encoder import get_encoder

        settings = open_settings(config, home=home)
        lexicon = open_lexicon(config, home=home)
        reader = StyleReader(Tagger(lexicon), get_encoder(_model(settings)))
        return styles_of_texts(reader, [text], k=k, lang=lang)[0], lexicon.label
    workspace = open_workspace(config, home=home)
    if item is not None:
        found = styles_of_item(workspace, item, k=k, lang=lang)
    elif user is not None:
        found = styles_of_user(workspace, user, k=k, lang=lang)
    else:
        found = styles_of_brand(workspace, brand or "", k=k, lang=lang)
    return found, workspace.lexicon.label


def _model(settings: Settings) -> str:
    """The model of the home where there is one, else the one that the settings name."""
    from modacast.pipeline.workspace import Workspace

    if settings.project.home.is_dir():
        return Workspace(settings).encoder_name
    return "bundled" if settings.encoder.model == "promoted" else settings.encoder.model


def _print(profile: StyleProfile, label: Callable[[str, str], str], lang: str) -> None:
    if not profile.styles:
        typer.echo("no style is shown" if lang == "en" else "看不出风格")
        return
    for style_ in profile.styles:
        bar = "█" * max(1, round(style_.weight * 24))
        typer.echo(f"{style_.weight:>6.1%}  {bar:<24}  {label(style_.style_id, lang)}  ({style_.style_id})")
        for reason, n in style_.reasons:
            times = f" ×{n}" if n > 1 else ""
            typer.echo(
                f"            {_said(reason.kind, reason.what, reason.element_id, label, lang)}{times}"
            )


def _said(kind: str, what: str, element_id: str | None, label: Callable[[str, str], str], lang: str) -> str:
    if kind == "meaning":
        return f"意思接近：{what}" if lang == "zh" else f"means something like: {what}"
    name = label(element_id, lang) if element_id else what
    if kind == "named":
        return f"写明：{what}" if lang == "zh" else f"named: {what}"
    return f"元素：{name}" if lang == "zh" else f"element: {name}"


def _of_file(
    path: Path,
    columns: dict[str, str | list[str]],
    k: int,
    out: Path | None,
    *,
    encoding: str | None,
    as_json: bool,
) -> None:
    import pyarrow as pa

    from modacast.pipeline.single import style_file
    from modacast.serve.cli.terminal import emit

    found = style_file(path, columns=columns, k=k, encoding=encoding)
    tell_rejects(found.rejects)
    table: pa.Table = found.table
    if out is not None:
        write_table(table, out)
        log.print(f"wrote {table.num_rows:,} rows to {out}", markup=False, soft_wrap=True)
    else:
        emit(table, None, as_json=as_json)


def _draw_map(config: Path | None, home: Path | None, out: Path, lang: str) -> None:
    from modacast.serve.report.styles import home_map
    from modacast.store.files import write_atomically

    drawn = home_map(open_workspace(config, home=home), "en" if lang == "en" else "zh")
    write_atomically(out, lambda handle: handle.write(drawn.encode()))
    log.print(f"wrote {out}", markup=False, soft_wrap=True)
