"""Contrastive fine-tuning: texts that belong together come to lie together."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modacast.encoder.card import model_card
from modacast.encoder.checkpoints import Checkpoints, CheckpointState
from modacast.encoder.checks import GENERAL_TEXTS, Gate
from modacast.encoder.contrastive import BatchOrder, PairBank, contrastive_loss, mean_reciprocal_rank
from modacast.encoder.layered import LayeredBert
from modacast.encoder.learner import Learner
from modacast.encoder.mixing import mix_back
from modacast.encoder.pairs import Pair, PairSplit, split_pairs
from modacast.encoder.recipe import KINDS
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
from modacast.errors import InvalidInput, StorageError

__all__ = ["TASK", "FinetuneResult", "FinetuneSettings", "finetune"]

TASK = "validation MRR"

_log = logging.getLogger(__name__)
Ints = npt.NDArray[np.int64]

_MIN_PAIRS = 24
_MEASUREMENTS = 10


@dataclass(frozen=True, slots=True)
class FinetuneSettings:
    """How to fine-tune.

    Attributes:
        epochs: times through the pairs; None for as many as `minutes` allow.
        minutes: time in all, loading and measuring included; None for as long as the epochs take.
        batch_size: pairs an update.
        max_tokens: longer texts are cut in training, special tokens included.
        frozen_layers: so many layers, and the embeddings, stand still; None lets everything learn.
        learning_rate: at its highest.
        warmup: share of the training over which it rises.
        temperature: of the loss; lower looks harder at the nearest negatives.
        dropout: share that the learning layers drop.
        n_bank: earlier vectors that serve as further negatives; 0 is better for short and varied texts such as
            labels, whose vectors move so far in training that the earlier ones mislead.
        n_neighbours: pairs that are put into a batch beside each seed because they lie near it; 0 for none.
        n_keep: general texts an update (see `replay.replay_texts`) that hold the model to what it was.
        keep_weight: weight of that term.
        validation: share of the pairs that chooses the best state, at most 300 pairs, where none are given.
        evaluate_every: updates between two measurements; None for ten in the whole training.
        n_base: pieces of the vocabulary that stay whether the texts use them or not; None keeps all.
        gate: what the new model must hold to.
        seed: decides split, order and dropout.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        threads: of the processor; as many as torch chooses where None. On a machine that is busy with other work
            one thread is faster than several, which then wait for each other.
        arithmetic: `"auto"`, `"float32"`, `"bfloat16"` or `"float16"`.
    """

    epochs: float | None = 3.0
    minutes: float | None = 15.0
    batch_size: int = 64
    max_tokens: int = 128
    frozen_layers: int | None = 6
    learning_rate: float = 2e-4
    warmup: float = 0.1
    temperature: float = 0.05
    dropout: float = 0.0
    n_bank: int = 4096
    n_neighbours: int = 7
    n_keep: int = 24
    keep_weight: float = 1.0
    validation: float = 0.06
    evaluate_every: int | None = None
    n_base: int | None = 16_000
    gate: Gate = field(default_factory=Gate)
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    arithmetic: Arithmetic = "auto"


@dataclass(frozen=True, slots=True)
class FinetuneResult:
    """A fine-tuned model, or why the old one is to be kept.

    Attributes:
        folder: of the new model; None where the gate refused it.
        accepted: whether it passed the gate.
        reasons: what spoke against it.
        before: name to score of the base model: `TASK`, and the battery's checks.
        after: the same of the new model.
        curve: readings on the way.
        n_steps: updates of the weights.
        n_train: pairs that were learned from.
        n_validation: pairs that were measured with.
        seconds: in all.
        share: of the way from the base's weights to the trained ones that the model went.
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


