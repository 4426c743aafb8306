"""The texts' side: collect, clean, and tag, a piece at a time.

A source is read in pieces; each becomes one commit of the lake under `clean/<source>/<number>`, with the
documents, the panel, the rows that were set aside, and the hashes of all texts that were seen. A piece that is
there already, from the same rows with the same settings, is not done again. From the first piece of a file
source that changed, all later ones are done again, so that what counts as a copy never depends on what a
killed or an older run left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modacast.config import Input
from modacast.documents import Cleaned, Deduplicator, clean, identify_languages
from modacast.feedback import review_documents
from modacast.pipeline.board import REVIEWS
from modacast.pipeline.fingerprints import fingerprint
from modacast.pipeline.mood import project_sentiment
from modacast.pipeline.progress import Progress, StageRow, StageTimer
from modacast.pipeline.workspace import Workspace
from modacast.sources import open_source
from modacast.types import Batch, Floats

__all__ = ["clean_batch", "clean_reviews", "collect_documents", "detect_languages", "tag_documents"]

_CLEAN_VERSION = 2
_TAG_VERSION = 4


def collect_documents(workspace: Workspace, source: Input, progress: Progress) -> StageRow:
    """Read one source of documents, clean what is new, and store it."""
    timer = StageTimer(progress, "clean", source.name)
    prefix = f"clean/{source.name}/"
    settings = _settings_fingerprint(workspace)
    is_file = source.kind == "files"
    if is_file and any(c.facts.get("settings") != settings for c in workspace.lake.commits(prefix)):
        workspace.lake.drop(prefix)
    writer = _Writer(workspace, source.name, settings)
    state = workspace.database.get_state(f"source/{source.name}", {})
    number = -1
    for number, batch in enumerate(_open(workspace, source, state).read()):
        found = fingerprint(batch.table, batch.rejects.drop_columns("path"), settings)
        key = prefix + (f"{number:06d}" if is_file else found)
        known = workspace.lake.find(key, found)
        n_in = batch.table.num_rows + batch.rejects.num_rows
        if known:
            timer.add(n_in, 0, known=n_in)
            continue
        if is_file:
            _drop_from(workspace, prefix, key)
        cleaned = writer.write(key, batch, found)
        timer.add(
            n_in, cleaned.documents.num_rows, rejected=cleaned.rejects.num_rows + batch.rejects.num_rows
        )
    if is_file:
        _drop_from(workspace, prefix, f"{prefix}{number + 1:06d}")
    if state:
        workspace.database.set_state(f"source/{source.name}", state)
    return timer.finish()


def clean_reviews(workspace: Workspace, progress: Progress) -> StageRow:
    """Turn the texts of stored events into documents of the source `reviews`, a month at a time."""
    timer = StageTimer(progress, "clean", REVIEWS)
    documents = review_documents(workspace.database.events())
    settings = _settings_fingerprint(workspace)
    writer = _Writer(workspace, REVIEWS, settings)
    months = (
        pc.strftime(documents["published_at"], format="%Y-%m")
        if documents.num_rows
        else pa.array([], pa.string())
    )
    for month in sorted(pc.unique(months).to_pylist()):
        part = documents.filter(pc.equal(months, month))
        found, key = fingerprint(part, settings), f"clean/{REVIEWS}/{month}"
        if workspace.lake.find(key, found):
            timer.add(part.num_rows, 0, known=part.num_rows)
            continue
        workspace.lake.drop(key)
        writer.forget()
        cleaned = writer.write(key, Batch(part, _no_rejects()), found, is_relevant=True)
        timer.add(part.num_rows, cleaned.documents.num_rows, rejected=cleaned.rejects.num_rows)
    return timer.finish()


def tag_documents(workspace: Workspace, progress: Progress) -> StageRow:
    """Find the elements and the mood in all documents that have not been tagged with this lexicon."""
    cleaned = workspace.lake.commits("clean/")
    timer = StageTimer(progress, "tag", total=sum(commit.rows["documents"] for commit in cleaned))
    wanted = {f"tag/{commit.key}" for commit in cleaned}
    for commit in workspace.lake.commits("tag/"):
        if commit.key not in wanted:
            workspace.lake.drop(commit.key)
    sentiment = project_sentiment(workspace)
    mood = sentiment.version
    context = workspace.settings.lexicon.context
    for commit in cleaned:
        n = commit.rows["documents"]
        found = fingerprint(
            commit.fingerprint, commit.key, workspace.wider_lexicon.version, mood, context, _TAG_VERSION
        )
        if workspace.lake.find(f"tag/{commit.key}", found):
            timer.add(n, 0, known=n)
            continue
        documents = workspace.lake.read("documents", prefix=commit.key, columns=["id", "text", "lang"])
        mentions = sentiment.mention_polarity(workspace.context_tagger.tag(documents), documents)
        workspace.lake.commit(f"tag/{commit.key}", {"mentions": mentions}, fingerprint=found)
        timer.add(n, mentions.num_rows)
    return timer.finish()


def clean_batch(
    workspace: Workspace,
    table: pa.Table,
    source: str,
    deduplicator: Deduplicator,
    *,
    is_relevant: bool = False,
    min_relevance: float | None = None,
) -> Cleaned:
    """Clean rows of `RAW_DOCUMENTS` with the workspace's key and settings.

    Args:
        workspace: gives key, lexicon and settings.
        table: the rows.
        source: their source.
        deduplicator: knows what came before.
        is_relevant: whether all texts are known to be about fashion.
        min_relevance: instead of the settings'.
    """
    settings = workspace.settings.clean
    return clean(
        table,
        source=source,
        pseudonymise=lambda authors: workspace.pseudonymiser.keys("author", authors),
        relevance=_all_relevant if is_relevant else workspace.relevance,
        deduplicator=deduplicator,
        threshold=settings.min_relevance if min_relevance is None else min_relevance,
    )


def detect_languages(texts: Sequence[str], hints: Sequence[str | None]) -> list[str]:
    """Get the language of each text; a hint wins."""
    return identify_languages(texts, hints)


class _Writer:
    """Cleans batches and commits them, with the memory of what came before rebuilt when it is first needed."""

    def __init__(self, workspace: Workspace, source: str, settings: str) -> None:
        self._workspace = workspace
        self._source = source
        self._settings = settings
        self._deduplicator: Deduplicator | None = None

    def forget(self) -> None:
        """Rebuild the memory before the next batch."""
        self._deduplicator = None

    def write(self, key: str, batch: Batch, found: str, *, is_relevant: bool = False) -> Cleaned:
        if self._deduplicator is None:
            self._deduplicator = _remembering(self._workspace)
        # of copies the first is kept: the oldest, so that a board of an earlier day has it too
        in_time = batch.table.sort_by("published_at")
        cleaned = clean_batch(
            self._workspace, in_time, self._source, self._deduplicator, is_relevant=is_relevant
        )
        documents = cleaned.documents
        tables = {
            "documents": documents,
            "panel": cleaned.panel,
            "seen": cleaned.seen,
            "rejects": pa.concat_tables([batch.rejects, cleaned.rejects]),
        }
        if cleaned.others.num_rows and _keeps_others(self._workspace):
            tables["others"] = cleaned.others
        self._workspace.lake.commit(
            key,
            tables,
            fingerprint=found,
            months={"documents": documents["published_at"]},
            facts={"settings": self._settings, "n_in": batch.table.num_rows},
        )
        return cleaned


def _remembering(workspace: Workspace) -> Deduplicator:
    settings = workspace.settings.clean
    deduplicator = Deduplicator(window_days=settings.window_days, threshold=settings.near_duplicate)
    for commit in workspace.lake.commits("clean/"):
        deduplicator.remember(
            workspace.lake.read("seen", prefix=commit.key),
            workspace.lake.read("documents", prefix=commit.key),
        )
    return deduplicator


def _open(workspace: Workspace, source: Input, state: dict[str, Any]) -> Any:
    settings = workspace.settings
    options: dict[str, Any] = dict(source.options)
    path = source.path if "://" in source.path else str(settings.base / source.path)
    if source.kind == "files":
        options |= {
            "columns": source.columns,
            "constants": source.constants,
            "chunk_rows": settings.clean.chunk_rows,
        }
    if source.kind == "feed":
        options |= {"state": state, "constants": source.constants}
    if source.lang is not None:
        options["lang"] = source.lang
    return open_source(source.kind, source.name, path, **options)


def _settings_fingerprint(workspace: Workspace) -> str:
    clean_settings = workspace.settings.clean.model_dump()
    others = ["others"] if _keeps_others(workspace) else []
    return fingerprint(clean_settings, workspace.lexicon.version, _CLEAN_VERSION, *others)


def _keeps_others(workspace: Workspace) -> bool:
    settings = workspace.settings.lexicon
    return settings.discover != "off" and settings.discover_from == "all"


def _drop_from(workspace: Workspace, prefix: str, key: str) -> None:
    for commit in workspace.lake.commits(prefix):
        if commit.key >= key:
            workspace.lake.drop(commit.key)


def _all_relevant(texts: Sequence[str], langs: Sequence[str]) -> Floats:
    return np.ones(len(texts), dtype=np.float32)


def _no_rejects() -> pa.Table:
    from modacast.types import REJECTS

    return REJECTS.empty_table()
