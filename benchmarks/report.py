"""What all benchmarks share: the arguments, the machine, a row a goal or peer, a table and a JSON file.

A benchmark reads `parse_arguments`, fills a `Report`, and ends with `report.finish(...)`:

    {"benchmark": "encode", "machine": {...}, "seconds": 12.3, "notes": [...],
     "rows": [{"row", "metric", "value", "low", "high", "peer", "must", "ahead", "better"}]}

A row with a goal has `must` and `ahead`; a row with a peer's figure has `peer`; `better` says whether a higher
or a lower value is better.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy.typing as npt

from benchmarks.data_sets import NoData
from modacast.evaluate import Interval, bootstrap

__all__ = ["Arguments", "Report", "Row", "machine", "parse_arguments", "peak_memory"]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What every benchmark is called with.

    Attributes:
        data: folder of the data sets.
        json: where to write the rows; None for nowhere.
        quick: whether a tiny slice is enough, to show that the benchmark works.
        only: the part to run; None for all.
        listing: where to write what a person is to judge; None for nowhere.
    """

    data: Path
    json: Path | None
    quick: bool
    only: str | None = None
    listing: Path | None = None


def parse_arguments(
    name: str, argv: Sequence[str] | None = None, *, parts: Sequence[str] = (), lists: bool = False
) -> Arguments:
    """Read `--data DIR [--json FILE] [--quick]`, and `--only PART` and `--listing FILE` where there are such."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--quick", action="store_true", help="a tiny slice, to show that it works")
    if parts:
        parser.add_argument("--only", choices=parts, help="run this part alone")
    if lists:
        parser.add_argument("--listing", type=Path, help="write what was found, with its texts, for a reader")
    given = parser.parse_args(argv)
    if not given.data.is_dir():
        parser.error(f"--data: there is no folder {given.data}")
    return Arguments(
        given.data, given.json, given.quick, getattr(given, "only", None), getattr(given, "listing", None)
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        row: what was measured, for example `"AdvertiseGen retrieval"`.
        metric: how, with its unit, for example `"MRR"` or `"texts/s"`.
        value: the figure; None where it could not be measured.
        low: lower end of its 95 % interval.
        high: upper end.
        peer: whose figure it is; None for modacast's own.
        must: the figure to reach.
        ahead: the figure that would lead.
        better: `"higher"` or `"lower"`.
    """

    row: str
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    peer: str | None = None
    must: float | None = None
    ahead: float | None = None
    better: Literal["higher", "lower"] = "higher"

    @property
    def verdict(self) -> str:
        """`"ahead"`, `"met"` or `"short"` of its goals; `""` where it has none."""
        if self.value is None or (self.must is None and self.ahead is None):
            return ""
        sign = 1 if self.better == "higher" else -1
        for word, goal in (("ahead", self.ahead), ("met", self.must)):
            if goal is not None and sign * (self.value - goal) >= 0:
                return word
        return "short"


@dataclass(slots=True)
class Report:
    """The rows of one benchmark, in order.

    Attributes:
        benchmark: its name.
        rows: what was measured.
        notes: what was left out, and why.
    """

    benchmark: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _began: float = field(default_factory=time.perf_counter)

    def add(self, row: str, metric: str, value: float | Interval | None, **more: Any) -> None:
        """Add a figure, or a mean with its interval; `more` are further fields of `Row`."""
        if isinstance(value, Interval):
            more = {"low": value.low, "high": value.high, **more}
            value = value.value
        self.rows.append(Row(row, metric, value, **more))

    def add_mean(self, row: str, metric: str, values: npt.ArrayLike, **more: Any) -> None:
        """Add the mean of one figure a unit, with its 95 % bootstrap interval."""
        self.add(row, metric, bootstrap(values), **more)

    def note(self, text: str) -> None:
        """Say what was left out, and why."""
        self.notes.append(text)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure a part whose data may not be there; then it is left out, with a note that says so."""
        try:
            yield
        except NoData as absence:
            self.note(f"{name}: left out: {absence}")

    def finish(self, path: Path | None = None) -> None:
        """Print the table, and write the JSON file where a path is given."""
        seconds = round(time.perf_counter() - self._began, 1)
        facts = machine()
        print(f"\n{self.benchmark}: {seconds} s on {facts['cores']} cores, {facts['processor']}")
        print(self.table())
        for text in self.notes:
            print(f"note: {text}")
        if path is not None:
            rows = [asdict(row) for row in self.rows]
            body = {"benchmark": self.benchmark, "machine": facts, "seconds": seconds}
            text = json.dumps({**body, "notes": self.notes, "rows": rows}, ensure_ascii=False, indent=1)
            path.write_text(text + "\n", encoding="utf-8")

    def table(self) -> str:
        """Get the rows as text, one a line, columns aligned."""
        head = ["row", "metric", "whose", "value", "95 % interval", "must", "ahead", ""]
        body = [
            [
                row.row,
                row.metric,
                row.peer or "modacast",
                _shown(row.value),
                f"{_shown(row.low)} .. {_shown(row.high)}" if row.low is not None else "",
                _shown(row.must),
                _shown(row.ahead),
                row.verdict,
            ]
            for row in self.rows
        ]
        widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in [head, *body]
        )


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def machine() -> dict[str, Any]:
    """Get what the figures depend on: processor, cores, memory, system, versions of the libraries."""
    packages = (
        "modacast",
        "numpy",
        "ctranslate2",
        "tokenizers",
        "statsforecast",
        "lightgbm",
        "duckdb",
        "torch",
    )
    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "processor": _processor(),
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: found for name in packages if (found := _version(name))},
    }


def peak_memory() -> float:
    """Get the most memory that this process has held, in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count what the parent held before it started this process
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
