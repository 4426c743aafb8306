"""What a shopper likes and cares for, read from what they did and wrote."""

from modacast.profiles.builder import EVENT_STRENGTH, CatalogueView, ProfileBuilder, event_strength
from modacast.profiles.values import STATEMENTS, VALUES, value_evidence

__all__ = [
    "EVENT_STRENGTH",
    "STATEMENTS",
    "VALUES",
    "CatalogueView",
    "ProfileBuilder",
    "event_strength",
    "value_evidence",
]
