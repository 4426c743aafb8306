"""Lays styles out in a plane: alike and often together lie near, and nothing covers anything else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modacast.errors import InvalidInput
from modacast.types import Floats

__all__ = ["StyleLayout", "lay_out_styles"]

Values = npt.NDArray[np.float64]

_BY_TEXT = 0.65  # the rest of a distance is what stands together
_STEPS = 600
_MAJORISED = 150
_PULL = 0.02


@dataclass(frozen=True, slots=True)
class StyleLayout:
    """Where each style is drawn.

    Attributes:
        x: `(k,)` float64 pixels of the middles.
        y: `(k,)` likewise.
        group: `(k,)` int64 from 0: which styles belong together.
        likeness: `(k, k)` float64 in [0, 1], 1 on the diagonal.
    """

    x: Values
    y: Values
    group: npt.NDArray[np.int64]
    likeness: Values


def lay_out_styles(
    vectors: Floats,
    together: npt.ArrayLike,
    boxes: npt.ArrayLike,
    *,
    width: float,
    height: float,
    n_groups: int = 7,
) -> StyleLayout:
    """Get places for styles whose boxes do not overlap.

    The start is multidimensional scaling (Torgerson 1952, then de Leeuw 1977) of a distance that mixes the cosine of
    the vectors with how often two stand together; then boxes are pushed apart, smallest
    overlap first, while a weak pull keeps them near their start. No chance is involved.

    Args:
        vectors: `(k, d)` L2-normalised.
        together: `(k, k)` how often two stand together, 0 and more; all 0 where unknown.
        boxes: `(k, 2)` width and height of each, its label included.
        width: of the plane, in pixels.
        height: likewise.
        n_groups: most groups.

    Raises:
        InvalidInput: the shapes disagree, there is nothing, or the boxes cannot fit.
    """
    found, sizes = np.asarray(vectors, dtype=np.float64), np.asarray(boxes, dtype=np.float64)
    pairs = np.asarray(together, dtype=np.float64)
    k = len(found)
    if k == 0 or sizes.shape != (k, 2) or pairs.shape != (k, k):
        raise InvalidInput(f"a map needs vectors, pairs and boxes of the same styles: {found.shape}, {pairs.shape}, {sizes.shape}")  # fmt: skip
    if float(sizes.prod(axis=1).sum()) > 0.9 * width * height:
        raise InvalidInput(
            f"{k} boxes do not fit into {width:g} x {height:g}; draw fewer styles, or a larger map"
        )
    likeness = _likeness(found, pairs)
    distance = 1.0 - likeness
    if k < 3:
        x = np.asarray(width * (np.arange(k) + 1.0) / (k + 1.0), dtype=np.float64)
        return StyleLayout(x, np.full(k, height / 2), np.arange(k), likeness)
    points = _majorised(distance)
    start = _scaled(points, sizes, width, height)
    place = _apart(start, sizes, width, height)
    return StyleLayout(place[:, 0], place[:, 1], _regions(points, n_groups), likeness)


def _regions(points: Values, n_groups: int) -> npt.NDArray[np.int64]:
    """Group `(k, 2)` points by where they lie, so that a colour is a region of the map."""
    from scipy.cluster.hierarchy import fcluster, linkage

    groups = fcluster(linkage(points, method="ward"), t=min(n_groups, len(points)), criterion="maxclust")
    return np.asarray(groups - 1, dtype=np.int64)


def _likeness(vectors: Values, together: Values) -> Values:
    cosine = np.clip(vectors @ vectors.T, -1.0, 1.0)
    by_text = (cosine + 1.0) / 2.0
    strength = np.sqrt(together.sum(axis=1))
    product = np.outer(strength, strength)
    shared = np.divide(together, product, out=np.zeros_like(product), where=product > 0)
    top = shared.max()
    likeness = _BY_TEXT * by_text + (1 - _BY_TEXT) * np.sqrt(shared / top) if top > 0 else by_text
    likeness = (likeness + likeness.T) / 2
    np.fill_diagonal(likeness, 1.0)
    return np.asarray(np.clip(likeness, 0.0, 1.0))


def _classical(distance: Values) -> Values:
    k = len(distance)
    centring = np.eye(k) - 1.0 / k
    gram = -0.5 * centring @ (distance**2) @ centring
    values, axes = np.linalg.eigh(gram)
    order = np.argsort(-values)[:2]
    axes = axes[:, order]
    # an eigenvector's sign is arbitrary: the largest entry points right, or down
    signs = np.sign(axes[np.argmax(np.abs(axes), axis=0), np.arange(2)])
    return np.asarray(axes * signs * np.sqrt(np.maximum(values[order], 1e-12)))


def _majorised(distance: Values) -> Values:
    """Better the classical places by stress majorisation (de Leeuw 1977, SMACOF) of ranked distances.

    Ranks spread distances that all lie close to each other, as cosines of one model's sentences do.
    """
    k = len(distance)
    upper = np.triu_indices(k, 1)
    rank = np.argsort(np.argsort(distance[upper], kind="stable"), kind="stable")
    wanted = np.zeros((k, k))
    wanted[upper] = (rank + 1.0) / len(rank)
    wanted += wanted.T
    place = _classical(wanted)
    for _ in range(_MAJORISED):
        gaps = np.linalg.norm(place[:, None, :] - place[None, :, :], axis=2)
        ratio = np.divide(wanted, gaps, out=np.zeros_like(gaps), where=gaps > 1e-12)
        bridge = np.diag(ratio.sum(axis=1)) - ratio
        place = bridge @ place / k
    return np.asarray(place)


def _scaled(points: Values, sizes: Values, width: float, height: float) -> Values:
    """Spread points over the plane: half by rank, so that a dense middle does not stay one heap."""
    spread = np.empty_like(points)
    for axis, length in ((0, width), (1, height)):
        values = points[:, axis]
        rank = np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(len(values) - 1, 1)
        span = np.ptp(values) or 1.0
        part = 0.35 * (values - values.min()) / span + 0.65 * rank
        margin = sizes[:, axis] / 2
        spread[:, axis] = margin + part * (length - 2 * margin)
    return spread


def _apart(start: Values, sizes: Values, width: float, height: float) -> Values:
    place = start.copy()
    half = sizes / 2
    low, high = half, np.array([width, height]) - half
    for step in range(_STEPS):
        gap = place[:, None, :] - place[None, :, :]
        overlap = half[:, None, :] + half[None, :, :] - np.abs(gap)
        np.einsum("iij->ij", overlap)[:] = -1.0
        touching = (overlap > 0).all(axis=2)
        if not touching.any() and step > 0:
            break
        axis = np.argmin(overlap, axis=2)
        order = np.arange(len(place))
        # two in one place part by their order
        side = np.where(gap == 0, np.sign(order[:, None] - order[None, :])[..., None], np.sign(gap))
        push = np.zeros_like(gap)
        for a in (0, 1):
            push[..., a] = np.where(touching & (axis == a), overlap[..., a] * side[..., a] * 0.5, 0.0)
        place += push.sum(axis=1) / np.maximum(touching.sum(axis=1, keepdims=True), 1) * 1.05
        place += _PULL * (1 - step / _STEPS) ** 2 * (start - place) if step < _STEPS * 2 // 3 else 0.0
        place = np.clip(place, low, high)
    return place
