"""An encoder with a memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from modacast.encoder.cache import VectorCache
from modacast.errors import InvalidInput, StorageError
from modacast.types import Encoder, Floats

__all__ = ["CachedEncoder"]

_TEXTS_AT_ONCE = 8192
_log = logging.getLogger(__name__)


class CachedEncoder:
    """An encoder that computes each text once; see `modacast.types.Encoder`.

    Vectors are rounded as the cache stores them, whether they come from it or not. A cache that fails is
    reported in the log, and the vectors are computed.

    Args:
        encoder: computes what is not stored yet.
        cache: of the same model.

    Raises:
        InvalidInput: the cache belongs to another model.
    """

    def __init__(self, encoder: Encoder, cache: VectorCache) -> None:
        if (encoder.model_id, encoder.dim) != (cache.model_id, cache.dim):
            raise InvalidInput(f"the cache is of {cache.model_id!r}, the encoder is {encoder.model_id!r}")
        self.model_id = encoder.model_id
        self.dim = encoder.dim
        self._encoder = encoder
        self._cache = cache

    def encode_query(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised, of texts that ask."""
        return self._encode("query", self._encoder.encode_query, texts)

    def encode_document(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised, of texts that are searched."""
        return self._encode("document", self._encoder.encode_document, texts)

    def _encode(self, kind: str, encode: Callable[[Sequence[str]], Floats], texts: Sequence[str]) -> Floats:
        vectors, found = self._look_up(kind, texts)
        missing = np.flatnonzero(~found)
        # stored piece by piece, so that a killed run keeps what it has done
        for start in range(0, len(missing), _TEXTS_AT_ONCE):
            places = missing[start : start + _TEXTS_AT_ONCE]
            piece = [texts[i] for i in places]
            fresh = encode(piece)
            vectors[places] = self._cache.rounded(fresh)
            try:
                self._cache.put_many(kind, piece, fresh)
            except StorageError as error:
                _log.warning("vectors are not cached: %s", error)
        return vectors

    def _look_up(self, kind: str, texts: Sequence[str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise InvalidInput("texts must be a list of strings")
        try:
            return self._cache.get_many(kind, texts)
        except StorageError as error:
            _log.warning("cached vectors cannot be read: %s", error)
            return np.zeros((len(texts), self.dim), np.float32), np.zeros(len(texts), np.bool_)
