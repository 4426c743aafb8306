"""The demo: the whole loop on the sample world, twice, judged by what is true there."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modacast.config import Input, ProjectSettings, RecommendSettings, Settings
from modacast.errors import InvalidInput
from modacast.evaluate import Interval, bootstrap, paired_bootstrap
from modacast.pipeline.board import latest_board
from modacast.pipeline.progress import Progress, StageRow, StageTimer
from modacast.pipeline.run import Outcome, run_all
from modacast.pipeline.sample_training import SampleTraining, can_train, train_sample
from modacast.pipeline.workspace import Workspace
from modacast.sources.world import World

__all__ = ["DemoOutcome", "TrendCheck", "check_trends", "run_demo"]

_MARKER = ".modacast-demo"
_ROUNDS = 3
_K = 12
_SHOWN = ("A", "B")


@dataclass(frozen=True, slots=True)
class TrendCheck:
    """The board against the planted trends.

    Attributes:
        planted: element id to the stage that was planted.
        found: element id to the stage on the board, None where it is not there.
        false_alarms: elements that were called emerging or rising, and are not.
    """

    planted: Mapping[str, str]
    found: Mapping[str, str | None]
    false_alarms: tuple[str, ...]

    @property
    def hits(self) -> tuple[str, ...]:
        """Planted rising or emerging elements that were called rising or emerging (or peaking)."""
        up = {"emerging", "rising", "peaking"}
        return tuple(e for e, stage in self.planted.items() if stage in up and self.found[e] in up)

    @property
    def n_up(self) -> int:
        """How many elements were planted to rise."""
        return sum(stage in {"emerging", "rising", "peaking"} for stage in self.planted.values())


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """What the demo did, and how well.

    Attributes:
        before: the first run.
        after: the run after the rounds of feedback.
        lists_before: rows of `RECOMMENDATIONS`, before feedback.
        lists_after: likewise after.
        n_feedback: events that the shoppers answered with.
        feedback_kinds: kind to number of those events.
        feedback_from: the instant before the first of them.
        liking_before: mean true liking of what shoppers were shown, in [0, 1] of the best possible list.
        liking_after: likewise after feedback.
        liking_gain: the mean difference, paired by shopper.
        trends: the board against what was planted.
        shoppers: raw id to pseudonym of the shoppers to be shown.
        training: what the language model was taught; None where it was not.
    """

    before: Outcome
    after: Outcome
    lists_before: pa.Table
    lists_after: pa.Table
    n_feedback: int
    feedback_kinds: Mapping[str, int]
    feedback_from: datetime
    liking_before: Interval
    liking_after: Interval
    liking_gain: Interval
    trends: TrendCheck
    shoppers: Mapping[str, str]
    training: SampleTraining | None = None

    @property
    def rows(self) -> tuple[StageRow, ...]:
        """The stages of both runs."""
        return self.before.rows + self.after.rows

    def headlines(self) -> list[str]:
        """Get what to tell the user, a line each."""
        workspace = self.after.workspace
        lang = workspace.settings.project.lang
        names = [workspace.lexicon.label(e, lang) for e in self.trends.hits]
        gain = self.liking_gain
        return [
            f"Trends: {len(self.trends.hits)} of {self.trends.n_up} planted trends found ({', '.join(names)}); "
            f"{len(self.trends.false_alarms)} false alarms.",
            f"Feedback: {self.n_feedback:,} events; how much shoppers like their lists "
            f"{self.liking_before.value:.3f} -> {self.liking_after.value:.3f} of the best possible "
            f"({gain.value:+.3f}, 95 %: {gain.low:+.3f} .. {gain.high:+.3f}).",
        ]


def run_demo(
    home: Path, *, seed: int, lang: Literal["zh", "en"], progress: Progress, train: bool = True
) -> DemoOutcome:
    """Write the sample world, run the loop, let the shoppers answer, and run it again.

    Args:
        home: folder of the demo; what an earlier demo left there is removed.
        seed: of the world.
        lang: of reasons and report.
        progress: hears of the stages.
        train: whether to train the language model too, shortly, where the extra `train` is installed; the versions are
            registered, and the lists are made without them.

    Raises:
        InvalidInput: the folder holds something else.
    """
    _clear(home)
    timer = StageTimer(progress, "world")
    world = World(seed=seed)
    world.write(home / "world")
    timer.add(0, world.n_documents)
    timer.finish()
    before = run_all(_settings(home, lang, learn=False, feedback=False), progress)
    lists_before = before.workspace.lake.read_latest("recommendations", prefix="lists/")
    keys = {user: before.workspace.pseudonymiser.key("user", user) for user in world.shoppers}
    answers = _rounds(world, before.workspace, lists_before, keys)
    _write_events(home / "world" / "feedback.csv", answers)
    before.workspace.database.close()
    after = run_all(_settings(home, lang, learn=True, feedback=True), progress)
    lists_after = after.workspace.lake.read_latest("recommendations", prefix="lists/")
    training = None
    if train and can_train():
        training = train_sample(after.workspace, seed=seed, progress=progress)
    liked = [_liking(world, lists, keys) for lists in (lists_before, lists_after)]
    return DemoOutcome(
        before=before,
        after=after,
        lists_before=lists_before,
        lists_after=lists_after,
        n_feedback=answers.num_rows,
        feedback_kinds=dict(Counter(answers["kind"].to_pylist())),
        feedback_from=pc.min(answers["at"]).as_py() - timedelta(seconds=1),
        liking_before=bootstrap(liked[0]),
        liking_after=bootstrap(liked[1]),
        liking_gain=paired_bootstrap(liked[1], liked[0]),
        trends=check_trends(after.workspace, world.truth().trends, spam=world.truth().spam),
        shoppers={user: keys[user] for user in _SHOWN},
        training=training,
    )


def check_trends(workspace: Workspace, planted: Mapping[str, str], *, spam: str | None = None) -> TrendCheck:
    """Hold the board against planted trends.

    An alarm is false if the element, and every element below or above it in the lexicon, was planted otherwise
    than to rise, or not at all.
    """
    board = latest_board(workspace)["trends"]
    board = board.filter(pc.equal(board["segment"], "all"))
    stages = dict(zip(board["element_id"].to_pylist(), board["stage"].to_pylist(), strict=True))
    up = {e for e, stage in planted.items() if stage in {"emerging", "rising", "peaking"}}
    lexicon = workspace.lexicon
    related = up | {above for e in up for above in lexicon.ancestors(e)}
    related |= {e for e in stages if e in lexicon.elements and set(lexicon.ancestors(e)) & up}
    alarms = [e for e, stage in stages.items() if stage in {"emerging", "rising"} and e not in related]
    return TrendCheck(dict(planted), {e: stages.get(e) for e in planted}, tuple(sorted(alarms)))


def _clear(home: Path) -> None:
    if home.exists():
        if any(home.iterdir()) and not (home / _MARKER).exists():
            raise InvalidInput(
                f"{home} holds something that is not a demo; choose another folder with --home"
            )
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / _MARKER).touch()


def _settings(home: Path, lang: Literal["zh", "en"], *, learn: bool, feedback: bool) -> Settings:
    names = sorted(
        path.name.split(".")[0].removeprefix("posts_") for path in (home / "world").glob("posts_*")
    )
    events = [Input(name="shop", path="events.csv")]
    if feedback:
        events.append(Input(name="feedback", path="feedback.csv"))
    return Settings(
        project=ProjectSettings(title="modacast", home=home / "home", lang=lang, database=None),
        documents=[Input(name=name, path=f"posts_{name}.jsonl.gz") for name in names],
        items=[Input(name="catalogue", path="catalogue.csv")],
        events=events,
        recommend=RecommendSettings(learn=learn, k=_K, half_life_days=60.0),
        base=home / "world",
    )


def _rounds(world: World, workspace: Workspace, lists: pa.Table, keys: Mapping[str, str]) -> pa.Table:
    """What the shoppers answer to their lists, shown on some days after the last event."""
    raw = {key: user for user, key in keys.items()}
    shown = pa.table(
        {
            "user": [raw[key] for key in lists["user_key"].to_pylist()],
            "item_id": lists["item_id"],
            "rank": lists["rank"],
        }
    )
    last = pc.max(workspace.database.events()["at"]).as_py()
    return pa.concat_tables(
        [
            world.react(shown, at=last + timedelta(days=3 * n), slate_id=f"round-{n}")
            for n in range(1, _ROUNDS + 1)
        ]
    )


def _write_events(path: Path, events: pa.Table) -> None:
    from pyarrow import csv

    csv.write_csv(events.drop_columns(["row"]), path)


def _liking(world: World, lists: pa.Table, keys: Mapping[str, str]) -> list[float]:
    """Mean true utility of each shopper's list over that of the best list."""
    truth = world.truth()
    shown: dict[str, list[str]] = {}
    for key, item_id in zip(lists["user_key"].to_pylist(), lists["item_id"].to_pylist(), strict=True):
        shown.setdefault(key, []).append(item_id)
    result = []
    for user, key in keys.items():
        best = float(np.mean([truth.utility(user, item_id) for item_id in truth.ideal(user, _K)]))
        got = [truth.utility(user, item_id) for item_id in shown.get(key, [])]
        result.append(float(np.mean(got)) / best if got and best > 0 else 0.0)
    return result
