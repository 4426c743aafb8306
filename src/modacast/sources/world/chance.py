"""Named streams of chance: the same seed and names always give the same numbers, in any order of calls."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

__all__ = ["pick", "stream"]

T = TypeVar("T")


def stream(seed: int, *names: object) -> np.random.Generator:
    """Get a generator of its own for a purpose.

    Args:
        seed: of the world.
        names: what it is for.
    """
    digest = hashlib.sha256("\x1f".join(map(str, (seed, *names))).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Get one of some options, all equally likely."""
    return options[int(rng.random() * len(options))]
