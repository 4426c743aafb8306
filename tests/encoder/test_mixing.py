from __future__ import annotations

import pytest

from modacast.encoder.checks import Gate
from modacast.encoder.mixing import mix_back

pytestmark = pytest.mark.usefixtures("torch")


class Model:
    """One weight: the task likes it near `peak`, and what was known before fades as it moves."""

    def __init__(self, peak: float, fades: float) -> None:
        self.weight, self.peak, self.fades = 0.0, peak, fades

    def restore(self, tensors) -> None:
        self.weight = float(tensors[0])

    def measure(self):
        return {"task": 1 - abs(self.weight - self.peak), "known": 1 - self.fades * self.weight}


def _mixed(model):
    import torch

    before = model.measure()
    weights = ([torch.tensor(0.0)], [torch.tensor(1.0)])
    return mix_back(
        Gate(max_loss=0.06), "task", before, weights=weights, restore=model.restore, measure=model.measure
    )


def test_the_whole_way_where_nothing_is_forgotten_and_it_is_best():
    model = Model(peak=1.0, fades=0.0)
    assert _mixed(model)[1] == 1.0
    assert model.weight == 1.0


def test_the_best_of_the_way():
    model = Model(peak=0.6, fades=0.0)
    scores, share = _mixed(model)
    assert share == 0.6
    assert scores["task"] == pytest.approx(1.0)


def test_back_as_far_as_the_gate_asks():
    model = Model(peak=1.0, fades=0.09)
    scores, share = _mixed(model)
    assert share == 0.6
    assert scores["known"] == pytest.approx(0.946)
    assert model.weight == pytest.approx(0.6)


def test_the_whole_way_where_no_share_will_do():
    model = Model(peak=1.0, fades=9.0)
    assert _mixed(model)[1] == 1.0
    assert model.weight == 1.0
