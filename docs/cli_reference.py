"""Write `reference/cli.md` from the commands themselves: `python docs/cli_reference.py`.

Read from the commands' signatures rather than from rendered help, which changes with the width of the terminal
and the version of typer.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from modacast.errors import ModacastError
from modacast.serve import cli

__all__ = ["PAGE", "Command", "Parameter", "commands", "render"]

PAGE = Path(__file__).parent / "reference" / "cli.md"

_INTRO = """# Command line

<!-- Written by `python docs/cli_reference.py`; change the commands, not this page. -->

Results go to stdout or to `--out`; progress and messages go to stderr. Files are CSV, TSV, JSONL, Parquet or TXT (one text a line), gzipped or
not, told apart by their names. `modacast COMMAND --help` says the same as this page.
"""
_VALUES = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument or an option of a command.

    Attributes:
        names: what is typed, `("--out", "-o")`; empty for an argument.
        value: placeholder of the value; `""` for a switch.
        help: what it does.
        default: as it is shown; None where there is none.
        is_required: whether the command fails without it.
        is_repeatable: whether it may be given several times.
    """

    names: tuple[str, ...]
    value: str
    help: str
    default: str | None
    is_required: bool
    is_repeatable: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A command with what it takes, in the order of its signature."""

    name: str
    help: str
    parameters: tuple[Parameter, ...]

    @property
    def usage(self) -> str:
        """How it is called: `modacast tag IN [OPTIONS]`."""
        words = [self.name]
        for parameter in self.parameters:
            if parameter.names and parameter.is_required:
                words.append(f"{parameter.names[0]} {parameter.value}")
            elif not parameter.names:
                value = parameter.value + ("..." if parameter.is_repeatable else "")
                words.append(value if parameter.is_required else f"[{value}]")
        if any(parameter.names and not parameter.is_required for parameter in self.parameters):
            words.append("[OPTIONS]")
        return " ".join(words)


def commands() -> list[Command]:
    """Get every command, by name; the first is `modacast` itself."""
    for module in pkgutil.iter_modules(cli.__path__, f"{cli.__name__}."):
        import_module(module.name)
    root = cli.app.registered_callback
    own = _parameters(root.callback) if root and root.callback else ()
    found = sorted(_walk(cli.app, "modacast"), key=lambda command: command.name)
    return [Command("modacast", str(cli.app.info.help), own), *found]


def render() -> str:
    """Get the page."""
    parts = [_INTRO, *map(_section, commands()), _exit_codes()]
    return "\n".join(parts)


def _walk(app: typer.Typer, prefix: str) -> Iterator[Command]:
    for info in app.registered_commands:
        if info.callback is not None and not info.hidden:
            name = info.name or info.callback.__name__.lower().replace("_", "-")
            yield Command(f"{prefix} {name}", inspect.getdoc(info.callback) or "", _parameters(info.callback))
    for group in app.registered_groups:
        if group.typer_instance is not None:
            name = f"{prefix} {group.name}"
            yield Command(name, str(group.typer_instance.info.help), ())
            yield from _walk(group.typer_instance, name)


def _parameters(callback: Callable[..., Any]) -> tuple[Parameter, ...]:
    hints = get_type_hints(callback, include_extras=True)
    found = (_parameter(each, hints[each.name]) for each in inspect.signature(callback).parameters.values())
    return tuple(parameter for parameter in found if parameter is not None)


def _parameter(signed: inspect.Parameter, hint: Any) -> Parameter | None:
    default, info = signed.default, None
    if hasattr(hint, "__metadata__"):
        info, hint = hint.__metadata__[0], get_args(hint)[0]
    elif isinstance(default, ArgumentInfo | OptionInfo):
        info, default = default, default.default
    if not isinstance(info, ArgumentInfo | OptionInfo) or info.hidden:
        return None
    if type(None) in get_args(hint):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    is_repeatable = get_origin(hint) is list
    kind = get_args(hint)[0] if is_repeatable else hint
    names = _names(info, signed.name) if isinstance(info, OptionInfo) else ()
    value = info.metavar or (_placeholder(kind) if names else signed.name.upper())
    is_required = default in {inspect.Parameter.empty, ...}
    shown = None if is_required or default is None else _shown(default)
    return Parameter(names, value, info.help or "", shown, is_required, is_repeatable)


def _names(info: OptionInfo, name: str) -> tuple[str, ...]:
    # inside Annotated, typer keeps the first name where the default would stand
    first = (info.default,) if isinstance(info.default, str) else ()
    written = (*first, *(info.param_decls or ())) or (f"--{name.replace('_', '-')}",)
    return tuple(part for names in written for part in names.split("/"))


def _placeholder(kind: Any) -> str:
    if kind is bool:
        return ""
    return _VALUES.get(kind, "TEXT")


def _shown(default: Any) -> str | None:
    if isinstance(default, bool):
        return None
    return default.as_posix() if isinstance(default, Path) else str(default)


def _section(command: Command) -> str:
    lines = [f"## {command.name}\n", f"{command.help}\n"]
    if command.parameters and command.name != "modacast":
        lines.append(f"```text\n{command.usage}\n```\n")
    lines += [_bullet(parameter) for parameter in command.parameters]
    return "\n".join(lines) + ("\n" if command.parameters else "")


def _bullet(parameter: Parameter) -> str:
    *others, last = parameter.names or ("",)
    typed = ", ".join(
        [*(f"`{name}`" for name in others), f"`{' '.join(filter(None, (last, parameter.value)))}`"]
    )
    notes = [parameter.help]
    if parameter.is_required and parameter.names:
        notes.append("required")
    if parameter.is_repeatable and "repeated" not in parameter.help:
        notes.append("may be repeated" if parameter.names else "several may be given")
    if parameter.default is not None:
        notes.append(f"default `{parameter.default}`")
    return f"- {typed}: {'; '.join(notes)}"


def _exit_codes() -> str:
    rows = ["| code | means |", "|---|---|", "| 0 | It worked. |"]
    # only those that are declared for all: a stage may have one of its own, which never ends a command
    declared = [
        error for error in ModacastError.__subclasses__() if error.__module__ == ModacastError.__module__
    ]
    errors = sorted(declared, key=lambda error: (error.exit_code, error.__name__))
    rows += [f"| {error.exit_code} | {error.__name__}: {_first_line(error)} |" for error in errors]
    rows.append("| 130 | Stopped with Ctrl-C; what was finished is stored. |")
    return "## Exit codes\n\nErrors are one line on stderr.\n\n" + "\n".join(rows) + "\n"


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").splitlines()[0]


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
