"""A faster student: some of a model's layers, taught to give the whole model's vectors."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from modacast.encoder.card import model_card
from modacast.encoder.checks import GENERAL_TEXTS, battery
from modacast.encoder.layered import LayeredBert, Prepared
from modacast.encoder.masking import batches_in_order
from modacast.encoder.runtime import Encoder
from modacast.encoder.torch_model import BertModel, load_bert, memory_guard, require_torch, save_bert
from modacast.encoder.training import (
    Arithmetic,
    CurvePoint,
    Progress,
    TrainingClock,
    arithmetic,
    draw_curve,
    pick_device,
)
from modacast.errors import InvalidInput, ModacastError, StorageError

__all__ = ["StudentResult", "StudentSettings", "distil"]

_MIN_TEXTS = 64
_MAX_HELD_OUT = 256
_KINDS = ("query", "document")


@dataclass(frozen=True, slots=True)
class StudentSettings:
    """How to make a student.

    Attributes:
        n_layers: that it keeps of the teacher's.
        minutes: of training, the teacher's vectors included.
        steps: upper bound on updates; None for as many as the time allows.
        batch_size: texts an update.
        max_tokens: longer texts are cut in training.
        frozen_layers: of the student's layers, so many stand still.
        learning_rate: at its highest.
        n_base: pieces of the vocabulary that stay whether the texts use them or not; None keeps all.
        seed: decides split and order.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        threads: of the processor; as many as torch chooses where None. On a machine that is busy with other work
            one thread is faster than several, which then wait for each other.
        arithmetic: `"auto"`, `"float32"`, `"bfloat16"` or `"float16"`.
    """

    n_layers: int = 6
    minutes: float = 10.0
    steps: int | None = None
    batch_size: int = 64
    max_tokens: int = 128
    frozen_layers: int = 1
    learning_rate: float = 3e-4
    n_base: int | None = 16_000
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    arithmetic: Arithmetic = "auto"


@dataclass(frozen=True, slots=True)
class StudentResult:
    """A student, and how near it comes to its teacher.

    Attributes:
        folder: of the student.
        layers: which of the teacher's it kept, counted from 0.
        cosine_before: mean cosine to the teacher's vectors of held-out texts, with the layers merely left out.
        cosine_after: the same after the training.
        teacher: the battery's scores of the teacher.
        student: the same of the student.
        curve: readings on the way.
        n_steps: updates of the weights.
        seconds: in all.
    """

    folder: Path
    layers: tuple[int, ...]
    cosine_before: float
    cosine_after: float
    teacher: dict[str, float]
    student: dict[str, float]
    curve: tuple[CurvePoint, ...]
    n_steps: int
    seconds: float


def distil(
    texts: Sequence[str],
    out: str | Path,
    *,
    base: str | Path = "bundled",
    settings: StudentSettings | None = None,
    vocabulary_texts: Sequence[str] = (),
    cache_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> StudentResult:
    """Leave layers out of a model, teach what remains the whole model's vectors, and write it.

    The layers that stay are spread evenly from the first to the last (Sajjad et al. 2023, "On the Effect of
    Dropping Layers of Pre-trained Transformer Models"). The loss is the mean of 1 - cosine to the teacher's vector,
    each text being encoded as a query or as a document (Reimers and Gurevych 2020, "Making Monolingual Sentence
    Embeddings Multilingual using Knowledge Distillation").

    Args:
        texts: any texts of the kind that will be encoded; no labels are needed.
        out: folder of the student; must not exist.
        base: the teacher.
        settings: how to train; `StudentSettings()` where None.
        vocabulary_texts: further texts whose pieces the vocabulary keeps.
        cache_dir: where the teacher's conversion for serving is kept; see `Encoder.from_pretrained`.
        progress: is told of every step.

    Raises:
        MissingExtra: torch or transformers is not installed.
        InvalidInput: too few texts, an impossible number of layers, or no model at `base`.
        StorageError: `out` exists, or cannot be written.
        ModacastError: the memory is full, or the training diverged.
    """
    torch = require_torch("making a student")
    chosen, out = settings or StudentSettings(), Path(out)
    if out.exists():
        raise StorageError(f"{out} exists already; choose another folder, or remove it")
    distinct = list(dict.fromkeys([text for text in texts if text.strip()]))
    if len(distinct) < _MIN_TEXTS:
        raise InvalidInput(f"{len(distinct)} distinct texts; a student needs {_MIN_TEXTS} or more")
    clock = TrainingClock(chosen.steps, chosen.minutes)
    teacher = Encoder.from_pretrained(base, cache_dir=cache_dir)
    pieces = None if chosen.n_base is None else [*distinct, *GENERAL_TEXTS, *vocabulary_texts]
    model = load_bert(base, texts=pieces, n_base=chosen.n_base or 0)
    layers = _spread(len(model.bert.encoder.layer), chosen.n_layers)
    model = _thinned(torch, model, layers)
    with memory_guard(torch, "lower batch_size or max_tokens"):
        lesson = _Lesson(torch, model, teacher, distinct, chosen)
        before = lesson.fidelity()
        curve = lesson.train(clock, before, progress)
    result = StudentResult(
        folder=out,
        layers=tuple(layers),
        cosine_before=before,
        cosine_after=lesson.fidelity(),
        teacher=battery(teacher),
        student=lesson.layered.battery(),
        curve=tuple(curve),
        n_steps=curve[-1].step,
        seconds=clock.seconds,
    )
    _write(model, result, chosen, len(distinct))
    return result


def _spread(n_all: int, n_kept: int) -> list[int]:
    if not 1 <= n_kept < n_all:
        raise InvalidInput(f"n_layers must be 1 to {n_all - 1} for this model; got {n_kept}")
    return [round(i) for i in np.linspace(0, n_all - 1, n_kept)] if n_kept > 1 else [0]


def _thinned(torch: Any, model: BertModel, layers: Sequence[int]) -> BertModel:
    encoder = model.bert.encoder
    encoder.layer = torch.nn.ModuleList([encoder.layer[i] for i in layers])
    model.bert.config.num_hidden_layers = len(layers)
    return replace(model, network=model.bert, head={})


class _Lesson:
    """A student, its teacher's vectors, and the texts."""

    def __init__(
        self, torch: Any, model: BertModel, teacher: Encoder, texts: list[str], settings: StudentSettings
    ) -> None:
        self.torch, self.settings = torch, settings
        device = pick_device(torch, settings.device, settings.threads)
        self.layered = LayeredBert(
            torch,
            model,
            n_frozen=settings.frozen_layers,
            device=device,
            compute=arithmetic(torch, device, settings.arithmetic),
            max_tokens=settings.max_tokens,
        )
        torch.manual_seed(settings.seed)
        order = np.random.default_rng(settings.seed).permutation(len(texts))
        n_held = min(_MAX_HELD_OUT, len(texts) // 10)
        self.held, self.held_wanted = self._both([texts[i] for i in order[:n_held]], teacher)
        self.texts, self.wanted = self._both([texts[i] for i in order[n_held:]], teacher)

    def _both(self, texts: list[str], teacher: Encoder) -> tuple[Prepared, Any]:
        """Get half of the texts as queries, half as documents, one after another, and the teacher's vectors."""
        halves = [texts[::2], texts[1::2]]
        wanted = np.concatenate(
            [teacher.encode(half, kind=kind) for half, kind in zip(halves, _KINDS, strict=True)]
        )
        first, second = (self.layered.prepare(half, kind) for half, kind in zip(halves, _KINDS, strict=True))
        return first.followed_by(self.torch, second), self.torch.from_numpy(wanted)

    def fidelity(self) -> float:
        """Get the mean cosine to the teacher on held-out texts."""
        vectors = self.layered.all_vectors(self.held)
        return float((vectors * self.held_wanted.numpy()).sum(axis=1).mean())

    def train(self, clock: TrainingClock, before: float, progress: Progress | None) -> list[CurvePoint]:
        """Train until the clock says so."""
        settings = self.settings
        optimizer = self.torch.optim.AdamW(
            self.layered.parameters(), settings.learning_rate, weight_decay=0.01
        )
        curve = [CurvePoint(0, clock.seconds, {"cosine to the teacher": before})]
        step = 0
        clock.start()
        for places in batches_in_order(len(self.texts), settings.batch_size, settings.seed):
            share = clock.share(step)
            if share >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * clock.rate(step, warmup=0.05)
            self.layered.train(0.0)
            vectors = self.layered.vectors(self.texts, places)
            loss = (1 - (vectors * self.wanted[places].to(vectors.device)).sum(dim=1)).mean()
            loss.backward()
            self.torch.nn.utils.clip_grad_norm_(self.layered.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            step, value = step + 1, float(loss.detach())
            if not math.isfinite(value):
                raise ModacastError(f"the training diverged in step {step}; lower the learning rate")
            if progress:
                progress(clock.state(step, value))
            if int(10 * share) != int(10 * clock.share(step)):
                curve.append(CurvePoint(step, clock.seconds, {"cosine to the teacher": self.fidelity()}))
        return curve


def _write(model: BertModel, result: StudentResult, settings: StudentSettings, n_texts: int) -> None:
    facts = {key: value for key, value in asdict(result).items() if key != "folder"}
    facts = {"kind": "student", "base": model.name, "settings": asdict(settings), **facts}
    metrics: dict[str, tuple[float | None, float | None]] = {
        "cosine to the teacher": (result.cosine_before, result.cosine_after),
        **{
            f"{name} (teacher, student)": (score, result.student[name])
            for name, score in result.teacher.items()
        },
    }
    card = model_card(
        model,
        task=f"{len(result.layers)} layers of {model.name}, taught its vectors on {n_texts} texts.",
        metrics=metrics,
    )
    files = {
        "training.json": json.dumps(facts, ensure_ascii=False, indent=2) + "\n",
        "curve.svg": draw_curve(result.curve, f"A student of {model.name}"),
    }
    save_bert(model, result.folder, card, files)
