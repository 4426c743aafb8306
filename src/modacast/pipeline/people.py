"""From events to lists: vectors of items, profiles, what feedback teaches, recommendations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modacast.errors import InvalidInput
from modacast.feedback import Learned, TrainingTable, learn_ranker, training_table
from modacast.pipeline.board import latest_board
from modacast.pipeline.fingerprints import fingerprint
from modacast.pipeline.progress import Progress, StageRow, StageTimer
from modacast.pipeline.styles import value_statements
from modacast.pipeline.workspace import Workspace
from modacast.profiles import ProfileBuilder, event_strength
from modacast.recommend import Catalogue, LightGBMRanker, LinearRanker, Recommender, ranker_from_dict
from modacast.types import Floats, Ranker

__all__ = ["Shop", "learn_from_feedback", "make_lists", "make_profiles", "open_shop", "value_table"]

_EMBEDDED_CHARS = 80
_BATCH = 2_048
_MADE_WITH = "profiles/encoder"
_JUDGED_DAYS = 28
_TAUGHT_WINDOWS = 3
_MIN_TREES_LISTS = 200


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything that lists are made from, read once.

    Attributes:
        catalogue: the items, with vectors.
        events: rows of `EVENTS`.
        now: the instant that lists are made for: just after the last event.
        trends: rows of `TRENDS`, None where no board has been computed.
    """

    catalogue: Catalogue
    events: pa.Table
    now: datetime
    trends: pa.Table | None


def open_shop(workspace: Workspace, progress: Progress) -> Shop:
    """Read catalogue and events, and get the vectors of the items (from the cache where they are known)."""
    items = workspace.database.items()
    events = workspace.database.events()
    timer = StageTimer(progress, "embed", total=items.num_rows)
    texts = [
        f"{title} {text}"[:_EMBEDDED_CHARS]
        for title, text in zip(items["title"].to_pylist(), items["text"].to_pylist(), strict=True)
    ]
    vectors = np.zeros((len(texts), workspace.encoder.dim), dtype=np.float32) if texts else None
    for start in range(0, len(texts), _BATCH):
        if vectors is not None:
            part = texts[start : start + _BATCH]
            vectors[start : start + len(part)] = workspace.encoder.encode_document(part)
            timer.add(len(part), len(part))
    timer.finish()
    parents = {element.id: element.parent for element in workspace.lexicon.elements.values()}
    last = pc.max(events["at"]).as_py() if events.num_rows else datetime.now(UTC)
    try:
        trends: pa.Table | None = latest_board(workspace)["trends"]
    except InvalidInput:
        trends = None
    return Shop(
        catalogue=Catalogue(items, vectors, parents=parents),
        events=events,
        now=last + timedelta(seconds=1),
        trends=trends,
    )


def make_profiles(workspace: Workspace, shop: Shop, progress: Progress) -> StageRow:
    """Build the profile of every shopper with events, and store them."""
    timer = StageTimer(progress, "profiles")
    profiles = _built(workspace, shop, shop.events)
    workspace.database.set_state(_MADE_WITH, None)  # killed in between, all count as made with another model
    workspace.database.write_profiles(profiles)
    workspace.database.set_state(_MADE_WITH, workspace.language_model.model_id)
    timer.add(shop.events.num_rows, profiles.num_rows)
    return timer.finish()


def value_table(workspace: Workspace, shop: Shop, keys: Sequence[str]) -> pa.Table:
    """Get what shoppers care for, with what it rests on; rows of `VALUES`. Who did not grant has none."""
    events = shop.events.filter(pc.is_in(shop.events["user_key"], pa.array(list(keys), pa.string())))
    return _builder(workspace, shop).values(
        events,
        now=shop.now,
        consents=workspace.database.consents(),
        statements=value_statements(workspace, events),
    )


def learn_from_feedback(workspace: Workspace, shop: Shop, progress: Progress) -> Learned | None:
    """Learn ranking weights from what was made of earlier candidates; take them over if they are better.

    The last four weeks judge, the windows of four weeks before them teach. A verdict on the same events is
    not sought twice.
    """
    timer = StageTimer(progress, "learn")
    found = fingerprint(shop.events.select(["id"]), "learn/2")
    if workspace.database.get_state("learned") == found:
        timer.add(shop.events.num_rows, 0, known=shop.events.num_rows)
        timer.finish()
        return None
    judge_from = shop.now - timedelta(days=_JUDGED_DAYS)
    judge = _window(workspace, shop, judge_from, shop.now)
    starts = [judge_from - timedelta(days=_JUDGED_DAYS * n) for n in range(_TAUGHT_WINDOWS, 0, -1)]
    teach = _joined(
        [_window(workspace, shop, start, start + timedelta(days=_JUDGED_DAYS)) for start in starts]
    )
    in_use = active_ranker(workspace)
    makers: dict[str, Any] = {"linear": LinearRanker}
    if len(teach.groups) >= _MIN_TREES_LISTS:
        makers["lightgbm"] = LightGBMRanker
    learned = learn_ranker(in_use, makers, teach, judge)
    if learned is not None:
        metrics = {
            "metric": "NDCG@12",
            "before": [learned.before.value, learned.before.low, learned.before.high],
            "after": [learned.after.value, learned.after.low, learned.after.high],
            "gain": [learned.gain.value, learned.gain.low, learned.gain.high],
            "tried": dict(learned.tried),
            "n_lists": list(learned.n_lists),
        }
        if learned.is_kept:
            workspace.database.save_model("ranker", learned.ranker.to_dict(), metrics, active=True)
        workspace.database.set_state("learning", metrics | {"name": learned.name, "is_kept": learned.is_kept})
    workspace.database.set_state("learned", found)
    timer.add(len(teach.groups) + len(judge.groups), int(learned is not None and learned.is_kept))
    timer.finish()
    return learned


