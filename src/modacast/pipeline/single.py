"""One stage at a time, on one file or for one shopper: what the command line and the API call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modacast.config import EncoderSettings, Input
from modacast.elements import Lexicon, Sentiment, Tagger
from modacast.elements.context import Context
from modacast.elements.seeds import MOODS
from modacast.elements.style import StyleReader
from modacast.encoder import Encoder, get_encoder
from modacast.errors import InvalidInput
from modacast.pipeline.people import Shop, fitted, learn_from_feedback, make_profiles, open_shop
from modacast.pipeline.progress import Progress, Silent, StageRow, StageTimer
from modacast.pipeline.shop import import_events
from modacast.pipeline.texts import clean_batch, clean_reviews, detect_languages
from modacast.pipeline.workspace import Workspace
from modacast.sources.tables import read_rows
from modacast.store.files import write_atomically
from modacast.types import REJECTS, Batch

__all__ = [
    "Lists",
    "clean_file",
    "embed_file",
    "feedback_status",
    "import_feedback",
    "open_sentiment",
    "read_moods",
    "read_texts",
    "recommend_to",
    "style_file",
    "tag_file",
]

Columns = Mapping[str, str | list[str]]

_TEXTS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("id", pa.string()),
        pa.field("text", pa.string(), nullable=False),
        pa.field("lang", pa.string()),
    ]
)
_MOODS_TABLE = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("label", pa.string(), nullable=False),
        pa.field("negative", pa.float64(), nullable=False),
        pa.field("neutral", pa.float64(), nullable=False),
        pa.field("positive", pa.float64(), nullable=False),
        pa.field("reasons", pa.string()),
    ]
)
_BATCH = 2_048


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists for some shoppers, by the ids that the shop knows them by.

    Attributes:
        table: `user`, `rank`, `item_id`, `title`, `score`, `reasons`.
        known: the users who have a history.
    """

    table: pa.Table
    known: frozenset[str]

    def rows_of(self, user: str) -> list[dict[str, Any]]:
        """Get one shopper's list."""
        return [row for row in self.table.to_pylist() if row["user"] == user]


def clean_file(
    workspace: Workspace,
    path: Path,
    *,
    columns: Columns,
    lang: str | None,
    min_relevance: float | None,
    encoding: str | None = None,
) -> Batch:
    """Clean a file of texts without storing it; `DOCUMENTS` and `REJECTS`."""
    from modacast.documents import Deduplicator
    from modacast.sources.files import FileSource

    settings = workspace.settings.clean
    deduplicator = Deduplicator(window_days=settings.window_days, threshold=settings.near_duplicate)
    tables, rejects = [], []
    for batch in FileSource(path.stem, path, columns=columns, lang=lang, encoding=encoding).read():
        cleaned = clean_batch(workspace, batch.table, path.stem, deduplicator, min_relevance=min_relevance)
        tables.append(cleaned.documents)
        rejects += [batch.rejects, cleaned.rejects]
    return Batch(pa.concat_tables(tables), pa.concat_tables(rejects))


def tag_file(
    path: Path,
    *,
    columns: Columns,
    lang: str | None,
    words_only: bool = False,
    encoding: str | None = None,
    lexicon: Lexicon | None = None,
) -> Batch:
    """Find the elements that a file's texts name; `MENTIONS` and `REJECTS`. Rows without an id get their line.

    Args:
        path: CSV, TSV, JSONL, Parquet or plain text.
        columns: which column is the text, the id and the language.
        lang: language of all texts, where it is known.
        words_only: by words and rules, without the language model.
        encoding: of the file, where it is neither UTF-8 nor GB18030.
        lexicon: None for the shipped one.
    """
    context = None if words_only else Context.load(get_encoder().encode)
    tagger, sentiment = (
        Tagger(lexicon or Lexicon.load(), context=context),
        open_sentiment(words_only=words_only),
    )
    mentions, rejects = [], []
    for batch in read_texts(path, columns, lang, encoding):
        texts = batch.table
        documents = pa.table({"id": texts["id"], "text": texts["text"], "lang": texts["lang"]})
        mentions.append(sentiment.mention_polarity(tagger.tag(documents), documents))
        rejects.append(batch.rejects)
    return Batch(pa.concat_tables(mentions), pa.concat_tables(rejects))


