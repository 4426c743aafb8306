"""The values that a text states for the product that it describes: `圆领`, `头层牛皮`, `橙色与黑色`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import pyarrow as pa

from modacast.elements.columns import text_column
from modacast.elements.folding import fold
from modacast.elements.lexicon import Lexicon
from modacast.elements.reader import HEADS, MODIFIERS
from modacast.types import Facet

__all__ = ["PRODUCT_VALUES", "product_values"]

PRODUCT_VALUES = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("attribute", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("element_ids", pa.list_(pa.string()), nullable=False),
    ]
)
"""Values of products: the text's id, the attribute (a facet, or a property: toe, heel, shaft, vamp, sole, stretch,
thickness), the value as written, its first character and one past the last, and the elements that it names (more than
one for joined colours)."""

_STATED: frozenset[str] = MODIFIERS | {"season"}
# of these the longest name is the value (`头层牛皮` says more than `牛皮`); of the others, whose long names put two
# attributes side by side, the parts are (`字母印花`: letters, printed)
_WHOLE: frozenset[Facet] = frozenset({"fabric", "color", "length", "neckline", "sleeve", "season"})
_JOINS = {
    lang: re.compile(pattern, re.IGNORECASE)
    for lang, pattern in {
        "zh": r"与|和|及|以及|加|\+|/|、|拼|配", "ja": r"と|や|×|/|・", "ko": r"와|과|랑|/|·",
        "en": r" ?(?:and|&|/|\+) ?", "fr": r" ?(?:et|/) ?", "de": r" ?(?:und|/) ?", "es": r" ?(?:y|e|/) ?",
        "it": r" ?(?:e|ed|/) ?", "pt": r" ?(?:e|/) ?",
    }.items()
}  # fmt: skip
_NAMED = {"zh": re.compile(r"(?:风|风格|风情|范|系)$"), "ja": re.compile(r"(?:系|風|スタイル|テイスト)$")}
_RUNS = re.compile(r"的?|又|而|で|な|の")
_WORN_WITH = re.compile(
    r"(?:可以?|能|再|适合|随意|轻松|方便|无论|不管|下身|上身|里面|外面|内里)(?:搭配|搭|配)上?(?:一?[件条双款顶])?"
    r"|(?:搭配|搭上|配上)上?一?[件条双顶]|内搭|外搭"
)
_WORN_WITHIN = 10
_PAUSE = re.compile(r"[，。,！；、]")


@dataclass(frozen=True, slots=True)
class _Value:
    start: int
    end: int
    element_ids: tuple[str, ...]
    attribute: str

    @property
    def facet(self) -> str:
        return self.element_ids[0].partition("/")[0]

    def is_within(self, other: _Value) -> bool:
        """Say whether it is a shorter stretch of another."""
        return (
            other.start <= self.start
            and self.end <= other.end
            and self.end - self.start < other.end - other.start
        )


@dataclass(frozen=True, slots=True)
class _Text:
    """A text about one product.

    Attributes:
        written: the text.
        lang: language code.
        things: where garments, shoes and accessories are named, ordered.
    """

    written: str
    lang: str
    things: Sequence[tuple[int, int]]


def product_values(mentions: pa.Table, documents: pa.Table, lexicon: Lexicon) -> pa.Table:
    """Get the attribute values of the product that each text describes, one row a value.

    A mention says that a text names an element; a value says what the product is like. Left out are the names of
    things and of their parts (`裙摆`; elements with `role=part` or `role=attribute`), brands, occasions and claims
    such as `舒适`, what the text denies, single Chinese characters that are no word of their own, words of praise that
    lead to the name of a style (`可爱` in `可爱的学院风`), and what belongs to something to wear with it (`搭配一件黑色打底裤`).
    Kinds of toes, heels, shafts and soles, stretch and thickness are values: elements that have a `property`. Values
    do not overlap: of a fabric, colour, length, neckline or sleeve the longest name counts, of others the short names
    inside a long one; and colours that are joined (`橙色与黑色`) are one.

    Args:
        mentions: a table of `MENTIONS`, best tagged with `about_fashion=True`.
        documents: a table with the string columns `id`, `text` and `lang`.
        lexicon: the elements that were tagged.

    Returns:
        A table of `PRODUCT_VALUES`, ordered as the documents and then by `start`.

    Raises:
        InvalidInput: a column is missing.
        NotFound: a mention names an element that the lexicon lacks.

    Example:
        >>> from modacast.elements import Lexicon, Tagger
        >>> lexicon = Lexicon.load()
        >>> texts = pa.table({"id": ["1"], "text": ["米色与棕色的圆领毛衣"], "lang": ["zh"]})
        >>> found = Tagger(lexicon).tag(texts, about_fashion=True)
        >>> product_values(found, texts, lexicon).select(["attribute", "value"]).to_pylist()
        [{'attribute': 'color', 'value': '米色与棕色'}, {'attribute': 'neckline', 'value': '圆领'}]
    """
    ids, texts, langs = (text_column(documents, name) for name in ("id", "text", "lang"))
    doc_ids, element_ids = (text_column(mentions, name) for name in ("doc_id", "element_id"))
    rest = (mentions[name].to_pylist() for name in ("start", "end", "polarity"))
    things: dict[str, list[tuple[int, int]]] = defaultdict(list)
    stated: dict[str, list[_Value]] = defaultdict(list)
    attribute = _Attributes(lexicon)
    written, spoken = dict(zip(ids, texts, strict=True)), dict(zip(ids, langs, strict=True))
    for doc_id, element_id, start, end, polarity in zip(doc_ids, element_ids, *rest, strict=True):
        if doc_id not in written:
            continue
        named = attribute.of(element_id, written[doc_id][start:end], spoken[doc_id])
        if named and polarity >= 0:
            stated[doc_id].append(_Value(start, end, (element_id,), named))
        elif not named and element_id.partition("/")[0] in HEADS:
            things[doc_id].append((start, end))
    rows = []
    for doc_id, text, lang in zip(ids, texts, langs, strict=True):
        about = _Text(text, lang, sorted(things[doc_id]))
        values = sorted(stated[doc_id], key=lambda value: (value.start, -value.end))
        for step in _STEPS:
            values = step(values, about)
        rows += [
            {
                "doc_id": doc_id, "attribute": value.attribute, "value": text[value.start : value.end],
                "start": value.start, "end": value.end, "element_ids": list(value.element_ids),
            }
            for value in values
        ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=PRODUCT_VALUES)


class _Attributes:
    """Says which attribute a mention states a value of."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._nouns: dict[str, tuple[str, ...]] = {}

    def of(self, element_id: str, surface: str, lang: str) -> str:
        """Get the name of the attribute, `""` where the mention is no value."""
        element = self._lexicon[element_id]
        told = element.attributes.get("property")
        if told:
            # `粗跟` is a kind of heel, `粗跟鞋` a thing
            is_thing = element.facet == "footwear" and fold(surface).endswith(self._shoes(lang))
            return "" if is_thing else told
        is_part = element.attributes.get("role") in {"part", "attribute"}
        return "" if is_part or element.facet not in _STATED else element.facet

    def _shoes(self, lang: str) -> tuple[str, ...]:
        if lang not in self._nouns:
            self._nouns[lang] = tuple(
                {
                    fold(entry.surface.text)
                    for entry in self._lexicon.iter_entries()
                    if entry.lang == lang
                    and entry.element_id.startswith("footwear/")
                    and self._lexicon[entry.element_id].attributes.keys().isdisjoint({"property", "role"})
                    and self._lexicon[entry.element_id].attributes.get("family") != "part"
                }
            )
        return self._nouns[lang]


