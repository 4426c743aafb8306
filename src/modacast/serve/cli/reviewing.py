"""Commands that change the lexicon of a home: lexicon review, add, export."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modacast.errors import InvalidInput, ModacastError
from modacast.serve.cli.options import (
    ConfigOption,
    DataOption,
    HomeOption,
    JsonOption,
    open_settings,
    open_workspace,
)
from modacast.serve.cli.stages import lexicon_app
from modacast.serve.cli.terminal import log, print_json, print_table
from modacast.types import LANGUAGES

if TYPE_CHECKING:
    from modacast.elements import Lexicon
    from modacast.pipeline.workspace import Workspace

__all__ = ["lexicon_add", "lexicon_export", "lexicon_review"]

_N_TEXTS = 3
_KINDS = ("csv", "toml", "json")


@lexicon_app.command("review")
def lexicon_review(
    config: ConfigOption = None,
    data: DataOption = None,
    home: HomeOption = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept", metavar="WORD", help="take it into the lexicon of this home; may be repeated"
        ),
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option("--reject", metavar="WORD", help="never offer it again; may be repeated"),
    ] = None,
    undo: Annotated[
        list[str] | None,
        typer.Option("--undo", metavar="WORD", help="take back what was decided about it; may be repeated"),
    ] = None,
    rename: Annotated[
        str | None, typer.Option("--rename", help="what to call the one word that is accepted")
    ] = None,
    facet: Annotated[
        str | None, typer.Option("--facet", help="facet of the one word that is accepted")
    ] = None,
    parent: Annotated[
        str | None, typer.Option("--parent", help="id of the element that the accepted word is a kind of")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="LANG=TEXT", help="its label in a further language; may be repeated"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="show those that were decided, too")] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="only words found since this day, YYYY-MM-DD")
    ] = None,
    number: Annotated[int, typer.Option("-n", min=1, help="show at most so many, the surest first")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Look through the new words that were found, with the texts that show them, and accept or reject them.

    In a terminal, and without any of the options that decide, it asks about one word after the other.
    """
    workspace = open_workspace(config, data=data, home=home)
    details = {"label": rename, "facet": facet, "parent": parent, "labels": _labels(label)}
    if accept or reject or undo:
        if any(details.values()) and len(accept or ()) != 1:
            raise InvalidInput("--rename, --facet, --parent and --label go with exactly one --accept")
        _decide(workspace, accept or (), reject or (), undo or (), details, as_json=as_json)
        return
    if any(details.values()):
        raise InvalidInput("--rename, --facet, --parent and --label go with exactly one --accept")
    rows = _waiting(workspace, everything=everything, since=_day(since))
    if as_json:
        print_json([_told(workspace, row) for row in rows[:number]])
    elif sys.stdin.isatty() and sys.stdout.isatty() and not everything:
        _ask(workspace, rows[:number])
    else:
        _show(workspace, rows[:number], len(rows))


