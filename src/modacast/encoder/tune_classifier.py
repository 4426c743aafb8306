"""Fine-tuning a classifier: the upper layers learn the task, too.

First a linear head is fitted to the vectors as they are, then head and upper layers learn together from there, which
distorts less of what the encoder could do than beginning with a random head (Kumar et al. 2022, "Fine-Tuning can
Distort Pretrained Features and Underperform Out-of-Distribution").
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.card import model_card
from modacast.encoder.checks import GENERAL_TEXTS, Gate
from modacast.encoder.heads import Label, LinearHead, held_out_groups, label_classes
from modacast.encoder.layered import LayeredBert
from modacast.encoder.learner import Learner
from modacast.encoder.masking import batches_in_order
from modacast.encoder.models import find_model
from modacast.encoder.replay import Replay, replay_texts
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
from modacast.encoder.tuning import TuningResult, settle
from modacast.errors import InvalidInput, StorageError

__all__ = ["ACCURACY", "ClassifierSettings", "finetune_classifier"]

ACCURACY = "validation accuracy"
Ints = npt.NDArray[np.int64]
_MIN_TEXTS = 40
_MEASUREMENTS = 8
_KIND = "query"


@dataclass(frozen=True, slots=True)
class ClassifierSettings:
    """How to fine-tune a classifier.

    Attributes:
        epochs: times through the texts.
        minutes: time in all; None for as long as the epochs take.
        batch_size: texts an update.
        max_tokens: longer texts are cut in training, special tokens included.
        frozen_layers: so many layers, and the embeddings, stand still; None lets everything learn.
        learning_rate: at its highest.
        warmup: share of the training over which it rises.
        dropout: share that the learning layers drop.
        n_keep: general texts an update (see `replay.replay_texts`) that hold the encoder to what it was.
        keep_weight: weight of that term.
        validation: share of the texts that chooses the best state and calibrates.
        n_base: pieces of the vocabulary that stay whether the texts use them or not; None keeps all.
        gate: what the new model must hold to.
        seed: decides split, order and dropout.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        threads: of the processor; as many as torch chooses where None.
        arithmetic: `"auto"`, `"float32"`, `"bfloat16"` or `"float16"`.
    """

    epochs: float = 3.0
    minutes: float | None = 15.0
    batch_size: int = 32
    max_tokens: int = 128
    frozen_layers: int | None = 6
    learning_rate: float = 1e-4
    warmup: float = 0.1
    dropout: float = 0.1
    n_keep: int = 12
    keep_weight: float = 1.0
    validation: float = 0.1
    n_base: int | None = 16_000
    gate: Gate = field(default_factory=Gate)
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    arithmetic: Arithmetic = "auto"


def finetune_classifier(
    texts: Sequence[str],
    labels: Sequence[Label],
    out: str | Path,
    *,
    base: str | Path = "bundled",
    settings: ClassifierSettings | None = None,
    vocabulary_texts: Sequence[str] = (),
    progress: Progress | None = None,
) -> TuningResult:
    """Train a head and the layers below it on labelled texts, and write both if they are better.

    The loss is cross-entropy, plus `keep_weight` times how far the encoder departs from how alike it found general
    texts (see `learner.Learner`). The state with the best validation accuracy is kept, or one on the way back from it
    (`mixing.mix_back`). It must hold to `settings.gate`: be better than a head on the encoder as it was, and not fall
    in the battery of small checks. The result's folder holds encoder and head, for `TextClassifier.from_pretrained`.

    Args:
        texts: `(n,)`; equal texts are never on both sides of the split.
        labels: `(n,)` strings or whole numbers.
        out: folder of the model; must not exist.
        base: the model to begin from; see `Encoder.from_pretrained`.
        settings: how to train; `ClassifierSettings()` where None.
        vocabulary_texts: further texts whose pieces the vocabulary keeps.
        progress: is told of every step.

    Raises:
        MissingExtra: torch or transformers is not installed.
        InvalidInput: too few texts or classes, an impossible setting, or no model at `base`.
        StorageError: `out` exists, or cannot be written.
        ModacastError: the memory is full, or the training diverged.
    """
    torch = require_torch("fine-tuning a classifier")
    chosen, out = settings or ClassifierSettings(), Path(out)
    clock = TrainingClock(None, chosen.minutes)
    if out.exists():
        raise StorageError(f"{out} exists already; choose another folder, or remove it")
    if len(texts) < _MIN_TEXTS:
        raise InvalidInput(f"{len(texts)} texts; fine-tuning a classifier needs {_MIN_TEXTS} or more")
    label_classes(labels, len(texts))
    pieces = None if chosen.n_base is None else [*texts, *GENERAL_TEXTS, *vocabulary_texts]
    model = load_bert(base, texts=pieces, n_base=chosen.n_base or 0)
    with memory_guard(torch, "lower batch_size or max_tokens, or raise frozen_layers"):
        return _Training(torch, model, list(texts), list(labels), chosen).run(out, clock, progress)


class _Training:
    """One fine-tuning: its texts, network, head and optimiser."""

    def __init__(
        self,
        torch: Any,
        model: BertModel,
        texts: list[str],
        labels: list[Label],
        settings: ClassifierSettings,
    ) -> None:
        self.torch, self.model, self.settings = torch, model, settings
        device = pick_device(torch, settings.device, settings.threads)
        compute = arithmetic(torch, device, settings.arithmetic)
        self.layered = LayeredBert(
            torch,
            model,
            n_frozen=settings.frozen_layers,
            device=device,
            compute=compute,
            max_tokens=settings.max_tokens,
        )
        torch.manual_seed(settings.seed)
        _, truth = label_classes(labels, len(texts))
        held = held_out_groups(truth, texts, settings.validation, settings.seed)
        self.truth, self.held_truth = truth[~held], truth[held]
        self.texts = self.layered.prepare([texts[i] for i in np.flatnonzero(~held)], _KIND)
        self.held = self.layered.prepare([texts[i] for i in np.flatnonzero(held)], _KIND)
        replayed = replay_texts(model.tokenizer, seed=settings.seed)
        self.head = LinearHead(seed=settings.seed).fit(
            self.layered.all_vectors(self.texts),
            [labels[i] for i in np.flatnonzero(~held)],
            groups=[texts[i] for i in np.flatnonzero(~held)],
        )
        linear = torch.nn.Linear(self.head.coef_.shape[1], len(self.head.classes_))
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(self.head.coef_.astype(np.float32)))
            linear.bias.copy_(torch.from_numpy(self.head.intercept_.astype(np.float32)))
        self.linear = linear.to(device)
        self.learner = Learner(
            torch,
            self.layered,
            compute,
            Replay(replayed, settings.n_keep, settings.keep_weight, temperature=0.05),
            learning_rate=settings.learning_rate,
            head=list(self.linear.parameters()),
        )

    def run(self, out: Path, clock: TrainingClock, progress: Progress | None) -> TuningResult:
        """Train, measure, judge, write."""
        before, base = self.scores(), self.learner.state()
        n_steps, curve = self._train(clock, before[ACCURACY], progress)
        outcome = settle(
            self.settings.gate, ACCURACY, before, base=base, learner=self.learner, measure=self.scores
        )
        result = TuningResult(
            folder=out if outcome.accepted else None,
            **asdict(outcome),
            curve=tuple(curve),
            n_steps=n_steps,
            n_train=len(self.texts),
            n_validation=len(self.held),
            seconds=clock.seconds,
        )
        if outcome.accepted:
            self._write(result, out)
        return result

    def scores(self) -> dict[str, float]:
        """Measure on the validation texts and on the battery."""
        return {ACCURACY: self._accuracy(), **self.layered.battery()}

    def _weights(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        weight, bias = (p.detach().cpu().numpy().astype(np.float64) for p in self.linear.parameters())
        return weight, bias

    def _held_scores(self) -> npt.NDArray[np.float64]:
        weight, bias = self._weights()
        scores: npt.NDArray[np.float64] = self.layered.all_vectors(self.held) @ weight.T + bias
        return scores

    def _accuracy(self) -> float:
        return float((self._held_scores().argmax(axis=1) == self.held_truth).mean())

    def _train(
        self, clock: TrainingClock, score: float, progress: Progress | None
    ) -> tuple[int, list[CurvePoint]]:
        settings = self.settings
        clock.limit(max(1, round(settings.epochs * len(self.texts) / settings.batch_size)))
        clock.start()
        rng = np.random.default_rng([settings.seed, 1])
        step, best, best_state = 0, score, self.learner.state()
        curve = [CurvePoint(0, clock.seconds, {ACCURACY: score})]
        for places in batches_in_order(len(self.texts), settings.batch_size, settings.seed):
            share = clock.share(step)
            if share >= 1:
                break
            loss = self._step(step, places, clock.rate(step, warmup=settings.warmup), rng)
            step += 1
            if progress:
                progress(clock.state(step, loss))
            if int(_MEASUREMENTS * share) != int(_MEASUREMENTS * clock.share(step)):
                score = self._accuracy()
                curve.append(CurvePoint(step, clock.seconds, {ACCURACY: score, "training loss": loss}))
                if score >= best:
                    best, best_state = score, self.learner.state()
        self.learner.restore(best_state)
        return step, curve

    def _step(self, step: int, places: Ints, rate: float, rng: np.random.Generator) -> float:
        torch, settings, layered = self.torch, self.settings, self.layered
        layered.train(settings.dropout)
        vectors = layered.vectors(self.texts, places)
        truth = torch.from_numpy(self.truth[places]).to(vectors.device)
        loss = torch.nn.functional.cross_entropy(self.linear(vectors), truth)
        return self.learner.learn(loss, step, rate_share=rate, rng=rng)

    def _write(self, result: TuningResult, out: Path) -> None:
        head = self.head.retuned(*self._weights(), self._held_scores(), self.held_truth)
        facts = {key: value for key, value in asdict(result).items() if key != "folder"}
        facts = {"kind": "classifier", "base": self.model.name, "settings": asdict(self.settings), **facts}
        card = model_card(
            self.model,
            task=f"Classifies texts as {', '.join(map(str, head.classes_[:20]))}; {result.n_train} to learn from.",
            metrics={name: (result.before[name], result.after[name]) for name in result.before},
        )
        files = {
            "training.json": json.dumps(facts, ensure_ascii=False, indent=2) + "\n",
            "curve.svg": draw_curve(result.curve, f"A classifier on {self.model.name}"),
        }
        save_bert(self.model, out, card, files)
        head.save(out, encoder=find_model(out, out, "int8").recipe.model_id, kind=_KIND)
