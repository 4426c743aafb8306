"""The language model: bundled weights, vectors of texts, and a cache for them."""

from __future__ import annotations

from modacast.encoder.batches import embed
from modacast.encoder.cache import CachedEncoder, VectorCache
from modacast.encoder.centring import Centring
from modacast.encoder.runtime import Encoder, get_encoder

__all__ = ["CachedEncoder", "Centring", "Encoder", "VectorCache", "embed", "get_encoder"]
