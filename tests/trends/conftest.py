"""Fixtures of the trend tests."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def waves():
    """A panel of twelve yearly waves of four years, with different levels, phases and trends."""
    rng = np.random.default_rng(7)
    steps = np.arange(208)
    values = {}
    for i in range(12):
        level = rng.uniform(0.01, 0.1)
        season = 1 + 0.4 * np.sin(2 * np.pi * (steps / 52 + rng.random()))
        walk = np.exp(np.cumsum(rng.normal(0, 0.02, 208)))
        values[f"s{i:02d}"] = level * season * walk * np.exp(rng.normal(0, 0.1, 208))
    return values
