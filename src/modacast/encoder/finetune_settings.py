"""How to fine-tune."""

from __future__ import annotations

from dataclasses import dataclass, field

from modacast.encoder.checks import Gate
from modacast.encoder.training import Arithmetic

__all__ = ["TASK", "FinetuneSettings"]

TASK = "validation MRR"


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
        evaluate_every: updates between two measurements, after each of which a checkpoint is written; None for five in all.
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
