"""What the trainings share: device, arithmetic, schedule, progress and the drawing of curves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from modacast.errors import InvalidInput

__all__ = [
    "Arithmetic",
    "Computing",
    "CurvePoint",
    "Progress",
    "TrainingClock",
    "TrainingState",
    "arithmetic",
    "draw_curve",
    "learning_rate_share",
    "pick_device",
]

Arithmetic = Literal["auto", "float32", "bfloat16", "float16"]
_RACE_SIZE = 512
_PAYS = 1.5
_PANEL = 160
_COLORS = ("#b23a48", "#33658a", "#758e4f", "#f6ae2d")


@dataclass(frozen=True, slots=True)
class TrainingState:
    """Where a training is.

    Attributes:
        step: updates of the weights so far.
        share: of the whole training that is done, in [0, 1].
        loss: of the last step.
        seconds: since it began, an interrupted part before included.
        seconds_left: as the pace so far foretells.
    """

    step: int
    share: float
    loss: float
    seconds: float
    seconds_left: float


Progress = Callable[[TrainingState], None]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One reading during a training.

    Attributes:
        step: updates of the weights so far.
        seconds: since it began.
        values: name to reading, for example `{"held-out loss": 3.1}`.
    """

    step: int
    seconds: float
    values: Mapping[str, float]


class TrainingClock:
    """Knows how much of a training is done: by steps, by minutes, or by whichever is reached first.

    Args:
        steps: updates of the weights in all; None for as many as the time allows.
        minutes: time in all; None for as long as the steps take.
        seconds_before: spent before an interruption.

    Raises:
        InvalidInput: one is not positive.
    """

    def __init__(self, steps: int | None, minutes: float | None, *, seconds_before: float = 0.0) -> None:
        if (steps is not None and steps < 1) or (minutes is not None and minutes <= 0):
            raise InvalidInput(f"steps and minutes must be positive; got steps={steps}, minutes={minutes}")
        self._steps = steps
        self._limit = None if minutes is None else 60.0 * minutes
        self._began = time.monotonic() - seconds_before
        self._prepared = 0.0

    def limit(self, steps: int) -> None:
        """Set the steps in all, where they are known only after the beginning."""
        self._steps = steps

    @property
    def seconds(self) -> float:
        """Time since the beginning."""
        return time.monotonic() - self._began

    def share(self, step: int) -> float:
        """Get the share that is done after `step` steps, in [0, 1]."""
        by_steps = step / self._steps if self._steps else 0.0
        by_time = self.seconds / self._limit if self._limit else 0.0
        return min(1.0, max(by_steps, by_time))

    def start(self, prepared: float | None = None) -> float:
        """Say that all is prepared and the first step comes; get the share that the preparing took.

        Args:
            prepared: that share, where an interrupted training goes on.
        """
        self._prepared = self.share(0) if prepared is None else prepared
        return self._prepared

    def rate(self, step: int, *, warmup: float) -> float:
        """Get the factor of the learning rate: rises straight to 1 over `warmup` of the steps, then falls to 0."""
        share = (self.share(step) - self._prepared) / max(1e-9, 1 - self._prepared)
        return learning_rate_share(share, warmup=warmup)

    def state(self, step: int, loss: float) -> TrainingState:
        """Get what is reported after a step."""
        share, seconds = self.share(step), self.seconds
        return TrainingState(step, share, loss, seconds, seconds * (1 - share) / max(share, 1e-9))


def learning_rate_share(share: float, *, warmup: float) -> float:
    """Get the factor of the learning rate: rises straight to 1 over `warmup`, then falls straight to 0."""
    if share < warmup:
        return max(share / warmup, 1e-3)
    return max((1.0 - share) / (1.0 - warmup), 1e-3)


def pick_device(torch: Any, device: str, threads: int | None) -> str:
    """Get the device to train on, and let torch use so many threads.

    Raises:
        InvalidInput: a GPU was asked for and there is none, or the threads are none.
    """
    if threads is not None:
        if threads < 1:
            raise InvalidInput(f"threads must be at least 1; got {threads}")
        torch.set_num_threads(threads)
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InvalidInput(f"device {device!r} was asked for, but torch finds no GPU here")
    return device


@dataclass(frozen=True, slots=True)
class Computing:
    """What forward passes are computed in.

    Attributes:
        torch: the module.
        device: where.
        name: of the numbers: `"float32"`, `"bfloat16"` or `"float16"`.
    """

    torch: Any
    device: str
    name: str

    def __call__(self) -> AbstractContextManager[Any]:
        """Get a context for a forward pass."""
        if self.name == "float32":
            return nullcontext()
        return self.torch.autocast(self.device.partition(":")[0], dtype=getattr(self.torch, self.name))

    @property
    def needs_scaling(self) -> bool:
        """Whether gradients would vanish in these numbers without being scaled up."""
        return self.name == "float16" and self.device != "cpu"


