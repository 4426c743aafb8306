"""Contrastive fine-tuning: texts that belong together come to lie together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from modacast.encoder.checkpoints import Checkpoints
from modacast.encoder.checks import GENERAL_TEXTS
from modacast.encoder.finetune_run import FinetuneRun
from modacast.encoder.finetune_settings import TASK, FinetuneSettings
from modacast.encoder.pairs import Pair, PairSplit, split_pairs
from modacast.encoder.torch_model import load_bert, memory_guard, require_torch
from modacast.encoder.training import Progress
from modacast.encoder.tuning import TuningResult
from modacast.errors import InvalidInput, StorageError

__all__ = ["TASK", "FinetuneSettings", "finetune"]

_MIN_PAIRS = 24


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
) -> TuningResult:
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
        training = FinetuneRun(torch, model, split, general, settings=chosen, checkpoints=checkpoints)
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
