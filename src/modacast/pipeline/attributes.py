"""A shop's own attributes, learned from a file of products and filled in for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from modacast.elements import Lexicon, Tagger
from modacast.elements.attributes import AttributeReport, AttributeTagger, Filled
from modacast.errors import InvalidInput
from modacast.pipeline.texts import detect_languages
from modacast.privacy import scrub_many
from modacast.sources.tables import read_rows
from modacast.types import REJECTS, Batch

__all__ = ["FilledFile", "LearnedAttributes", "fill_attributes", "learn_attributes"]

_OWN = ("row", "id", "text", "lang")
Columns = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class LearnedAttributes:
    """What was learned from a file.

    Attributes:
        reports: by attribute.
        n_unlabelled: rows without any of the attributes; they teach nothing.
        rejects: a table of `REJECTS`.
    """

    reports: dict[str, AttributeReport]
    n_unlabelled: int
    rejects: pa.Table


@dataclass(frozen=True, slots=True)
class FilledFile:
    """A file with its attributes filled in.

    Attributes:
        batch: the table: `id`, and for each attribute `NAME`, `NAME_probability` and `NAME_from` (`given` in the file,
            `learned`, or null where it is left empty); and `REJECTS`.
        n_given: rows whose attribute the file had, by attribute.
        n_empty: rows that were left empty, by attribute.
    """

    batch: Batch
    n_given: dict[str, int]
    n_empty: dict[str, int]


def learn_attributes(
    path: Path,
    names: Sequence[str],
    out: Path,
    *,
    columns: Columns,
    lang: str | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    seed: int = 0,
) -> LearnedAttributes:
    """Learn attributes from a file of products and save what was learned.

    Titles and labels are scrubbed of personal data before anything is learned from them.

    Args:
        path: CSV, TSV, JSONL or Parquet.
        names: columns of the file that are attributes.
        out: folder of the model.
        columns: which column is the text, the id and the language.
        lang: language of all titles, where it is known.
        labels: attribute to labels of it that may be without a product.
        seed: decides how it is measured.

    Raises:
        InvalidInput: a column is missing, or an attribute has no label or looks like an id.
        NotFound: there is no such file.
        StorageError: the model cannot be saved.
    """
    table, rejects = _read(path, names, columns, lang, needed=True)
    for name in labels or {}:
        if name not in names:
            raise InvalidInput(
                f"labels were named for {name!r}, which is not among the columns {', '.join(names)}"
            )
    values = {name: list(scrub_many(_strings(table, name)).texts) for name in names}
    tagger = AttributeTagger(Tagger(Lexicon.load())).fit(
        table["text"].to_pylist(), table["lang"].to_pylist(), values, labels=labels, seed=seed
    )
    tagger.save(out)
    n_unlabelled = sum(not any(map(str.strip, row)) for row in zip(*values.values(), strict=True))
    return LearnedAttributes(tagger.reports, n_unlabelled, rejects)


def fill_attributes(
    path: Path, model: Path, *, columns: Columns, lang: str | None = None, least: float = 0.5
) -> FilledFile:
    """Fill in the attributes that a model has learned; what the file holds already stays.

    Args:
        path: CSV, TSV, JSONL or Parquet; rows without an id get their line.
        model: folder that `learn_attributes` wrote.
        columns: which column is the text, the id and the language.
        lang: language of all titles, where it is known.
        least: probability, in [0, 1], below which an attribute is left empty.

    Raises:
        InvalidInput: a column is missing, `least` is out of range, or the model is broken.
        NotFound: there is no such file or model.
    """
    tagger = AttributeTagger.load(model, Tagger(Lexicon.load()))
    names = list(tagger.models_)
    table, rejects = _read(path, names, columns, lang, needed=False)
    filled = tagger.fill(table["text"].to_pylist(), table["lang"].to_pylist(), least=least)
    arrays: dict[str, pa.Array] = {"id": table["id"].combine_chunks()}
    n_given, n_empty = {}, {}
    for name in names:
        rows = [_row(given, found) for given, found in zip(_strings(table, name), filled[name], strict=True)]
        arrays[name] = pa.array([label for label, _, _ in rows], pa.string())
        arrays[f"{name}_probability"] = pa.array([share for _, share, _ in rows], pa.float64())
        arrays[f"{name}_from"] = pa.array([source for _, _, source in rows], pa.string())
        n_given[name] = sum(source == "given" for _, _, source in rows)
        n_empty[name] = sum(source is None for _, _, source in rows)
    return FilledFile(Batch(pa.table(arrays), rejects), n_given, n_empty)


def _row(given: str, found: Filled) -> tuple[str | None, float | None, str | None]:
    if given.strip():
        return given.strip(), None, "given"
    return found.label, round(found.probability, 4), None if found.label is None else "learned"


def _strings(table: pa.Table, name: str) -> list[str]:
    return [value or "" for value in table[name].to_pylist()]


def _read(
    path: Path, names: Sequence[str], columns: Columns, lang: str | None, *, needed: bool
) -> tuple[pa.Table, pa.Table]:
    """Get `id, text, lang` and the attributes, texts scrubbed, and the rejects."""
    if not names:
        raise InvalidInput("name at least one column that is an attribute")
    for name in names:
        if name in _OWN or list(names).count(name) > 1:
            raise InvalidInput(
                f"the attribute {name!r} is named twice, or as one of modacast's own columns ({', '.join(_OWN)}); "
                "give that column another name in the file"
            )
    schema = pa.schema(
        [
            pa.field("row", pa.int64(), nullable=False),
            pa.field("id", pa.string()),
            pa.field("text", pa.string(), nullable=False),
            pa.field("lang", pa.string()),
            *(pa.field(name, pa.string()) for name in names),
        ]
    )
    mapping = {**columns, **({name: name for name in names} if needed else {})}
    tables, rejects = [schema.empty_table()], [REJECTS.empty_table()]
    for batch in read_rows(path, schema=schema, columns=mapping, constants={"lang": lang} if lang else {}):
        tables.append(batch.table)
        rejects.append(batch.rejects)
    table = pa.concat_tables(tables)
    texts = list(scrub_many(table["text"].to_pylist()).texts)
    ids = pc.coalesce(table["id"], pc.cast(table["row"], pa.string()))
    langs = detect_languages(texts, table["lang"].to_pylist())
    table = table.set_column(1, "id", ids).set_column(2, "text", pa.array(texts, pa.string()))
    return table.set_column(3, "lang", pa.array(langs, pa.string())), pa.concat_tables(rejects)
