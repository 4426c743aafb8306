"""Which garment a modifier belongs to: in `pink dress and white shoes` the dress is pink.

Rules over the text between a modifier and its neighbours, by word order: adjectives go before their noun in
Chinese, English, Japanese, Korean and German and mostly after it in the Romance languages; what follows a noun
by `in`, `is`, `采用` or `は` belongs to that noun everywhere.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa

from modacast.elements.clauses import split_clauses
from modacast.elements.columns import text_column
from modacast.elements.reader import HEADS, MODIFIERS
from modacast.types import ATTACHMENTS

__all__ = ["attach"]

_MARK = "\ufffc"
_MOST_BETWEEN = 24
_CJK_FILLER, _WORD_FILLER = 4, 2
_CJK = frozenset({"zh", "ja"})
_ROMANCE = frozenset({"fr", "es", "it", "pt"})
_ASIDE = re.compile(r"[,，、\s/&+·的地之のな]+")


@dataclass(frozen=True, slots=True)
class _Rules:
    """Patterns of one language.

    Attributes:
        joins: words that may stand between two things or two modifiers.
        belongs: matches the end of what stands between a noun and a modifier that follows it and is its own.
        ends: matches the beginning of what follows a modifier that ends a statement (`は黒で`): it is of the noun
            before, whatever comes.
    """

    joins: re.Pattern[str]
    belongs: re.Pattern[str]
    ends: re.Pattern[str]


def _rules(joins: str, belongs: str, ends: str = "(?!)") -> _Rules:
    return _Rules(
        re.compile(joins, re.IGNORECASE), re.compile(rf"(?:{belongs})\s*$", re.IGNORECASE), re.compile(ends)
    )


def _spaced(joins: str, belongs: str, little: str) -> _Rules:
    """Build the rules of a language that writes spaces."""
    return _rules(rf"\b(?:{joins})\b", rf"\b(?:{belongs})\b(?:\s+(?:{little}|{_MARK}))*")


_RULES: dict[str, _Rules] = {
    "zh": _rules(
        r"搭配|配上|配着|配|和|与|跟|及|以及|加上|加|搭|或|还有|外套(?=着)|内搭|下装|，|但|而",
        r"(?:是|为|有|带有?|带着|采用|选用|使用|运用|用|以|呈|走|选|做成|做了|设计成|款式|颜色|面料|材质)(?:了|的是|一种|一款)?",
    ),
    "en": _spaced(
        r"and|with|or|over|under|but|paired|plus|matching|next|to|beneath|then|while",
        r"in|is|are|was|were|of|from|featuring|has|have|had|comes|came|looks?|being|trimmed with|lined with|with",
        r"in|a|an|the|all|very|so|soft|deep|pale|light|dark|bright|made|mostly|entirely|really|too|some|its|pure",
    ),
    "de": _spaced(
        r"und|mit|oder|zu|zur|zum|über|unter|aber|dazu",
        r"in|ist|sind|war|waren|aus|hat|haben|mit",
        r"einem|einer|ein|eine|dem|der|sehr|ganz|hellem|dunklem|zartem|reiner|weichem|kräftigem",
    ),
    "ja": _rules(r"と|や|に合わせ|&|＆|＋|、", r"(?:は|が|も)", r"色?(?:で(?!す)|だ|です|でし|だっ|くて)"),
    "ko": _rules(r"(?:와|과|랑|하고|에)\s|그리고", r"(?:은|는|이|가)", r"색?(?:이?고|이며|인데|이지만|이었|였|이에요|예요|입니다|이다)"),
    "fr": _spaced(r"et|avec|ou|sur|sous|puis|mais", r"en|est|sont|était|à|de", r"la|le|les|très|un|une"),
    "es": _spaced(r"y|e|con|o|sobre|bajo|pero", r"de|en|es|son|era", r"la|el|los|las|muy|un|una|color"),
    "it": _spaced(r"e|ed|con|o|sopra|sotto|ma", r"di|in|è|sono|era|a", r"la|il|le|i|molto|un|una"),
    "pt": _spaced(r"e|com|ou|sobre|sob|mas", r"de|em|é|são|era", r"a|o|as|os|muito|um|uma"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Mention:
    row: int
    start: int
    end: int
    is_head: bool


@dataclass(frozen=True, slots=True)
class _Text:
    """One text and where it may be cut.

    Attributes:
        written: the text.
        masked: the text with every character of a modifier replaced by a mark.
        lang: language code.
        clauses: first character of each clause.
        sentences: number of each clause's sentence.
    """

    written: str
    masked: str
    lang: str
    clauses: list[int]
    sentences: list[int]

    def clause(self, position: int) -> int:
        return bisect_right(self.clauses, position) - 1

    def sentence(self, position: int) -> int:
        return self.sentences[self.clause(position)]


def attach(mentions: pa.Table, documents: pa.Table) -> pa.Table:
    """Find the garment, shoe or accessory that each modifier belongs to.

    Args:
        mentions: a table of `MENTIONS`.
        documents: a table with the columns `id`, `text` and `lang`.

    Returns:
        A table of `ATTACHMENTS` with one row for each modifier (colour, pattern, fabric, silhouette, length,
        neckline, sleeve, detail, style) that belongs to something, in the order of the mentions.

    Raises:
        InvalidInput: a column is missing.
    """
    doc_ids, element_ids = (text_column(mentions, name) for name in ("doc_id", "element_id"))
    spans = list(zip(mentions["start"].to_pylist(), mentions["end"].to_pylist(), strict=True))
    texts, langs = (text_column(documents, name) for name in ("text", "lang"))
    number = {doc_id: i for i, doc_id in enumerate(text_column(documents, "id"))}
    rows: dict[str, list[_Mention]] = defaultdict(list)
    for row, (doc_id, element_id) in enumerate(zip(doc_ids, element_ids, strict=True)):
        facet = element_id.partition("/")[0]
        if doc_id in number and facet in HEADS | MODIFIERS:
            rows[doc_id].append(_Mention(row, *spans[row], is_head=facet in HEADS))
    pairs: list[tuple[int, int]] = []
    for doc_id, found in rows.items():
        heads = sorted((m for m in found if m.is_head), key=lambda m: (m.start, m.end))
        modifiers = [m for m in found if not m.is_head]
        if heads and modifiers:
            text = _prepared(texts[number[doc_id]], langs[number[doc_id]], modifiers, heads)
            chosen = ((m.row, _head_of(m, heads, text)) for m in modifiers)
            pairs += [(row, head.row) for row, head in chosen if head is not None]
    pairs.sort()
    modifier, head = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    columns = {
        "doc_id": [doc_ids[row] for row in modifier],
        "element_id": [element_ids[row] for row in modifier],
        "start": [spans[row][0] for row in modifier],
        "end": [spans[row][1] for row in modifier],
        "head_id": [element_ids[row] for row in head],
        "head_start": [spans[row][0] for row in head],
        "head_end": [spans[row][1] for row in head],
    }
    return pa.table(columns, schema=ATTACHMENTS)


def _prepared(text: str, lang: str, modifiers: list[_Mention], heads: list[_Mention]) -> _Text:
    clauses = split_clauses([text], [lang])
    masked = list(text)
    inside = [(head.start, head.end) for head in heads]
    for m in modifiers:
        if not any(start <= m.start and m.end <= end for start, end in inside):
            masked[m.start : m.end] = [_MARK] * (m.end - m.start)
    return _Text(text, "".join(masked), lang, clauses.start.tolist(), clauses.sentence.tolist())


def _head_of(modifier: _Mention, heads: list[_Mention], text: _Text) -> _Mention | None:
    holder = next((h for h in heads if h.start <= modifier.start and modifier.end <= h.end), None)
    if holder is not None:
        return holder
    before = max((h for h in heads if h.end <= modifier.start), key=lambda h: h.end, default=None)
    after = min((h for h in heads if h.start >= modifier.end), key=lambda h: h.start, default=None)
    here, sentence = text.clause(modifier.start), text.sentence(modifier.start)
    near = [h for h in (before, after) if h is not None and text.clause(h.start) == here]
    if before in near and after in near and before is not None and after is not None:
        return before if _goes_back(modifier, before, after, text) else after
    if near:
        return near[0]
    same = [h for h in (before, after) if h is not None and text.sentence(h.start) == sentence]
    if same:
        return same[0]
    # a text about one thing goes on about it
    return heads[0] if len({(h.start, h.end) for h in heads}) == 1 else None


def _goes_back(modifier: _Mention, before: _Mention, after: _Mention, text: _Text) -> bool:
    """Say which of two neighbours in one clause a modifier belongs to: whether it is the one before."""
    rules = _RULES.get(text.lang, _RULES["en"])
    left = re.sub(f"{_MARK}+", _MARK, text.masked[before.end : modifier.start])
    right = re.sub(f"{_MARK}+", _MARK, text.masked[modifier.end : after.start])
    # `black and white dress`: a word that joins two modifiers does not part them from their noun
    listed = re.sub(
        rf"(?:{rules.joins.pattern})(?P<rest>[\s]*{_MARK})", r"\g<rest>", right, flags=re.IGNORECASE
    )
    is_next = _is_filler(listed, text.lang, rules)
    if text.lang in _ROMANCE:
        return not (is_next and listed == right and rules.joins.search(left) is not None)
    # a surface may begin with its preposition: `aus Wolle`
    first = text.written[modifier.start : modifier.end].split(" ")[0]
    raw = text.written[before.end : modifier.start]
    owns = len(left) <= _MOST_BETWEEN and any(map(rules.belongs.search, (left, raw, raw + first)))
    if owns and rules.ends.match(right):
        return True
    if is_next and (listed == right or not owns):
        return False
    return owns or len(left) < len(right)


def _is_filler(between: str, lang: str, rules: _Rules) -> bool:
    """Say whether nothing but a few little words stands between a modifier and a noun after it."""
    if rules.joins.search(between):
        return False
    if lang in _CJK:
        plain = _ASIDE.sub("", between.replace(_MARK, "")).replace("带", "").replace("有", "")
        return len(plain) <= _CJK_FILLER
    return len(between.replace(_MARK, " ").split()) <= _WORD_FILLER
