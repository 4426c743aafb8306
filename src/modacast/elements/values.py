"""How texts speak of values such as "vegan" or "second-hand": claimed, denied, doubted, asked for, or waved away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

import pyarrow as pa

from modacast.elements.clauses import split_clauses
from modacast.elements.columns import text_column
from modacast.errors import NotFound

__all__ = ["CARE", "HOLDS", "STANCES", "Stance", "read_values"]

Stance = Literal["claimed", "denied", "doubted", "wished", "indifferent"]

CARE: Mapping[Stance, float] = {
    "claimed": 0.6,
    "denied": 0.5,
    "doubted": 0.7,
    "wished": 1.0,
    "indifferent": -1.0,
}
"""How much a writer who speaks so cares: who complains that it is not vegan, or suspects greenwashing, does care."""

HOLDS: Mapping[Stance, float] = {
    "claimed": 1.0,
    "denied": -1.0,
    "doubted": -0.8,
    "wished": -0.4,
    "indifferent": 0.0,
}
"""How far the thing that is spoken of has the value: what is wished for is not there yet."""

STANCES = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("element_id", pa.string(), nullable=False),
        pa.field("surface", pa.string(), nullable=False),
        pa.field("stance", pa.string(), nullable=False),
        pa.field("cue", pa.string()),
    ]
)
"""One row a mention of a value; `cue` holds the words that decided, null for a plain claim or a negation."""

_INDIFFERENT = re.compile(
    r"不在乎|不在意|无所谓|不关心|没所谓|不care|(?:do(?:es)?n['’]?t|didn['’]?t|could(?:n['’]?t)?) (?:really )?care(?: less)?"
    r"|(?:do(?:es)?n['’]?t|didn['’]?t) matter(?: to me)?|不重要|気にしない|どうでもいい|상관없|신경 안|peu importe|m'en fiche|ist mir egal|egal ist"
    r"|no me importa|non mi importa|não me importa|não ligo",
    re.IGNORECASE,
)
_DOUBTED = re.compile(
    r"漂绿|洗绿|假环保|伪环保|噱头|打着|所谓的?|号称|吹嘘|智商税|虚假宣传|骗人|忽悠|green-?wash\w*|so[- ]called|supposed(?:ly)?|alleged(?:ly)?|marketing gimmick|gimmick"
    r"|claim(?:s|ed|ing)? to be|lied about|(?:is|are) a lie|グリーンウォッシュ|見せかけ|と称し|그린워싱|말로만|soi-disant|prétendu\w*|angeblich\w*|sogenannt\w*"
    r"|supuest\w*|cosiddett\w*|sedicent\w*|supost\w*",
    re.IGNORECASE,
)
_WISHED = re.compile(
    r"希望|要是|如果能|想要|求|但愿|期待|有没有|wish(?:ed)?|hop(?:e|ing)|if only|please (?:make|offer|add)|looking for|want(?:ed)? (?:it|them|something)|would love"
    r"|ほしい|欲しい|希望|であれば|면 좋겠|원해|j'aimerais|si seulement|je cherche|wünsch\w*|hätte gern|ich suche|ojalá|me gustaría|busco|magari|vorrei|cerco|queria|gostaria|procuro",
    re.IGNORECASE,
)


def read_values(mentions: pa.Table, documents: pa.Table) -> pa.Table:
    """Get how each mention of a value is meant.

    The clause that holds it decides, and before that its sentence where doubt is cast: `号称环保，其实是涤纶` doubts.

    Args:
        mentions: `MENTIONS`, of `Tagger.tag`; other facets are passed over.
        documents: the columns `id`, `text` and `lang`.

    Returns:
        `STANCES`, in the order of the mentions.

    Raises:
        InvalidInput: a column is missing.
        NotFound: a mention's document is not among the documents.
    """
    ids, texts, langs = (text_column(documents, name) for name in ("id", "text", "lang"))
    place = {doc_id: i for i, doc_id in enumerate(ids)}
    clauses = split_clauses(texts, langs)
    bounds: dict[int, list[int]] = {}
    for number, doc in enumerate(clauses.doc.tolist()):
        bounds.setdefault(doc, []).append(number)
    rows = []
    for row in mentions.to_pylist():
        if not row["element_id"].startswith("value/"):
            continue
        if row["doc_id"] not in place:
            raise NotFound(f"document {row['doc_id']!r} of the mentions is not among the documents")
        doc = place[row["doc_id"]]
        numbers = bounds[doc]
        starts = [int(clauses.start[n]) for n in numbers]
        own = max(i for i, start in enumerate(starts) if start <= row["start"])
        stop = starts[own + 1] if own + 1 < len(starts) else len(texts[doc])
        sentence = [n for n in numbers if clauses.same_sentence(n, numbers[own])]
        last = numbers.index(sentence[-1])
        end = starts[last + 1] if last + 1 < len(starts) else len(texts[doc])
        clause = texts[doc][starts[own] : stop]
        whole = texts[doc][int(clauses.start[sentence[0]]) : end]
        stance, cue = _stance(clause, whole, is_denied=row["polarity"] < 0)
        rows.append(
            {
                "doc_id": row["doc_id"],
                "element_id": row["element_id"],
                "surface": row["surface"],
                "stance": stance,
                "cue": cue,
            }
        )
    return pa.Table.from_pylist(rows, schema=STANCES)


def _stance(clause: str, sentence: str, *, is_denied: bool) -> tuple[Stance, str | None]:
    for stance, pattern, where in (
        ("indifferent", _INDIFFERENT, clause),
        ("doubted", _DOUBTED, sentence),
        ("wished", _WISHED, clause),
    ):
        found = pattern.search(where)
        if found is not None:
            name = next(known for known in get_args(Stance) if known == stance)
            return name, found.group()
    return ("denied", None) if is_denied else ("claimed", None)
