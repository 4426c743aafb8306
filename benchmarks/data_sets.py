"""Which files of a data folder a benchmark reads: each by its usual name, else another of its kind."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import TextIO

__all__ = [
    "ADVERTISEGEN",
    "CATEGORIES",
    "JD",
    "MYNTRA",
    "REDDIT",
    "WEIBO",
    "NoData",
    "find_file",
    "open_text",
    "text_of",
]

WEIBO = (
    "posts/weibo_hot_search_2020_2024.tsv.gz",
    "posts/*weibo*.tsv*",
    "posts/*hot*.tsv*",
    "posts/*.tsv*",
)
REDDIT = ("posts/reddit_fashion_2009_2013.jsonl.gz", "posts/*reddit*.jsonl*", "posts/*.jsonl*")
ADVERTISEGEN = (
    "attributes/advertisegen_zh_5000.jsonl",
    "attributes/*advertisegen*.jsonl*",
    "attributes/*.jsonl*",
)
JD = ("attributes/jave_zh_90/*.tsv", "attributes/*jave*/*.tsv", "attributes/*jd*/*.tsv")
MYNTRA = ("attributes/myntra_titles_en.csv.gz", "attributes/*myntra*.csv*", "attributes/*.csv*")
CATEGORIES = ("taxonomy/apparel_categories_multilang.csv", "taxonomy/*multilang*.csv")


class NoData(Exception):  # an absence, and no error
    """A data set is not in the folder, or too short for what is measured on it; the message says which."""


def find_file(data: Path, patterns: tuple[str, ...]) -> Path:
    """Get the first file that fits: the usual name comes first, then patterns of names of its kind.

    Raises:
        NoData: there is none.
    """
    usual = patterns[0]
    for pattern in patterns:
        found = sorted(path for path in data.glob(pattern) if path.is_file())
        if found:
            if pattern != usual:
                print(f"there is no {usual}: {found[0].relative_to(data)} is read for it", file=sys.stderr)
            return found[0]
    raise NoData(f"there is no {usual} in the folder, nor another file like {' or '.join(patterns[1:])}")


def open_text(path: Path) -> TextIO:
    """Open a text file in UTF-8, gzipped or not."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def text_of(row: dict[str, str], *columns: str) -> str:
    """Get the first of some columns that a row has.

    Raises:
        NoData: it has none of them.
    """
    for column in columns:
        if column in row:
            return row[column]
    raise NoData(f"a file has the columns {', '.join(row)}, none of them {' or '.join(columns)}")
