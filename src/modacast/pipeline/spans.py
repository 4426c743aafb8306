"""Words of a file that look like fashion elements and that the lexicon lacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from modacast.config import CleanSettings
from modacast.elements import Lexicon, Relevance, Tagger
from modacast.elements.spans import SpanTagger, counted
from modacast.encoder import get_encoder
from modacast.errors import InvalidInput
from modacast.pipeline.single import read_texts
from modacast.privacy import scrub_many
from modacast.types import Batch

__all__ = ["list_spans"]


def list_spans(
    path: Path,
    *,
    columns: Mapping[str, str | list[str]],
    lang: str | None,
    model: Path | None = None,
    save: Path | None = None,
    fewest: int = 1,
    encoding: str | None = None,
    lexicon: Lexicon | None = None,
) -> Batch:
    """List the words of a file that the lexicon lacks and that look like elements; `COUNTED_SPANS` and `REJECTS`.

    Texts are scrubbed of personal data before anything reads them, equal ones count once, and those that are about
    other things than fashion are left out, as cleaning leaves them out.

    Args:
        path: CSV, TSV, JSONL, Parquet or plain text.
        columns: which column is the text, the id and the language.
        lang: language of all texts, where it is known.
        model: folder of a span tagger that was saved; None to learn from the file itself.
        save: folder to save what was learned to; None for nowhere.
        fewest: smallest number of texts that hold a word.
        encoding: of the file, where it is neither UTF-8 nor GB18030.
        lexicon: what is known already; None for the shipped one.

    Raises:
        InvalidInput: a model is both given and to be saved, or the file names too little to learn from.
        NotFound: there is no such model.
        StorageError: the model cannot be saved.
    """
    if model is not None and save is not None:
        raise InvalidInput("what was loaded with --model is not learned anew, so there is nothing to save")
    batches = list(read_texts(path, columns, lang, encoding))
    table = pa.concat_tables([batch.table for batch in batches])
    scrubbed = scrub_many(table["text"].to_pylist()).texts
    langs = dict(zip(scrubbed, table["lang"].to_pylist(), strict=True))
    texts = dict(zip(map(str, range(len(langs))), langs, strict=True))
    documents = pa.table(
        {"id": list(texts), "text": list(texts.values()), "lang": list(langs.values())},
        schema=pa.schema([(name, pa.string()) for name in ("id", "text", "lang")]),
    )
    tagger, encoder = Tagger(lexicon or Lexicon.load()), get_encoder()
    relevance = Relevance(tagger)(list(texts.values()), list(langs.values()))
    documents = documents.filter(pa.array(relevance >= CleanSettings().min_relevance))
    if model is None:
        spans = SpanTagger(encoder, tagger).fit(documents)
    else:
        spans = SpanTagger.load(model, encoder, tagger)
    if save is not None:
        spans.save(save)
    found = counted(spans.find(documents), texts, fewest=fewest)
    return Batch(found, pa.concat_tables([batch.rejects for batch in batches]))
