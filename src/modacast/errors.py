"""What can go wrong, as one small family of exceptions.

Every message says what was wrong and where, what arrived, and what to do. `exit_code` is what the command
line returns for the error, `http_status` what the API answers (as an RFC 9457 problem document).
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

__all__ = [
    "ConsentRequired",
    "InvalidInput",
    "MissingExtra",
    "ModacastError",
    "NotFitted",
    "NotFound",
    "Overloaded",
    "StorageError",
    "suggest",
]


class ModacastError(Exception):
    """Base of all errors that modacast raises on purpose."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500


class InvalidInput(ModacastError, ValueError):
    """Data, a setting or an argument is not of the form that was asked for."""

    exit_code = 2
    http_status = 422


class NotFitted(ModacastError, ValueError):
    """A model was asked for results before it was fitted."""

    exit_code = 1
    http_status = 409


class NotFound(ModacastError, LookupError):
    """A file, element, item, user or model of that name is not there."""

    exit_code = 2
    http_status = 404


class MissingExtra(ModacastError, ImportError):
    """An optional dependency is not installed.

    Args:
        extra: name of the extra in `pyproject.toml`, for example `"train"`.
        need: what needs it, for example `"fine-tuning"`.
    """

    exit_code = 1
    http_status = 501

    def __init__(self, extra: str, need: str) -> None:
        super().__init__(f"{need} needs the extra {extra!r}: pip install 'modacast[{extra}]'")
        self.extra = extra


class Overloaded(ModacastError):
    """More was asked for at once than can be worked off; the same request may succeed later."""

    exit_code = 1
    http_status = 503


class ConsentRequired(ModacastError, PermissionError):
    """The person has not agreed to what was asked for."""

    exit_code = 1
    http_status = 403


class StorageError(ModacastError, OSError):
    """The lake or the database could not be read or written; what was stored before is still whole."""

    exit_code = 1
    http_status = 503


def suggest(name: str, known: Iterable[str]) -> str:
    """Get the tail of a message that offers the nearest known names.

    Args:
        name: what arrived.
        known: the names that exist.

    Returns:
        `"; did you mean 'title'?"`, or the list of what exists where nothing is near, or `""`.

    >>> suggest("titel", ["title", "date"])
    "; did you mean 'title'?"
    """
    options = sorted(set(known))
    lowered = {option.lower(): option for option in options}
    near = get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)
    if near:
        return "; did you mean " + " or ".join(repr(lowered[n]) for n in near) + "?"
    if options:
        shown = ", ".join(repr(option) for option in options[:20])
        return f"; there is {shown}" + (" ..." if len(options) > 20 else "")
    return ""
