"""Spans of texts that look like fashion elements by a language model, those that the lexicon lacks among them."""

from __future__ import annotations

from modacast.elements.spans.counting import COUNTED_SPANS, counted
from modacast.elements.spans.finder import SPANS, SpanTagger
from modacast.elements.spans.tokens import StateEncoder, States

__all__ = ["COUNTED_SPANS", "SPANS", "SpanTagger", "StateEncoder", "States", "counted"]
