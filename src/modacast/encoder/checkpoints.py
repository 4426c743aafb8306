"""Checkpoints of a training: weights, optimiser and state as safetensors and JSON, never pickled."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from modacast.encoder.training import CurvePoint
from modacast.encoder.weights import read_json
from modacast.errors import InvalidInput, StorageError

__all__ = ["CheckpointState", "Checkpoints"]

_STATE, _WEIGHTS, _OPTIMIZER, _FURTHER = (
    "state.json",
    "model.safetensors",
    "optimizer.safetensors",
    "further.safetensors",
)


@dataclass(frozen=True, slots=True)
class CheckpointState:
    """What a training needs to go on, besides tensors.

    Attributes:
        step: updates of the weights so far.
        seconds: spent so far.
        fingerprint: stands for texts, base model and settings.
        curve: the readings so far.
        facts: further numbers that the training keeps.
    """

    step: int
    seconds: float
    fingerprint: str
    curve: list[CurvePoint]
    facts: dict[str, Any]


class Checkpoints:
    """The newest state of a training, and its best weights, in one folder.

    A write goes aside and is renamed, so a process may be killed at any instant.

    Args:
        folder: made on the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(
        self,
        network: Any,
        optimizer: Any,
        state: CheckpointState,
        further: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep a state, and let go of the one before.

        Args:
            network: its parameters are kept.
            optimizer: its state is kept.
            state: what is no tensor.
            further: name to tensor of what else the training needs.

        Raises:
            StorageError: the folder cannot be written.
        """
        from safetensors.torch import save_file

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            aside = Path(mkdtemp(prefix=".writing-", dir=self.folder))
            save_file(_own_tensors(network), aside / _WEIGHTS)
            save_file(_flat(optimizer), aside / _OPTIMIZER)
            if further:
                save_file({name: value.contiguous() for name, value in further.items()}, aside / _FURTHER)
            (aside / _STATE).write_text(json.dumps(asdict(state)), encoding="utf-8")
            target = self.folder / f"step-{state.step:08d}"
            shutil.rmtree(target, ignore_errors=True)
            os.replace(aside, target)
            for old in self._steps()[:-1]:
                shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise StorageError(f"the checkpoint cannot be written to {self.folder}: {error}") from error

    def read(self, fingerprint: str) -> CheckpointState | None:
        """Get the newest state; None where there is none.

        Raises:
            InvalidInput: it is broken, or belongs to another training.
        """
        steps = self._steps()
        if not steps:
            return None
        path = steps[-1] / _STATE
        try:
            raw = read_json(path)
            raw["curve"] = [CurvePoint(**point) for point in raw["curve"]]
            state = CheckpointState(**raw)
        except (KeyError, TypeError) as error:
            raise InvalidInput(f"{path}: not the state of a training ({error!r}); {self._advice}") from error
        if state.fingerprint != fingerprint:
            raise InvalidInput(
                f"{self.folder}: holds a training with other texts, base or settings; {self._advice}"
            )
        return state

    def load(self, network: Any, optimizer: Any) -> dict[str, Any]:
        """Put the newest tensors into a network and its optimiser; get the further ones.

        Raises:
            InvalidInput: they are broken or do not fit.
        """
        newest = self._steps()[-1]
        self._load_weights(network, newest / _WEIGHTS)
        tensors = self._tensors(newest / _OPTIMIZER)
        state: dict[int, dict[str, Any]] = {}
        for name, value in tensors.items():
            number, _, key = name.partition(".")
            state.setdefault(int(number), {})[key] = value
        try:
            optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
        except (ValueError, KeyError) as error:
            raise InvalidInput(f"{newest}: the optimiser does not fit ({error}); {self._advice}") from error
        further = newest / _FURTHER
        return self._tensors(further) if further.is_file() else {}

    def write_best(self, network: Any) -> None:
        """Keep the weights as the best so far."""
        from safetensors.torch import save_file

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            aside = self.folder / ".best-writing"
            save_file(_own_tensors(network), aside)
            os.replace(aside, self.folder / "best.safetensors")
        except OSError as error:
            raise StorageError(f"the checkpoint cannot be written to {self.folder}: {error}") from error

    def load_best(self, network: Any) -> None:
        """Put the best weights into a network, if any were kept."""
        path = self.folder / "best.safetensors"
        if path.is_file():
            self._load_weights(network, path)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _advice(self) -> str:
        return f"remove {self.folder} to begin anew"

    def _steps(self) -> list[Path]:
        return sorted(self.folder.glob("step-*")) if self.folder.is_dir() else []

    def _tensors(self, path: Path) -> dict[str, Any]:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except (SafetensorError, OSError) as error:
            raise InvalidInput(f"{path}: a broken checkpoint ({error}); {self._advice}") from error

    def _load_weights(self, network: Any, path: Path) -> None:
        tensors = self._tensors(path)
        own = _own_tensors(network)
        unfit = [name for name in own if name not in tensors or tensors[name].shape != own[name].shape]
        if unfit or len(own) != len(tensors):
            raise InvalidInput(f"{path}: weights of another model; {self._advice}")
        network.load_state_dict(tensors, strict=False)


def _own_tensors(network: Any) -> dict[str, Any]:
    """Get the parameters by name, tied ones once."""
    return {name: value.detach().contiguous() for name, value in network.named_parameters()}


def _flat(optimizer: Any) -> dict[str, Any]:
    state = optimizer.state_dict()["state"]
    return {f"{i}.{key}": value.contiguous() for i, values in state.items() for key, value in values.items()}
