"""The registry of language models: versions, where they come from, which one is in use.

A version's folder lies under `models/` in the home. What is written down of it lies in the database, and is written
last, so that a version that can be seen is whole. Versions that were refused or removed stay on the list: a
number is never given twice, and what became of a model can be asked later.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from modacast.errors import InvalidInput, NotFound
from modacast.pipeline.workspace import ENCODER, Workspace
from modacast.store.database import StoredModel

__all__ = [
    "ModelRecord",
    "find_model",
    "list_models",
    "model_folder",
    "next_version",
    "promote",
    "register",
    "remove",
    "roll_back",
]

_HISTORY = "encoder/in-use-before"


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One trained language model.

    Attributes:
        version: from 1.
        made_at: when it was registered; UTC.
        in_use: whether the home encodes with it.
        status: `"accepted"`, `"refused"` by the gate, or `"removed"`.
        task: `"pretrain"`, `"finetune"` or `"student"`.
        base: name or folder of the model that it began from.
        parent: the version that `base` was; None where it was none of this home's.
        folder: where it lies; None where there is nothing (refused, removed).
        metrics: name to the values `before` and `after`; None where one was not measured.
        reasons: what spoke against it.
        data: what it was trained on: `from`, `n_texts` or `n_pairs`, `counts`, `fingerprint`; never a text.
        settings: of the training.
        facts: further numbers: steps, seconds, release of modacast.
    """

    version: int
    made_at: datetime
    in_use: bool
    status: str
    task: str
    base: str
    parent: int | None
    folder: Path | None
    metrics: Mapping[str, Mapping[str, float | None]]
    reasons: Sequence[str] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Get the record as JSON-serialisable values."""
        folder = None if self.folder is None else str(self.folder)
        return asdict(self) | {"made_at": self.made_at.isoformat(), "folder": folder}


def list_models(workspace: Workspace) -> list[ModelRecord]:
    """Get every version, oldest first."""
    return [_record(workspace, stored) for stored in workspace.database.models(ENCODER)]


def find_model(workspace: Workspace, version: int) -> ModelRecord:
    """Get one version.

    Raises:
        NotFound: there is no such version.
    """
    records = list_models(workspace)
    for record in records:
        if record.version == version:
            return record
    known = ", ".join(str(record.version) for record in records) or "none yet; `modacast train` makes one"
    raise NotFound(f"there is no model version {version}; there is {known}")


def next_version(workspace: Workspace) -> int:
    """Get the number that the next model gets."""
    return max((stored.version for stored in workspace.database.models(ENCODER)), default=0) + 1


def model_folder(workspace: Workspace, version: int) -> Path:
    """Get where a version's files lie."""
    return workspace.home / "models" / f"encoder-{version:04d}"


def register(
    workspace: Workspace,
    facts: Mapping[str, Any],
    metrics: Mapping[str, Mapping[str, float | None]],
    *,
    reasons: Sequence[str] = (),
    accepted: bool = True,
) -> ModelRecord:
    """Write a finished training down; its files lie in `model_folder` of the next version by then.

    Args:
        workspace: whose model it is.
        facts: `task`, `base`, `parent`, `data`, `settings`, `facts`; see `ModelRecord`.
        metrics: name to `before` and `after`.
        reasons: what spoke against it.
        accepted: whether the gate let it pass.
    """
    payload = {**facts, "status": "accepted" if accepted else "refused", "reasons": list(reasons)}
    version = workspace.database.save_model(ENCODER, payload, dict(metrics), active=False)
    return find_model(workspace, version)


def promote(workspace: Workspace, version: int, *, force: bool = False) -> ModelRecord:
    """Put a version to use: all that is encoded from now on is encoded with it.

    Args:
        workspace: whose model it is.
        version: which.
        force: take it although it is not better than what it began from.

    Raises:
        NotFound: there is no such version.
        InvalidInput: it was refused or removed, or its files are gone.
    """
    record = find_model(workspace, version)
    if record.folder is None or not record.folder.is_dir():
        why = "; ".join(record.reasons) or "its files are gone"
        raise InvalidInput(f"version {version} is {record.status} and has no files ({why}); train anew")
    if record.status != "accepted" and not force:
        raise InvalidInput(
            f"version {version} was refused: {'; '.join(record.reasons)}; --force takes it still"
        )
    if not record.in_use:
        _remember(workspace, _in_use(workspace))
        workspace.database.activate_model(ENCODER, version)
    return find_model(workspace, version)


def roll_back(workspace: Workspace) -> ModelRecord | None:
    """Put the version to use that was in use before the latest promotion.

    Returns:
        That version; None where it is the bundled model.

    Raises:
        InvalidInput: nothing was promoted.
    """
    history: list[int | None] = workspace.database.get_state(_HISTORY, [])
    while history:
        version = history.pop()
        gone = version is not None and find_model(workspace, version).folder is None
        if gone:
            continue
        workspace.database.activate_model(ENCODER, version)
        workspace.database.set_state(_HISTORY, history)
        return None if version is None else find_model(workspace, version)
    raise InvalidInput("no promotion is there to be taken back; `modacast models list` shows what there is")


def remove(workspace: Workspace, version: int) -> ModelRecord:
    """Delete a version's files; what is written down of it stays.

    Raises:
        NotFound: there is no such version.
        InvalidInput: it is in use.
    """
    record = find_model(workspace, version)
    if record.in_use:
        raise InvalidInput(f"version {version} is in use; roll back or promote another first")
    stored = next(m for m in workspace.database.models(ENCODER) if m.version == version)
    # written down first: a version whose files are half gone must not be promoted
    workspace.database.change_model(ENCODER, version, {**stored.payload, "status": "removed"})
    shutil.rmtree(model_folder(workspace, version), ignore_errors=True)
    return find_model(workspace, version)


def _in_use(workspace: Workspace) -> int | None:
    active = workspace.database.active_model(ENCODER)
    return None if active is None else active.version


def _remember(workspace: Workspace, version: int | None) -> None:
    history = workspace.database.get_state(_HISTORY, [])
    workspace.database.set_state(_HISTORY, [*history, version])


def _record(workspace: Workspace, stored: StoredModel) -> ModelRecord:
    payload = stored.payload
    folder = model_folder(workspace, stored.version)
    has_files = payload["status"] == "accepted" or folder.is_dir()
    return ModelRecord(
        version=stored.version,
        made_at=stored.made_at,
        in_use=stored.active,
        status=payload["status"],
        task=payload["task"],
        base=payload["base"],
        parent=payload["parent"],
        folder=folder if has_files and payload["status"] != "removed" else None,
        metrics=stored.metrics,
        reasons=tuple(payload["reasons"]),
        data=payload["data"],
        settings=payload["settings"],
        facts=payload["facts"],
    )