def make_lists(workspace: Workspace, shop: Shop, progress: Progress) -> StageRow:
    """Recommend to every shopper, as each agreed to, and store the lists in the lake."""
    profiles = workspace.database.profiles()
    timer = StageTimer(progress, "recommend", total=profiles.num_rows)
    settings = workspace.settings
    recommender = fitted(workspace, shop, profiles)
    consents = dict(zip(profiles["user_key"].to_pylist(), profiles["consent"].to_pylist(), strict=True))
    tables = []
    for personal in (True, False):
        keys = [
            key
            for key, consent in consents.items()
            if (consent == "granted") == personal and consent != "denied"
        ]
        tables.append(
            recommender.recommend(
                keys,
                k=settings.recommend.k,
                personal=personal,
                exclude_purchased=settings.recommend.exclude_purchased,
                lang=settings.project.lang,
            )
        )
    lists = pa.concat_tables(tables)
    found = fingerprint(lists.select(["user_key", "item_id", "rank"]))
    workspace.lake.commit("lists/latest", {"recommendations": lists}, fingerprint=found)
    timer.add(profiles.num_rows, lists.num_rows)
    return timer.finish()


def fitted(workspace: Workspace, shop: Shop, profiles: pa.Table) -> Recommender:
    """Get a recommender with the ranker in use, fitted to the shop as it is.

    Profiles hold vectors. Those that another language model made are built anew, and stored by the next run.
    """
    if workspace.database.get_state(_MADE_WITH) != workspace.language_model.model_id:
        keys = pa.array(profiles["user_key"].to_pylist(), pa.string())
        mine = shop.events.filter(pc.is_in(shop.events["user_key"], keys))
        profiles = _built(workspace, shop, mine)
    return Recommender(
        shop.catalogue,
        label=workspace.lexicon.label,
        ranker=active_ranker(workspace),
        half_life_days=workspace.settings.recommend.half_life_days,
    ).fit(shop.events, event_strength(shop.events), profiles, now=shop.now, trends=shop.trends)


def active_ranker(workspace: Workspace) -> Ranker:
    """Get the ranker in use: the one last learned and kept, else the default weights."""
    stored = workspace.database.active_model("ranker")
    return ranker_from_dict(stored.payload) if stored else LinearRanker()


def _built(workspace: Workspace, shop: Shop, events: pa.Table) -> pa.Table:
    """Get the profiles of those whose events these are."""
    return _builder(workspace, shop).build(
        events,
        now=shop.now,
        consents=workspace.database.consents(),
        statements=value_statements(workspace, events),
    )


def _builder(workspace: Workspace, shop: Shop) -> ProfileBuilder:
    return ProfileBuilder(shop.catalogue, half_life_days=workspace.settings.recommend.half_life_days)


def _window(workspace: Workspace, shop: Shop, start: datetime, stop: datetime) -> TrainingTable:
    """What was shown from `start` to `stop` (else the candidates as of `start`), labelled by what was made of it."""
    at, kind = shop.events["at"], shop.events["at"].type
    before = shop.events.filter(pc.less(at, pa.scalar(start, kind)))
    after = shop.events.filter(
        pc.and_(pc.greater_equal(at, pa.scalar(start, kind)), pc.less(at, pa.scalar(stop, kind)))
    )
    profiles = _builder(workspace, shop).build(before, now=start)
    recommender = Recommender(shop.catalogue, half_life_days=workspace.settings.recommend.half_life_days)
    recommender.fit(before, event_strength(before), profiles, now=start, trends=None)
    strengths = event_strength(after)
    active = set(after["user_key"].filter(pa.array(strengths > 0)).to_pylist())
    keys = [key for key in profiles["user_key"].to_pylist() if key in active]
    shown = _shown(after)
    if shown:
        # What was never shown could not be taken: only what was shown tells good from bad.
        lists = {key: shown[key] for key in keys if len(shown.get(key, ())) > 1}
        judged = {key: (ids, recommender.features_of(key, ids)) for key, ids in lists.items()}
        return training_table(judged, after, strengths)
    return training_table(_candidates(recommender, keys), after, strengths)


def _shown(events: pa.Table) -> dict[str, list[str]]:
    """Pseudonym to the items that were shown, each once; empty where no impressions are known."""
    seen = events.filter(pc.equal(events["kind"], "impression"))
    shown: dict[str, dict[str, None]] = {}
    for key, item_id in zip(seen["user_key"].to_pylist(), seen["item_id"].to_pylist(), strict=True):
        shown.setdefault(key, {})[item_id] = None
    return {key: list(items) for key, items in shown.items()}


def _candidates(recommender: Recommender, keys: Sequence[str]) -> Mapping[str, tuple[list[str], Floats]]:
    found: dict[str, tuple[list[str], Floats]] = {}
    for block in recommender.features(keys):
        for row in np.unique(block.shopper):
            mine = np.flatnonzero(block.shopper == row)
            found[keys[row]] = ([block.item_ids[i] for i in mine], block.features[mine])
    return found


def _joined(tables: Sequence[TrainingTable]) -> TrainingTable:
    return TrainingTable(
        users=tuple(user for table in tables for user in table.users),
        groups=np.concatenate([table.groups for table in tables]),
        features=np.concatenate([table.features for table in tables]),
        labels=np.concatenate([table.labels for table in tables]),
    )
