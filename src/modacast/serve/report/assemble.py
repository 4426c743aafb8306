"""Gathers what a report shows from a home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modacast.errors import InvalidInput, NotFound
from modacast.evaluate import Interval
from modacast.pipeline.alarms import alarms_of_week
from modacast.pipeline.board import latest_board
from modacast.pipeline.context import ContextReader
from modacast.pipeline.demo import DemoOutcome
from modacast.pipeline.models import list_models
from modacast.pipeline.people import fitted, open_shop
from modacast.pipeline.progress import Silent
from modacast.pipeline.run import Outcome
from modacast.pipeline.styles import styles_of_key
from modacast.pipeline.workspace import Workspace
from modacast.serve.report.data import (
    FeedbackSummary,
    MetricChange,
    Pick,
    ReportData,
    ShopperPage,
    TruthCheck,
    WeightChange,
)
from modacast.serve.report.styles import map_of_styles, value_notes
from modacast.types import FORECASTS, SERIES, TRENDS, Item

__all__ = ["demo_report", "project_report"]

_PURCHASES = 12
_ALARM_WEEKS = 4
_STYLES = 5


def project_report(outcome: Outcome) -> ReportData:
    """Get the report of a project: the board, and the most active shoppers' lists where there is a shop.

    Args:
        outcome: of `run_all` or `last_outcome`.
    """
    workspace = outcome.workspace
    n = workspace.settings.report.shoppers
    keys = _most_active(workspace, n) if n and workspace.settings.items else []
    labels = {key: chr(ord("A") + i) if i < 26 else str(i + 1) for i, key in enumerate(keys)}
    pages = _pages(workspace, labels, {}, None)
    return _data(outcome, pages, feedback=_learned(workspace))


def demo_report(outcome: DemoOutcome) -> ReportData:
    """Get the report of the demo: the board, shoppers A and B before and after feedback, and the truth."""
    workspace = outcome.after.workspace
    labels = {key: user for user, key in outcome.shoppers.items()}
    before = {key: _list_of(outcome.lists_before, key) for key in labels}
    pages = _pages(workspace, labels, before, outcome.feedback_from)
    learned = _learned(workspace)
    liking = MetricChange("liking", outcome.liking_before, outcome.liking_after, outcome.liking_gain)
    feedback = FeedbackSummary(
        n_events=outcome.n_feedback,
        kinds=outcome.feedback_kinds,
        metrics=(liking, *(learned.metrics if learned else ())),
        weights=learned.weights if learned else (),
        is_kept=learned.is_kept if learned else None,
    )
    truth = TruthCheck(outcome.trends.planted, outcome.trends.found, outcome.trends.false_alarms)
    again = [row for row in outcome.after.rows if row.n_in > row.n_known]
    data = _data(outcome.after, pages, feedback=feedback, truth=truth)
    return replace(data, run=(*outcome.before.rows, *again))


def _data(
    outcome: Outcome,
    pages: Sequence[ShopperPage],
    *,
    feedback: FeedbackSummary | None,
    truth: TruthCheck | None = None,
) -> ReportData:
    workspace = outcome.workspace
    try:
        board = latest_board(workspace)
    except InvalidInput:
        board = {
            "trends": TRENDS.empty_table(),
            "series": SERIES.empty_table(),
            "forecasts": FORECASTS.empty_table(),
        }
    evidence = {doc_id for ids in board["trends"]["evidence_ids"].to_pylist() for doc_id in ids or ()}
    alarms = alarms_of_week(workspace, weeks=_ALARM_WEEKS)
    evidence |= {doc_id for row in alarms for doc_id in row["evidence_ids"] or ()}
    documents = workspace.lake.read("documents")
    shown = pc.is_in(documents["id"], pa.array(sorted(evidence), pa.string()))
    return ReportData(
        title=workspace.settings.project.title,
        made_at=datetime.now(UTC),
        lang=workspace.settings.project.lang,
        trends=board["trends"],
        series=board["series"],
        forecasts=board["forecasts"],
        documents=documents.filter(shown),
        elements=workspace.wider_lexicon.elements,
        panel=_panel(workspace),
        scorecards=board.get("scorecards"),
        shoppers=pages,
        feedback=feedback,
        truth=truth,
        run=outcome.rows,
        rejects=outcome.rejects,
        alarms=alarms,
        language_models=list_models(workspace),
        style_map=map_of_styles(workspace).drawn(),
        context=ContextReader(workspace, board).read if board["trends"].num_rows else None,
    )


def _panel(workspace: Workspace) -> pa.Table:
    """Get what was read; of an earlier day only the weeks that had ended by then, as their counts are of whole weeks."""
    panel, as_of = workspace.lake.read("panel"), workspace.settings.trends.as_of
    if as_of is None:
        return panel
    return panel.filter(pc.less_equal(panel["ds"], pa.scalar(as_of - timedelta(days=6), pa.date32())))


def _most_active(workspace: Workspace, n: int) -> list[str]:
    profiles = workspace.database.profiles()
    may_show = pc.equal(profiles["consent"], "granted")
    found = profiles.filter(may_show).sort_by([("n_events", "descending"), ("user_key", "ascending")])
    return list(found["user_key"].to_pylist()[:n])


def _pages(
    workspace: Workspace,
    labels: Mapping[str, str],
    before: Mapping[str, Sequence[str]],
    feedback_from: datetime | None,
) -> list[ShopperPage]:
    """Pages of shoppers; `before` holds the item ids of earlier lists, by pseudonym."""
    if not labels:
        return []
    shop = open_shop(workspace, Silent())
    keys = list(labels)
    profiles = {row["user_key"]: row for row in workspace.database.profiles(keys).to_pylist()}
    items = {row["id"]: _item(row) for row in workspace.database.items().to_pylist()}
    recommender = fitted(workspace, shop, workspace.database.profiles(keys))
    k = workspace.settings.recommend.k
    said = {lang: recommender.recommend(keys, k=k, lang=lang).to_pylist() for lang in ("zh", "en")}
    reasons: dict[tuple[str, str], dict[str, list[str]]] = {}
    for lang, rows in said.items():
        for row in rows:
            reasons.setdefault((row["user_key"], row["item_id"]), {})[lang] = row["reasons"]
    consents, notes = workspace.database.consents(), value_notes(workspace, shop, keys)
    pages = []
    for key, label in labels.items():
        profile = profiles.get(key)
        may = consents.get(key, "granted") == "granted"
        events = [row for row in workspace.database.events([key]).to_pylist() if row["item_id"] in items]
        picks = [
            Pick(items[row["item_id"]], row["rank"], reasons[key, row["item_id"]])
            for row in said["zh"]
            if row["user_key"] == key
        ]
        earlier = [Pick(items[item_id], rank) for rank, item_id in enumerate(before.get(key, ()), start=1)]
        pages.append(
            _page(
                label,
                profile,
                events,
                items,
                earlier or picks,
                picks if earlier else [],
                feedback_from,
                styles=_styles(workspace, key) if may else {},
                notes=notes.get(key, {}) if may else {},
            )
        )
    return pages


def _styles(workspace: Workspace, key: str) -> dict[str, float]:
    try:
        found = styles_of_key(workspace, key, k=_STYLES)
    except NotFound:
        return {}
    return {style.style_id: style.weight for style in found.styles}


def _page(
    label: str,
    profile: Mapping[str, Any] | None,
    events: Sequence[Mapping[str, Any]],
    items: Mapping[str, Item],
    before: Sequence[Pick],
    after: Sequence[Pick],
    feedback_from: datetime | None,
    *,
    styles: Mapping[str, float],
    notes: Mapping[str, tuple[str, str]],
) -> ShopperPage:
    bought = [
        e for e in events if e["kind"] == "purchase" and (feedback_from is None or e["at"] <= feedback_from)
    ]
    answers = {
        e["item_id"]: e["kind"]
        for e in events
        if feedback_from is not None and e["at"] > feedback_from and e["kind"] != "impression"
    }
    purchases = [items[e["item_id"]] for e in reversed(bought)][:_PURCHASES]
    band = None
    if profile and profile["price_low"] is not None:
        band = (profile["price_low"], profile["price_high"])
    return ShopperPage(
        label=label,
        affinities=dict(profile["affinities"]) if profile else {},
        price_band=band,
        currency=next((item.currency for item in purchases if item.currency), None),
        values=(profile["values"] or ()) if profile else (),
        value_notes=notes,
        styles=styles,
        purchases=purchases,
        before=before,
        after=after,
        answers=answers,
    )


def _list_of(lists: pa.Table, key: str) -> list[str]:
    mine = lists.filter(pc.equal(lists["user_key"], key)).sort_by("rank")
    return list(mine["item_id"].to_pylist())


def _item(row: Mapping[str, Any]) -> Item:
    return Item(**{**row, "element_ids": tuple(row["element_ids"] or ())})


def _learned(workspace: Workspace) -> FeedbackSummary | None:
    """What the last round of learning measured, None where there was none."""
    metrics = workspace.database.get_state("learning")
    if not metrics:
        return None
    before, after, gain = (_interval(metrics, name) for name in ("before", "after", "gain"))
    return FeedbackSummary(
        n_events=workspace.database.count("events"),
        metrics=(MetricChange(metrics["metric"], before, after, gain),),
        weights=_weights(workspace),
        is_kept=metrics["is_kept"],
    )


def _interval(metrics: Mapping[str, Any], name: str) -> Interval:
    value, low, high = metrics[name]
    return Interval(value=value, low=low, high=high, level=0.95, n=metrics["n_lists"][1])


def _weights(workspace: Workspace) -> list[WeightChange]:
    from modacast.recommend import LinearRanker

    versions = workspace.database.models("ranker")
    stored = [model.payload for model in versions if model.payload.get("kind") == "linear"]
    if not versions or len(stored) < len(versions):
        return []
    start = LinearRanker().to_dict() if len(stored) < 2 else stored[-2]
    return [
        WeightChange(feature, float(start["weights"].get(feature, 0.0)), float(weight))
        for feature, weight in stored[-1]["weights"].items()
    ]
