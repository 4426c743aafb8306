"""Product titles composed from element names, the same product in several languages.

Names alone teach a model words; composed titles teach it to find the words of a whole title again in another
language. No corpus of translations is needed: the lexicon has each element's names, and a title is colour, fabric
or pattern, and garment in the order of its language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from modacast.encoder.pairs import Pair
from modacast.errors import InvalidInput

__all__ = ["Phrase", "compose_phrases", "phrase_pairs"]

_THINGS = ("garment", "footwear", "accessory")
_TRAITS = (
    ("color",),
    ("fabric", "pattern"),
    ("style", "detail", "sleeve", "neckline", "length", "silhouette"),
)
_JOINED = ("zh", "ja")
_THING_FIRST = ("fr", "es", "it", "pt")


@dataclass(frozen=True, slots=True)
class Phrase:
    """One product.

    Attributes:
        element_ids: what it is composed of, the thing itself last.
        titles: language code to title.
    """

    element_ids: tuple[str, ...]
    titles: Mapping[str, str]


def compose_phrases(
    labels: Mapping[str, Mapping[str, Sequence[str]]],
    n: int,
    *,
    langs: Sequence[str] = ("zh", "en"),
    seed: int = 0,
) -> list[Phrase]:
    """Compose products with two or three traits each, no two of the same elements.

    Args:
        labels: element id (`facet/name`) to language code to names, as `types.Element.labels` has them; elements
            that lack one of the languages are left out.
        n: products at most; fewer where the elements do not yield so many.
        langs: the languages of the titles.
        seed: decides elements and names.

    Raises:
        InvalidInput: no things, or no traits to give them.
    """
    known = {key: names for key, names in sorted(labels.items()) if all(names.get(lang) for lang in langs)}
    things = [key for key in known if key.split("/")[0] in _THINGS]
    traits = [[key for key in known if key.split("/")[0] in facets] for facets in _TRAITS]
    if not things or sum(map(bool, traits)) < 2:
        raise InvalidInput(
            f"titles need garments and two kinds of traits named in {', '.join(langs)}; got {len(things)} things"
        )
    rng = np.random.default_rng(seed)
    found: dict[frozenset[str], Phrase] = {}
    for _ in range(4 * n):
        if len(found) == n:
            break
        # the last kind of trait is there in half of the titles
        kinds = [kind for i, kind in enumerate(traits) if kind and (i < 2 or rng.random() < 0.5)]
        chosen = [kind[rng.integers(len(kind))] for kind in kinds] + [things[rng.integers(len(things))]]
        titles = {lang: _title([_name(known[key][lang], rng) for key in chosen], lang) for lang in langs}
        found.setdefault(frozenset(chosen), Phrase(tuple(chosen), titles))
    return list(found.values())


def phrase_pairs(phrases: Sequence[Phrase]) -> list[Pair]:
    """Get each product's title in one language with that in another, in all directions."""
    return [
        Pair(phrase.titles[asked], phrase.titles[told], f"title {asked}-{told}")
        for phrase in phrases
        for asked, told in permutations(phrase.titles, 2)
        if phrase.titles[asked].casefold() != phrase.titles[told].casefold()
    ]


def _name(names: Sequence[str], rng: np.random.Generator) -> str:
    # the first name is the usual one, and the others are synonyms
    return names[0] if rng.random() < 0.5 else names[int(rng.integers(len(names)))]


def _title(names: list[str], lang: str) -> str:
    if lang in _THING_FIRST:
        names = names[::-1]
    return ("" if lang in _JOINED else " ").join(names)
