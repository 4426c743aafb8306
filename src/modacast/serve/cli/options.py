"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from modacast.errors import InvalidInput

if TYPE_CHECKING:
    from modacast.config import Settings
    from modacast.elements import Lexicon
    from modacast.pipeline.workspace import Workspace

__all__ = [
    "ColumnOption",
    "ConfigOption",
    "DataOption",
    "EncodingOption",
    "HomeOption",
    "JsonOption",
    "OutOption",
    "column_mapping",
    "language",
    "open_lexicon",
    "open_settings",
    "open_workspace",
]

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="modacast.toml, or its folder; ./modacast.toml where it is there"),
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="folder that the paths in modacast.toml start from")
]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="folder of all that modacast writes, instead of modacast.toml's")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="write to this file (.csv .tsv .jsonl .parquet, .gz) instead of stdout"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for machines instead of a table")]
ColumnOption = Annotated[
    list[str] | None, typer.Option("--column", help="column mapping, for example text=title; may be repeated")
]

EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", help="of the file, for example shift_jis; without, UTF-8 or else GB18030"),
]


def language(code: str) -> Literal["zh", "en"]:
    """Check a language that lists and reports are written in."""
    if code == "zh":
        return "zh"
    if code == "en":
        return "en"
    raise InvalidInput(f"--lang is zh or en, got {code!r}")


def open_settings(config: Path | None, *, data: Path | None = None, home: Path | None = None) -> Settings:
    """Get the settings that the shared options name."""
    from modacast.config import load_settings

    if config is None and Path("modacast.toml").is_file():
        config = Path("modacast.toml")
    settings = load_settings(config, data=data)
    if home is not None:
        project = settings.project.model_copy(update={"home": home})
        settings = settings.model_copy(update={"project": project})
    return settings


def open_lexicon(config: Path | None, *, home: Path | None = None) -> Lexicon:
    """Get the lexicon of the home or project that the shared options name; the shipped one where they name none."""
    from modacast.elements import Lexicon
    from modacast.pipeline.workspace import Workspace

    if home is not None:
        return open_workspace(config, home=home).lexicon
    if config is None and not Path("modacast.toml").is_file():
        return Lexicon.load()
    settings = open_settings(config)
    if settings.project.home.is_dir():
        return Workspace(settings).lexicon
    return Lexicon.load(*settings.lexicon.files)


def open_workspace(config: Path | None, *, data: Path | None = None, home: Path | None = None) -> Workspace:
    """Get the workspace that the shared options name; the home has to exist."""
    from modacast.errors import NotFound
    from modacast.pipeline.workspace import Workspace

    settings = open_settings(config, data=data, home=home)
    named = settings.project.home
    if not named.is_dir():
        raise NotFound(f"there is no home {named} yet; run `modacast run` first, or name another with --home")
    if not (named / "lake").is_dir() and (named / "home" / "lake").is_dir():
        raise NotFound(f"{named} is no home but the folder of one; use --home {named / 'home'}")
    return Workspace(settings)


def column_mapping(pairs: Sequence[str] | None) -> dict[str, str | list[str]]:
    """Read `--column a=b` options; `a=b,c` joins columns."""
    mapping: dict[str, str | list[str]] = {}
    for pair in pairs or ():
        name, equals, column = pair.partition("=")
        if not (name and equals and column):
            raise InvalidInput(f"--column is written NAME=COLUMN, for example text=title; got {pair!r}")
        mapping[name] = column.split(",") if "," in column else column
    return mapping
