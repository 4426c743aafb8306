from __future__ import annotations

import numpy as np
import pytest

from modacast.elements.style_map import lay_out_styles
from modacast.errors import InvalidInput


def made(n, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 8))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("n", [1, 2, 3, 25, 60])
def test_nothing_covers_anything_and_all_stays_inside(n):
    boxes = np.column_stack([np.linspace(40, 110, n), np.linspace(60, 25, n)])
    plan = lay_out_styles(made(n), np.zeros((n, n)), boxes, width=1100, height=760)
    for axis, place, length in ((0, plan.x, 1100), (1, plan.y, 760)):
        assert (place - boxes[:, axis] / 2 >= -1e-6).all()
        assert (place + boxes[:, axis] / 2 <= length + 1e-6).all()
    gap = np.stack([np.abs(p[:, None] - p[None, :]) for p in (plan.x, plan.y)], axis=2)
    overlap = (boxes[:, None] + boxes[None, :]) / 2 - gap
    np.einsum("iij->ij", overlap)[:] = -1
    assert overlap.min(axis=2).max(initial=-1) < 0.5


def test_alike_lies_near_and_the_same_input_gives_the_same_map():
    base = np.eye(8, dtype=np.float32)
    vectors = np.repeat(base[:3], 6, axis=0) + 0.05 * made(18)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    boxes = np.full((18, 2), 30.0)
    one, two = (
        lay_out_styles(vectors, np.zeros((18, 18)), boxes, width=900, height=700, n_groups=3) for _ in "ab"
    )
    assert np.array_equal(one.x, two.x)
    assert np.array_equal(one.y, two.y)
    own = np.arange(18) // 6
    gaps = np.hypot(one.x[:, None] - one.x, one.y[:, None] - one.y)
    same = own[:, None] == own
    assert gaps[same].mean() < 0.6 * gaps[~same].mean()
    assert all(len(set(one.group[own == kind])) == 1 for kind in range(3))


def test_what_stands_together_draws_near():
    together = np.zeros((12, 12))
    together[0, 1] = together[1, 0] = 50
    boxes = np.full((12, 2), 20.0)
    plan = lay_out_styles(made(12), together, boxes, width=900, height=700)
    apart = lay_out_styles(made(12), np.zeros((12, 12)), boxes, width=900, height=700)
    assert plan.likeness[0, 1] > apart.likeness[0, 1] or plan.likeness[0, 1] == plan.likeness[0].max()


def test_wrong_shapes_and_too_small_a_plane_are_refused():
    with pytest.raises(InvalidInput, match="same styles"):
        lay_out_styles(made(3), np.zeros((2, 2)), np.ones((3, 2)), width=10, height=10)
    with pytest.raises(InvalidInput, match="do not fit"):
        lay_out_styles(made(3), np.zeros((3, 3)), np.full((3, 2), 50.0), width=80, height=80)
