"""The language model: bundled weights, vectors of texts, and a cache for them."""

from __future__ import annotations

from modacast.encoder.runtime import Encoder, get_encoder

__all__ = ["Encoder", "get_encoder"]