@lexicon_app.command("add")
def lexicon_add(
    element: Annotated[
        str | None, typer.Argument(metavar="ID", help="facet/name, for example style/dopamine-dressing")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="LANG=TEXT",
            help='how a language writes it, "多巴胺穿搭|多巴胺" for several; may be repeated',
        ),
    ] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="id of the broader element")] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="KEY=VALUE", help="a further fact; may be repeated"),
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="add all elements of this .csv, .toml or .json file instead")
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Add elements to the lexicon of this home, or change their labels; the shipped lexicon stays as it is."""
    from modacast.elements.lexicon_exchange import load_rows
    from modacast.elements.lexicon_file import HEADER
    from modacast.pipeline.own_words import add_elements
    from modacast.pipeline.workspace import Workspace

    if (element is None) == (source is None):
        raise InvalidInput("name one element (facet/name), or a file with --from")
    if source is not None:
        rows = load_rows(source)
        if not rows:
            raise InvalidInput(f"{source} holds no element")
    else:
        labels = _labels(label)
        if not labels:
            raise InvalidInput('write at least one label, for example --label "zh=多巴胺穿搭"')
        for pair in attribute or ():
            if "=" not in pair:
                raise InvalidInput(f"--attribute is written KEY=VALUE, got {pair!r}")
        _known_languages(labels)
        facts = {"id": str(element), "parent": parent or "", "attributes": ";".join(attribute or ())}
        rows = [dict.fromkeys(HEADER, "") | labels | facts]
    workspace = Workspace(open_settings(config, home=home))
    with workspace.locked():
        taken = _taken(workspace.wider_lexicon, rows)
        ids = add_elements(workspace, rows)
    log.print(
        f"added {len(ids):,} to {workspace.own_words}; `modacast run` tags with them",
        markup=False,
        soft_wrap=True,
    )
    for said in taken:
        log.print(said, markup=False, soft_wrap=True)


def _taken(lexicon: Lexicon, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Say which words stood for other elements until now: what is added wins over the shipped lexicon."""
    told = []
    for row in rows:
        for lang in LANGUAGES:
            for word in filter(None, (row.get(lang) or "").split("|")):
                others = [e.id for e in lexicon.find(word, lang) if e.id != row["id"]]
                if others and word[-1] not in "?!":
                    told.append(
                        f"note: {word} stood for {', '.join(others)} and stands for {row['id']} from now on; if that "
                        "is not meant, add it again with other labels"
                    )
    return told


@lexicon_app.command("export")
def lexicon_export(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="write to this .csv, .toml or .json file instead of stdout"),
    ] = None,
    own: Annotated[bool, typer.Option("--own", help="only what was accepted or added in this home")] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the whole lexicon: shipped, the project's files, and what was accepted, added or admitted here."""
    from modacast.elements.lexicon_exchange import dump_rows, lexicon_rows, load_rows
    from modacast.pipeline.workspace import Workspace
    from modacast.store.files import write_atomically

    kind = "json" if as_json else "csv" if out is None else out.suffix.lower().removeprefix(".")
    if kind not in _KINDS:
        raise InvalidInput(f"cannot tell a format from {str(out)!r}: use .csv, .toml or .json")
    settings = open_settings(config, home=home)
    workspace = Workspace(settings) if settings.project.home.is_dir() else None
    if own:
        rows = (
            load_rows(workspace.own_words) if workspace is not None and workspace.own_words.is_file() else []
        )
    elif workspace is not None:
        rows = lexicon_rows(workspace.wider_lexicon)
    else:
        from modacast.elements import Lexicon

        rows = lexicon_rows(Lexicon.load(*settings.lexicon.files))
    text = dump_rows(rows, kind)
    if out is None:
        typer.echo(text, nl=False)
        return
    write_atomically(out, lambda file: file.write(text.encode()))
    log.print(f"wrote {len(rows):,} elements to {out}", markup=False, soft_wrap=True)


