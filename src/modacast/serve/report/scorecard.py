"""How far to trust the report: back-tests, the truth check, what feedback changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from modacast.serve.report.board import BoardRow
from modacast.serve.report.data import FeedbackSummary, MetricChange, TruthCheck
from modacast.serve.report.figures import coverage_bar, dumbbell, error_dots, weight_rows
from modacast.serve.report.names import Names
from modacast.serve.report.phrases import FEATURE_NAMES, METRIC_NAMES, PHRASES, STAGE_NAMES
from modacast.serve.report.words import Words, signed

__all__ = [
    "Planted",
    "Scores",
    "Verdict",
    "changes",
    "scores",
    "verdicts",
    "weights",
]


@dataclass(frozen=True, slots=True)
class Scores:
    """What back-tests say of all forecasts; None where there is no back-test."""

    n: int
    mase: float
    beats: float
    spread: Markup
    coverage: float | None
    coverage_chart: Markup | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One figure before and after, with the verdict on the difference."""

    name: Words
    chart: Markup
    gain: str
    is_beyond_chance: bool | None


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted course, and what the board made of it."""

    name: Words
    planted: Words
    found: Words
    found_stage: str
    is_hit: bool


def scores(rows: Sequence[BoardRow]) -> Scores | None:
    """Get the back-tests' summary, None where no element has one."""
    errors = [row.fields["backtest_mase"] for row in rows if row.fields["backtest_mase"] is not None]
    held = [
        row.fields["backtest_coverage_80"] for row in rows if row.fields["backtest_coverage_80"] is not None
    ]
    if not errors:
        return None
    coverage = float(np.mean(held)) if held else None
    return Scores(
        n=len(errors),
        mase=float(np.median(errors)),
        beats=float(np.mean(np.asarray(errors) < 1.0)),
        spread=error_dots(errors, PHRASES["mase_spread"]),
        coverage=coverage,
        coverage_chart=None if coverage is None else coverage_bar(coverage, PHRASES["coverage"]),
    )


def changes(feedback: FeedbackSummary) -> list[Verdict]:
    """Get the figures that feedback changed."""
    return [_verdict(change) for change in feedback.metrics]


def weights(feedback: FeedbackSummary) -> Markup | None:
    """Get the chart of what the ranking heeds, the largest changes first; None where nothing was learned."""
    if not feedback.weights:
        return None
    found = sorted(feedback.weights, key=lambda change: -abs(change.after - change.before))
    names = [FEATURE_NAMES.get(change.feature, Words(change.feature, change.feature)) for change in found]
    return weight_rows(found, names, PHRASES["weights"])


def verdicts(truth: TruthCheck, names: Names) -> list[Planted]:
    """Get what was planted, and what the board made of it, misses last."""
    found = [
        Planted(
            name=names.name(element_id),
            planted=_stage(stage),
            found=_stage(truth.found.get(element_id)),
            found_stage=truth.found.get(element_id) or "none",
            is_hit=truth.is_hit(element_id),
        )
        for element_id, stage in truth.planted.items()
    ]
    return sorted(found, key=lambda planted: not planted.is_hit)


def _verdict(change: MetricChange) -> Verdict:
    name = METRIC_NAMES.get(change.name, Words(change.name, change.name))
    gain = change.gain
    return Verdict(
        name=name,
        chart=dumbbell(change.before, change.after, name),
        gain="" if gain is None else f"{signed(gain.value)} ({signed(gain.low)} … {signed(gain.high)})",
        is_beyond_chance=None if gain is None else not gain.low <= 0 <= gain.high,
    )


def _stage(stage: str | None) -> Words:
    return PHRASES["not_on_board"] if stage is None else STAGE_NAMES.get(stage, Words(stage, stage))
