"""One open model a process, for all who need it."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from threading import Lock
from typing import Any

from modacast.encoder.cache import VectorCache
from modacast.encoder.cached import CachedEncoder
from modacast.encoder.runtime import Encoder
from modacast.encoder.serving import BatchingEncoder

__all__ = ["get_encoder", "get_serving_encoder"]

_shared: dict[tuple[Any, ...], Encoder] = {}
_serving: dict[tuple[Any, ...], BatchingEncoder] = {}
_cached: dict[tuple[Any, ...], CachedEncoder] = {}
_shared_lock = Lock()


def get_encoder(name: str | Path = "bundled", **options: Any) -> Encoder:
    """Get the one instance of a model that this process shares; opens it on the first call.

    Args:
        name: see `Encoder.from_pretrained`.
        options: the same; the same options give the same instance.
    """
    key = _key(name, options)
    with _shared_lock:
        if key not in _shared:
            _shared[key] = Encoder.from_pretrained(name, **options)
        return _shared[key]


def get_serving_encoder(
    name: str | Path = "bundled", *, cache: str | Path | None = None, **options: Any
) -> BatchingEncoder | CachedEncoder:
    """Get the one instance of a model that this process serves many callers with.

    Threads and coroutines that ask at the same time are answered together; see `BatchingEncoder`.

    Args:
        name: see `Encoder.from_pretrained`.
        cache: a `VectorCache` file to look texts up in first; none where None. With one, what is returned has
            no coroutines: call it through `asyncio.to_thread`.
        options: see `Encoder.from_pretrained`; the same options give the same instance.
    """
    encoder = get_encoder(name, **options)
    key = _key(name, options)
    with _shared_lock:
        if key not in _serving:
            _serving[key] = BatchingEncoder(encoder)
            atexit.register(_serving[key].close)
        serving = _serving[key]
        if cache is None:
            return serving
        key = (*key, str(cache))
        if key not in _cached:
            _cached[key] = CachedEncoder(serving, VectorCache(cache, serving.model_id, serving.dim))
        return _cached[key]


def _key(name: str | Path, options: dict[str, Any]) -> tuple[Any, ...]:
    # a forked child must not compute with its parent's threads
    return (os.getpid(), str(name), *sorted((k, repr(v)) for k, v in options.items()))


def _unlock() -> None:
    """Let a forked child begin with an open lock, whatever its parent's threads were doing."""
    global _shared_lock  # noqa: PLW0603
    _shared_lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)
