"""What fine-tunings share: updates of the weights that are held to what the model said of general texts.

Held are not the vectors themselves but how alike the model found the texts (Park et al. 2019, "Relational Knowledge
Distillation"): the space may turn and stretch for the new task, as long as what was near stays near.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.layered import LayeredBert
from modacast.encoder.replay import Replay
from modacast.encoder.training import Computing
from modacast.errors import ModacastError

__all__ = ["Learner"]

_TEMPERATURE_BEFORE = 0.02
_NEVER = -1e9


class Learner:
    """Updates the layers that learn, and keeps and restores their weights.

    Args:
        torch: the module.
        layered: the encoder.
        compute: what it computes in.
        replay: texts that hold the model to what it was, by the divergence between how it shares out each text's
            likeness among the others and how it did before. Cosines of the model as it was lie close together, and
            are divided by 0.02 for it.
        learning_rate: at its highest.
        head: what learns besides the encoder's layers.

    Attributes:
        optimizer: holds the gradients' averages.
    """

    def __init__(
        self,
        torch: Any,
        layered: LayeredBert,
        compute: Computing,
        replay: Replay,
        *,
        learning_rate: float,
        head: Sequence[Any] = (),
    ) -> None:
        self._torch, self._layered = torch, layered
        self._rate, self._replay = learning_rate, replay
        self._general = layered.prepare(replay.texts[::2], "query").followed_by(
            torch, layered.prepare(replay.texts[1::2], "document")
        )
        before = layered.all_vectors(self._general)
        self._before = torch.from_numpy(before).to(compute.device)
        self._parameters = [*layered.parameters(), *head]
        self._scaler = torch.amp.GradScaler(compute.device.partition(":")[0], enabled=compute.needs_scaling)
        self.optimizer = torch.optim.AdamW(self._parameters, lr=learning_rate, weight_decay=0.01)

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
        n = min(self._replay.n, len(self._general))
        if n > 1 and self._replay.weight:
            kept = rng.choice(len(self._general), n, replace=False)
            loss = loss + self._replay.weight * self._divergence(kept)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise ModacastError(
                f"the training diverged in step {step} (loss {value}); lower the learning rate"
            )
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate * rate_share
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self.optimizer)
        self._torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._scaler.step(self.optimizer)
        self._scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return value

    def _divergence(self, kept: npt.NDArray[np.int64]) -> Any:
        """Get the mean Kullback-Leibler divergence of each text's likeness to the others from what it was."""
        torch = self._torch
        new, old = self._layered.vectors(self._general, kept), self._before[kept]
        itself = torch.eye(len(kept), dtype=torch.bool, device=new.device)
        told = (new @ new.T / self._replay.temperature).masked_fill(itself, _NEVER).log_softmax(dim=1)
        was = (old @ old.T / _TEMPERATURE_BEFORE).masked_fill(itself, _NEVER).softmax(dim=1)
        return torch.nn.functional.kl_div(told, was, reduction="batchmean")

    def state(self) -> list[Any]:
        """Get a copy of the weights."""
        return [parameter.detach().clone() for parameter in self._parameters]

    def restore(self, state: Sequence[Any]) -> None:
        """Put weights back that `state` gave."""
        with self._torch.no_grad():
            for parameter, kept in zip(self._parameters, state, strict=True):
                parameter.copy_(kept)
