"""Removal of personal data from texts: phones, addresses of mail and machines, ids, cards, names of accounts.

Names of people and postal addresses stay: no pattern finds them without taking fashion words along.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from modacast.privacy.patterns import DETECTORS, Detector

__all__ = ["Scrubbed", "ScrubbedTexts", "scrub", "scrub_many", "scrub_url"]

_WORTH_A_LOOK = re.compile(
    r"[@＠]|(?:[0-9０-９][^0-9０-９]*){5}|::|微信|薇信|威信|小红书|小紅書|抖音|快手|微博|카톡"
    r"|(?i:u/|wechat|weixin|[wv]x|[加➕+] ?[v微]|\b(?:ins|ig|tg)\b|insta|telegram|line ?id|kakao|snap|b站|tiktok|twitter)"
)
_FIVE_DIGITS = re.compile(r"(?:[0-9][^0-9]*){5}|::")
_TO_FOLD = re.compile(r"[\u00a0\u2000-\u200a\u2010-\u2015\u202f\u2212\u3000\uff01-\uff5e]")
_FOLDED = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x00A0, *range(0x2000, 0x200B), 0x202F, 0x3000), ord(" ")),
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212), ord("-")),
}
_TAKEN = "\ue000"
_TRACKING = re.compile(
    r"utm_.*|fbclid|gclid|spm|scm|share.*|from.*|sid|session.*|token|u|uid|user.*|email|phone", re.IGNORECASE
)
_PEOPLE = re.compile(
    r"(?:(?:www\.|m\.)?(?:weibo\.c(?:om|n)|twitter\.com|x\.com|instagram\.com|tiktok\.com|threads\.net|facebook\.com)"
    r"/|reddit\.com/u(?:ser)?/|xiaohongshu\.com/user/profile/|space\.bilibili\.com/|douyin\.com/user/)(?:u/|@)?([^/?#]+)",
    re.IGNORECASE,
)
_PLACES = frozenset(
    ("p", "reel", "status", "detail", "explore", "hashtag", "tag", "search", "ttarticle", "tv", "i")
)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A text without personal data.

    Attributes:
        text: with placeholders such as `[phone]`.
        counts: how many of each kind were replaced; kinds that did not occur are absent.
    """

    text: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScrubbedTexts:
    """Texts without personal data, in the order in which they came.

    Attributes:
        texts: with placeholders such as `[phone]`.
        counts: how many of each kind were replaced in all of them.
    """

    texts: list[str]
    counts: Mapping[str, int]


def scrub(text: str) -> Scrubbed:
    """Replace the personal data in one text.

    Placeholders are `[phone]`, `[email]`, `[user]` (@names), `[account]` (labelled WeChat, QQ and other ids),
    `[id]` (national ids, by check digit where they have one), `[passport]` (labelled), `[card]`, `[iban]` and
    `[ip]`. Scrubbing again changes nothing.

    >>> scrub("2024春夏 170/88A 货号 108775015 ¥1299 电话13800138000").text
    '2024春夏 170/88A 货号 108775015 ¥1299 电话[phone]'
    """
    counts: Counter[str] = Counter()
    return Scrubbed(_scrubbed(text, counts), +counts)


def scrub_many(texts: Iterable[str]) -> ScrubbedTexts:
    """Replace the personal data in many texts; see `scrub`.

    Texts with fewer than five digits and neither an `@` nor a label such as 微信 are passed on at once.
    """
    counts: Counter[str] = Counter()
    look = _WORTH_A_LOOK.search
    clean = [_scrubbed(text, counts) if look(text) else text for text in texts]
    return ScrubbedTexts(clean, +counts)


def scrub_url(url: str) -> str:
    """Get a URL without login, fragment, tracking and account parameters, and without its user's name.

    >>> scrub_url("https://weibo.com/1234567890/Jx8?utm_source=a&id=5#c")
    'https://weibo.com/[user]/Jx8?id=5'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "[url]"
    kept = [(name, value) for name, value in parse_qsl(parts.query) if not _TRACKING.fullmatch(name)]
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, host, parts.path, urlencode(kept, safe="/:@,"), ""))
    return scrub(_PEOPLE.sub(_without_person, bare)).text


def _without_person(match: re.Match[str]) -> str:
    whole, name = match.group(), match.group(1)
    return (
        whole if name.lower() in _PLACES else whole[: match.start(1) - match.start()].rstrip("@") + "[user]"
    )


def _scrubbed(text: str, counts: Counter[str]) -> str:
    """Replace until nothing is left to replace: a number beside another may only be seen once that one is gone."""
    while _WORTH_A_LOOK.search(text):
        spans = _found(text)
        cleaner = _with_placeholders(text, spans)
        if cleaner == text:
            break
        counts.update(kind for _, _, kind in spans)
        text = cleaner
    return text


def _found(text: str) -> list[tuple[int, int, str]]:
    """Get start, end and kind of each piece of personal data."""
    folded = text.translate(_FOLDED) if _TO_FOLD.search(text) else text
    has = {"at": "@" in folded, "label": True, "digits": _FIVE_DIGITS.search(folded) is not None}
    spans: list[tuple[int, int, str]] = []
    for detector in DETECTORS:
        if has[detector.trigger]:
            folded = detector.pattern.sub(partial(_taken, detector, spans), folded)
    return spans


def _taken(detector: Detector, spans: list[tuple[int, int, str]], match: re.Match[str]) -> str:
    """Note where a match stands, and hide it from the detectors to come."""
    group = 1 if detector.pattern.groups else 0
    found = match.group(group)
    if detector.check is not None and not detector.check(found):
        return match.group()
    start, end = match.span(group)
    spans.append((start, end, detector.kind))
    return match.string[match.start() : start] + _TAKEN * (end - start) + match.string[end : match.end()]


def _with_placeholders(text: str, spans: list[tuple[int, int, str]]) -> str:
    parts, at = [], 0
    for start, end, kind in sorted(spans):
        parts += [text[at:start], f"[{kind}]"]
        at = end
    return "".join([*parts, text[at:]])
