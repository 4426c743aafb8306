"""Write `reference/settings.md` from the settings themselves: `python docs/settings_reference.py`."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from inspect import getdoc
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from modacast.config import Input, Settings, template

__all__ = ["PAGE", "Setting", "render", "settings"]

PAGE = Path(__file__).parent / "reference" / "settings.md"

_INTRO = """# Settings

<!-- Written by `python docs/settings_reference.py`; change modacast.config, not this page. -->

Settings are read from `modacast.toml` (`modacast init DIR` writes a commented one) and are all optional but the inputs.
The environment wins over the file: each setting's variable stands below its description. Lists are given there as JSON, for example
`MODACAST_TRENDS__SEGMENTS='["all", "lang"]'`. Paths of inputs and of the lexicon are relative to the folder given with
`--data`, else to the folder of the file; `project.home` and `report.path` are relative to the current folder.
"""
_INPUTS = """## Inputs

`[[documents]]` is what people write, `[[items]]` what you sell, `[[events]]` what shoppers do. Each may occur several
times and takes the same settings. In the environment, `MODACAST_DOCUMENTS`, `MODACAST_ITEMS` and `MODACAST_EVENTS` each
replace the whole list, as JSON.

"""
_TYPES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    date: "date",
    SecretStr: "text (a secret)",
}
_BETTER = {
    "project.title": "name of the project, shown on the report",
    "project.lang": "language of the report",
    "encoder.model": '`"promoted"`: what `modacast models promote` put to use, else the bundled one; or `"bundled"`, a folder, the name of a model that is on this machine',
    "encoder.threads": "batches that are computed at a time; the cores that this process may use where not given",
    "trends.segments": 'what trends are made for: `"all"`, each language (`"lang"`), each source (`"source"`), each `"region"` and `"audience"` that the documents name',
    "recommend.k": "length of a list",
    "recommend.exclude_purchased": "leave out what the shopper bought",
    "report.path": "where the report is written",
    "report.shoppers": "shoppers whose lists are shown",
}
"""What neither the settings nor the template's comments say, or what reads oddly outside the template."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        section: `"trends"`, or `""` for those of an input.
        name: within the section.
        type: in words, with the range.
        default: as it is written in the file; `""` where there is none.
        description: what it does.
        is_required: whether there has to be a value.
    """

    section: str
    name: str
    type: str
    default: str
    description: str
    is_required: bool

    @property
    def variable(self) -> str:
        """The variable of the environment that overrides it."""
        return f"MODACAST_{self.section}__{self.name}".upper()


def settings() -> list[Setting]:
    """Get every setting in the order of the file; those of inputs have no section."""
    comments = dict(_comments(template()))
    found = _of_model("", Input, comments)
    for section, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            found += _of_model(section, model, comments)
    return found


def render() -> str:
    """Get the page."""
    known = settings()
    inputs = [setting for setting in known if not setting.section]
    parts = [_INTRO, _INPUTS + _table(inputs)]
    for section in dict.fromkeys(setting.section for setting in known if setting.section):
        model = Settings.model_fields[section].annotation
        parts.append(
            f"## {section}\n\n{getdoc(model)}\n\n" + _table([s for s in known if s.section == section])
        )
    return "\n".join(parts)


def _of_model(section: str, model: type[BaseModel], comments: Mapping[str, str]) -> list[Setting]:
    said = dict(re.findall(r"^ +(\w+): (.+)$", getdoc(model) or "", re.MULTILINE))
    found = []
    for name, field in model.model_fields.items():
        key = f"{section}.{name}" if section else name
        text = said.get(name) or _BETTER.get(key) or comments.get(key) or field.description or ""
        found.append(
            Setting(section, name, _type(field), _default(field), text.rstrip("."), field.is_required())
        )
    return found


def _comments(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in text.splitlines():
        if header := re.match(r"\[(\w+)\]", line):
            section = header[1]
        elif written := re.match(r"(\w+) = .*?\s# (.+)$", line):
            yield f"{section}.{written[1]}", written[2]


def _type(field: FieldInfo) -> str:
    bounds = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "gt", "le")
        if hasattr(rule, name)
    }
    words = _in_words(field.annotation)
    if "gt" in bounds:
        words += f" above {bounds['gt']}"
    if "ge" in bounds and "le" in bounds:
        words += f", {bounds['ge']} to {bounds['le']}"
    elif "ge" in bounds:
        words += f", at least {bounds['ge']}"
    elif "le" in bounds:
        words += f", at most {bounds['le']}"
    return words


def _in_words(kind: Any) -> str:
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in args)
    if origin in {Union, types.UnionType}:
        return " or ".join(_in_words(arg) for arg in args if arg is not type(None))
    if origin is list:
        return f"list of {_in_words(args[0])}s" if args[0] in {str, Path} else f"list of {_in_words(args[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return "table"
    return _TYPES[kind]


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required() or value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    return (
        f"{value:g}"
        if isinstance(value, float)
        else str(value)
        if isinstance(value, int | dict)
        else f'"{value}"'
    )


def _table(rows: list[Setting]) -> str:
    lines = ["| setting | type | default | what |", "|---|---|---|---|"]
    for row in rows:
        default = f"`{row.default}`" if row.default else ""
        what = f"{row.description}<br>`{row.variable}`" if row.section else row.description
        cells = (f"`{row.name}`", row.type, default or ("required" if row.is_required else ""), what)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
