"""Discovery: new words of fashion, found as the weeks go by."""

from __future__ import annotations

from modacast.elements.discovery.adopting import as_elements, find_new_words, with_new_words
from modacast.elements.discovery.naming import element_name
from modacast.elements.discovery.new_words import NEW_WORDS
from modacast.elements.discovery.rules import DiscoveryRules
from modacast.elements.discovery.walk import Discovery, discover

__all__ = [
    "NEW_WORDS",
    "Discovery",
    "DiscoveryRules",
    "as_elements",
    "discover",
    "element_name",
    "find_new_words",
    "with_new_words",
]
