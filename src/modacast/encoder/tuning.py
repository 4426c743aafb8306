"""What comes of a fine-tuning: the trained weights mixed with the base's, and whether they are better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modacast.encoder.checks import Gate
from modacast.encoder.learner import Learner
from modacast.encoder.mixing import mix_back
from modacast.encoder.training import CurvePoint

__all__ = ["Outcome", "TuningResult", "settle"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the gate said of the best weights, which are in the model.

    Attributes:
        accepted: whether the new model passed.
        reasons: what spoke against it.
        before: name to score of the model as it was: of the task, and of the battery's checks.
        after: the same of the new model.
        share: of the way from the base's weights to the trained ones that the model went, in (0, 1].
    """

    accepted: bool
    reasons: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    share: float


@dataclass(frozen=True, slots=True)
class TuningResult:
    """A fine-tuned model, or why the old one is to be kept.

    Attributes:
        folder: of the new model; None where the gate refused it.
        accepted: whether it passed the gate.
        reasons: what spoke against it.
        before: name to score of the model as it was: of the task, and of the battery's checks.
        after: the same of the new model.
        curve: readings on the way.
        n_steps: updates of the weights.
        n_train: examples that were learned from.
        n_validation: examples that were measured with.
        seconds: in all.
        share: of the way from the base's weights to the trained ones that the model went, in (0, 1].
    """

    folder: Path | None
    accepted: bool
    reasons: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    curve: tuple[CurvePoint, ...]
    n_steps: int
    n_train: int
    n_validation: int
    seconds: float
    share: float = 1.0


def settle(
    gate: Gate,
    task: str,
    before: dict[str, float],
    *,
    base: Sequence[Any],
    learner: Learner,
    measure: Callable[[], dict[str, float]],
) -> Outcome:
    """Mix the trained weights with the base's as is best, put them into the model, and ask the gate.

    Args:
        gate: what the model must hold to.
        task: name of the score that is to rise.
        before: scores of the model as it was.
        base: its weights, as `learner.state` gave them before the training.
        learner: holds the trained weights.
        measure: gets the model's scores.
    """
    after, share = mix_back(
        gate, task, before, weights=(base, learner.state()), restore=learner.restore, measure=measure
    )
    verdict = gate.judge(before, after, task)
    return Outcome(verdict.accepted, verdict.reasons, before, after, share)
