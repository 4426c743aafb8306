"""Search by meaning."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from modacast.errors import InvalidInput
from modacast.serve.cli import app
from modacast.serve.cli.options import ConfigOption, HomeOption, JsonOption, language, open_workspace
from modacast.serve.cli.terminal import Bars, print_json, print_table, terminal_width

if TYPE_CHECKING:
    from modacast.elements import Lexicon
    from modacast.pipeline.index import IndexKind
    from modacast.pipeline.search import Hit

__all__ = ["search"]

_SHOWN = 60
_HEADS = ("score", "", "id", "lang", "date", "text", "names")


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
    rows = [_cells(hit, workspace.wider_lexicon, named) for hit in hits]
    widths = [max(map(cell_len, column)) for column in zip(_HEADS, *rows, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) > terminal_width():
        for *facts, text, names in rows:
            typer.echo("  ".join(fact for fact in facts if fact))
            typer.echo(f"    {text}" + (f"  [{names}]" if names else ""))
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in _HEADS:
        table.add_column(name, justify="right" if name == "score" else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    print_table(table)


def _cells(hit: Hit, lexicon: Lexicon, lang: str) -> list[str]:
    text = " ".join(hit.text.split())
    return [
        f"{hit.score:.3f}",
        "product" if hit.kind == "products" else (hit.source or "document"),
        hit.id,
        hit.lang,
        f"{hit.at:%Y-%m-%d}" if hit.at else "",
        text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…",
        ", ".join(lexicon.label(element_id, lang) for element_id in hit.elements),
    ]


def _kinds(where: str) -> tuple[IndexKind, ...]:
    if where == "all":
        return ("products", "documents")
    if where == "products":
        return ("products",)
    if where == "documents":
        return ("documents",)
    raise InvalidInput(f"--in is products, documents or all; got {where!r}")
