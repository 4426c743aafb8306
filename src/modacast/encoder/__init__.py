"""The language model: bundled weights, vectors of texts, and a cache for them."""

from __future__ import annotations

from modacast.encoder.batches import embed
from modacast.encoder.cache import VectorCache
from modacast.encoder.cached import CachedEncoder
from modacast.encoder.centring import Centring
from modacast.encoder.classifier import TextClassifier
from modacast.encoder.heads import LinearHead
from modacast.encoder.neighbours import Neighbour, nearest
from modacast.encoder.runtime import Encoder
from modacast.encoder.serving import BatchingEncoder
from modacast.encoder.shared import get_encoder, get_serving_encoder

__all__ = [
    "BatchingEncoder",
    "CachedEncoder",
    "Centring",
    "Encoder",
    "LinearHead",
    "Neighbour",
    "TextClassifier",
    "VectorCache",
    "embed",
    "get_encoder",
    "get_serving_encoder",
    "nearest",
]
