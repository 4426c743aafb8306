"""The demo's training of the language model: short, on the sample world's own texts, and measured on unseen ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from modacast.pipeline.corpus import Corpus, PairSet, home_corpus, home_pairs
from modacast.pipeline.held_out import HeldOut, hold_out
from modacast.pipeline.progress import Progress, StageTimer
from modacast.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from modacast.pipeline.training import Trained

__all__ = ["SampleTraining", "can_train", "train_sample"]

_N_TEXTS = 600
_N_HELD_NAMES = 240
_N_HELD_TEXTS = 60
_MOST = {"zh-en": 192, "en-zh": 192, "title": 96, "attributes": 64, "review": 64}
_THREADS = 1  # several wait for each other on a busy machine


@dataclass(frozen=True, slots=True)
class SampleTraining:
    """What the short trainings came to; both are registered, neither is in use.

    Attributes:
        pretrained: masked words, on the cleaned texts and the catalogue.
        finetuned: pairs, from there on.
        n_unseen: task to the number of pairs that were measured with and never learned from.
    """

    pretrained: Trained
    finetuned: Trained
    n_unseen: Mapping[str, int]

    def headlines(self) -> list[str]:
        """Get what to tell the user, a line each: figures before and after, and what became of the versions."""
        masks, pairs = self.pretrained, self.finetuned
        n_names = sum(n for task, n in self.n_unseen.items() if task != "title")
        return [
            f"Pre-training: {masks.facts['n_steps']} steps; masked words guessed "
            f"{_change(masks, 'held-out masked accuracy')}, pseudo-perplexity "
            f"{_change(masks, 'pseudo-perplexity', digits=0)} (texts that it never saw). {_fate(masks)}",
            f"Fine-tuning: {pairs.facts['n_steps']} steps; {self.n_unseen.get('title', 0)} unseen products found by their "
            f"title, MRR {_change(pairs, 'unseen pairs (MRR)')}; {n_names} unseen names found in the other language "
            f"{_change(pairs, 'unseen names (accuracy@1)')}. {_fate(pairs)}",
        ]


def can_train() -> bool:
    """Tell whether the extra `train` is installed."""
    return all(find_spec(name) is not None for name in ("torch", "transformers", "accelerate"))


def train_sample(workspace: Workspace, *, seed: int, progress: Progress) -> SampleTraining:
    """Pre-train and fine-tune shortly on what a home holds; nothing is promoted.

    Args:
        workspace: with cleaned texts and a catalogue.
        seed: decides what is held out and in which order is learned.
        progress: hears of the steps.

    Raises:
        ModacastError: as `train_pretrain` and `train_finetune` do.
    """
    from modacast.encoder.finetune import FinetuneSettings
    from modacast.encoder.pretrain import PretrainSettings
    from modacast.pipeline.training import train_finetune, train_pretrain

    split = hold_out(_chosen(home_pairs(workspace)), n_names=_N_HELD_NAMES, n_texts=_N_HELD_TEXTS, seed=seed)
    split = HeldOut(_fewer(split.train, seed), split.test)
    corpus = _seen(home_corpus(workspace), split, seed)
    masks = PretrainSettings(
        steps=16, minutes=None, batch_size=12, max_tokens=32, learning_rate=1.5e-4, evaluate_every=4,
        max_held_out=40, n_pseudo=4, n_base=4_000, seed=seed, threads=_THREADS,
    )  # fmt: skip
    pairs = FinetuneSettings(
        epochs=1.0, minutes=None, batch_size=32, max_tokens=32, frozen_layers=8, seed=seed, threads=_THREADS
    )
    timer = StageTimer(progress, "pretrain", total=masks.steps)
    pretrained = train_pretrain(workspace, corpus, masks, progress=lambda _: timer.add(1, 1))
    timer.finish()
    timer = StageTimer(progress, "finetune")
    finetuned = train_finetune(
        workspace, split.train, pairs, base=_base(pretrained), test=split.test,
        progress=lambda _: timer.add(1, 1),
    )  # fmt: skip
    timer.finish()
    tasks = [pair.task for pair in split.test]
    return SampleTraining(pretrained, finetuned, {task: tasks.count(task) for task in sorted(set(tasks))})


def _base(made: Trained) -> str | None:
    """Get the folder to go on from; None for the model in use where the training came to nothing."""
    return None if made.folder is None or made.reasons else str(made.folder)


def _chosen(pairs: PairSet) -> PairSet:
    """Get the pairs of the tasks that are learned; of names, those of Chinese and English."""
    kept = tuple(pair for pair in pairs.pairs if pair.task in _MOST)
    return replace(pairs, pairs=kept)


def _fewer(pairs: PairSet, seed: int) -> PairSet:
    """Get at most so many pairs a task, so that the training stays short."""
    rng = np.random.default_rng(seed)
    chosen = []
    for task, most in _MOST.items():
        mine = [pair for pair in pairs.pairs if pair.task == task]
        chosen += [mine[i] for i in np.sort(rng.permutation(len(mine))[:most])]
    tasks = [pair.task for pair in chosen]
    return PairSet(pairs.name, tuple(chosen), {task: tasks.count(task) for task in sorted(set(tasks))})


def _seen(corpus: Corpus, split: HeldOut, seed: int) -> Corpus:
    """Get some of the texts, none of which holds a product text that is measured with."""
    hidden = [pair.document for pair in split.test if pair.task == "title"]
    order = np.random.default_rng(seed).permutation(len(corpus.texts))
    texts: list[str] = []
    for i in order:
        if len(texts) == _N_TEXTS:
            break
        if not any(text in corpus.texts[i] for text in hidden):
            texts.append(corpus.texts[i])
    return Corpus(corpus.name, tuple(texts), {"documents and products": len(texts)}, corpus.n_rejected)


def _change(made: Trained, name: str, digits: int = 3) -> str:
    values = made.metrics.get(name, {})
    before, after = (values.get(when) for when in ("before", "after"))
    shown = ["not measured" if value is None else f"{value:,.{digits}f}" for value in (before, after)]
    return " -> ".join(shown)


def _fate(made: Trained) -> str:
    if made.reasons:
        return f"Refused by the gate: {'; '.join(made.reasons)}."
    version = "" if made.record is None else made.record.version
    return f"Version {version}, not in use (modacast models promote {version})."
