"""Raw texts made into documents: normalised, in a known language, scrubbed, without copies, about fashion."""

from __future__ import annotations

from modacast.documents.cleaning import Cleaned, clean
from modacast.documents.duplicates import SEEN, Deduplicator
from modacast.documents.languages import identify_languages
from modacast.documents.normalising import normalise
from modacast.documents.words import segment, tokenise

__all__ = [
    "SEEN",
    "Cleaned",
    "Deduplicator",
    "clean",
    "identify_languages",
    "normalise",
    "segment",
    "tokenise",
]