def finetune(
    pairs: Sequence[Pair],
    out: str | Path,
    *,
    base: str | Path = "bundled",
    settings: FinetuneSettings | None = None,
    validation: Sequence[Pair] = (),
    general_texts: Sequence[str] = (),
    resume: bool = True,
    progress: Progress | None = None,
) -> FinetuneResult:
    """Train a BERT on pairs of texts, and write the model if it is better.

    The loss is that of `contrastive.contrastive_loss`, plus `keep_weight` times how far the model departs from how
    alike it found general texts (see `learner.Learner`), which holds it to what it could do. The battery's own texts
    are not among them, so that it says something of texts that were not replayed. The
    lower layers stand still, and their output for each text is computed once, when its first batch comes.

    A checkpoint lies in `<out>.training` until the model is written or refused; a call with the same pairs and settings
    goes on from it.

    The state with the best validation score is kept, or weights on the way back from it to the base that are better or
    forgot less; see `mixing.mix_back`. The model must hold to `settings.gate`: the validation score must
    rise, and the battery of small checks in other fields and languages must not fall; otherwise nothing is
    written and the old model remains the better one.

    Args:
        pairs: what belongs together.
        out: folder of the model; must not exist.
        base: the model to begin from; see `Encoder.from_pretrained`.
        settings: how to train; `FinetuneSettings()` where None.
        validation: pairs to choose the best state with; held out of `pairs` where empty.
        general_texts: texts of the kind that the model must not become worse for, beside those that are composed
            from its vocabulary, such as a lexicon's names; the vocabulary keeps their pieces.
        resume: whether to go on from a checkpoint; otherwise one that is there is removed.
        progress: is told of every step.

    Raises:
        MissingExtra: torch or transformers is not installed.
        InvalidInput: too few pairs, an impossible setting, a broken checkpoint, one of another training, or no model
            at `base`.
        StorageError: `out` exists, or cannot be written.
        ModacastError: the memory is full, or the training diverged.
    """
    torch = require_torch("fine-tuning")
    chosen, out = settings or FinetuneSettings(), Path(out)
    if chosen.epochs is None and chosen.minutes is None:
        raise InvalidInput("say how long to train: epochs, minutes, or both")
    began = time.monotonic()
    if out.exists():
        raise StorageError(f"{out} exists already; choose another folder, or remove it")
    split = _parts(pairs, validation, chosen)
    general = list(general_texts)
    texts = [text for pair in [*split.train, *split.held_out] for text in (pair.query, pair.document)]
    model = load_bert(
        base,
        texts=None if chosen.n_base is None else [*texts, *GENERAL_TEXTS, *general],
        n_base=chosen.n_base or 0,
    )
    checkpoints = Checkpoints(out.with_name(out.name + ".training"))
    if not resume:
        checkpoints.remove()
    with memory_guard(torch, "lower batch_size or max_tokens, or raise frozen_layers"):
        training = _Training(torch, model, split, general, settings=chosen, checkpoints=checkpoints)
        # loading and measuring count too
        return training.run(out, began, progress)


def _parts(pairs: Sequence[Pair], validation: Sequence[Pair], settings: FinetuneSettings) -> PairSplit:
    distinct = list(dict.fromkeys(pair for pair in pairs if pair.query.strip() and pair.document.strip()))
    held = list(validation)
    if not held:
        share = max(settings.validation, min(0.2, 20 / max(1, len(distinct))))
        split = split_pairs(distinct, share, seed=settings.seed, at_most=300)
        distinct, held = split.train, split.held_out
    if len(distinct) < _MIN_PAIRS or len(held) < 2:
        raise InvalidInput(
            f"{len(distinct)} distinct pairs to learn from and {len(held)} to measure with; fine-tuning needs "
            f"{_MIN_PAIRS} and 2 or more, and about a thousand to be of use"
        )
    return PairSplit(distinct, held)


class _Training:
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
        self.checks = [prepare(GENERAL_TEXTS, kind) for kind in KINDS]
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

    def run(self, out: Path, began: float, progress: Progress | None) -> FinetuneResult:
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
    ) -> FinetuneResult:
        before = state.facts["before"]
        after, share = mix_back(
            self.settings.gate,
            TASK,
            before,
            weights=(base, self.learner.state()),
            restore=self.learner.restore,
            measure=self.scores,
        )
        verdict = self.settings.gate.judge(before, after, TASK)
        return FinetuneResult(
            folder=out if verdict.accepted else None,
            accepted=verdict.accepted,
            reasons=verdict.reasons,
            before=before,
            after=after,
            curve=tuple(state.curve),
            n_steps=state.step,
            n_train=len(self.train),
            n_validation=len(self.held),
            seconds=clock.seconds,
            share=share,
        )

    def scores(self) -> dict[str, float]:
        """Measure on the validation pairs and on the battery."""
        return {TASK: self._retrieval(), **self.layered.battery(self.checks)}

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
    model: BertModel, result: FinetuneResult, settings: FinetuneSettings, counts: Mapping[str, int]
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
