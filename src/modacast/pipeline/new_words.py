"""New words of a home: found after cleaning, kept in the lake, reviewed by people, or used at once.

The walk begins a year before the first week that has not been searched, so that a further week costs a year's
reading and not the whole archive's. What was found before stays as it was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modacast.elements import Lexicon
from modacast.elements.discovery import NEW_WORDS, Discovery, DiscoveryRules
from modacast.pipeline.board import REVIEWS
from modacast.pipeline.fingerprints import fingerprint
from modacast.pipeline.progress import Progress, StageRow, StageTimer
from modacast.pipeline.workspace import Workspace

__all__ = ["admitted_words", "decide", "decisions", "find_words", "new_words"]

NEW_WORDS_VERSION = 5
"""Raised whenever the same texts would give other words."""

_KEY = "discover/words"
_DECISIONS = "lexicon/decisions"
_SUNDAY = 6
_COLUMNS = ["id", "text", "lang", "published_at", "author_key", "relevance"]


def find_words(workspace: Workspace, progress: Progress) -> StageRow:
    """Find new words in the weeks that have not been searched, and store them."""
    timer = StageTimer(progress, "discover")
    settings = workspace.settings
    lexicon = settings.lexicon
    rules = fingerprint(
        lexicon.discover_from, lexicon.min_probability, workspace.encoder_name, _listed_version(workspace),
        NEW_WORDS_VERSION,
    )  # fmt: skip
    cleaned = workspace.lake.commits("clean/")
    found = fingerprint([(c.key, c.fingerprint) for c in cleaned], str(settings.trends.as_of), rules)
    known = workspace.lake.find(_KEY, found)
    if known:
        n = sum(c.rows.get("documents", 0) + c.rows.get("others", 0) for c in cleaned)
        timer.add(n, known.rows["new_words"], known=n)
        return timer.finish()
    texts = _texts(workspace)
    old = workspace.lake.find(_KEY)
    before = NEW_WORDS.empty_table()
    searched = None
    if old is not None and old.facts.get("rules") == rules and old.facts.get("until"):
        before, searched = _stored(workspace), date.fromisoformat(old.facts["until"])
    table = pa.concat_tables([before, _search(workspace, texts, searched)])
    last = _last_whole_week(texts)
    workspace.lake.commit(
        _KEY, {"new_words": table}, fingerprint=found,
        facts={"rules": rules, "until": last.isoformat() if last else None},
    )  # fmt: skip
    workspace.forget_new_words()
    timer.add(texts.num_rows, table.num_rows)
    return timer.finish()


def new_words(workspace: Workspace) -> pa.Table:
    """Get all words that were found, `NEW_WORDS`, each with what was decided about it as its status."""
    table = _stored(workspace)
    if not table.num_rows:
        return table
    decided = decisions(workspace)
    settings = workspace.settings.lexicon
    statuses = [
        decided.get(row["id"], {}).get("status")
        or ("admitted" if settings.discover == "admit" and row["probability"] >= settings.admit_probability else "found")
        for row in table.select(["id", "probability"]).to_pylist()
    ]  # fmt: skip
    return table.set_column(
        NEW_WORDS.get_field_index("status"), NEW_WORDS.field("status"), pa.array(statuses, pa.string())
    )


def admitted_words(workspace: Workspace) -> pa.Table:
    """Get the words that are used without having been reviewed."""
    if workspace.settings.lexicon.discover != "admit":
        return NEW_WORDS.empty_table()
    table = new_words(workspace)
    return table.filter(pc.equal(table["status"], "admitted"))


def decisions(workspace: Workspace) -> Mapping[str, Mapping[str, Any]]:
    """Get what was decided about new words: id to `status` and what else was said."""
    decided: Mapping[str, Mapping[str, Any]] = workspace.database.get_state(_DECISIONS, {})
    return decided


def decide(workspace: Workspace, word_id: str, status: str, **more: Any) -> None:
    """Write down what was decided about a word: `"accepted"` or `"rejected"`; `"found"` takes it back."""
    decided = {**decisions(workspace)}
    decided.pop(word_id, None)
    if status != "found":
        decided[word_id] = {"status": status, **more}
    workspace.database.set_state(_DECISIONS, decided)
    workspace.forget_new_words()


def _stored(workspace: Workspace) -> pa.Table:
    commit = workspace.lake.find(_KEY)
    if commit is None or not commit.rows["new_words"]:
        return NEW_WORDS.empty_table()
    return workspace.lake.read("new_words", prefix=_KEY).select(NEW_WORDS.names).cast(NEW_WORDS)


def _texts(workspace: Workspace) -> pa.Table:
    """Get all texts that words are looked for in, up to `trends.as_of`."""
    parts = []
    for commit in workspace.lake.commits("clean/"):
        if commit.key.startswith(f"clean/{REVIEWS}/"):
            continue
        parts += [
            workspace.lake.read(name, prefix=commit.key, columns=_COLUMNS)
            for name in ("documents", "others")
            if name in commit.files
        ]
    if not parts:
        return pa.table({name: [] for name in _COLUMNS})
    texts = pa.concat_tables(parts)
    as_of = workspace.settings.trends.as_of
    if as_of is not None:
        texts = texts.filter(pc.less_equal(pc.cast(texts["published_at"], pa.date32()), as_of))
    return texts


def _search(workspace: Workspace, texts: pa.Table, searched: date | None) -> pa.Table:
    """Walk through the whole weeks that were not searched, with the year before them read but not searched."""
    last = _last_whole_week(texts)
    if last is None or (searched is not None and last <= searched):
        return NEW_WORDS.empty_table()
    rules = DiscoveryRules(min_probability=workspace.settings.lexicon.min_probability)
    days = pc.cast(texts["published_at"], pa.date32())
    wanted = pc.less(days, pa.scalar(last + timedelta(weeks=1), pa.date32()))
    if searched is not None:
        first = searched - timedelta(weeks=rules.window + rules.past)
        wanted = pc.and_(wanted, pc.greater_equal(days, pa.scalar(first, pa.date32())))
    walk = Discovery(
        workspace.lexicon,
        workspace.language_model.encode_query,
        rules,
        since=None if searched is None else searched + timedelta(weeks=1),
        known=None if searched is None else _sureness(_stored(workspace)),
    )
    table = _without_everyday(walk.read(texts.filter(wanted)), workspace)
    return table if searched is None else _since_ever(table, texts)


def _sureness(words: pa.Table) -> dict[str, float]:
    return dict(zip(words["text"].to_pylist(), words["probability"].to_pylist(), strict=True))


def _without_everyday(words: pa.Table, workspace: Workspace) -> pa.Table:
    """Leave out Japanese words that are one piece of the language model's own vocabulary (明日, 最高).

    Chinese has a dictionary that tells such words; for Japanese there is none in the base install, and a piece of the
    vocabulary was common long before the texts.
    """
    at = [row for row, lang in enumerate(words["lang"].to_pylist()) if lang == "ja"]
    if not at:
        return words
    pieces = workspace.language_model.states([words["text"][row].as_py() for row in at])
    everyday = {row for row, found in zip(at, pieces, strict=True) if len(found.start) == 1}
    return words.take([row for row in range(words.num_rows) if row not in everyday])


def _since_ever(table: pa.Table, texts: pa.Table) -> pa.Table:
    """Look for the first week of each word in all texts, those before the walk included."""
    first = []
    for word, seen in zip(table["text"].to_pylist(), table["first_seen"].to_pylist(), strict=True):
        holds = texts.filter(pc.match_substring(texts["text"], word, ignore_case=True))
        day = pc.min(pc.cast(holds["published_at"], pa.date32())).as_py() or seen
        first.append(min(seen, day - timedelta(days=day.weekday())))
    at = NEW_WORDS.get_field_index("first_seen")
    return table.set_column(at, NEW_WORDS.field(at), pa.array(first, pa.date32()))


def _listed_version(workspace: Workspace) -> str:
    """Get the version of the lexicon without what was accepted in this home, which is no reason to search again."""
    if not workspace.own_words.is_file():
        return workspace.lexicon.version
    return Lexicon.load(*workspace.settings.lexicon.files).version


def _last_whole_week(texts: pa.Table) -> date | None:
    """Get the Monday of the last week whose texts may all be there: the newest one that is over."""
    if not texts.num_rows:
        return None
    newest: date = pc.max(texts["published_at"]).as_py().date()
    monday = newest - timedelta(days=newest.weekday())
    return monday if newest.weekday() == _SUNDAY else monday - timedelta(weeks=1)
