"""One open model a process, for all who need it."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import Any

from modacast.encoder.runtime import Encoder

__all__ = ["get_encoder"]

_shared: dict[tuple[Any, ...], Encoder] = {}
_shared_lock = Lock()


def get_encoder(name: str | Path = "bundled", **options: Any) -> Encoder:
    """Get the one instance of a model that this process shares; opens it on the first call.

    Args:
        name: see `Encoder.from_pretrained`.
        options: the same; the same options give the same instance.
    """
    # a forked child must not compute with its parent's threads
    key = (os.getpid(), str(name), *sorted((k, repr(v)) for k, v in options.items()))
    with _shared_lock:
        if key not in _shared:
            _shared[key] = Encoder.from_pretrained(name, **options)
        return _shared[key]
