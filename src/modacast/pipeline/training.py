"""Trains the home's language model, and writes every training down in the registry.

A training goes to the folder of the next version; a plan beside it says what it began from and with which data. A
training that was killed goes on from its checkpoint when the same command is given again; one that was finished but not
yet written down is written down first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modacast.documents import segment
from modacast.pipeline.corpus import Corpus, PairSet
from modacast.pipeline.held_out import pair_scores
from modacast.pipeline.models import ModelRecord, model_folder, next_version, register
from modacast.pipeline.workspace import ENCODER, Workspace
from modacast.store.files import write_atomically

if TYPE_CHECKING:
    from modacast.encoder.finetune import FinetuneSettings
    from modacast.encoder.pairs import Pair
    from modacast.encoder.pretrain import PretrainSettings
    from modacast.encoder.student import StudentSettings
    from modacast.encoder.training import Progress

__all__ = ["Trained", "adopt", "train_finetune", "train_pretrain", "train_student", "vocabulary_facts"]


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to.

    Attributes:
        task: `"pretrain"`, `"finetune"` or `"student"`.
        folder: of the model; None where the gate refused it.
        metrics: name to the values `before` and `after`.
        reasons: what spoke against it; empty where it was accepted.
        facts: `n_steps`, `seconds` and more.
        record: its line in the registry; None where it was written to a folder of the caller's.
    """

    task: str
    folder: Path | None
    metrics: Mapping[str, Mapping[str, float | None]]
    reasons: tuple[str, ...]
    facts: Mapping[str, Any]
    record: ModelRecord | None = None

    def to_dict(self) -> dict[str, Any]:
        """Get the outcome as JSON-serialisable values."""
        return {
            "task": self.task,
            "accepted": not self.reasons,
            "reasons": list(self.reasons),
            "folder": None if self.folder is None else str(self.folder),
            "version": None if self.record is None else self.record.version,
            "metrics": {name: dict(values) for name, values in self.metrics.items()},
            **self.facts,
        }


def train_pretrain(
    workspace: Workspace,
    corpus: Corpus,
    settings: PretrainSettings,
    *,
    base: str | None = None,
    out: Path | None = None,
    restart: bool = False,
    progress: Progress | None = None,
) -> Trained:
    """Train on bare texts; see `encoder.pretrain.pretrain`.

    Args:
        workspace: gives the lexicon, and the registry where `out` is None.
        corpus: the texts.
        settings: how to train.
        base: the model to begin from; the one in use where None.
        out: a folder to write to instead of registering a version.
        restart: begin anew although a killed training could go on.
        progress: is told of every step.

    Raises:
        ModacastError: as `pretrain` does.
    """
    from modacast.encoder.pretrain import pretrain

    def run(folder: Path, start: str) -> Trained:
        result = pretrain(
            corpus.texts,
            folder,
            base=start,
            settings=settings,
            segment=segment,
            vocabulary_texts=_surfaces(workspace),
            resume=not restart,
            progress=progress,
        )
        return _pretrained(folder, asdict(result))

    return _trained(workspace, "pretrain", run, corpus.facts(), asdict(settings), base=base, out=out)


def train_finetune(
    workspace: Workspace,
    pairs: PairSet,
    settings: FinetuneSettings,
    *,
    base: str | None = None,
    out: Path | None = None,
    test: Sequence[Pair] = (),
    restart: bool = False,
    progress: Progress | None = None,
) -> Trained:
    """Train on pairs; see `encoder.finetune.finetune` and `train_pretrain`.

    With `test`, pairs that are none of `pairs`, the outcome also says what the model in use makes of them and what the
    new one does; see `held_out.pair_scores`.
    """
    from modacast.encoder.finetune import finetune

    def run(folder: Path, start: str) -> Trained:
        result = finetune(
            pairs.pairs,
            folder,
            base=start,
            settings=_fitting(settings, start),
            general_texts=_surfaces(workspace),
            resume=not restart,
            progress=progress,
        )
        made = _finetuned(result.folder, asdict(result))
        return replace(made, metrics={**_on_unseen(workspace, made.folder, test), **made.metrics})

    return _trained(workspace, "finetune", run, pairs.facts(), asdict(settings), base=base, out=out)


