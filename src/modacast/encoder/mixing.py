"""From a fine-tuned model's weights back towards the base's, as far as is good.

Weights part of the way often forget far less than the fine-tuned ones and do the task as well or better (Wortsman et
al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from modacast.encoder.checks import Gate

__all__ = ["mix_back"]

_SHARES = (1.0, 0.8, 0.6, 0.4, 0.2)


def mix_back(
    gate: Gate,
    task: str,
    before: dict[str, float],
    *,
    weights: tuple[Sequence[Any], Sequence[Any]],
    restore: Callable[[list[Any]], None],
    measure: Callable[[], dict[str, float]],
) -> tuple[dict[str, float], float]:
    """Put the best weights on the way into the model; get their scores, and the share of the way that they are at.

    Of the shares at which the gate accepts the model, the one with the best score in the task is taken; the whole
    way where there is none.

    Args:
        gate: what the model must hold to.
        task: name of the score that is to rise.
        before: scores of the base.
        weights: the base's and the trained tensors, in the same order.
        restore: puts tensors into the model.
        measure: gets the model's scores.
    """

    def put(share: float) -> None:
        restore([old.lerp(new, share) for old, new in zip(*weights, strict=True)])

    found: dict[float, dict[str, float]] = {}
    for share in _SHARES:
        put(share)
        found[share] = measure()
    accepted = [share for share in _SHARES if gate.judge(before, found[share], task).accepted]
    best = max(accepted, key=lambda share: found[share][task], default=1.0)
    put(best)
    return found[best], best
