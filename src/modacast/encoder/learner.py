"""What fine-tunings share: updates of the weights that are held to what the model said of general texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from modacast.encoder.layered import LayeredBert
from modacast.encoder.training import Computing
from modacast.errors import ModacastError

__all__ = ["Learner"]


class Learner:
    """Updates the layers that learn, and keeps and restores their weights.

    Args:
        torch: the module.
        layered: the encoder.
        compute: what it computes in.
        general: texts that hold the model to what it was; every other one as a query, since what is held as a
            document alone drifts as a query.
        learning_rate: at its highest.
        n_keep: general texts an update.
        keep_weight: weight of the mean of 1 - cosine between what the model says of them and what it said before.
        head: what learns besides the encoder's layers.
    """

    def __init__(
        self,
        torch: Any,
        layered: LayeredBert,
        compute: Computing,
        general: Sequence[str],
        *,
        learning_rate: float,
        n_keep: int,
        keep_weight: float,
        head: Sequence[Any] = (),
    ) -> None:
        self._torch, self._layered = torch, layered
        self._rate, self._n_keep, self._keep_weight = learning_rate, n_keep, keep_weight
        self._general = layered.prepare(general[::2], "query").followed_by(
            torch, layered.prepare(general[1::2], "document")
        )
        before = layered.all_vectors(self._general)
        self._before = torch.from_numpy(before).to(compute.device)
        self._parameters = [*layered.parameters(), *head]
        self._scaler = torch.amp.GradScaler(compute.device.partition(":")[0], enabled=compute.needs_scaling)
        self._optimizer = torch.optim.AdamW(self._parameters, lr=learning_rate, weight_decay=0.01)

    def learn(self, loss: Any, step: int, *, rate_share: float, rng: np.random.Generator) -> float:
        """Update the weights once, and get the whole loss.

        Args:
            loss: of the task, with gradients.
            step: its number, for the message where it diverges.
            rate_share: of the learning rate, in [0, 1].
            rng: draws the general texts.

        Raises:
            ModacastError: the loss is not finite.
        """
        if len(self._general) and self._n_keep and self._keep_weight:
            kept = rng.choice(len(self._general), min(self._n_keep, len(self._general)), replace=False)
            cosines = (self._layered.vectors(self._general, kept) * self._before[kept]).sum(dim=1)
            loss = loss + self._keep_weight * (1 - cosines).mean()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise ModacastError(
                f"the training diverged in step {step} (loss {value}); lower the learning rate"
            )
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * rate_share
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self._optimizer)
        self._torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._optimizer.zero_grad(set_to_none=True)
        return value

    def state(self) -> list[Any]:
        """Get a copy of the weights."""
        return [parameter.detach().clone() for parameter in self._parameters]

    def restore(self, state: Sequence[Any]) -> None:
        """Put weights back that `state` gave."""
        with self._torch.no_grad():
            for parameter, kept in zip(self._parameters, state, strict=True):
                parameter.copy_(kept)