def train_student(
    workspace: Workspace,
    corpus: Corpus,
    settings: StudentSettings,
    *,
    base: str | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Make a faster model; see `encoder.student.distil` and `train_pretrain`."""
    from modacast.encoder.student import distil

    def run(folder: Path, start: str) -> Trained:
        result = distil(
            corpus.texts,
            folder,
            base=start,
            settings=settings,
            vocabulary_texts=_surfaces(workspace),
            progress=progress,
        )
        return _distilled(folder, asdict(result))

    return _trained(workspace, "student", run, corpus.facts(), asdict(settings), base=base, out=out)


def adopt(workspace: Workspace) -> ModelRecord | None:
    """Write a training down that was finished but killed before it was registered; None where there is none."""
    version = next_version(workspace)
    folder, plan = model_folder(workspace, version), _plan_path(workspace, version)
    if not (folder.is_dir() and plan.is_file()):
        return None
    facts = json.loads(plan.read_text(encoding="utf-8"))
    told = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    made = {"pretrain": _pretrained, "finetune": _finetuned, "student": _distilled}[facts["task"]](
        folder, told
    )
    return _registered(workspace, made, facts)


def vocabulary_facts(folder: Path) -> dict[str, Any]:
    """Get how the vocabulary of a model was pruned; empty where it was not."""
    path = folder / "vocabulary.json"
    if not path.is_file():
        return {}
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["report"]
    return report


def _trained(
    workspace: Workspace,
    task: str,
    run: Callable[[Path, str], Trained],
    data: Mapping[str, Any],
    settings: Mapping[str, Any],
    *,
    base: str | None,
    out: Path | None,
) -> Trained:
    if out is not None:
        return run(out, base or workspace.encoder_name)
    with workspace.locked():
        adopt(workspace)
        version = next_version(workspace)
        plan = {
            "task": task,
            "base": _shown(base or workspace.encoder_name),
            "parent": _version_at(workspace, base or workspace.encoder_name),
            "data": dict(data),
            "settings": dict(settings),
        }
        path = _plan_path(workspace, version)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: file.write(json.dumps(plan, ensure_ascii=False).encode()))
        made = run(model_folder(workspace, version), base or workspace.encoder_name)
        return Trained(
            made.task, made.folder, made.metrics, made.reasons, made.facts, _registered(workspace, made, plan)
        )


def _registered(workspace: Workspace, made: Trained, plan: Mapping[str, Any]) -> ModelRecord:
    from modacast import __version__

    facts = {**plan, "facts": {**made.facts, "modacast": __version__}}
    path = _plan_path(workspace, next_version(workspace))
    record = register(workspace, facts, made.metrics, reasons=made.reasons, accepted=not made.reasons)
    path.unlink(missing_ok=True)
    return record


def _plan_path(workspace: Workspace, version: int) -> Path:
    folder = model_folder(workspace, version)
    return folder.with_name(folder.name + ".plan.json")


def _shown(base: str) -> str:
    """Get a base's name; of a folder its own name, never the whole path."""
    path = Path(base).expanduser()
    return path.resolve().name if path.is_dir() else base


def _fitting(settings: FinetuneSettings, base: str) -> FinetuneSettings:
    """Let a base in a folder that has few layers learn with half of them."""
    path = Path(base).expanduser() / "config.json"
    if settings.frozen_layers is None or not path.is_file():
        return settings
    try:
        n_layers = int(json.loads(path.read_text(encoding="utf-8"))["num_hidden_layers"])
    except (KeyError, TypeError, ValueError):  # no model: what opens it says what is wrong
        return settings
    return replace(settings, frozen_layers=min(settings.frozen_layers, n_layers // 2))


def _version_at(workspace: Workspace, base: str) -> int | None:
    """Get the version of the home whose folder `base` is; None where it is another model."""
    there = Path(base).expanduser().resolve()
    versions = (stored.version for stored in workspace.database.models(ENCODER))
    return next((v for v in versions if model_folder(workspace, v).resolve() == there), None)


def _on_unseen(
    workspace: Workspace, folder: Path | None, test: Sequence[Pair]
) -> dict[str, dict[str, float | None]]:
    """Measure the model in use and the new one on pairs that neither was trained on."""
    from modacast.encoder import Encoder

    if not test:
        return {}
    before = pair_scores(workspace.language_model, test)
    threads = workspace.settings.encoder.threads
    after = pair_scores(Encoder.from_pretrained(folder, threads=threads), test) if folder else {}
    return {name: {"before": value, "after": after.get(name)} for name, value in before.items()}


def _surfaces(workspace: Workspace) -> list[str]:
    return sorted(
        {surface for element in workspace.lexicon for names in element.labels.values() for surface in names}
    )


def _pretrained(folder: Path, told: Mapping[str, Any]) -> Trained:
    before, after = told["before"], told["after"]
    names = {"accuracy": "held-out masked accuracy", "loss": "held-out masked loss (nats)",
             "pseudo_perplexity": "pseudo-perplexity"}  # fmt: skip
    metrics = {name: {"before": before[key], "after": after[key]} for key, name in names.items()}
    got_worse = after["loss"] > before["loss"]
    reasons = ("the held-out loss did not fall",) if got_worse else ()
    return Trained("pretrain", folder, metrics, reasons, _facts(told, folder))


def _finetuned(folder: Path | None, told: Mapping[str, Any]) -> Trained:
    metrics = {
        name: {"before": value, "after": told["after"][name]} for name, value in told["before"].items()
    }
    return Trained("finetune", folder, metrics, tuple(told["reasons"]), _facts(told, folder))


def _distilled(folder: Path, told: Mapping[str, Any]) -> Trained:
    metrics = {
        "cosine to the teacher": {"before": told["cosine_before"], "after": told["cosine_after"]},
        **{
            name: {"before": value, "after": told["student"][name]} for name, value in told["teacher"].items()
        },
    }
    return Trained("student", folder, metrics, (), _facts(told, folder))


def _facts(told: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    curve = [
        {"step": point["step"], "seconds": round(point["seconds"], 1), **point["values"]}
        for point in told["curve"]
    ]
    pruned = vocabulary_facts(folder) if folder else {}
    return {
        "n_steps": told["n_steps"],
        "seconds": round(told["seconds"], 1),
        "curve": curve,
        "vocabulary": pruned,
    }
