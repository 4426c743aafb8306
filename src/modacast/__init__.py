"""modacast: fashion trend forecasting and personalised recommendation with language models."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
