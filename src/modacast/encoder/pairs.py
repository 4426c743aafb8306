"""Pairs of texts that belong together: what contrastive fine-tuning learns from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pyarrow as pa

from modacast.errors import InvalidInput, suggest

__all__ = ["Pair", "PairSplit", "attribute_pairs", "label_pairs", "name_pairs", "split_pairs", "title_pairs"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A text that asks and the text that answers it.

    Attributes:
        query: is encoded as a query.
        document: is encoded as a document.
        task: only pairs of the same task are told apart from each other.
    """

    query: str
    document: str
    task: str = "pairs"


@dataclass(frozen=True, slots=True)
class PairSplit:
    """Pairs in two parts that share no text.

    Attributes:
        train: to learn from.
        held_out: to measure with.
    """

    train: list[Pair]
    held_out: list[Pair]


def title_pairs(items: pa.Table, *, title: str = "title", text: str = "text") -> list[Pair]:
    """Get title and description of each product that has both.

    Args:
        items: rows of `types.ITEMS`, or any table with two columns of strings.
        title: name of the first column.
        text: name of the second.

    Raises:
        InvalidInput: a column is missing.
    """
    for name in (title, text):
        if name not in items.column_names:
            raise InvalidInput(f"there is no column {name!r}{suggest(name, items.column_names)}")
    rows = zip(items.column(title).to_pylist(), items.column(text).to_pylist(), strict=True)
    pairs = [Pair(a, b, "title") for a, b in rows if a and b and a.strip() and b.strip() and a != b]
    return list(dict.fromkeys(pairs))


def label_pairs(
    labels: Mapping[str, Mapping[str, Sequence[str]]], *, langs: Sequence[str] = ("zh", "en")
) -> list[Pair]:
    """Get the names of the same element in each language and each other one.

    Args:
        labels: element id to language code to names, as `types.Element.labels` has them.
        langs: the languages to pair, in both directions.

    Returns:
        One pair a name of the one language, with the other's first name; none where both are written alike.
    """
    pairs = [
        Pair(name, target[0], f"{asked}-{told}")
        for by_lang in labels.values()
        for asked, told in permutations(langs, 2)
        if (target := by_lang.get(told))
        for name in by_lang.get(asked, ())
        if name.strip() and target[0].strip() and name.casefold() != target[0].casefold()
    ]
    return list(dict.fromkeys(pairs))


def name_pairs(
    labels: Mapping[str, Mapping[str, Sequence[str]]],
    *,
    langs: Sequence[str] = ("zh", "en"),
    pivots: Sequence[str] = ("zh", "en"),
    at_most: int | None = None,
    seed: int = 0,
) -> list[Pair]:
    """Get all names of the same element, synonyms too, in two languages of which one is a pivot at least.

    Args:
        labels: element id to language code to names, as `types.Element.labels` has them.
        langs: the languages to pair, in both directions.
        pivots: pairs between these come first and are all kept.
        at_most: upper bound on the pairs; None for all.
        seed: decides which synonym of the other language a name is paired with, and which pairs are kept.

    Returns:
        One pair a name and other language, with the other's usual name or one of its synonyms by turns; none
        where both are written alike.
    """
    rng = np.random.default_rng(seed)
    first: list[Pair] = []
    rest: list[Pair] = []
    for by_lang in labels.values():
        for asked, told in permutations(langs, 2):
            targets = by_lang.get(told, ())
            if not targets or not {asked, told} & set(pivots):
                continue
            for name in by_lang.get(asked, ()):
                target = targets[0] if rng.random() < 0.5 else targets[int(rng.integers(len(targets)))]
                if name.strip() and target.strip() and name.casefold() != target.casefold():
                    between = {asked, told} <= set(pivots)
                    (first if between else rest).append(Pair(name, target, f"{asked}-{told}"))
    order = rng.permutation(len(rest))[: None if at_most is None else max(0, at_most - len(first))]
    return list(dict.fromkeys([*first, *(rest[i] for i in order)]))


def attribute_pairs(rows: Iterable[tuple[Mapping[str, Sequence[str]], str]]) -> list[Pair]:
    """Get a product's attributes and the text written from them.

    Args:
        rows: for each product its attributes (name to values) and its text.

    Returns:
        Pairs whose query is the values alone, in order, with a space between them.
    """
    pairs = [
        Pair(" ".join(value for values in attributes.values() for value in values), text, "attributes")
        for attributes, text in rows
    ]
    return list(dict.fromkeys(pair for pair in pairs if pair.query.strip() and pair.document.strip()))


def split_pairs(pairs: Sequence[Pair], share: float, *, seed: int, at_most: int | None = None) -> PairSplit:
    """Hold some of the pairs out; pairs that share a text stay together.

    Args:
        pairs: in any order.
        share: of the pairs to hold out, in [0, 1).
        seed: decides which.
        at_most: upper bound on the number that is held out.
    """
    groups = _groups(pairs)
    wanted = min(round(share * len(pairs)), len(pairs) if at_most is None else at_most)
    held: set[int] = set()
    for i in np.random.default_rng(seed).permutation(len(groups)):
        if len(held) + len(groups[i]) <= wanted:
            held.update(groups[i])
    return PairSplit(
        [pair for i, pair in enumerate(pairs) if i not in held], [pairs[i] for i in sorted(held)]
    )


def _groups(pairs: Sequence[Pair]) -> list[list[int]]:
    """Get the places of the pairs that hang together by common texts."""
    leader = list(range(len(pairs)))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    first: dict[str, int] = {}
    for i, pair in enumerate(pairs):
        for text in (pair.query, pair.document):
            leader[find(i)] = find(first.setdefault(text, i))
    groups: dict[int, list[int]] = {}
    for i in range(len(pairs)):
        groups.setdefault(find(i), []).append(i)
    return list(groups.values())
