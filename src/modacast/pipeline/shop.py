"""The shop's side: catalogue and events into the database."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from modacast.config import Input
from modacast.elements import Tagger
from modacast.feedback import admit_events
from modacast.pipeline.fingerprints import fingerprint
from modacast.pipeline.progress import Progress, StageRow, StageTimer
from modacast.pipeline.workspace import Workspace
from modacast.privacy import scrub_many
from modacast.sources.files import find_files
from modacast.sources.tables import Checks, read_rows
from modacast.types import ITEMS, RAW_EVENTS, Batch

__all__ = ["import_events", "import_items", "with_elements"]


def import_items(workspace: Workspace, source: Input, progress: Progress) -> StageRow:
    """Read a catalogue, find the elements of its items, and store them.

    What an earlier run imported from the same rows with the same lexicon is not done again.
    """
    timer = StageTimer(progress, "items", source.name)
    for number, (_, batch) in enumerate(_batches(workspace, source, ITEMS)):
        key = f"items/{source.name}/{number:06d}"
        found = fingerprint(batch.table, batch.rejects.drop_columns("path"), workspace.lexicon.version)
        if workspace.database.is_imported(key, found):
            timer.add(batch.table.num_rows, 0, known=batch.table.num_rows)
            continue
        items = with_elements(batch.table, workspace.tagger)
        _keep_rejects(workspace, key, batch.rejects, found)
        workspace.database.write_items(items, import_key=key, fingerprint=found)
        timer.add(
            batch.table.num_rows + batch.rejects.num_rows, items.num_rows, rejected=batch.rejects.num_rows
        )
    return timer.finish()


def import_events(workspace: Workspace, source: Input, progress: Progress) -> StageRow:
    """Read what shoppers did, set aside what may not or cannot be used, and store the rest.

    Raw user ids become pseudonyms and texts are scrubbed before anything is written.
    """
    timer = StageTimer(progress, "events", source.name)
    known_items = frozenset(workspace.database.items()["id"].to_pylist())
    for number, (path, batch) in enumerate(_batches(workspace, source, RAW_EVENTS)):
        key = f"events/{source.name}/{number:06d}"
        consents = workspace.database.consents()
        # an event whose product the catalogue lacks comes in once the catalogue has it
        lacking = sorted(set(batch.table["item_id"].to_pylist()) - known_items)
        rows = _without_raw_ids(workspace, batch.table)
        found = fingerprint(rows, batch.rejects.drop_columns("path"), sorted(consents.items()), lacking)
        if workspace.database.is_imported(key, found):
            timer.add(batch.table.num_rows, 0, known=batch.table.num_rows)
            continue
        admitted = admit_events(
            batch.table,
            source=source.name,
            path=path,
            known_items=known_items,
            pseudonymise=lambda users: workspace.pseudonymiser.keys("user", users),
            scrub=lambda texts: list(scrub_many(texts).texts),
            consents=consents,
            presume=workspace.settings.privacy.consent,
        )
        rejects = pa.concat_tables([batch.rejects, admitted.rejects])
        _keep_rejects(workspace, key, rejects, found)
        workspace.database.write_events(admitted.table, import_key=key, fingerprint=found)
        n_in = batch.table.num_rows + batch.rejects.num_rows
        timer.add(n_in, admitted.table.num_rows, rejected=rejects.num_rows)
    return timer.finish()


def with_elements(items: pa.Table, tagger: Tagger) -> pa.Table:
    """Fill in the elements of items from their title and text, where the catalogue names none.

    Args:
        items: rows of `ITEMS`.
        tagger: finds the elements.
    """
    given = items["element_ids"].to_pylist()
    texts = [
        f"{title}\n{text or ''}"
        for title, text in zip(items["title"].to_pylist(), items["text"].to_pylist(), strict=True)
    ]
    langs = ["zh" if any("\u4e00" <= c <= "\u9fff" for c in text) else "en" for text in texts]
    documents = pa.table({"id": items["id"], "text": texts, "lang": langs})
    mentions = tagger.tag(documents, about_fashion=True)
    found: dict[str, list[str]] = {}
    wanted = pc.greater_equal(mentions["polarity"], 0.0)
    for row in mentions.filter(wanted).select(["doc_id", "element_id"]).to_pylist():
        found.setdefault(row["doc_id"], []).append(row["element_id"])
    element_ids = [
        own or sorted(set(found.get(item_id, ())))
        for own, item_id in zip(given, items["id"].to_pylist(), strict=True)
    ]
    at = items.column_names.index("element_ids")
    return items.set_column(at, ITEMS.field("element_ids"), pa.array(element_ids, pa.list_(pa.string())))


def _batches(workspace: Workspace, source: Input, schema: pa.Schema) -> Iterator[tuple[str, Batch]]:
    settings = workspace.settings
    for path in find_files(settings.base / source.path):
        for batch in read_rows(
            path,
            schema=schema,
            columns=source.columns,
            constants=source.constants,
            chunk_rows=settings.clean.chunk_rows,
            checks=Checks(source=source.name),
        ):
            yield str(path), batch


def _without_raw_ids(workspace: Workspace, events: pa.Table) -> pa.Table:
    """The same rows with pseudonyms, so that not even a fingerprint rests on raw ids alone."""
    at = events.column_names.index("user")
    return events.set_column(at, "user", workspace.pseudonymiser.keys("user", events["user"]))


def _keep_rejects(workspace: Workspace, key: str, rejects: pa.Table, found: str) -> None:
    if rejects.num_rows:
        workspace.lake.commit(f"rejects/{key}", {"rejects": rejects}, fingerprint=found)
    else:
        workspace.lake.drop(f"rejects/{key}")  # what was wrong before has been mended
