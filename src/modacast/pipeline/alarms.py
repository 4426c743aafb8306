"""The alarms of a home: computed after the board, kept in the lake."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modacast.config import AlertSettings
from modacast.pipeline.board import REVIEWS, latest_board, read_texts
from modacast.pipeline.fingerprints import fingerprint
from modacast.pipeline.progress import Progress, StageRow, StageTimer
from modacast.pipeline.workspace import Workspace
from modacast.trends import ALARMS, AlarmRules, alarms

__all__ = ["alarms_of_week", "latest_alarms", "raise_alarms"]

ALARM_VERSION = 6
"""Raised whenever the same texts would give other alarms."""

_AS_OF = b"as_of"


def raise_alarms(workspace: Workspace, progress: Progress) -> StageRow:
    """Raise the alarms of all weeks up to the last (or to `trends.as_of`), unless they are there already."""
    settings = workspace.settings
    timer = StageTimer(progress, "alarms")
    found = fingerprint(
        [(c.key, c.fingerprint) for c in workspace.lake.commits("tag/")],
        [(c.key, c.fingerprint) for c in workspace.lake.commits("board/")],
        repr(_rules(settings.alerts)),
        settings.alerts.quiet_facets,
        workspace.wider_lexicon.version,
        ALARM_VERSION,
    )
    key = _key(workspace)
    known = workspace.lake.find(key, found)
    if known:
        timer.add(known.rows["alarms"], 0, known=known.rows["alarms"])
        return timer.finish()
    read = read_texts(workspace)
    published, panel = (
        table.filter(pc.not_equal(table["source"], REVIEWS)) for table in (read.documents, read.panel)
    )
    table = alarms(
        _loud(read.mentions, settings.alerts),
        published,
        panel,
        elements=workspace.wider_lexicon.elements,
        rules=_rules(settings.alerts),
        read_until=settings.trends.as_of,
        about=workspace.relevance,
    )
    table = _with_forecasts(table, workspace)
    workspace.lake.commit(key, {"alarms": table}, fingerprint=found, facts={"as_of": _last_week(workspace)})
    timer.add(published.num_rows, table.num_rows)
    return timer.finish()


def latest_alarms(workspace: Workspace) -> pa.Table:
    """Get all alarms as last computed, oldest first; empty where there are none.

    The schema's metadata hold `as_of`, the last week that was read, where it is known.
    """
    commit = workspace.lake.find(_key(workspace))
    if commit is None or commit.rows["alarms"] == 0:
        return ALARMS.empty_table()
    table = workspace.lake.read("alarms", prefix=commit.key).select(ALARMS.names).cast(ALARMS)
    return table.replace_schema_metadata({_AS_OF: str(commit.facts.get("as_of") or "").encode()})


def alarms_of_week(workspace: Workspace, *, weeks: int = 1) -> list[dict[str, Any]]:
    """Get the alarms of the last weeks that were read, newest first."""
    table = latest_alarms(workspace)
    if table.num_rows == 0:
        return []
    said = (table.schema.metadata or {}).get(_AS_OF, b"").decode()
    last = date.fromisoformat(said) if said else pc.max(table["ds"]).as_py()
    first = pa.scalar(last - timedelta(weeks=weeks - 1), pa.date32())
    recent = table.filter(pc.greater_equal(table["ds"], first))
    return list(recent.sort_by([("ds", "descending"), ("p_value", "ascending")]).to_pylist())


def _rules(settings: AlertSettings) -> AlarmRules:
    return AlarmRules(
        q=settings.q,
        min_count=settings.min_texts,
        refractory=settings.silent_weeks,
        budget=settings.budget,
    )


def _key(workspace: Workspace) -> str:
    return f"alarms/{workspace.settings.trends.as_of or 'latest'}"


def _loud(mentions: pa.Table, settings: AlertSettings) -> pa.Table:
    """Leave out facets that tell of the calendar and not of fashion."""
    facets = pc.list_element(pc.split_pattern(mentions["element_id"], "/", max_splits=1), 0)
    return mentions.filter(pc.invert(pc.is_in(facets, pa.array(settings.quiet_facets, pa.string()))))


def _last_week(workspace: Workspace) -> str | None:
    trends = latest_board(workspace)["trends"]
    # reviews, which raise no alarm, may be newer than all else
    of_all = trends.filter(pc.equal(trends["segment"], "all"))
    return pc.max(of_all["as_of"]).as_py().isoformat() if of_all.num_rows else None


def _with_forecasts(table: pa.Table, workspace: Workspace) -> pa.Table:
    """Join the board's forecast to the alarms of its week; older ones have had their future."""
    trends = latest_board(workspace)["trends"]
    of_all = trends.filter(pc.equal(trends["segment"], "all")).to_pylist()
    ahead = {(row["element_id"], row["as_of"]): row["forecast_growth"] for row in of_all}
    rows = table.to_pylist()
    for row in rows:
        row["forecast_growth"] = ahead.get((row["element_id"], row["ds"]))
    return pa.Table.from_pylist(rows, schema=ALARMS)
