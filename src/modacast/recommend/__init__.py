"""Recommendation: candidates from several channels, one explained and varied list."""

from __future__ import annotations

from modacast.recommend.catalogue import Catalogue
from modacast.recommend.engine import Recommender
from modacast.recommend.rank import LightGBMRanker, LinearRanker, ranker_from_dict

__all__ = ["Catalogue", "LightGBMRanker", "LinearRanker", "Recommender", "ranker_from_dict"]
