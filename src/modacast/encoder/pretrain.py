"""Masked-language-model training: the encoder learns the words of a field from its bare texts."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from modacast.encoder.card import model_card
from modacast.encoder.checkpoints import Checkpoints, CheckpointState
from modacast.encoder.masked_model import MaskedModel, MaskedScore
from modacast.encoder.masking import Segmenter, TokenizedTexts, batches_in_order, tokenized
from modacast.encoder.torch_model import (
    BertModel,
    load_bert,
    memory_guard,
    require_torch,
    save_bert,
)
from modacast.encoder.training import (
    Arithmetic,
    CurvePoint,
    Progress,
    TrainingClock,
    arithmetic,
    draw_curve,
    learning_rate_share,
    pick_device,
)
from modacast.errors import InvalidInput, ModacastError, StorageError

__all__ = ["MaskedScore", "PretrainResult", "PretrainSettings", "pretrain"]

_MIN_TEXTS = 40
_MIN_PIECES = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """How to train.

    Attributes:
        steps: updates of the weights; None for as many as `minutes` allow.
        minutes: time; None for as long as `steps` take.
        batch_size: texts that are computed together, on each device.
        accumulate: batches an update.
        max_tokens: longer texts are cut, special tokens included.
        mask_share: of each text's pieces that are to be guessed.
        learning_rate: at its highest; a head that begins anew learns ten times as fast.
        warmup: share of the training over which the learning rate rises.
        held_out: share of the texts that is kept for measuring, at most `max_held_out` texts.
        max_held_out: see there.
        n_pseudo: held-out texts for the pseudo-perplexity, which costs one pass a piece.
        evaluate_every: steps between two measurements, each of which leaves a checkpoint.
        patience: measurements without a better held-out loss after which training stops.
        n_base: pieces of the vocabulary that stay whether the texts use them or not.
        seed: the same texts and seed give the same model (by `steps`; time is never the same).
        device: `"auto"`, `"cpu"` or `"cuda"`.
        threads: of the processor; as many as torch chooses where None. On a machine that is busy with other work
            one thread is faster than several, which then wait for each other.
        arithmetic: `"auto"`, `"float32"`, `"bfloat16"` or `"float16"`.
    """

    steps: int | None = None
    minutes: float | None = 15.0
    batch_size: int = 32
    accumulate: int = 1
    max_tokens: int = 96
    mask_share: float = 0.15
    learning_rate: float = 1e-4
    warmup: float = 0.06
    held_out: float = 0.05
    max_held_out: int = 512
    n_pseudo: int = 24
    evaluate_every: int = 100
    patience: int = 5
    n_base: int = 16_000
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    arithmetic: Arithmetic = "auto"


@dataclass(frozen=True, slots=True)
class PretrainResult:
    """A trained model and how it came about.

    Attributes:
        folder: of the model, with its card (`README.md`), `training.json` and `curve.svg`.
        before: held-out score of the base model.
        after: held-out score of the model in `folder`.
        curve: held-out scores on the way.
        n_steps: updates of the weights.
        seconds: of training and measuring.
        stopped: `"done"` or `"early"`.
    """

    folder: Path
    before: MaskedScore
    after: MaskedScore
    curve: tuple[CurvePoint, ...]
    n_steps: int
    seconds: float
    stopped: str


def pretrain(
    texts: Sequence[str],
    out: str | Path,
    *,
    base: str | Path = "bundled",
    settings: PretrainSettings | None = None,
    segment: Segmenter | None = None,
    vocabulary_texts: Sequence[str] = (),
    resume: bool = True,
    progress: Progress | None = None,
) -> PretrainResult:
    """Train a BERT on bare texts, and write the model.

    With M the masked places of a text, whole words up to `mask_share` of its pieces, training lowers
    `-mean over i in M of log p(x_i | x without M)`: each masked piece is predicted from the unmasked ones
    alone, independently of the others. This is no likelihood of the text. What comes nearest to one is the
    pseudo-log-likelihood, `PLL(x) = sum over i of log p(x_i | x without x_i)`, one piece masked at a time, all
    pieces of the text in turn, special tokens left out; the pseudo-perplexity of the held-out texts is
    `exp(-(sum of PLL) / (number of pieces))` (Salazar et al. 2020, "Masked Language Model Scoring"). It depends
    on the vocabulary, so compare it between models of the same vocabulary only.

    A checkpoint lies in `<out>.training` until the model is written; a call with the same texts and settings
    goes on from there. Started by `accelerate launch`, several GPUs share each step.

    Args:
        texts: the corpus; what is shorter than five pieces is left out.
        out: folder of the model; must not exist.
        base: the model to begin from; see `Encoder.from_pretrained`.
        settings: how to train; `PretrainSettings()` where None.
        segment: splits a text into words, for whole-word masks in Chinese; see `masking.tokenized`.
        vocabulary_texts: further texts whose pieces the vocabulary keeps, such as a lexicon's surfaces.
        resume: whether to go on from a checkpoint; otherwise one that is there is removed.
        progress: is told of every step.

    Raises:
        MissingExtra: torch or transformers is not installed.
        InvalidInput: too few texts, a broken checkpoint, one of another training, or no model at `base`.
        StorageError: `out` exists, or cannot be written.
        ModacastError: the memory is full, or the training diverged.
    """
    torch = require_torch("pre-training")
    chosen, out = settings or PretrainSettings(), Path(out)
    if chosen.steps is None and chosen.minutes is None:
        raise InvalidInput("say how long to train: steps, minutes, or both")
    if out.exists():
        raise StorageError(f"{out} exists already; choose another folder, or remove it")
    distinct = list(dict.fromkeys(text for text in texts if text.strip()))
    model = load_bert(base, texts=[*distinct, *vocabulary_texts], n_base=chosen.n_base)
    corpus = tokenized(
        model.tokenizer, distinct, max_tokens=min(chosen.max_tokens, model.max_tokens), segment=segment
    )
    corpus = corpus.pick([i for i, words in enumerate(corpus.words) if (words >= 0).sum() >= _MIN_PIECES])
    if len(corpus) < _MIN_TEXTS:
        raise InvalidInput(
            f"{len(corpus)} distinct texts of at least {_MIN_PIECES} pieces; "
            f"pre-training needs {_MIN_TEXTS} or more, and thousands to be of use"
        )
    checkpoints = Checkpoints(out.with_name(out.name + ".training"))
    if not resume:
        checkpoints.remove()
    torch.manual_seed(chosen.seed)
    with memory_guard(torch, "lower batch_size (and raise accumulate) or max_tokens"):
        training = _Training(torch, model, corpus, chosen, checkpoints)
        return training.run(out, progress)


class _Training:
    """One training: its texts, network and optimiser."""

    def __init__(
        self,
        torch: Any,
        model: BertModel,
        corpus: TokenizedTexts,
        settings: PretrainSettings,
        checkpoints: Checkpoints,
    ) -> None:
        self.torch, self.settings, self.checkpoints = torch, settings, checkpoints
        device = pick_device(torch, settings.device, settings.threads)
        compute = arithmetic(torch, device, settings.arithmetic)
        self.accelerator = import_module("accelerate").Accelerator(
            cpu=device == "cpu", mixed_precision="fp16" if compute.needs_scaling else "no"
        )
        order = np.random.default_rng(settings.seed).permutation(len(corpus))
        n_held = max(8, min(settings.max_held_out, int(settings.held_out * len(corpus))))
        self.held, self.texts = corpus.pick(order[:n_held]), corpus.pick(order[n_held:])
        self.fingerprint = _fingerprint(model.name, corpus, settings)
        self.masked = MaskedModel(
            torch,
            model,
            self.texts,
            accelerator=self.accelerator,
            compute=compute,
            learning_rate=settings.learning_rate,
        )

    def run(self, out: Path, progress: Progress | None) -> PretrainResult:
        """Train, measure, write."""
        settings, network = self.settings, self.masked.model.network
        state = self.checkpoints.read(self.fingerprint)
        if state is None:
            before = self.score(n_pseudo=settings.n_pseudo)
            curve = [_point(0, 0.0, before)]
            state = CheckpointState(0, 0.0, self.fingerprint, curve, {"before": asdict(before), "waited": 0})
            if self.accelerator.is_main_process:
                self.checkpoints.write_best(network)
        else:
            self.checkpoints.load(network, self.masked.optimizer)
            _log.info("goes on from step %d of %s", state.step, self.checkpoints.folder)
        clock = TrainingClock(settings.steps, settings.minutes, seconds_before=state.seconds)
        state = self._train(state, clock, progress)
        after = self.score(n_pseudo=settings.n_pseudo)
        if min(point.values["held-out loss"] for point in state.curve) < after.loss:
            self.checkpoints.load_best(network)
            after = self.score(n_pseudo=settings.n_pseudo)
        result = PretrainResult(
            folder=out,
            before=MaskedScore(**state.facts["before"]),
            after=after,
            curve=tuple(state.curve),
            n_steps=state.step,
            seconds=clock.seconds,
            stopped="early" if state.facts["waited"] >= settings.patience else "done",
        )
        if self.accelerator.is_main_process:
            _write(self.masked.model, result, settings, len(self.texts))
            self.checkpoints.remove()
        return result

    def _train(
        self, state: CheckpointState, clock: TrainingClock, progress: Progress | None
    ) -> CheckpointState:
        settings = self.settings
        step, waited, curve = state.step, int(state.facts["waited"]), list(state.curve)
        workers, rank = self.accelerator.num_processes, self.accelerator.process_index
        batches = batches_in_order(len(self.texts), settings.batch_size, settings.seed)
        for _ in range(step * settings.accumulate * workers):
            next(batches)
        while (share := self._share(clock, step)) < 1 and waited < settings.patience:
            parts = [next(batches) for _ in range(settings.accumulate * workers)][rank::workers]
            loss = self._step(step, parts, share)
            step += 1
            if progress:
                progress(clock.state(step, loss))
            if step % settings.evaluate_every == 0 or self._share(clock, step) >= 1:
                score = self.score()
                best = min(point.values["held-out loss"] for point in curve)
                waited = 0 if score.loss < best else waited + 1
                curve.append(_point(step, clock.seconds, score))
                facts = {**state.facts, "waited": waited}
                state = CheckpointState(step, clock.seconds, self.fingerprint, curve, facts)
                self._keep(state, is_best=waited == 0)
        return replace(state, step=step)

    def _share(self, clock: TrainingClock, step: int) -> float:
        """Get the share that is done, the same in all processes, whose clocks differ."""
        share = clock.share(step)
        if self.accelerator.num_processes == 1:
            return share
        own = self.torch.tensor([share], device=self.accelerator.device)
        return float(self.accelerator.gather(own).max())

    def _keep(self, state: CheckpointState, *, is_best: bool) -> None:
        if self.accelerator.is_main_process:
            if is_best:
                self.checkpoints.write_best(self.masked.model.network)
            self.checkpoints.write(self.masked.model.network, self.masked.optimizer, state)
        self.accelerator.wait_for_everyone()

    def _step(self, step: int, batches: Sequence[Any], share: float) -> float:
        # masks and dropout depend on the seed and the step alone, so an interrupted training goes on as it was
        rng = np.random.default_rng([self.settings.seed, 1, step, self.accelerator.process_index])
        self.torch.manual_seed(int(rng.integers(1 << 62)))
        masks = [
            self.masked.mask(self.texts.pick(places), rng, self.settings.mask_share) for places in batches
        ]
        loss = self.masked.learn(masks, rate_share=learning_rate_share(share, warmup=self.settings.warmup))
        if not math.isfinite(loss):
            raise ModacastError(
                f"the training diverged in step {step} (loss {loss}); lower the learning rate"
            )
        return loss

    def score(self, *, n_pseudo: int = 0) -> MaskedScore:
        """Measure on the held-out texts."""
        settings = self.settings
        return self.masked.score(
            self.held,
            share=settings.mask_share,
            batch_size=settings.batch_size,
            seed=settings.seed,
            n_pseudo=n_pseudo,
        )


def _fingerprint(name: str, corpus: TokenizedTexts, settings: PretrainSettings) -> str:
    # where it is computed may change between two parts of a training
    facts = {key: value for key, value in asdict(settings).items() if key not in {"device", "threads"}}
    digest = blake2b(json.dumps([name, facts]).encode(), digest_size=16)
    for ids in corpus.ids:
        digest.update(ids.tobytes())
    return digest.hexdigest()


def _point(step: int, seconds: float, score: MaskedScore) -> CurvePoint:
    return CurvePoint(step, seconds, {"held-out loss": score.loss, "held-out accuracy": score.accuracy})


def _write(model: BertModel, result: PretrainResult, settings: PretrainSettings, n_texts: int) -> None:
    facts = {
        "kind": "masked language model",
        "base": model.name,
        "n_texts": n_texts,
        "settings": asdict(settings),
        **{key: value for key, value in asdict(result).items() if key != "folder"},
    }
    metrics = {
        "held-out masked accuracy": (result.before.accuracy, result.after.accuracy),
        "held-out masked loss (nats)": (result.before.loss, result.after.loss),
        "pseudo-perplexity": (result.before.pseudo_perplexity, result.after.pseudo_perplexity),
    }
    card = model_card(
        model,
        task=f"Pre-trained further as a masked language model on {n_texts} texts, {result.n_steps} steps.",
        metrics=metrics,
        data=f"{n_texts:,} texts that whoever trained it gave, held-out ones apart",
    )
    files = {
        "training.json": json.dumps(facts, ensure_ascii=False, indent=2) + "\n",
        "curve.svg": draw_curve(result.curve, f"Pre-training of {model.name}"),
    }
    save_bert(model, result.folder, card, files)
