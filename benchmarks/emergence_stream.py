"""A stream of dated texts, cleaned, tagged, and with its new words named: what `benchmarks.emergence` walks through.

The lexicon stays as it was given. Discovery (`modacast.elements.discovery`) reads all texts week by week and says in
which week each new word was known; nothing is named before.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from modacast.config import CleanSettings, Input, LexiconSettings, ProjectSettings, Settings
from modacast.elements import Lexicon, Relevance
from modacast.elements.discovery import as_elements, discover, element_name, find_new_words
from modacast.pipeline.mood import project_sentiment
from modacast.pipeline.progress import Silent
from modacast.pipeline.texts import collect_documents
from modacast.pipeline.workspace import Workspace
from modacast.types import Element

__all__ = ["Stream", "read_stream"]

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]

QUIET = ("season/", "occasion/", "length/")
"""Facets that tell of the calendar; silent here as in the settings' `quiet_facets`."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What is walked through.

    Attributes:
        documents: `DOCUMENTS` of the fashion stream, and every text that names a new word.
        mentions: `MENTIONS`.
        panel: `PANEL`.
        elements: of the lexicon and of discovery, by id.
        found: id of a new word to the Monday of the week in which it was found.
        known_from: the same of the words that are sure enough to be used without a review (`admit_probability`).
        texts: document id to its text.
        about: how likely texts are about fashion, by the lexicon as it was frozen.
    """

    documents: pa.Table
    mentions: pa.Table
    panel: pa.Table
    elements: Mapping[str, Element]
    found: Mapping[str, date]
    known_from: Mapping[str, date]
    texts: Mapping[str, str]
    about: Relevance


def read_stream(source: Input, base: Path, lexicon: Lexicon, encode: Encode | None) -> Stream:
    """Clean all texts, tag those about fashion, find new words and name them in all texts.

    Args:
        source: the file and its columns.
        base: the folder that its path is in.
        lexicon: as it was frozen.
        encode: the language model for discovery; None for counts alone.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            project=ProjectSettings(home=Path(folder)),
            documents=[source],
            clean=CleanSettings(min_relevance=0.0),
            base=base,
        )
        workspace = Workspace(settings)
        workspace.__dict__["lexicon"] = lexicon  # a cached property
        collect_documents(workspace, source, Silent())
        everything = workspace.lake.read("documents")
        documents = everything.filter(
            pc.greater_equal(everything["relevance"], CleanSettings().min_relevance)
        )
        panel = _only_about(workspace.lake.read("panel"), documents)
        tagged = workspace.context_tagger.tag(documents)
        mentions = project_sentiment(workspace).mention_polarity(tagged, documents)
    words = discover(everything, lexicon, encode)
    found = _known_from(words)
    words = words.filter(pc.greater_equal(words["probability"], LexiconSettings().admit_probability))
    named = find_new_words(words, everything)
    is_new = pc.invert(pc.is_in(everything["id"], documents["id"].combine_chunks()))
    holds = pc.is_in(everything["id"], named["doc_id"].combine_chunks())
    documents = pa.concat_tables([documents, everything.filter(pc.and_(is_new, holds))])
    known_from = _known_from(words)
    mentions = _leftmost_longest(mentions, named, documents, known_from)
    loud = [not name.startswith(QUIET) for name in mentions["element_id"].to_pylist()]
    new = {element.id: element for element in as_elements(words)}
    return Stream(
        documents=documents,
        mentions=pa.concat_tables([mentions.filter(pa.array(loud, pa.bool_())), named]),
        panel=panel,
        elements={**lexicon.elements, **new},
        found=found,
        known_from=known_from,
        texts=dict(zip(documents["id"].to_pylist(), documents["text"].to_pylist(), strict=True)),
        about=workspace.relevance,
    )


def _only_about(panel: pa.Table, documents: pa.Table) -> pa.Table:
    """Count the texts about fashion anew, as all texts were kept for discovery."""
    week = pl.col("published_at").dt.date().dt.truncate("1w").alias("ds")
    counted = (
        pl.DataFrame(documents.select(["published_at", "source", "lang"]))
        .group_by(week, "source", "lang")
        .agg(pl.len().cast(pl.Int64).alias("n_relevant"))
    )
    read = pl.DataFrame(panel).group_by(pl.col("ds").dt.truncate("1w"), "source", "lang")
    both = read.agg(pl.col("n_documents").sum()).join(counted, on=["ds", "source", "lang"], how="left")
    filled = both.with_columns(pl.col("n_relevant").fill_null(0)).sort("ds", "source", "lang")
    return filled.select(panel.column_names).to_arrow().cast(panel.schema)


def _leftmost_longest(
    mentions: pa.Table, named: pa.Table, documents: pa.Table, known_from: Mapping[str, date]
) -> pa.Table:
    """Leave out mentions that a new word covers from its left, once it is known, as a lexicon that holds it does.

    In `新中式穿搭` a lexicon without 新中式 reads 中式穿搭, and takes the one for the rise of the other.
    """
    day = pl.DataFrame(documents.select(["id", "published_at"])).select(
        doc_id="id", day=pl.col("published_at").dt.date()
    )
    known = pl.DataFrame(
        {"element_id": list(known_from), "known": list(known_from.values())},
        schema={"element_id": pl.String, "known": pl.Date},
    )
    new = (
        pl.DataFrame(named)
        .join(known, on="element_id")
        .join(day, on="doc_id")
        .filter(pl.col("day") >= pl.col("known"))
        .select("doc_id", new_start="start", new_end="end")
    )
    start, end = pl.col("start"), pl.col("end")
    new_start, new_end = pl.col("new_start"), pl.col("new_end")
    numbered = pl.DataFrame(mentions).with_row_index("row")
    covered = numbered.join(new, on="doc_id").filter(
        (new_start < end)
        & (start < new_end)
        & ((new_start < start) | ((new_start == start) & (new_end > end)))
    )
    kept = numbered.join(covered.select("row").unique(), on="row", how="anti").drop("row")
    return kept.to_arrow().cast(mentions.schema)


def _known_from(words: pa.Table) -> dict[str, date]:
    known: dict[str, date] = {}
    for row in words.select(["facet", "text", "ds"]).to_pylist():
        name = element_name(row["facet"], row["text"])
        known[name] = min(row["ds"], known.get(name, row["ds"]))
    return known
