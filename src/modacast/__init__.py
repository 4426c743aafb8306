"""modacast: fashion trend forecasting and personalised recommendation with language models."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Encoder": "modacast.encoder",
    "EnsembleForecaster": "modacast.trends",
    "Lexicon": "modacast.elements",
    "ProfileBuilder": "modacast.profiles",
    "Recommender": "modacast.recommend",
    "Relevance": "modacast.elements",
    "Sentiment": "modacast.elements",
    "Tagger": "modacast.elements",
    "forecast": "modacast.trends",
    "nearest": "modacast.encoder",
    "trend_board": "modacast.trends",
    "weekly_series": "modacast.trends",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 (all are names; the linter cannot see it)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'modacast' has no attribute {name!r}")
