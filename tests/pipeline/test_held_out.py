"""What a training never sees, and how the demo tells of it."""

from __future__ import annotations

from modacast.encoder.pairs import Pair
from modacast.pipeline.corpus import PairSet
from modacast.pipeline.held_out import hold_out
from modacast.pipeline.sample_training import SampleTraining
from modacast.pipeline.training import Trained


def test_nothing_of_what_is_held_out_is_learned_from():
    names = [Pair(f"名{i}号", f"name {i}.", "zh-en") for i in range(20)]
    titles = [Pair(f"title {i}.", f"description {i}.", "title") for i in range(20)]
    lists = [
        Pair(f"名{i}号 名{(i + 1) % 20}号", f"title {i}. description {i}.", "attributes") for i in range(20)
    ]
    pairs = PairSet("made", (*names, *titles, *lists), {})
    split = hold_out(pairs, n_names=5, n_texts=5, seed=3)
    tasks = [pair.task for pair in split.test]
    assert (tasks.count("zh-en"), tasks.count("title")) == (5, 5)
    for held in split.test:
        for pair in split.train.pairs:
            if held.task == "title":
                assert held.document not in pair.document
            else:
                assert held.query not in pair.query
    assert sum(split.train.counts.values()) == len(split.train.pairs) > 20
    assert hold_out(pairs, n_names=5, n_texts=5, seed=3) == split


def test_a_refused_training_is_told_as_refused():
    masks = Trained(
        "pretrain", None, {"pseudo-perplexity": {"before": 1234.5, "after": 99.0}}, (), {"n_steps": 4}
    )
    pairs = Trained("finetune", None, {"unseen pairs (MRR)": {"before": 0.5, "after": None}},
                    ("paraphrases fell from 0.900 to 0.500",), {"n_steps": 2})  # fmt: skip
    first, second = SampleTraining(masks, pairs, {"title": 3, "zh-en": 4}).headlines()
    assert "1,234 -> 99" in first
    assert "MRR 0.500 -> not measured" in second
    assert "Refused by the gate: paraphrases fell" in second
