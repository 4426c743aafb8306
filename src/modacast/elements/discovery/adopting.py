"""Discovered words as elements of a lexicon, and where texts name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modacast.elements.columns import text_column
from modacast.elements.discovery.naming import element_name
from modacast.elements.folding import fold
from modacast.elements.lexicon import Lexicon
from modacast.elements.matcher import Claim, Matcher, leftmost_longest
from modacast.types import FACETS, LANGUAGES, MENTIONS, Element, Facet

__all__ = ["as_elements", "find_new_words", "with_new_words"]

_MAIN_LANGUAGES = ("zh", "en")


def as_elements(words: pa.Table) -> tuple[Element, ...]:
    """Get new words as elements, each once, with the status `"admitted"`.

    Words of several languages that mean the same are one element. A word of another language than Chinese or English
    is its own English label as well, since every element has a label in one of the two.

    Args:
        words: `NEW_WORDS`.
    """
    rows = _standing(words)
    owners = _owners(rows)
    elements: dict[str, Element] = {}
    for row in rows:
        element_id = owners[row["id"]]
        names = tuple(dict.fromkeys((row["text"], *row["variants"])))
        lang = row["lang"] if row["lang"] in LANGUAGES else "en"
        labels = {lang: names}
        if lang not in _MAIN_LANGUAGES:
            labels["en"] = names[:1]
        old = elements.get(element_id)
        if old is not None:
            elements[element_id] = replace(old, labels={**labels, **old.labels})
            continue
        facet: Facet = next((facet for facet in FACETS if element_id.startswith(f"{facet}/")), "style")
        parent = row["parent"] if row["parent"] and row["parent"].startswith(f"{facet}/") else None
        since = {"since": row["first_seen"].isoformat()}
        elements[element_id] = Element(element_id, facet, labels, parent, "admitted", since)
    return tuple(elements.values())


def with_new_words(lexicon: Lexicon, words: pa.Table) -> Lexicon:
    """Get a lexicon with new words as admitted elements; what it holds already is left out.

    Args:
        lexicon: to be extended.
        words: `NEW_WORDS`.
    """
    known = {
        (entry.lang, entry.surface.text.casefold())
        for entry in lexicon.entries
        if not entry.surface.ambiguous
    }
    new = []
    for element in as_elements(words):
        lang, names = next(iter(element.labels.items()))
        if element.id not in lexicon and (lang, names[0].casefold()) not in known:
            parent = element.parent if element.parent in lexicon else None
            new.append(
                Element(element.id, element.facet, element.labels, parent, element.status, element.attributes)
            )
    return lexicon.extended(new) if new else lexicon


def _standing(words: pa.Table) -> list[dict[str, Any]]:
    """Get the rows without those whose word became a variant of another, found later."""
    rows = words.to_pylist()
    taken = {(row["lang"], variant) for row in rows for variant in row["variants"]}
    return [row for row in rows if (row["lang"], fold(row["text"])) not in taken]


def _owners(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Get the element of each word: its own, or that of a word of another language which means the same."""
    owners: dict[str, str] = {}
    for row in rows:
        before = next((owners[known] for known in row["same_as"] or () if known in owners), None)
        facet = row["facet"] if row["facet"] in FACETS else "style"
        owners[row["id"]] = before or element_name(facet, row["text"])
    return owners


def find_new_words(words: pa.Table, documents: pa.Table) -> pa.Table:
    """Find where texts name new words, without the rest of the lexicon: fast, for many texts.

    Args:
        words: `NEW_WORDS`.
        documents: a table with the string columns `id`, `text` and `lang`.

    Returns:
        `MENTIONS`; polarity 0 and the word's probability as confidence. Element ids are those of `as_elements`.
    """
    ids, texts, langs = (text_column(documents, name) for name in ("id", "text", "lang"))
    claims: list[Claim] = []
    names: list[str] = []
    sure: list[float] = []
    rows = _standing(words)
    owners = _owners(rows)
    for row in rows:
        names.append(owners[row["id"]])
        sure.append(row["probability"])
        claims += [
            Claim(surface, row["lang"], len(names) - 1, rank=len(claims))
            for surface in dict.fromkeys((row["text"], *row["variants"]))
        ]
    if not claims:
        return MENTIONS.empty_table()
    found = Matcher(claims).find(texts, langs)
    found = found.where(leftmost_longest(found))
    owner = np.array([claims[i].owner for i in found.claim.tolist()], np.int64)
    spans: Sequence[tuple[int, int, int]] = list(
        zip(found.doc.tolist(), found.start.tolist(), found.end.tolist(), strict=True)
    )
    columns = [
        pa.array(ids, pa.string()).take(pa.array(found.doc)),
        pa.array(names, pa.string()).take(pa.array(owner)),
        pa.array(found.start, pa.int32()),
        pa.array(found.end, pa.int32()),
        pa.array([texts[d][s:e] for d, s, e in spans], pa.string()),
        pa.array(np.zeros(len(spans)), pa.float32()),
        pc.cast(pa.array(sure, pa.float64()).take(pa.array(owner)), pa.float32()),
    ]
    return pa.Table.from_arrays(columns, schema=MENTIONS)
