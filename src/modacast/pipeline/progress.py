"""What a run tells of itself while it goes, and afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Progress", "Silent", "StageRow", "StageTimer"]


@dataclass(frozen=True, slots=True)
class StageRow:
    """What one stage did to one input.

    Attributes:
        stage: `"clean"`, `"tag"`, `"board"`, ...
        source: the input's name, `""` for a stage over everything.
        n_in: rows that came in.
        n_out: rows that went on.
        n_rejected: rows that were set aside, each with a reason.
        n_known: rows that an earlier run had finished.
        seconds: wall time.
    """

    stage: str
    source: str
    n_in: int
    n_out: int
    n_rejected: int
    n_known: int
    seconds: float

    @property
    def n_unrelated(self) -> int:
        """Texts that cleaning left out because they are not about fashion; 0 of other stages."""
        if self.stage != "clean":
            return 0
        return max(0, self.n_in - self.n_out - self.n_rejected - self.n_known)


class Progress(Protocol):
    """Hears what is going on; the command line shows it as bars."""

    def begin(self, stage: str, source: str, total: int | None) -> None:
        """A stage begins, with so many rows to go where that is known."""

    def advance(self, n: int) -> None:
        """So many more rows are done."""

    def end(self, row: StageRow) -> None:
        """The stage is over."""


class Silent:
    """Says nothing."""

    def begin(self, stage: str, source: str, total: int | None) -> None:
        """Nothing."""

    def advance(self, n: int) -> None:
        """Nothing."""

    def end(self, row: StageRow) -> None:
        """Nothing."""


@dataclass(slots=True)
class StageTimer:
    """Adds up what a stage does, and reports it.

    Args:
        progress: who hears of it.
        stage: name of the stage.
        source: name of the input.
        total: rows to expect, None where unknown.
    """

    progress: Progress
    stage: str
    source: str = ""
    total: int | None = None
    n_in: int = 0
    n_out: int = 0
    n_rejected: int = 0
    n_known: int = 0
    _started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.progress.begin(self.stage, self.source, self.total)

    def add(self, n_in: int, n_out: int, *, rejected: int = 0, known: int = 0) -> None:
        """Count a finished piece."""
        self.n_in += n_in
        self.n_out += n_out
        self.n_rejected += rejected
        self.n_known += known
        self.progress.advance(n_in)

    def finish(self) -> StageRow:
        """End the stage."""
        row = StageRow(
            stage=self.stage,
            source=self.source,
            n_in=self.n_in,
            n_out=self.n_out,
            n_rejected=self.n_rejected,
            n_known=self.n_known,
            seconds=time.perf_counter() - self._started,
        )
        self.progress.end(row)
        return row
