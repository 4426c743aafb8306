"""One contrastive fine-tuning: steps, measurements, checkpoints, judgement."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.card import model_card
from modacast.encoder.checkpoints import Checkpoints, CheckpointState
from modacast.encoder.contrastive import BatchOrder, PairBank, contrastive_loss, mean_reciprocal_rank
from modacast.encoder.finetune_settings import TASK, FinetuneSettings
from modacast.encoder.layered import LayeredBert
from modacast.encoder.learner import Learner
from modacast.encoder.pairs import PairSplit
from modacast.encoder.replay import Replay, replay_texts
from modacast.encoder.torch_model import BertModel, save_bert
from modacast.encoder.training import (
    CurvePoint,
    Progress,
    TrainingClock,
    arithmetic,
    draw_curve,
    pick_device,
)
from modacast.encoder.tuning import TuningResult, settle

__all__ = ["FinetuneRun"]

_log = logging.getLogger(__name__)
Ints = npt.NDArray[np.int64]

_MEASUREMENTS = 5


class FinetuneRun:
    """One fine-tuning: its pairs, network and optimiser."""

    def __init__(
        self,
        torch: Any,
        model: BertModel,
        split: PairSplit,
        general: list[str],
        *,
        settings: FinetuneSettings,
        checkpoints: Checkpoints,
    ) -> None:
        self.torch, self.model, self.settings = torch, model, settings
        self.checkpoints = checkpoints
        self.fingerprint = _fingerprint(model.name, split, general, settings)
        self.train, self.held = train, held = split.train, split.held_out
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
        prepare = self.layered.prepare
        self.queries = prepare([pair.query for pair in train], "query")
        self.documents = prepare([pair.document for pair in train], "document")
        self.held_queries = prepare([pair.query for pair in held], "query")
        self.held_documents = prepare([pair.document for pair in held], "document")
        replayed = replay_texts(model.tokenizer, general=general, seed=settings.seed)
        self.learner = Learner(
            torch,
            self.layered,
            compute,
            Replay(replayed, settings.n_keep, settings.keep_weight, settings.temperature),
            learning_rate=settings.learning_rate,
        )
        self.bank = PairBank(torch, train, model.bert.config.hidden_size)
        self.order = BatchOrder(self.bank, settings.batch_size, settings.n_neighbours, settings.seed)

    def run(self, out: Path, began: float, progress: Progress | None) -> TuningResult:
        """Train, measure, judge, write."""
        base = self.learner.state()
        state = self.checkpoints.read(self.fingerprint)
        if state is None:
            before = self.scores()
            curve = [CurvePoint(0, time.monotonic() - began, {TASK: before[TASK]})]
            state = CheckpointState(0, 0.0, self.fingerprint, curve, {"before": before})
            self.checkpoints.write_best(self.model.bert)
        else:
            self._go_on(self.checkpoints.load(self.model.bert, self.learner.optimizer))
            _log.info("goes on from step %d of %s", state.step, self.checkpoints.folder)
        spent = time.monotonic() - began + state.seconds
        clock = TrainingClock(None, self.settings.minutes, seconds_before=spent)
        state = self._train(state, clock, progress)
        self.checkpoints.load_best(self.model.bert)
        result = self._judged(out, base, state, clock)
        if result.accepted:
            counts = Counter(pair.task for pair in self.train)
            _write(self.model, result, self.settings, counts)
        self.checkpoints.remove()
        return result

    def _judged(
        self, out: Path, base: list[Any], state: CheckpointState, clock: TrainingClock
    ) -> TuningResult:
        outcome = settle(
            self.settings.gate,
            TASK,
            state.facts["before"],
            base=base,
            learner=self.learner,
            measure=self.scores,
        )
        return TuningResult(
            folder=out if outcome.accepted else None,
            **asdict(outcome),
            curve=tuple(state.curve),
            n_steps=state.step,
            n_train=len(self.train),
            n_validation=len(self.held),
            seconds=clock.seconds,
        )

    def scores(self) -> dict[str, float]:
        """Measure on the validation pairs and on the battery."""
        return {TASK: self._retrieval(), **self.layered.battery()}

    def _retrieval(self) -> float:
        queries = self.layered.all_vectors(self.held_queries)
        documents = self.layered.all_vectors(self.held_documents)
        tasks = np.asarray([pair.task for pair in self.held])
        return float(
            np.mean(
                [mean_reciprocal_rank(queries[tasks == t], documents[tasks == t]) for t in np.unique(tasks)]
            )
        )

    def _train(
        self, state: CheckpointState, clock: TrainingClock, progress: Progress | None
    ) -> CheckpointState:
        settings = self.settings
        if settings.epochs is not None:
            n_batches = len(self.bank.batches(settings.batch_size, 0, np.random.default_rng(0)))
            clock.limit(max(1, round(settings.epochs * n_batches)))
        prepared = clock.start(state.facts.get("prepared"))
        state = replace(state, facts={**state.facts, "prepared": prepared})
        step, curve = state.step, list(state.curve)
        best = max(point.values[TASK] for point in curve)
        while (share := clock.share(step)) < 1:
            loss = self._step(step, self.order.next(), clock.rate(step, warmup=settings.warmup))
            step += 1
            if progress:
                progress(clock.state(step, loss))
            if self._is_time(step, share, clock.share(step)):
                score = self._retrieval()
                curve.append(CurvePoint(step, clock.seconds, {TASK: score, "training loss": loss}))
                if score >= best:
                    best = score
                    self.checkpoints.write_best(self.model.bert)
                state = replace(state, step=step, seconds=clock.seconds, curve=curve)
                self.checkpoints.write(self.model.bert, self.learner.optimizer, state, self._further())
        return replace(state, step=step, curve=curve)

    def _further(self) -> dict[str, Any]:
        """Get what a killed training needs besides weights: earlier vectors, and the running epoch's batches."""
        order = {f"order.{name}": self.torch.from_numpy(v) for name, v in self.order.state().items()}
        return {f"bank.{name}": value for name, value in self.bank.state().items()} | order

    def _go_on(self, further: Mapping[str, Any]) -> None:
        parts: dict[str, dict[str, Any]] = {"bank": {}, "order": {}}
        for name, value in further.items():
            part, _, key = name.partition(".")
            parts[part][key] = value
        self.bank.restore(parts["bank"])
        self.order.restore({key: value.numpy() for key, value in parts["order"].items()})

    def _is_time(self, step: int, before: float, after: float) -> bool:
        every = self.settings.evaluate_every
        if every is None:
            return int(_MEASUREMENTS * before) != int(_MEASUREMENTS * after)
        return step % every == 0 or after >= 1

    def _step(self, step: int, places: Ints, rate: float) -> float:
        # draws depend on the seed and the step alone, so a training that was killed goes on as it would have
        rng = np.random.default_rng([self.settings.seed, 3, step])
        self.torch.manual_seed(int(rng.integers(1 << 62)))
        torch, settings, layered = self.torch, self.settings, self.layered
        layered.train(settings.dropout)
        queries = layered.vectors(self.queries, places)
        documents = layered.vectors(self.documents, places)
        loss = contrastive_loss(
            torch,
            queries,
            documents,
            self.bank,
            places,
            temperature=settings.temperature,
            n_bank=settings.n_bank,
        )
        value = self.learner.learn(loss, step, rate_share=rate, rng=rng)
        self.bank.update(places, queries, documents)
        return value


