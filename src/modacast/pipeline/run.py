"""The whole loop, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from modacast.config import Settings
from modacast.pipeline.alarms import raise_alarms
from modacast.pipeline.alerts import Sent, open_channels, send_alerts
from modacast.pipeline.board import make_board
from modacast.pipeline.mood import learn_sentiment
from modacast.pipeline.new_words import find_words
from modacast.pipeline.people import learn_from_feedback, make_lists, make_profiles, open_shop
from modacast.pipeline.progress import Progress, StageRow
from modacast.pipeline.shop import import_events, import_items
from modacast.pipeline.texts import clean_reviews, collect_documents, tag_documents
from modacast.pipeline.workspace import Workspace

__all__ = ["Outcome", "last_outcome", "run_all"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did.

    Attributes:
        workspace: where everything is.
        rows: one a stage and input.
        rejects: reason to number of rows that are set aside in the home.
        alerts: what was sent, or could not be; a failure stops nothing and is tried again with the next run.
    """

    workspace: Workspace
    rows: tuple[StageRow, ...]
    rejects: Mapping[str, int]
    alerts: tuple[Sent, ...] = ()


def run_all(settings: Settings, progress: Progress) -> Outcome:
    """Collect, clean, tag, forecast, profile, learn and recommend.

    Every piece of work is stored as it is finished, so that a run that is stopped, however hard, goes on
    where it was, and a run without anything new does nothing again.

    Raises:
        ModacastError: an input is missing or wrong, or the home cannot be written; what was stored stays.
    """
    workspace = Workspace(settings)
    channels = open_channels(settings.alerts)  # what is set up wrongly is told before the work
    rows: list[StageRow] = []
    with workspace.locked():
        workspace.lake.sweep()
        rows += [import_items(workspace, source, progress) for source in settings.items]
        rows += [import_events(workspace, source, progress) for source in settings.events]
        rows += [collect_documents(workspace, source, progress) for source in settings.documents]
        if settings.events:
            rows.append(clean_reviews(workspace, progress))
        if settings.events and settings.sentiment.learn:
            learn_sentiment(workspace, progress)
        if settings.documents and settings.lexicon.discover != "off":
            rows.append(find_words(workspace, progress))
        rows.append(tag_documents(workspace, progress))
        rows.append(make_board(workspace, progress))
        rows.append(raise_alarms(workspace, progress))
        if settings.items:
            rows += _serve_shoppers(workspace, progress)
        sent = send_alerts(workspace, channels)
    return Outcome(workspace, tuple(rows), _rejects(workspace), tuple(sent))


def last_outcome(workspace: Workspace) -> Outcome:
    """Get what earlier runs left in a home, without running anything."""
    return Outcome(workspace, (), _rejects(workspace))


def _serve_shoppers(workspace: Workspace, progress: Progress) -> list[StageRow]:
    shop = open_shop(workspace, progress)
    rows = [make_profiles(workspace, shop, progress)]
    if workspace.settings.recommend.learn:
        learn_from_feedback(workspace, shop, progress)
    rows.append(make_lists(workspace, shop, progress))
    return rows


def _rejects(workspace: Workspace) -> dict[str, int]:
    return dict(Counter(workspace.lake.read("rejects", columns=["reason"])["reason"].to_pylist()))
