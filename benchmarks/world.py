"""Stages and alarms on the sample world, whose truth is known, over several seeds.

    python -m benchmarks.world [--seeds 1 2 3 4 5] [--quick] [--json FILE]

The truth is what `modacast.sources.world.planted` plants: five rises and two peaks, three seasons, three falls,
four even courses, and a burst of spam by one author and their copies. A planted rise begins in the week in which
its share has left its lowest level by a twentieth of the climb, and lasts to its peak or to the end. An alarm is
right if it comes within these weeks, and the element is a planted rise, or above or below one, or half of the
texts that it shows name one. Anything else that alarms is false, first seasons and early alarms too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from benchmarks.report import Report
from modacast.config import Input, ProjectSettings, Settings
from modacast.pipeline.alarms import latest_alarms, raise_alarms
from modacast.pipeline.board import latest_board, make_board, read_texts
from modacast.pipeline.demo import check_trends
from modacast.pipeline.progress import Silent
from modacast.pipeline.texts import collect_documents, tag_documents
from modacast.pipeline.workspace import Workspace
from modacast.sources.world import World
from modacast.sources.world.planted import share

UP = frozenset(("emerging", "rising", "peaking"))
N_WEEKS = 104
BEGUN = 0.05  # of the climb


@dataclass(frozen=True, slots=True)
class Scored:
    """What one seed gave.

    Attributes:
        n_planted: elements that were planted to rise.
        staged: of these, how many the board calls emerging, rising or peaking.
        stage_false: others that it calls emerging or rising.
        right: planted elements of any course whose stage says what is true.
        n_courses: planted elements of any course.
        delays: weeks from its begin to its first alarm, of each planted rise that alarmed.
        alarms: alarms in all.
        alarm_false: alarms of what was not planted to rise.
        seasons: alarms of planted seasons after their first year.
        spam: whether the spam alarmed or is said to rise.
    """

    n_planted: int
    staged: int
    stage_false: int
    right: int
    n_courses: int
    delays: tuple[int, ...]
    alarms: int
    alarm_false: int
    seasons: int
    spam: bool


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.world")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--quick", action="store_true", help="one small world, to show that it works")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(sys.argv[1:] if argv is None else argv)
    report = Report("world")
    seeds = given.seeds[:1] if given.quick else given.seeds
    found = [score(seed, n_posts=800 if given.quick else 3000) for seed in seeds]
    add_rows(report, found)
    report.note(f"seeds {', '.join(map(str, seeds))}; the demo's own seed 7 is not among them")
    report.finish(given.json)


def score(seed: int, *, n_posts: int) -> Scored:
    """Run one world through cleaning, tagging, board and alarms."""
    world = World(seed=seed, n_posts=n_posts, n_shoppers=2)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        world.write(base / "world")
        names = sorted(path.name for path in (base / "world").glob("posts_*"))
        settings = Settings(
            project=ProjectSettings(home=base / "home"),
            documents=[Input(name=n.split(".")[0].removeprefix("posts_"), path=n) for n in names],
            base=base / "world",
        )
        workspace = Workspace(settings)
        for source in settings.documents:
            collect_documents(workspace, source, Silent())
        tag_documents(workspace, Silent())
        make_board(workspace, Silent())
        raise_alarms(workspace, Silent())
        return _judged(workspace, world)


def rise_of(element_id: str, last: date) -> tuple[date, date]:
    """Get the Mondays in which a planted rise begins and is over, given the world's last Monday."""
    ago = np.arange(N_WEEKS - 1, -1, -1, dtype=np.float64)
    weeks = [last - timedelta(weeks=int(a)) for a in ago]
    level = share(element_id, ago, np.array([w.timetuple().tm_yday + 3.0 for w in weeks]))
    peak = int(np.argmax(level))
    begun = level[: peak + 1] > level[: peak + 1].min() + BEGUN * np.ptp(level[: peak + 1])
    return weeks[int(np.argmax(begun))], weeks[peak]


