"""The table of new words."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["NEW_WORDS"]

NEW_WORDS = pa.schema([
    pa.field("id", pa.string(), nullable=False),                                        # of language and folded spelling
    pa.field("text", pa.string(), nullable=False),                                      # as it is mostly written
    pa.field("lang", pa.string(), nullable=False),
    pa.field("facet", pa.string(), nullable=False),                                     # the likeliest
    pa.field("facet_probability", pa.float64(), nullable=False),
    pa.field("parent", pa.string()),                     # id of the element that it is a kind of
    pa.field("nearest", pa.list_(pa.string())),         # ids of the nearest elements, the nearest first
    pa.field("variants", pa.list_(pa.string())),        # other spellings and longer forms of it
    pa.field("same_as", pa.list_(pa.string())),  # ids of earlier new words of other languages that mean it
    pa.field("ds", pa.date32(), nullable=False),        # Monday of the week after which it was found
    pa.field("first_seen", pa.date32(), nullable=False),  # Monday of the first week that has it
    pa.field("n_texts", pa.int64(), nullable=False),    # of the window before it was found
    pa.field("n_stories", pa.int64(), nullable=False),
    pa.field("n_authors", pa.int64(), nullable=False),
    pa.field("n_before", pa.int64(), nullable=False),   # texts of the year before the window
    pa.field("growth", pa.float64(), nullable=False),   # rate of the window over that of the year before
    pa.field("probability", pa.float64(), nullable=False),  # of being a word of fashion
    pa.field("by_word", pa.float64()),                  # log-odds by the word alone; null without language model
    pa.field("by_context", pa.float64()),               # log-odds by its texts alone
    pa.field("likeness", pa.float64(), nullable=False),  # log-odds of its texts' pairs of words
    pa.field("fashion_share", pa.float64(), nullable=False),  # mean relevance of its texts
    pa.field("freedom", pa.float64(), nullable=False),  # lower branching entropy of its two sides, nats
    pa.field("cohesion", pa.float64(), nullable=False),  # normalised mutual information of its weakest split
    pa.field("evidence_ids", pa.list_(pa.string())),
    pa.field("status", pa.string(), nullable=False),                                    # "found", "admitted", "accepted" or "rejected"
])  # fmt: skip
"""Words that the lexicon lacks, as discovery found them."""
