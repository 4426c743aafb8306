"""Let mkdocstrings show the examples that end a docstring as code rather than as nested quotations."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["DoctestSections"]

_EXAMPLES = re.compile(r"\n\n(?=>>> )")


class DoctestSections(griffe.Extension):
    """Put examples that follow a blank line under the heading that the Google style has for them."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of one object, where it has examples."""
        if obj.docstring is None or "Examples:" in obj.docstring.value:
            return
        text, *examples = _EXAMPLES.split(obj.docstring.value)
        if examples:
            body = "\n\n".join(examples).replace("\n", "\n    ")
            obj.docstring.value = f"{text}\n\nExamples:\n    {body}"