def _judged(workspace: Workspace, world: World) -> Scored:
    truth = world.truth()
    up = {e for e, stage in truth.trends.items() if stage in UP}
    seasons = {e for e, stage in truth.trends.items() if stage == "seasonal"}
    last = pc.max(latest_board(workspace)["trends"]["as_of"]).as_py()
    alarms = latest_alarms(workspace).to_pylist()
    told = _Told(workspace, {e: rise_of(e, last) for e in up})
    hits = [told.by(row) for row in alarms]
    delays = {}
    for row, hit in sorted(zip(alarms, hits, strict=True), key=lambda pair: pair[0]["ds"]):
        for e in hit:
            delays.setdefault(e, (row["ds"] - told.rises[e][0]).days // 7)
    checked = check_trends(workspace, truth.trends, spam=truth.spam)
    stage_of = checked.found
    second = last - timedelta(weeks=N_WEEKS - 1 - 60)
    return Scored(
        n_planted=len(up),
        staged=len(checked.hits),
        stage_false=len(checked.false_alarms),
        right=sum((stage_of[e] in UP) == (truth.trends[e] in UP) for e in truth.trends),
        n_courses=len(truth.trends),
        delays=tuple(delays.values()),
        alarms=len(alarms),
        alarm_false=sum(not hit for hit in hits),
        seasons=sum(row["element_id"] in seasons and row["ds"] >= second for row in alarms),
        spam=truth.spam in checked.false_alarms or any(row["element_id"] == truth.spam for row in alarms),
    )


class _Told:
    """Says which planted rises an alarm tells of; `rises` holds the begin and the peak of each."""

    def __init__(self, workspace: Workspace, rises: Mapping[str, tuple[date, date]]) -> None:
        self.rises = rises
        self._lexicon = workspace.lexicon
        mentions = read_texts(workspace).mentions
        self._named: dict[str, set[str]] = {}
        for doc, element in zip(
            mentions["doc_id"].to_pylist(), mentions["element_id"].to_pylist(), strict=True
        ):
            self._named.setdefault(doc, set()).add(element)

    def by(self, alarm: Mapping[str, Any]) -> set[str]:
        names = {alarm["element_id"], *alarm["also"]}
        shown = alarm["evidence_ids"]
        return {
            e
            for e, (begin, peak) in self.rises.items()
            if begin <= alarm["ds"] <= peak
            and (
                any(e in self._line(name) or name in self._line(e) for name in names)
                or sum(e in self._named.get(i, ()) for i in shown) >= len(shown) / 2
            )
        }

    def _line(self, element_id: str) -> set[str]:
        return {element_id, *self._lexicon.ancestors(element_id)}


def add_rows(report: Report, found: Sequence[Scored]) -> None:
    """Add precision and recall over all seeds."""
    n_up, alarms = sum(s.n_planted for s in found), sum(s.alarms for s in found)
    staged, stage_false = sum(s.staged for s in found), sum(s.stage_false for s in found)
    report.add("stages", "recall of planted rises", staged / n_up)
    report.add("stages", "precision of emerging and rising", staged / max(staged + stage_false, 1))
    report.add(
        "stages", "planted courses told right", sum(s.right for s in found) / sum(s.n_courses for s in found)
    )
    delays = [weeks for s in found for weeks in s.delays]
    report.add("alarms", "recall of planted rises", len(delays) / n_up, ahead=0.8)
    report.add(
        "alarms", "precision", (alarms - sum(s.alarm_false for s in found)) / max(alarms, 1), ahead=0.8
    )
    report.add(
        "alarms",
        "weeks from the begin of a rise, median",
        float(np.median(delays)) if delays else None,
        better="lower",
    )
    report.add("alarms", "number", float(alarms))
    report.add(
        "alarms",
        "of planted seasons after their first year",
        float(sum(s.seasons for s in found)),
        must=0,
        better="lower",
    )
    report.add(
        "spam", "seeds in which it rises or alarms", float(sum(s.spam for s in found)), must=0, better="lower"
    )


if __name__ == "__main__":
    main()
