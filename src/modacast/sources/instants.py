"""Dates and times as files spell them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

__all__ = ["parse_instant"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?")
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?(?:[T\s]+(.+))?", re.ASCII | re.DOTALL
)
_TIME = re.compile(
    r"(\d{1,2})[:时時点點](\d{1,2})(?:[:分](\d{1,2})(?:[.,](\d{1,9}))?)?[分秒]?\s*(am|pm)?\s*(z|utc|gmt|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_IN_WORDS = (
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%a %b %d %H:%M:%S %z %Y",
    "%a %b %d %H:%M:%S %Y",
)
# the earliest number that counts as seconds, and the least that counts as milli-, micro- and nanoseconds
_SECONDS, _MILLIS, _MICROS, _NANOS = 1e8, 1e11, 1e14, 1e17


def parse_instant(value: object) -> int:
    """Get the microseconds since 1970 of a date or time; without a zone it is UTC.

    Understands dates and datetimes, ISO 8601, `2024/3/1 8:05`, `2024年3月1日`, `20240301`, RFC 2822 (feeds),
    `Nov 24, 2020`, and seconds, milli-, micro- or nanoseconds since 1970 as number or text. `3/1/2024` is refused:
    nobody can tell its day from its month.

    Raises:
        ValueError: it is none of these.

    >>> parse_instant("2024/3/1") == parse_instant(1709251200) == parse_instant("1709251200000.0")
    True
    """
    try:
        if isinstance(value, str):
            return _parse_text(value.strip())
        if isinstance(value, datetime):
            return _micros(value)
        if isinstance(value, date):
            return _micros(datetime(value.year, value.month, value.day))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _parse_number(f"{value:.6f}" if isinstance(value, float) else str(value))
    except OverflowError as error:
        raise ValueError("date out of range") from error
    raise ValueError(f"no date: {type(value).__name__}")


@lru_cache(maxsize=65_536)
def _parse_text(text: str) -> int:
    if _NUMBER.fullmatch(text):
        return _parse_number(text)
    parts = _YEAR_FIRST.fullmatch(text)
    if parts:
        year, month, day, rest = parts.groups()
        return _micros(datetime(int(year), int(month), int(day), tzinfo=UTC)) + (
            _parse_time(rest) if rest else 0
        )
    return _micros(_parse_words(text))


def _parse_words(text: str) -> datetime:
    for form in _IN_WORDS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    try:
        # "20240301T120000Z" and the other compact forms of ISO 8601
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


def _parse_time(text: str) -> int:
    parts = _TIME.fullmatch(text.strip())
    if not parts:
        raise ValueError("no time of day")
    hour, minute, second, fraction, half, zone = parts.groups()
    hours = int(hour)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    if hours > 24 or int(minute) > 59 or int(second or 0) > 60:
        raise ValueError("no time of day")
    seconds = hours * 3600 + int(minute) * 60 + int(second or 0) - _offset(zone)
    return seconds * 1_000_000 + int((fraction or "0")[:6].ljust(6, "0"))


def _offset(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def _parse_number(text: str) -> int:
    whole, _, fraction = text.partition(".")
    form = _COMPACT.get(len(whole))
    if form and whole.startswith(("19", "20")) and not fraction.strip("0"):
        try:
            return _micros(datetime.strptime(whole, form))
        except ValueError:
            pass
    number = abs(int(whole))
    if number < _SECONDS:
        raise ValueError("no date")
    sign = -1 if whole.startswith("-") else 1
    if number < _MILLIS:
        return sign * (number * 1_000_000 + int(fraction[:6].ljust(6, "0")))
    if number < _MICROS:
        return sign * number * 1_000
    return sign * (number if number < _NANOS else number // 1_000)


def _micros(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)
