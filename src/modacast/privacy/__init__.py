"""Nothing raw is written: personal data leave texts, ids become keyed pseudonyms, keys stay in one file."""

from __future__ import annotations

from modacast.privacy.keys import KeyRing
from modacast.privacy.pseudonyms import Pseudonymiser
from modacast.privacy.scrub import Scrubbed, ScrubbedTexts, scrub, scrub_many, scrub_url

__all__ = ["KeyRing", "Pseudonymiser", "Scrubbed", "ScrubbedTexts", "scrub", "scrub_many", "scrub_url"]