def _decide(
    workspace: Workspace,
    accept: Sequence[str],
    reject: Sequence[str],
    undo: Sequence[str],
    details: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from modacast.pipeline.own_words import accept_word, reject_word, take_back

    done: list[dict[str, str]] = []
    with workspace.locked():
        done += [
            {"word": word, "status": "accepted", "element_id": accept_word(workspace, word, **details)}
            for word in accept
        ]
        done += [{"word": reject_word(workspace, word), "status": "rejected"} for word in reject]
        done += [{"word": take_back(workspace, word)["text"], "status": "found"} for word in undo]
    if as_json:
        print_json(done)
        return
    for each in done:
        log.print(f"{each['word']}: {each['status']} {each.get('element_id', '')}".rstrip(), markup=False)


def _waiting(workspace: Workspace, *, everything: bool, since: date | None) -> list[dict[str, Any]]:
    """Get the words that wait for a decision, the surest first."""
    from modacast.pipeline.new_words import new_words

    rows = [
        row
        for row in new_words(workspace).to_pylist()
        if (everything or row["status"] in {"found", "admitted"}) and (since is None or row["ds"] >= since)
    ]
    return sorted(rows, key=lambda row: (-row["probability"], row["ds"]))


def _texts(workspace: Workspace, row: dict[str, Any]) -> list[str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(row["evidence_ids"][:_N_TEXTS], pa.string())
    texts: list[str] = []
    for name in ("documents", "others"):
        table = workspace.lake.read(name)
        if table.num_rows and len(texts) < len(wanted):
            texts += table.filter(pc.is_in(table["id"], wanted))["text"].to_pylist()
    return texts


def _told(workspace: Workspace, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"texts": _texts(workspace, row)}


def _show(workspace: Workspace, rows: Sequence[dict[str, Any]], n_all: int) -> None:
    from rich.table import Table

    lang = workspace.settings.project.lang
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("word", "found", "first", "texts", "facet", "sure", "near", "status", "as in"):
        shown.add_column(name)
    for row in rows:
        near = [workspace.lexicon.label(e, lang) for e in row["nearest"][:2] if e in workspace.lexicon]
        texts = _texts(workspace, row)
        shown.add_row(
            row["text"], str(row["ds"]), str(row["first_seen"]), str(row["n_texts"]), row["facet"],
            f"{row['probability']:.0%}", ", ".join(near), row["status"], texts[0][:60] if texts else "",
        )  # fmt: skip
    print_table(shown)
    log.print(
        f"{len(rows):,} of {n_all:,}; decide with --accept WORD and --reject WORD, or in a terminal one by one"
    )


def _ask(workspace: Workspace, rows: Sequence[dict[str, Any]]) -> None:
    """Ask about one word after the other."""
    from modacast.pipeline.own_words import accept_word, reject_word

    if not rows:
        log.print("no new words wait for a decision")
    for n, row in enumerate(rows, start=1):
        typer.echo(
            f"\n{n}/{len(rows)}  {row['text']}  ({row['facet']}, {row['probability']:.0%} sure, {row['n_texts']} texts, "
            f"first {row['first_seen']}, found {row['ds']})"
        )
        for text in _texts(workspace, row):
            typer.echo(f"   “{text[:120]}”")
        details: dict[str, Any] = {}
        said = _answer(row, details)
        if said == "q":
            return
        try:
            with workspace.locked():
                if said == "a":
                    typer.echo(f"   accepted as {accept_word(workspace, row['id'], **details)}")
                elif said == "r":
                    typer.echo(f"   rejected {reject_word(workspace, row['id'])}")
        except ModacastError as error:
            typer.echo(f"   {error}")


def _answer(row: dict[str, Any], details: dict[str, Any]) -> str:
    """Ask until something is decided; a new name or facet goes into the details."""
    while True:
        said = (
            str(typer.prompt("[a]ccept, [r]eject, re[n]ame, [f]acet, [s]kip, [q]uit", default="s"))
            .strip()
            .lower()[:1]
        )
        if said == "n":
            details["label"] = typer.prompt("call it", default=row["text"])
        elif said == "f":
            details["facet"] = typer.prompt("facet", default=row["facet"])
        else:
            return said


def _labels(pairs: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs or ():
        lang, equals, text = pair.partition("=")
        if not equals or not lang.strip() or not text.strip():
            raise InvalidInput(
                f"--label is written LANG=TEXT, for example en=dopamine dressing; got {pair!r}"
            )
        found[lang.strip()] = text.strip()
    return found


def _known_languages(labels: dict[str, str]) -> None:
    from modacast.errors import suggest

    for lang in labels:
        if lang not in LANGUAGES:
            raise InvalidInput(f"there is no language {lang!r}{suggest(lang, LANGUAGES)}")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"--since is a day written YYYY-MM-DD, got {text!r}") from error
