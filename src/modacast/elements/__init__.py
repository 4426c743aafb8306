"""Fashion elements: the lexicon, what texts name, what they feel about it, and whether they are about clothes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modacast.elements.lexicon import Lexicon
    from modacast.elements.relevance import Relevance
    from modacast.elements.sentiment import Sentiment
    from modacast.elements.tagger import Tagger

__all__ = ["Lexicon", "Relevance", "Sentiment", "Tagger"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"modacast.elements.{name.lower()}"), name)
    raise AttributeError(f"module 'modacast.elements' has no attribute {name!r}")
