"""What the texts of a file say of the products that they describe."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from modacast.elements import Lexicon, Tagger
from modacast.elements.product_values import PRODUCT_VALUES, product_values
from modacast.pipeline.single import Columns, read_texts
from modacast.types import REJECTS, Batch

__all__ = ["list_values"]


def list_values(
    path: Path,
    *,
    columns: Columns,
    lang: str | None,
    encoding: str | None = None,
    lexicon: Lexicon | None = None,
) -> Batch:
    """Get the attribute values of the products that a file's texts describe; `PRODUCT_VALUES` and `REJECTS`.

    Args:
        path: CSV, TSV, JSONL, Parquet or plain text, one product a row; rows without an id get their line.
        columns: which column is the text, the id and the language.
        lang: language of all texts, where it is known.
        encoding: of the file, where it is neither UTF-8 nor GB18030.
        lexicon: None for the shipped one.
    """
    tagger = Tagger(lexicon or Lexicon.load())
    values, rejects = [PRODUCT_VALUES.empty_table()], [REJECTS.empty_table()]
    for batch in read_texts(path, columns, lang, encoding):
        documents = batch.table.select(["id", "text", "lang"])
        mentions = tagger.tag(documents, about_fashion=True)
        values.append(product_values(mentions, documents, tagger.lexicon))
        rejects.append(batch.rejects)
    return Batch(pa.concat_tables(values), pa.concat_tables(rejects))
