"""What elements are called and look like in the report."""

from __future__ import annotations

import re
from collections.abc import Mapping

from modacast.serve.report.phrases import FACET_NAMES, LANGUAGE_NAMES
from modacast.serve.report.words import Words
from modacast.types import Element

__all__ = ["Names"]

_PROPER = re.compile(r"\b(american|british|chinese|french|italian|japanese|korean|scottish|uv|y2k)\b")
_INITIALS = frozenset({"uv", "y2k"})
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


class Names:
    """Looks elements up; one that is not in the lexicon goes by the end of its id.

    Args:
        elements: element id to element.
    """

    def __init__(self, elements: Mapping[str, Element]) -> None:
        self._elements = elements

    def name(self, element_id: str) -> Words:
        """Get an element's name."""
        element = self._elements.get(element_id)
        if element is None:
            plain = element_id.rpartition("/")[2].replace("-", " ")
            return Words(plain, plain)
        return Words(_capital(element.label("zh")), _capital(_with_proper_names(element.label("en"))))

    def facet(self, element_id: str) -> str:
        """Get an element's facet, `""` where it is none that is known."""
        element = self._elements.get(element_id)
        return element.facet if element else element_id.partition("/")[0] * ("/" in element_id)

    def facet_name(self, element_id: str) -> Words:
        """Get the name of an element's facet."""
        facet = self.facet(element_id)
        return FACET_NAMES.get(facet, Words(facet, facet))

    def colour(self, element_id: str) -> str | None:
        """Get `"#rrggbb"` of a colour, None of everything else."""
        element = self._elements.get(element_id)
        found = element.attributes.get("hex", "") if element else ""
        return found.lower() if _HEX.fullmatch(found) else None

    def is_candidate(self, element_id: str) -> bool:
        """Whether the element was discovered, and nobody has confirmed it."""
        element = self._elements.get(element_id)
        return element is not None and element.status in {"candidate", "admitted"}

    def line(self, element_id: str) -> tuple[str, ...]:
        """Get the element and all above it, nearest first."""
        found: list[str] = []
        step: str | None = element_id
        while step and step not in found:
            found.append(step)
            element = self._elements.get(step)
            step = element.parent if element else None
        return tuple(found)

    @staticmethod
    def segment(segment: str) -> Words:
        """Get what a segment is called: `"lang=zh"` is "Chinese"; a source goes by its own name."""
        kind, _, value = segment.partition("=")
        if kind == "lang":
            return LANGUAGE_NAMES.get(value, Words(value, value))
        return Words(value, value)


def _with_proper_names(name: str) -> str:
    """Write names of peoples and initials as English does; the lexicon has them in small letters."""
    return _PROPER.sub(
        lambda found: found[0].upper() if found[0] in _INITIALS else found[0].capitalize(), name
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