def _without_overlaps(values: list[_Value], text: _Text) -> list[_Value]:
    """Keep the longest names of some facets, and the short names inside the long ones of others."""
    longest = [value for value in values if not any(map(value.is_within, values))]
    dropped: set[_Value] = set()
    for long in longest:
        inner = [value for value in values if value.is_within(long)]
        if inner:
            dropped.update(inner if long.facet in _WHOLE or long.attribute != long.facet else [long])
    return _distinct(value for value in values if value not in dropped)


def _distinct(values: Iterable[_Value]) -> list[_Value]:
    """Keep one value of those that overlap or stand in one place: the first."""
    kept: list[_Value] = []
    for value in values:
        if not kept or value.start >= kept[-1].end:
            kept.append(value)
    return kept


def _without_loose_characters(values: list[_Value], text: _Text) -> list[_Value]:
    """Leave out single Chinese characters that are no word, and such colours unless a thing begins there."""
    loose = [
        value
        for value in values
        if value.end - value.start == 1
        and not any(
            (start <= value.start and value.end <= end) or start == value.end for start, end in text.things
        )
    ]
    if text.lang != "zh" or not loose:
        return values
    import rjieba

    borders = {0, *accumulate(map(len, rjieba.cut(text.written, False)))}
    dropped = {value for value in loose if value.facet == "color" or not {value.start, value.end} <= borders}
    return [value for value in values if value not in dropped]


def _without_praise(values: list[_Value], text: _Text) -> list[_Value]:
    """Leave out the styles that lead to the name of a style: what `可爱的学院风` names is one style."""
    name = _NAMED.get(text.lang)
    if name is None:
        return values
    kept: list[_Value] = []
    following: _Value | None = None
    for value in reversed(values):
        leads = (
            following is not None
            and value.facet == "style"
            and _RUNS.fullmatch(text.written[value.end : following.start]) is not None
        )
        is_name = value.facet == "style" and name.search(text.written[value.start : value.end]) is not None
        if leads and not is_name:
            following = value
            continue
        following = value if is_name else None
        kept.append(value)
    return kept[::-1]


def _without_companions(values: list[_Value], text: _Text) -> list[_Value]:
    """Leave out what belongs to another thing, to be worn with the product."""
    if text.lang != "zh":
        return values
    others = []
    for match in _WORN_WITH.finditer(text.written):
        thing = next((span for span in text.things if span[0] >= match.end()), None)
        if (
            thing is not None
            and thing[0] - match.end() <= _WORN_WITHIN
            and not _PAUSE.search(text.written, match.end(), thing[0])
        ):
            others.append((match.end(), thing[1]))
    return [
        value
        for value in values
        if not any(start <= value.start and value.end <= end for start, end in others)
    ]


def _with_joined_colors(values: list[_Value], text: _Text) -> list[_Value]:
    joins = _JOINS.get(text.lang, _JOINS["en"])
    kept: list[_Value] = []
    for value in values:
        last = kept[-1] if kept else None
        if (
            last is not None
            and last.facet == value.facet == "color"
            and joins.fullmatch(text.written[last.end : value.start])
        ):
            kept[-1] = replace(last, end=value.end, element_ids=(*last.element_ids, *value.element_ids))
        else:
            kept.append(value)
    return kept


_STEPS: tuple[Callable[[list[_Value], _Text], list[_Value]], ...] = (
    _without_overlaps,
    _without_loose_characters,
    _without_praise,
    _without_companions,
    _with_joined_colors,
)
