"""Metrics, temporal splits and intervals: how good is it, and how sure are we?"""

from __future__ import annotations

from modacast.evaluate.forecasting import (
    Split,
    coverage,
    direction_accuracy,
    mase,
    pinball,
    rolling_origins,
    smape,
    spearman,
)
from modacast.evaluate.intervals import Interval, bootstrap, paired_bootstrap

__all__ = [
    "Interval",
    "Split",
    "bootstrap",
    "coverage",
    "direction_accuracy",
    "mase",
    "paired_bootstrap",
    "pinball",
    "rolling_origins",
    "smape",
    "spearman",
]
