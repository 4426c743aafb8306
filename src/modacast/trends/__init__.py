"""Series of share of voice, their forecasts, and what stage each trend is in."""

from __future__ import annotations

from modacast.trends.alarms import ALARMS, AlarmRules, alarms
from modacast.trends.backtest import BACKTEST, COVERAGE
from modacast.trends.board import trend_board
from modacast.trends.counting import Weighing
from modacast.trends.evidence import evidence, goes_with, mood
from modacast.trends.forecast import EnsembleForecaster, forecast
from modacast.trends.lifecycle import STAGE_TABLE, stages
from modacast.trends.panel import validate_series
from modacast.trends.plugins import forecaster_names, load_forecaster
from modacast.trends.scorecard import SCORECARDS
from modacast.trends.series import split_unique_id, weekly_series
from modacast.trends.youth import kin_of

__all__ = [
    "ALARMS",
    "BACKTEST",
    "COVERAGE",
    "SCORECARDS",
    "STAGE_TABLE",
    "AlarmRules",
    "EnsembleForecaster",
    "Weighing",
    "alarms",
    "evidence",
    "forecast",
    "forecaster_names",
    "goes_with",
    "kin_of",
    "load_forecaster",
    "mood",
    "split_unique_id",
    "stages",
    "trend_board",
    "validate_series",
    "weekly_series",
]
