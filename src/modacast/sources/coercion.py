"""Values of files turned into the types of a schema, each wrong one with its reason."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from modacast.errors import InvalidInput
from modacast.sources.instants import parse_instant
from modacast.sources.rejects import shape_of

__all__ = ["Coerced", "Problem", "coerce", "join_texts"]

_NULLS = frozenset(("", "na", "n/a", "nan", "null", "none", "nil", "-", "\\n", "#n/a", "nat", "无"))
_TRUE = frozenset(("true", "t", "yes", "y", "1", "1.0", "是", "有", "在售", "有货"))
_FALSE = frozenset(("false", "f", "no", "n", "0", "0.0", "否", "下架", "缺货", "无货"))
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_CURRENCY = "¥￥$€£₩ "
_UNITS = {"万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a value cannot be used.

    Attributes:
        reason: as in `REJECTS`.
        detail: what it looked like, never the raw text.
    """

    reason: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Coerced:
    """A column of the right type.

    Attributes:
        values: `(n,)`; null where nothing or nothing usable came.
        problems: index to what was wrong with its value.
    """

    values: pa.Array
    problems: dict[int, Problem]


def coerce(values: Sequence[Any], kind: pa.DataType, *, max_chars: int = 1_000_000) -> Coerced:
    """Turn the values of one column into a type.

    Args:
        values: `(n,)` texts, numbers, dates or whatever JSON and Parquet hold.
        kind: string, timestamp, float, integer, boolean or list of strings.
        max_chars: longest text.

    Raises:
        InvalidInput: there is no way to read that type from a file.
    """
    if pa.types.is_string(kind):
        return _coerce_texts(values, max_chars)
    problems: dict[int, Problem] = {}
    one, reason = _coercer(kind)
    done: list[Any] = [None] * len(values)
    for i, value in enumerate(values):
        if value is None or (isinstance(value, str) and value.strip().lower() in _NULLS):
            continue
        try:
            done[i] = one(value)
        except (ValueError, TypeError, OverflowError):
            problems[i] = Problem(reason, shape_of(value))
    array = pa.array(done, pa.int64()) if pa.types.is_timestamp(kind) else pa.array(done)
    return Coerced(array.cast(kind), problems)


def join_texts(columns: Sequence[Sequence[Any]]) -> list[Any]:
    """Join several columns, row by row, with a line break; what is empty is left out."""
    return [
        "\n".join(text for value in row if (text := _text(value)) and not text.isspace())
        for row in zip(*columns, strict=True)
    ]


def _coercer(kind: pa.DataType) -> tuple[Callable[[Any], Any], str]:
    if pa.types.is_timestamp(kind):
        return parse_instant, "bad date"
    if pa.types.is_floating(kind):
        return _number, "bad number"
    if pa.types.is_int32(kind):
        return _small_integer, "bad number"
    if pa.types.is_integer(kind):
        return _integer, "bad number"
    if pa.types.is_boolean(kind):
        return _boolean, "bad boolean"
    if pa.types.is_list(kind):
        return _list, "bad list"
    raise InvalidInput(f"a file cannot hold a column of type {kind}")


def _coerce_texts(values: Sequence[Any], max_chars: int) -> Coerced:
    problems: dict[int, Problem] = {}
    done: list[str | None] = [None] * len(values)
    for i, value in enumerate(values):
        try:
            text = value if value is None or isinstance(value, str) else _text(value)
        except (ValueError, TypeError):
            problems[i] = Problem("not a text", type(value).__name__)
            continue
        if text is None or not text or text.isspace():
            continue
        if len(text) > max_chars:
            problems[i] = Problem("too long", f"{len(text):,} characters; at most {max_chars:,}")
        elif "\x00" in text:
            problems[i] = Problem("NUL byte")
        else:
            done[i] = text
    try:
        return Coerced(pa.array(done, pa.string()), problems)
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return _without_surrogates(done, problems)


def _without_surrogates(texts: list[str | None], problems: dict[int, Problem]) -> Coerced:
    for i, text in enumerate(texts):
        try:
            (text or "").encode()
        except UnicodeEncodeError:
            texts[i] = None
            problems[i] = Problem("unpaired surrogate")
    return Coerced(pa.array(texts, pa.string()), problems)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):
        if math.isnan(value):
            return None
        # ids that passed through pandas come as 123.0
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    if isinstance(value, dict | list):
        raise TypeError("nested")
    return str(value)


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        number = _parse_number(value.strip())
    elif isinstance(value, dict | list | bytes):
        raise TypeError("no number")
    else:
        number = float(value)
    if math.isinf(number):
        raise ValueError("infinite")
    return None if math.isnan(number) else number


def _parse_number(text: str) -> float:
    text = text.strip(_CURRENCY)
    factor = _UNITS.get(text[-1:], 1.0)
    text = text.rstrip("".join(_UNITS)) if factor != 1.0 else text
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if not _NUMBER.fullmatch(text):
        raise ValueError("no number")
    return float(text) * factor


def _integer(value: Any) -> int | None:
    number = _number(value)
    if number is None:
        return None
    if not number.is_integer() or abs(number) >= 2**63:
        raise ValueError("no integer")
    return int(number)


def _small_integer(value: Any) -> int | None:
    number = _integer(value)
    if number is not None and abs(number) >= 2**31:
        raise ValueError("too large")
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("no boolean")


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        text = value.strip()
        value = json.loads(text) if text.startswith("[") else text.split("|")
    if not isinstance(value, list):
        raise TypeError("no list")
    parts = (_text(part) for part in value)
    return [part.strip() for part in parts if part and not part.isspace()]
