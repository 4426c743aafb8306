"""Search by meaning."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from modacast.errors import InvalidInput
from modacast.serve.cli import app
from modacast.serve.cli.options import ConfigOption, HomeOption, JsonOption, language, open_workspace
from modacast.serve.cli.terminal import Bars, print_json, print_table

if TYPE_CHECKING:
    from modacast.pipeline.index import IndexKind

__all__ = ["search"]

_SHOWN = 60


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="any words, any language")],
    config: ConfigOption = None,
    home: HomeOption = None,
    where: Annotated[str, typer.Option("--in", help="products, documents or all")] = "all",
    k: Annotated[int, typer.Option("-k", help="how many of each")] = 10,
    text_lang: Annotated[str | None, typer.Option("--text-lang", help="only texts in this language")] = None,
    lang: Annotated[str, typer.Option("--lang", help="language of the elements' names")] = "zh",
    as_json: JsonOption = False,
) -> None:
    """Find products and posts by meaning, across languages."""
    from modacast.pipeline.search import search as find

    workspace = open_workspace(config, home=home)
    named = language(lang)
    with Bars() as bars:
        hits = find(workspace, query, k=k, kinds=_kinds(where), lang=text_lang, progress=bars)
    if as_json:
        print_json([asdict(hit) for hit in hits])
        return
    if not hits:
        typer.echo("nothing was found")
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in ("score", "", "id", "lang", "date", "text", "names"):
        table.add_column(name, justify="right" if name == "score" else "left")
    for hit in hits:
        text = " ".join(hit.text.split())
        table.add_row(
            f"{hit.score:.3f}",
            "product" if hit.kind == "products" else (hit.source or "document"),
            hit.id,
            hit.lang,
            f"{hit.at:%Y-%m-%d}" if hit.at else "",
            text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…",
            ", ".join(workspace.wider_lexicon.label(e, named) for e in hit.elements),
        )
    print_table(table)


def _kinds(where: str) -> tuple[IndexKind, ...]:
    if where == "all":
        return ("products", "documents")
    if where == "products":
        return ("products",)
    if where == "documents":
        return ("documents",)
    raise InvalidInput(f"--in is products, documents or all; got {where!r}")