def arithmetic(torch: Any, device: str, wanted: Arithmetic) -> Computing:
    """Get what to compute in.

    Where the choice is free, a GPU computes in bfloat16, or in float16 where it has no bfloat16. A processor does
    in bfloat16 where that wins a short race: those with instructions for it are several times faster, others
    slower.
    """
    if wanted != "auto":
        return Computing(torch, device, wanted)
    if device == "cpu":
        return Computing(torch, device, "bfloat16" if _bfloat16_pays(torch) else "float32")
    return Computing(torch, device, "bfloat16" if torch.cuda.is_bf16_supported() else "float16")


def _bfloat16_pays(torch: Any) -> bool:
    def seconds(dtype: Any) -> float:
        a, b = (
            torch.ones(_RACE_SIZE, _RACE_SIZE, dtype=dtype),
            torch.ones(_RACE_SIZE, _RACE_SIZE, dtype=dtype),
        )
        best = float("inf")
        for _ in range(4):
            began = time.perf_counter()
            a @ b
            best = min(best, time.perf_counter() - began)
        return best

    return seconds(torch.float32) > _PAYS * seconds(torch.bfloat16)


def draw_curve(points: Sequence[CurvePoint], title: str) -> str:
    """Get an SVG of readings over steps, each in its own panel, with the first reading marked hollow and the last full.

    It brings its own background, so that it can be read wherever it is shown.
    """
    names = list(dict.fromkeys(name for point in points for name in point.values))
    height = 50 + _PANEL * len(names)
    end = points[-1]
    told = f"{end.step:,} steps, {end.seconds / 60:.1f} minutes"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" '
        f'font-family="sans-serif" font-size="12" fill="#222" role="img" aria-label="{escape(title)}">',
        f'<rect width="640" height="{height}" fill="#fff"/>',
        f'<text x="16" y="28" font-size="16" font-weight="bold">{escape(title)}</text>',
        f'<text x="624" y="28" text-anchor="end" fill="#666">{told}</text>',
    ]
    for i, name in enumerate(names):
        read = [(point.step, point.values[name]) for point in points if name in point.values]
        parts += _panel(name, read, 50 + _PANEL * i, _COLORS[i % len(_COLORS)])
    return "\n".join([*parts, "</svg>\n"])


def _panel(name: str, read: Sequence[tuple[int, float]], top: int, color: str) -> list[str]:
    ticks = _ticks(min(y for _, y in read), max(y for _, y in read))
    low, spread, last = ticks[0], ticks[-1] - ticks[0], max(1, read[-1][0])

    def place(x: float, y: float) -> tuple[float, float]:
        return 64 + 500 * x / last, top + 124 - 92 * (y - low) / spread

    places = [place(x, y) for x, y in read]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [f'<text x="16" y="{top + 16}" font-weight="bold">{escape(name)}</text>']
    for tick in ticks:
        y = place(0, tick)[1]
        parts += [
            f'<path d="M64 {y:.1f}H564" stroke="#ddd"/>',
            f'<text x="56" y="{y + 4:.1f}" text-anchor="end" fill="#666">{tick:g}</text>',
        ]
    for step in sorted({0, last // 2, last}):
        x = place(step, low)[0]
        parts.append(f'<text x="{x:.1f}" y="{top + 142}" text-anchor="middle" fill="#666">{step:,}</text>')
    (x0, y0), (x1, y1) = places[0], places[-1]
    return [
        *parts,
        f'<text x="624" y="{top + 142}" text-anchor="end" fill="#666">steps</text>',
        f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>',
        f'<circle cx="{x0:.1f}" cy="{y0:.1f}" r="4" fill="#fff" stroke="{color}" stroke-width="2"/>',
        f'<circle cx="{x1:.1f}" cy="{y1:.1f}" r="4" fill="{color}"/>',
        f'<text x="{x1 + 8:.1f}" y="{y1 + 4:.1f}" font-weight="bold">{read[-1][1]:.4g}</text>',
    ]


def _ticks(low: float, high: float) -> list[float]:
    """Get three to six round numbers that hold all readings between them."""
    spread = (high - low) or abs(high) or 1.0
    size = 10 ** math.floor(math.log10(spread / 3))
    step = next(size * n for n in (1, 2, 2.5, 5, 10) if spread / (size * n) <= 4)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [float(f"{step * i:.10g}") for i in range(first, max(last, first + 1) + 1)]