def open_sentiment(*, model: Path | None = None, words_only: bool = False) -> Sentiment:
    """Get the sentiment that commands on files read with.

    Args:
        model: a folder that `Sentiment.save` wrote; None for the shipped one.
        words_only: by words of praise and blame, without the language model.
    """
    encoder = None if words_only else get_encoder()
    return Sentiment(encoder=encoder) if model is None else Sentiment.load(model, encoder=encoder)


def read_moods(
    path: Path,
    sentiment: Sentiment,
    *,
    columns: Columns,
    lang: str | None,
    explain: bool = False,
    encoding: str | None = None,
) -> Batch:
    """Read the mood of a file's texts; `id, lang, label, negative, neutral, positive`, and `REJECTS`.

    Args:
        path: CSV, TSV, JSONL, Parquet or plain text; rows without an id get their line.
        sentiment: reads them.
        columns: which column is the text, the id and the language.
        lang: language of all texts, where it is known.
        explain: whether to tell the pieces that tipped it, which takes some twenty times as long.
        encoding: of the file, where it is neither UTF-8 nor GB18030.
    """
    tables, rejects = [_MOODS_TABLE.empty_table()], []
    for batch in read_texts(path, columns, lang, encoding):
        texts, langs = batch.table["text"].to_pylist(), batch.table["lang"].to_pylist()
        shares = sentiment.predict_proba(texts, langs)
        reasons = [
            "; ".join(f"{r.text} {r.weight:+.2f}" for r in sentiment.explain(text, code).reasons)
            if explain
            else None
            for text, code in zip(texts, langs, strict=True)
        ]
        columns_ = [batch.table["id"], batch.table["lang"], [MOODS[i] for i in shares.argmax(axis=1)],
                    *shares.round(4).T, reasons]  # fmt: skip
        tables.append(pa.table(dict(zip(_MOODS_TABLE.names, columns_, strict=True)), schema=_MOODS_TABLE))
        rejects.append(batch.rejects)
    table = pa.concat_tables(tables)
    return Batch(table if explain else table.drop_columns("reasons"), pa.concat_tables(rejects))


def style_file(path: Path, *, columns: Columns, k: int, encoding: str | None = None) -> Batch:
    """Get the styles of a file's texts: `id, rank, style_id, weight`, up to `k` rows a text, and `REJECTS`.

    Raises:
        InvalidInput: `k` is below 1.
    """
    if k < 1:
        raise InvalidInput(f"k is at least 1, got {k}")
    reader = StyleReader(Tagger(Lexicon.load()), Encoder.from_pretrained("bundled"))
    rows: list[dict[str, Any]] = []
    rejects = [REJECTS.empty_table()]
    for batch in read_texts(path, columns, None, encoding):
        table = batch.table
        reading = reader.read(table["text"].to_pylist(), table["lang"].to_pylist())
        for row, text_id in enumerate(table["id"].to_pylist()):
            for rank, (style_id, weight) in enumerate(reading.top(row, k), start=1):
                rows.append({"id": text_id, "rank": rank, "style_id": style_id, "weight": round(weight, 4)})
        rejects.append(batch.rejects)
    schema = pa.schema(
        {"id": pa.string(), "rank": pa.int32(), "style_id": pa.string(), "weight": pa.float64()}
    )
    return Batch(pa.Table.from_pylist(rows, schema=schema), pa.concat_tables(rejects))


def embed_file(
    path: Path,
    out: Path,
    *,
    kind: str,
    model: str,
    columns: Columns,
    progress: Progress,
    encoding: str | None = None,
) -> tuple[int, int]:
    """Write the vectors of a file's texts as `.npy`; returns the shape `(n, dim)`.

    Raises:
        InvalidInput: a row has no text, so that rows and vectors would not match.
    """
    encoder = Encoder.from_pretrained(EncoderSettings(model=model).model)
    encode = encoder.encode_query if kind == "query" else encoder.encode_document
    timer = StageTimer(progress, "embed", path.name)
    parts = [np.zeros((0, encoder.dim), dtype=np.float32)]
    for batch in read_texts(path, columns, None, encoding):
        if batch.rejects.num_rows:
            first = batch.rejects.slice(0, 1).to_pylist()[0]
            raise InvalidInput(
                f"{path} line {first['row']}: {first['reason']}; every row needs a text, or rows and vectors would "
                "not match. Run `modacast clean` first, or mend the line"
            )
        texts = batch.table["text"].to_pylist()
        for start in range(0, len(texts), _BATCH):
            parts.append(encode(texts[start : start + _BATCH]))
            timer.add(len(parts[-1]), len(parts[-1]))
    vectors = np.concatenate(parts)
    write_atomically(out, lambda file: np.save(file, vectors))
    timer.finish()
    return vectors.shape[0], vectors.shape[1]


