"""Words that were hidden from the lexicon: which of them a span tagger finds again in AdvertiseGen's texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.data_sets import ADVERTISEGEN, find_file, open_text
from benchmarks.report import Report
from modacast.elements import Lexicon, Tagger
from modacast.elements.folding import fold
from modacast.elements.spans import SpanTagger
from modacast.encoder import get_encoder

__all__ = ["hidden_words"]

_SEEDS = (0, 1, 2)
_N_LEARNED = 4000
_HIDDEN = 5
_QUICK = 200

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Task:
    """Texts of which some names were hidden.

    Attributes:
        texts: to be read.
        hidden: where hidden names stand in each, with their facets.
        values: attribute values of each.
        left: where the rest of the lexicon finds something.
    """

    texts: Sequence[str]
    hidden: Sequence[dict[Place, str]]
    values: Sequence[frozenset[str]]
    left: Sequence[Sequence[Place]]

    def since(self, first: int) -> _Task:
        """Get the texts from a position on."""
        return _Task(self.texts[first:], self.hidden[first:], self.values[first:], self.left[first:])


@dataclass(slots=True)
class _Count:
    """What of the hidden was found, as one flag a hidden mention or a found span."""

    exact: list[bool] = field(default_factory=list)
    overlapping: list[bool] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    right_or_value: list[bool] = field(default_factory=list)
    facet: list[bool] = field(default_factory=list)


def hidden_words(report: Report, lexicon: Lexicon, data: Path, *, quick: bool) -> None:
    """Hide the Chinese names of a fifth of the elements, three times, and look for them.

    Learned from the first 4,000 texts by what is left of the lexicon, without the attributes; looked for in the last
    1,000. A span counts as found where the rest of the lexicon does not cover it; it is right where it overlaps a
    hidden name, or, in the row that says so, agrees with an attribute value of its text. The parts of the network were
    chosen on the first half of the last 1,000 texts, so the second half has rows of its own.
    """
    with open_text(find_file(data, ADVERTISEGEN)) as stream:
        records = [json.loads(line) for line in islice(stream, 2 * _QUICK if quick else None)]
    cut = min(_QUICK if quick else _N_LEARNED, len(records) * 4 // 5)
    texts = [record["summary"] for record in records]
    full = _places(Tagger(lexicon), texts[cut:])
    counts: dict[tuple[str | None, str], list[_Count]] = {}
    for seed in _SEEDS[:1] if quick else _SEEDS:
        rest, hidden = _split(lexicon, seed)
        tagger = Tagger(rest)
        surfaces = {fold(entry.surface.text) for entry in rest.iter_entries() if entry.lang == "zh"}
        task = _task(records[cut:], full, hidden, surfaces, _places(tagger, texts[cut:]))
        for peer, find in _finders(tagger, texts[:cut]).items():
            found = find(task.texts)
            half = len(found) // 2
            counts.setdefault((peer, "last 1,000 texts"), []).append(_counted(task, found))
            counts.setdefault((peer, "last 500"), []).append(_counted(task.since(half), found[half:]))
    for (peer, part), some in counts.items():
        _add(report, peer, part, some)


def _split(lexicon: Lexicon, seed: int) -> tuple[Lexicon, frozenset[str]]:
    """Get the lexicon without the Chinese names of a fifth of its elements, and the ids of those."""
    rows = lexicon._rows
    named = [row.id for row in rows if row.cells.get("zh")]
    rng = np.random.default_rng(seed)
    hidden = frozenset(rng.choice(named, len(named) // _HIDDEN, replace=False).tolist())
    return Lexicon(
        [
            replace(row, cells={lang: cell for lang, cell in row.cells.items() if lang != "zh"})
            if row.id in hidden
            else row
            for row in rows
        ]
    ), hidden


def _places(tagger: Tagger, texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
    mentions = tagger.tag(_table(texts), about_fashion=True)
    found: list[list[tuple[int, int, str]]] = [[] for _ in texts]
    columns = (mentions[name].to_pylist() for name in ("doc_id", "start", "end", "element_id"))
    for doc, start, end, element_id in zip(*columns, strict=True):
        found[int(doc)].append((start, end, element_id))
    return found


def _table(texts: Sequence[str]) -> pa.Table:
    ids = [str(i) for i in range(len(texts))]
    return pa.table({"id": ids, "text": list(texts), "lang": ["zh"] * len(texts)})


def _task(
    records: Sequence[dict[str, str]],
    full: Sequence[Sequence[tuple[int, int, str]]],
    hidden: frozenset[str],
    surfaces: set[str],
    left: Sequence[Sequence[tuple[int, int, str]]],
) -> _Task:
    """Look where hidden names stand: outermost mentions whose spelling the rest of the lexicon lacks."""
    places = []
    for record, mentions in zip(records, full, strict=True):
        of_text, last = {}, 0
        for start, end, element_id in sorted(mentions, key=lambda m: (m[0], -m[1])):
            if start >= last:
                last = end
                if element_id in hidden and fold(record["summary"][start:end]) not in surfaces:
                    of_text[start, end] = element_id.partition("/")[0]
        places.append(of_text)
    values = [frozenset(pair.partition("#")[2] for pair in r["content"].split("*")) for r in records]
    return _Task([r["summary"] for r in records], places, values, [[m[:2] for m in some] for some in left])


Finder = Callable[[Sequence[str]], list[dict[Place, str]]]
"""Gets the spans of each text with the facet, `""` where none is told."""


def _finders(tagger: Tagger, learned: Sequence[str]) -> dict[str | None, Finder]:
    spans = SpanTagger(get_encoder(), tagger).fit(_table(learned), about_fashion=True)

    def by_spans(texts: Sequence[str]) -> list[dict[Place, str]]:
        found: list[dict[Place, str]] = [{} for _ in texts]
        for row in spans.find(_table(texts), about_fashion=True).to_pylist():
            found[int(row["doc_id"])][row["start"], row["end"]] = row["facet"]
        return found

    return {
        None: by_spans,
        "jieba words outside the lexicon": _Words(tagger, beside=False),
        "the same beside a known name": _Words(tagger, beside=True),
    }


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of jieba's dictionary that no known name touches, all or those beside a known name."""

    tagger: Tagger
    beside: bool

    def __call__(self, texts: Sequence[str]) -> list[dict[Place, str]]:
        import rjieba

        found = []
        for text, known in zip(texts, _places(self.tagger, texts), strict=True):
            taken = {place for start, end, _ in known for place in range(start, end)}
            edges = {start for start, _, _ in known} | {end for _, end, _ in known}
            spans, start = {}, 0
            for word in rjieba.cut(text):
                end = start + len(word)
                is_free = len(word) > 1 and word.isalnum() and not taken.intersection(range(start, end))
                if is_free and (not self.beside or edges & {start, end}):
                    spans[start, end] = ""
                start = end
            found.append(spans)
        return found


