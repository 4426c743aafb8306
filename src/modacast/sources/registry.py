"""Kinds of sources by name: modacast's own and those of plug-ins."""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from modacast.errors import InvalidInput, ModacastError, suggest
from modacast.types import Source

__all__ = ["GROUP", "open_source", "source_kinds"]

GROUP = "modacast.sources"
"""Entry-point group under which a package registers a kind: `name = "package.module:Class"`.

The class is called with the source's name, its path or URL, and the options of its settings, and has a `name`
and a `read` as `modacast.types.Source` says.
"""


def source_kinds() -> list[str]:
    """Get the kinds of sources that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def open_source(kind: str, name: str, path: str, **options: Any) -> Source:
    """Get a source of a kind.

    Args:
        kind: `"files"`, `"feed"`, or what a plug-in registers.
        name: of the source.
        path: file, pattern or URL.
        options: of the kind, for example `columns`, `lang`, `encoding`.

    Raises:
        InvalidInput: the kind or an option is unknown; the message names the near ones.
        ModacastError: the plug-in cannot be loaded.
    """
    points = {point.name: point for point in entry_points(group=GROUP)}
    if kind not in points:
        raise InvalidInput(f"source {name!r}: there is no kind {kind!r}{suggest(kind, points)}")
    make = _load(points[kind])
    _check_options(make, kind, name, options)
    source = make(name, path, **options)
    if not isinstance(source, Source):
        raise ModacastError(
            f"source {name!r}: what the plug-in {points[kind].value!r} makes has no name and read()"
        )
    return source


def _load(point: EntryPoint) -> Any:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise ModacastError(
            f"the source plug-in {point.name!r} ({point.value}) cannot be loaded: {error}"
        ) from error


def _check_options(make: Any, kind: str, name: str, options: dict[str, Any]) -> None:
    try:
        signature = inspect.signature(make)
        signature.bind(name, "", **options)
    except ValueError:
        return
    except TypeError as error:
        known = [
            parameter.name
            for parameter in list(signature.parameters.values())[2:]
            if parameter.kind in {parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD}
        ]
        for option in options:
            if option not in known:
                message = f"source {name!r}: kind {kind!r} has no option {option!r}{suggest(option, known)}"
                raise InvalidInput(message) from error
        raise InvalidInput(
            f"source {name!r} of kind {kind!r}: {error}; its options are {', '.join(known)}"
        ) from error