def recommend_to(
    workspace: Workspace,
    users: Sequence[str],
    *,
    k: int,
    personal: bool = True,
    explain: bool = True,
    lang: Literal["zh", "en"] = "zh",
) -> Lists:
    """Recommend to shoppers named by their raw ids, each as they agreed to.

    Args:
        workspace: with a catalogue and events.
        users: raw ids; they are not stored.
        k: length of the lists.
        personal: False gives everyone the same.
        explain: whether to give reasons.
        lang: of the reasons.

    Raises:
        InvalidInput: there are no products, or `k` is below 1.
    """
    keys = {user: workspace.pseudonymiser.key("user", user) for user in users}
    shop = _stocked_shop(workspace)
    profiles = workspace.database.profiles(list(keys.values()))
    recommender = fitted(workspace, shop, profiles)
    consents = workspace.database.consents()
    rows = []
    for user, key in keys.items():
        may = personal and consents.get(key, "granted") == "granted"
        made = recommender.recommend([key], k=k, personal=may, explain=explain, lang=lang)
        for row in made.to_pylist():
            title = shop.catalogue.titles[shop.catalogue.row[row["item_id"]]]
            rows.append({"user": user, "rank": row["rank"], "item_id": row["item_id"], "title": title,
                         "score": row["score"], "reasons": row["reasons"]})  # fmt: skip
    schema = pa.schema({"user": pa.string(), "rank": pa.int32(), "item_id": pa.string(), "title": pa.string(),
                        "score": pa.float64(), "reasons": pa.list_(pa.string())})  # fmt: skip
    stored = set(profiles["user_key"].to_pylist())
    return Lists(
        pa.Table.from_pylist(rows, schema=schema), frozenset(u for u, key in keys.items() if key in stored)
    )


def import_feedback(
    workspace: Workspace,
    path: Path,
    *,
    name: str,
    columns: Columns,
    kind: str | None,
    progress: Progress,
) -> list[StageRow]:
    """Import a file of events: store them, update the profiles, turn reviews into documents, learn."""
    source = Input(
        name=name, path=str(path.absolute()), columns=dict(columns), constants={"kind": kind} if kind else {}
    )
    with workspace.locked():
        rows = [import_events(workspace, source, progress), clean_reviews(workspace, progress)]
        shop = open_shop(workspace, progress)
        rows.append(make_profiles(workspace, shop, progress))
        learn_from_feedback(workspace, shop, progress)
    return rows


def feedback_status(workspace: Workspace) -> dict[str, Any]:
    """Get what feedback there is, and what was learned from it."""
    events = workspace.database.events()
    kinds = dict(
        sorted((row["values"], row["counts"]) for row in pc.value_counts(events["kind"]).to_pylist())
    )
    model = workspace.database.active_model("ranker")
    return {
        "events": events.num_rows,
        "kinds": kinds,
        "shoppers": workspace.database.count("profiles"),
        "last_event": pc.max(events["at"]).as_py() if events.num_rows else None,
        "ranker": f"learned, version {model.version}" if model else "default weights",
        "last_learning": workspace.database.get_state("learning"),
    }


def _stocked_shop(workspace: Workspace) -> Shop:
    shop = open_shop(workspace, Silent())
    if not shop.catalogue.ids:
        raise InvalidInput(
            "there are no products yet; name a catalogue under [[items]] and run `modacast run`"
        )
    return shop


def read_texts(
    path: Path, columns: Columns, lang: str | None, encoding: str | None = None
) -> Iterator[Batch]:
    """Yield batches of `row, id, text, lang`, with ids and languages filled in, and `REJECTS`."""
    constants = {"lang": lang} if lang else {}
    for batch in read_rows(path, schema=_TEXTS, columns=columns, constants=constants, encoding=encoding):
        table = batch.table
        ids = pc.coalesce(table["id"], pc.cast(table["row"], pa.string()))
        langs = detect_languages(table["text"].to_pylist(), table["lang"].to_pylist())
        table = table.set_column(1, "id", ids).set_column(3, "lang", pa.array(langs, pa.string()))
        yield Batch(table, batch.rejects)
