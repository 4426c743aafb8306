"""One command a stage: collect, clean, tag, embed, lexicon."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modacast.errors import InvalidInput
from modacast.serve.cli import app
from modacast.serve.cli.options import (
    ColumnOption,
    ConfigOption,
    DataOption,
    EncodingOption,
    HomeOption,
    OutOption,
    column_mapping,
    open_lexicon,
    open_settings,
    open_workspace,
)
from modacast.serve.cli.terminal import Bars, emit, log, stage_table

__all__ = ["InArgument", "LangOption", "clean", "collect", "embed", "lexicon_app", "tag", "tell_rejects"]

_TOLD = 10

lexicon_app = typer.Typer(
    no_args_is_help=True, help="The elements that modacast knows.", rich_markup_mode=None
)
app.add_typer(lexicon_app, name="lexicon")

InArgument = Annotated[
    Path,
    typer.Argument(metavar="IN", help="CSV, TSV, JSONL, Parquet or TXT (one text a line), gzipped or not"),
]
LangOption = Annotated[str | None, typer.Option("--lang", help="language of all texts, where it is known")]


@app.command()
def collect(config: ConfigOption = None, data: DataOption = None, home: HomeOption = None) -> None:
    """Read and clean the documents that modacast.toml names, into the home."""
    from modacast.pipeline.texts import collect_documents
    from modacast.pipeline.workspace import Workspace

    settings = open_settings(config, data=data, home=home)
    if not settings.documents:
        raise InvalidInput("there is nothing to collect: name inputs under [[documents]] in modacast.toml")
    workspace = Workspace(settings)
    with workspace.locked(), Bars() as bars:
        rows = [collect_documents(workspace, source, bars) for source in settings.documents]
    log.print(stage_table(rows))


@app.command()
def clean(
    texts: InArgument,
    out: OutOption = None,
    column: ColumnOption = None,
    lang: LangOption = None,
    encoding: EncodingOption = None,
    home: HomeOption = None,
    keep_irrelevant: Annotated[
        bool, typer.Option("--keep-irrelevant", help="keep texts that are not about fashion")
    ] = False,
) -> None:
    """Clean a file of texts: normalised, scrubbed, without copies, under pseudonyms (keyed by --home)."""
    from modacast.pipeline.single import clean_file
    from modacast.pipeline.workspace import Workspace

    workspace = Workspace(open_settings(None, home=home))
    cleaned = clean_file(
        workspace,
        texts,
        columns=column_mapping(column),
        lang=lang,
        encoding=encoding,
        min_relevance=0.0 if keep_irrelevant else None,
    )
    emit(cleaned.table, out)
    tell_rejects(cleaned.rejects)


@app.command()
def tag(
    texts: InArgument,
    out: OutOption = None,
    column: ColumnOption = None,
    lang: LangOption = None,
    encoding: EncodingOption = None,
    words: Annotated[
        bool,
        typer.Option(
            "--words", help="by words and rules alone, without the language model: faster, less exact"
        ),
    ] = False,
    values: Annotated[
        bool,
        typer.Option(
            "--values",
            help="for texts that each describe one product: list the values of its attributes (圆领, 橙色与黑色), without "
            "names of things, parts, brands, claims and what to wear with it",
        ),
    ] = False,
    spans: Annotated[
        bool,
        typer.Option(
            "--spans",
            help="list the words that the lexicon lacks and that look like elements, learned from these texts",
        ),
    ] = False,
    model: Annotated[
        Path | None, typer.Option("--model", help="with --spans: folder of what was learned from other texts")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="with --spans: keep what was learned in this folder")
    ] = None,
    fewest: Annotated[
        int, typer.Option("--fewest", min=1, help="with --spans: only words of so many texts or more")
    ] = 1,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Find the fashion elements that texts name, with their place and mood; or values, with --values; or those not listed, with --spans."""
    if not spans and (model or save or fewest > 1):
        raise InvalidInput("--model, --save and --fewest go with --spans")
    if spans and values:
        raise InvalidInput("--spans and --values are two lists; ask for one")
    if spans and words:
        raise InvalidInput("--spans needs the language model; leave --words out")
    columns = column_mapping(column)
    lexicon = open_lexicon(config, home=home)
    if spans:
        from modacast.pipeline.spans import list_spans

        found = list_spans(
            texts,
            columns=columns,
            lang=lang,
            model=model,
            save=save,
            fewest=fewest,
            encoding=encoding,
            lexicon=lexicon,
        )
    elif values:
        from modacast.pipeline.values import list_values

        found = list_values(texts, columns=columns, lang=lang, encoding=encoding, lexicon=lexicon)
    else:
        from modacast.pipeline.single import tag_file

        found = tag_file(
            texts, columns=columns, lang=lang, words_only=words, encoding=encoding, lexicon=lexicon
        )
    emit(found.table, out)
    tell_rejects(found.rejects)


@app.command()
def embed(
    texts: InArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="a .npy file: one L2-normalised float32 row a text")
    ],
    as_kind: Annotated[str, typer.Option("--as", help="query or document")] = "document",
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="bundled, a folder, or a name that is on this machine; without, the one that the home named with "
            "--config or --home encodes with, else bundled",
        ),
    ] = None,
    column: ColumnOption = None,
    encoding: EncodingOption = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Turn texts into vectors with the language model."""
    from modacast.pipeline.single import embed_file

    if as_kind not in {"query", "document"}:
        raise InvalidInput(f"--as is query or document, got {as_kind!r}")
    if out.suffix != ".npy":
        raise InvalidInput(f"--out ends in .npy, got {out.name!r}")
    if model is None:
        model = (
            "bundled" if config is None and home is None else open_workspace(config, home=home).encoder_name
        )
    with Bars() as bars:
        n, dim = embed_file(
            texts,
            out,
            kind=as_kind,
            model=model,
            columns=column_mapping(column),
            progress=bars,
            encoding=encoding,
        )
    log.print(f"wrote {n:,} x {dim} to {out}", markup=False, soft_wrap=True)


@lexicon_app.command("check")
def lexicon_check(
    files: Annotated[list[Path] | None, typer.Argument(help="files that add to the shipped lexicon")] = None,
) -> None:
    """Check the lexicon; every problem with its file, line and column."""
    from modacast.elements import Lexicon

    problems = Lexicon.check(*(files or ()))
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        raise typer.Exit(2)
    typer.echo(f"{len(Lexicon.load(*(files or ())).elements):,} elements, no problem")


def tell_rejects(rejects: object) -> None:
    """Print how many rows were set aside, and the first ten, to stderr."""
    import pyarrow as pa

    if isinstance(rejects, pa.Table) and rejects.num_rows:
        told = "1 row was" if rejects.num_rows == 1 else f"{rejects.num_rows:,} rows were"
        log.print(f"{told} set aside:", style="yellow")
        for row in rejects.slice(0, _TOLD).to_pylist():
            where = f" line {row['row']}" if row["row"] else ""
            where += f", {row['column']}" if row["column"] else ""
            log.print(
                f"  {row['path'] or row['source']}{where}: {row['reason']}"
                + (f" ({row['detail']})" if row["detail"] else ""),
                markup=False,
                soft_wrap=True,
            )
        if rejects.num_rows > _TOLD:
            log.print(f"  and {rejects.num_rows - _TOLD:,} more")
