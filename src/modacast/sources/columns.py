"""Which column of a file feeds which column of a schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from modacast.errors import InvalidInput, suggest
from modacast.types import schema_name

__all__ = ["Mapped", "Naming", "resolve_columns"]

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {"items": {"text": "", "available": True}}
_ALIASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "raw_documents": {
        "text": ("content", "title", "body", "summary", "review", "comment", "post", "message", "caption", "selftext",
                 "description", "正文", "内容", "标题", "评论", "本文", "내용"),
        "published_at": ("date", "created_at", "created_utc", "time", "timestamp", "datetime", "published", "pub_date",
                         "posted_at", "日期", "时间", "发布时间", "日付", "날짜"),
        "id": ("post_id", "doc_id", "document_id", "mid"),
        "lang": ("language", "语言"),
        "url": ("link", "permalink", "链接"),
        "author": ("user", "user_id", "username", "screen_name", "author_id", "作者"),
        "region": ("country", "location", "province", "ip_location", "地区"),
        "engagement": ("likes", "like_count", "score", "upvotes", "点赞数"),
        "audience": ("target_audience", "人群"),
    },
    "raw_events": {
        "user": ("user_id", "customer_id", "customer", "shopper", "shopper_id", "uid", "buyer_id", "用户"),
        "item_id": ("item", "product_id", "article_id", "sku", "goods_id", "asin", "商品"),
        "kind": ("event", "event_type", "type", "action", "behavior", "behaviour"),
        "at": ("time", "timestamp", "date", "datetime", "t_dat", "created_at", "ordered_at", "日期", "时间"),
        "value": ("rating", "stars", "price", "amount"),
        "text": ("review", "comment", "review_text", "评论"),
        "position": ("rank",),
        "propensity": ("propensity_score",),
    },
    "items": {
        "id": ("item_id", "product_id", "article_id", "sku", "goods_id", "asin"),
        "title": ("name", "product_name", "prod_name", "productdisplayname", "标题", "名称", "商品名称"),
        "text": ("description", "detail_desc", "details", "描述", "详情"),
        "price": ("价格", "current_price"),
        "available": ("in_stock", "is_available"),
        "created_at": ("listed_at", "launched_at", "上架时间"),
        "group_id": ("style_code", "product_code", "parent_id", "spu"),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mapped:
    """Where the values of one column of the schema come from.

    Attributes:
        field: of the schema.
        names: columns of the file, more than one to be joined by a line break; none where the file has none.
        default: fills what is missing; None leaves it so.
    """

    field: pa.Field
    names: tuple[str, ...] = ()
    default: Any = None


@dataclass(frozen=True, slots=True)
class Naming:
    """What the user said about the columns.

    Attributes:
        columns: column of the schema to a column of the file, or to several that are joined.
        constants: column of the schema to one value for all rows.
    """

    columns: Mapping[str, str | Sequence[str]]
    constants: Mapping[str, Any]


def resolve_columns(path: str, schema: pa.Schema, naming: Naming, present: Sequence[str]) -> list[Mapped]:
    """Decide for each column of a schema where its values come from.

    What the user named comes first, then a column of the same name, then the one column with a usual other name
    (`date`, `created_at` and so on for `published_at`). Where two would do, a needed column is an error and one
    that may be empty stays empty.

    Args:
        path: of the file, for messages.
        schema: `RAW_DOCUMENTS`, `RAW_EVENTS`, `ITEMS` or another.
        naming: what the user said.
        present: columns of the file.

    Returns:
        One entry a column of the schema but `row`, in order.

    Raises:
        InvalidInput: a name is wrong, ambiguous or missing; the message names the near ones.
    """
    wanted = [name for name in schema.names if name != "row"]
    _check_names(schema, naming, wanted)
    taken = {name for entry in naming.columns.values() for name in _as_names(entry)}
    mapped = []
    for name in wanted:
        field = schema.field(name)
        default = naming.constants.get(name, _DEFAULTS.get(schema_name(schema), {}).get(name))
        if name in naming.columns:
            names = _named(path, name, _as_names(naming.columns[name]), present)
        elif name in naming.constants:
            names = ()
        else:
            names = _guessed(path, schema, name, [column for column in present if column not in taken])
        if not names and default is None and not field.nullable:
            raise InvalidInput(
                f"{path}: no column for {name!r}; name one, for example columns={{{name!r}: ...}}"
                f"{suggest(name, present)}"
            )
        mapped.append(Mapped(field, names, default))
    return mapped


def _as_names(entry: str | Sequence[str]) -> tuple[str, ...]:
    return (entry,) if isinstance(entry, str) else tuple(entry)


def _check_names(schema: pa.Schema, naming: Naming, wanted: Sequence[str]) -> None:
    for name in (*naming.columns, *naming.constants):
        if name not in wanted:
            raise InvalidInput(
                f"{schema_name(schema) or 'the schema'} has no column {name!r}{suggest(name, wanted)}"
            )
    for name, entry in naming.columns.items():
        names = _as_names(entry)
        if not names or not all(isinstance(column, str) and column for column in names):
            raise InvalidInput(f"columns[{name!r}] must name a column or a list of columns, got {entry!r}")
        if len(names) > 1 and not pa.types.is_string(schema.field(name).type):
            raise InvalidInput(
                f"columns[{name!r}] holds no text, so only one column can feed it, got {list(names)}"
            )


def _named(path: str, name: str, columns: tuple[str, ...], present: Sequence[str]) -> tuple[str, ...]:
    for column in columns:
        n_found = present.count(column)
        if n_found == 0:
            raise InvalidInput(
                f"{path}: there is no column {column!r} (for {name!r}){suggest(column, present)}"
            )
        if n_found > 1:
            raise InvalidInput(
                f"{path}: {n_found} columns are called {column!r} (for {name!r}); rename all but one"
            )
    return columns


def _guessed(path: str, schema: pa.Schema, name: str, free: Sequence[str]) -> tuple[str, ...]:
    field = schema.field(name)
    same = [column for column in free if _plain(column) == name]
    aliases = _ALIASES.get(schema_name(schema), _ALIASES["raw_documents"]).get(name, ())
    found = same or [column for column in free if _plain(column) in aliases]
    if len(found) == 1:
        return (found[0],)
    if len(found) > 1 and not field.nullable:
        joined = f" or columns={{{name!r}: {found!r}}} to join them" if pa.types.is_string(field.type) else ""
        raise InvalidInput(
            f"{path}: {' and '.join(map(repr, found))} could each be {name!r}; say which with "
            f"columns={{{name!r}: {found[0]!r}}}{joined}"
        )
    return ()


def _plain(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")