def _fingerprint(name: str, split: PairSplit, general: Sequence[str], settings: FinetuneSettings) -> str:
    # where it is computed may change between two parts of a training
    facts = {key: value for key, value in asdict(settings).items() if key not in {"device", "threads"}}
    pairs = [[p.task, p.query, p.document] for p in [*split.train, *split.held_out]]
    told = json.dumps([name, facts, pairs, list(general)], ensure_ascii=False)
    return blake2b(told.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _write(
    model: BertModel, result: TuningResult, settings: FinetuneSettings, counts: Mapping[str, int]
) -> None:
    if result.folder is None:
        return
    facts = {key: value for key, value in asdict(result).items() if key != "folder"}
    facts = {"kind": "contrastive fine-tuning", "base": model.name, "settings": asdict(settings), **facts}
    card = model_card(
        model,
        task=f"Fine-tuned on {result.n_train} pairs of texts that belong together, {result.n_steps} steps.",
        metrics={name: (result.before[name], result.after[name]) for name in result.before},
        data="pairs of texts, "
        + ", ".join(f"{n:,} of the task `{task}`" for task, n in sorted(counts.items())),
    )
    files = {
        "training.json": json.dumps(facts, ensure_ascii=False, indent=2) + "\n",
        "curve.svg": draw_curve(result.curve, f"Fine-tuning of {model.name}"),
    }
    save_bert(model, result.folder, card, files)
