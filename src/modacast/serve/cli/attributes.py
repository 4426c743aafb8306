"""Commands about a shop's own attributes: attributes learn, attributes fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from modacast.errors import InvalidInput
from modacast.serve.cli import app
from modacast.serve.cli.options import ColumnOption, JsonOption, OutOption, column_mapping
from modacast.serve.cli.stages import InArgument, LangOption, tell_rejects
from modacast.serve.cli.terminal import emit, log, print_json, print_table

if TYPE_CHECKING:
    from modacast.pipeline.attributes import LearnedAttributes

__all__ = ["attributes_app"]

attributes_app = typer.Typer(
    no_args_is_help=True,
    help="Your shop's own attributes: learn them from products that have them, fill them in for others.",
    rich_markup_mode=None,
)
app.add_typer(attributes_app, name="attributes")


@attributes_app.command()
def learn(
    products: InArgument,
    attribute: Annotated[
        list[str], typer.Option("--attribute", "-a", help="a column to learn, such as type; may be repeated")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder for what is learned")],
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", help="a label that no product has yet, for example type=Kimonos; may be repeated"
        ),
    ] = None,
    column: ColumnOption = None,
    lang: LangOption = None,
    seed: Annotated[int, typer.Option("--seed", help="decides how it is measured")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Learn attributes from products that have them, and tell how well unseen products are filled in."""
    from modacast.pipeline.attributes import learn_attributes

    learned = learn_attributes(
        products,
        attribute,
        out,
        columns=column_mapping(column),
        lang=lang,
        labels=_labels(label),
        seed=seed,
    )
    if as_json:
        print_json({name: asdict(report) for name, report in learned.reports.items()})
    else:
        print_table(_table(learned))
    if learned.n_unlabelled:
        log.print(f"{learned.n_unlabelled:,} rows have none of these attributes and teach nothing")
    tell_rejects(learned.rejects)
    log.print(f"wrote {out}", markup=False, soft_wrap=True)


@attributes_app.command()
def fill(
    products: InArgument,
    model: Annotated[Path, typer.Option("--model", help="folder that `attributes learn` wrote")],
    out: OutOption = None,
    least: Annotated[
        float, typer.Option("--least", help="probability below which an attribute is left empty")
    ] = 0.5,
    column: ColumnOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fill in attributes from titles; what the file has already stays, and what is unsure is left empty."""
    from modacast.pipeline.attributes import fill_attributes

    filled = fill_attributes(products, model, columns=column_mapping(column), lang=lang, least=least)
    emit(filled.batch.table, out, as_json=as_json)
    for name, n_empty in filled.n_empty.items():
        n_learned = filled.batch.table.num_rows - n_empty - filled.n_given[name]
        log.print(
            f"{name}: {n_learned:,} filled in, {filled.n_given[name]:,} given in the file, {n_empty:,} left empty "
            f"(less probable than {least:g})",
            markup=False,
            soft_wrap=True,
        )
    tell_rejects(filled.batch.rejects)


def _labels(pairs: Sequence[str] | None) -> dict[str, list[str]]:
    labels: dict[str, list[str]] = {}
    for pair in pairs or ():
        name, equals, label = pair.partition("=")
        if not (name and equals and label.strip()):
            raise InvalidInput(f"--label is written ATTRIBUTE=LABEL, for example type=Kimonos; got {pair!r}")
        labels.setdefault(name, []).append(label)
    return labels


def _table(learned: LearnedAttributes) -> Table:
    table = Table(title=None, header_style="bold", box=None, pad_edge=False)
    table.add_column("attribute")
    for name in ("products", "labels", "of < 5 products", "right, unseen", "lexicon alone", "calibration"):
        table.add_column(name, justify="right")
    for name, report in learned.reports.items():
        measured = [report.accuracy, report.by_lexicon, report.calibration_error]
        table.add_row(
            name,
            f"{report.n_titles:,}",
            f"{report.n_labels:,}",
            f"{report.n_rare:,}",
            *("too few" if figure is None else f"{figure:.3f}" for figure in measured),
        )
    return table