def _counted(task: _Task, found: Sequence[dict[Place, str]]) -> _Count:
    count = _Count()
    rows = zip(task.texts, task.hidden, task.values, task.left, found, strict=True)
    for text, hidden, values, left, spans in rows:
        known = {place for start, end in left for place in range(start, end)}
        new = {place: facet for place, facet in spans.items() if not known.issuperset(range(*place))}
        for place, facet in hidden.items():
            count.exact.append(place in new)
            count.overlapping.append(any(_meet(place, other) for other in new))
            if place in new:
                count.facet.append(new[place] == facet)
        for place in new:
            word = text[slice(*place)]
            count.right.append(any(_meet(place, other) for other in hidden))
            agrees = any(word in value or value in word for value in values)
            count.right_or_value.append(count.right[-1] or agrees)
    return count


def _meet(one: Place, other: Place) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _add(report: Report, peer: str | None, part: str, counts: Sequence[_Count]) -> None:
    row = f"AdvertiseGen, {part}, names of 20 % of the elements hidden, three times"
    more = {} if peer is None else {"peer": peer}
    for metric, name in (
        ("recall, exact span", "exact"), ("recall, overlapping", "overlapping"),
        ("precision, hidden names alone", "right"), ("precision, attribute values too", "right_or_value"),
    ):  # fmt: skip
        report.add_mean(row, metric, np.concatenate([getattr(count, name) for count in counts]), **more)
    sizes = f"{sum(len(c.exact) for c in counts)} hidden mentions, {sum(len(c.right) for c in counts)} spans found"
    if peer is None:
        report.add_mean(row, "right facet, of exact ones", np.concatenate([count.facet for count in counts]))
    report.note(f"hidden words, {part}, {peer or 'learned spans'}: {sizes}")
