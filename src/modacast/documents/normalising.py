"""One spelling for texts from the wild: no HTML, links or invisible characters, few compatibility forms.

What people read stays: emoji, Chinese punctuation, the wave dash ～, traditional characters.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["normalise", "normalise_many"]

_ASCII_FORMS = "＃＠％＋－／＿＊＄＝．"
_INVISIBLE = (
    0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x3164, 0xFEFF, 0xFFA0, 0xFFFC, 0xFFFD,
    *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xE0000, 0xE0080),
)  # fmt: skip
_SPACES = (
    *range(0x09),
    0x0B,
    0x0C,
    *range(0x0E, 0x20),
    0x7F,
    *range(0x80, 0xA1),
    *range(0x2000, 0x200B),
    0x202F,
    0x205F,
    0x3000,
)
_LINE_ENDS = (0x0D, 0x85, 0x2028, 0x2029)
_CHANGED: dict[int, int | None] = {
    **{
        code: code - 0xFEE0
        for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
    },
    **{ord(form): ord(form) - 0xFEE0 for form in _ASCII_FORMS},
    **dict.fromkeys(_INVISIBLE),
    **dict.fromkeys(_SPACES, ord(" ")),
    **dict.fromkeys(_LINE_ENDS, ord("\n")),
}
_ODD = re.compile("[" + "".join(f"\\U{code:08x}" for code in _CHANGED) + "]")
_STYLED = re.compile(
    "[\U0001d400-\U0001d7ff\uff65-\uff9f\ufb00-\ufb06\u2460-\u2473\u24b6-\u24e9\U0001f130-\U0001f149]+"
)
_PLAIN = re.compile(r"#|\]\(|https?:|www\.|\.c[no]|\.tv/|\t|  | \n|\n[ \n]|(\S)\1{3}|\s$|^\s")
_PAGE = re.compile(r"\s*(?:<\?xml[^<>]{0,200}>\s*)?(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_BLOCKS = (
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"<script\b", re.IGNORECASE), re.compile(r"</script\s{0,9}>", re.IGNORECASE)),
    (re.compile(r"<style\b", re.IGNORECASE), re.compile(r"</style\s{0,9}>", re.IGNORECASE)),
)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr|/blockquote)\b[^<>]{0,200}>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]{0,2000}>|<[!?][a-z][^<>]{0,2000}>", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"\[([^\[\]]{1,300})\]\((?:https?:)?[^()\s]{1,2000}\)")
_URL = re.compile(
    r"(?:https?://|\bwww\.)[!-;=?-~]+|\b(?:t\.cn|t\.co|xhslink\.com|v\.douyin\.com|b23\.tv|pic\.twitter\.com)/[!-;=?-~]+",
    re.ASCII | re.IGNORECASE,
)
_TOPIC_MARK = re.compile(r"\[(?:话题|超话)\]")
_CLOSED_TAG = re.compile(r"#([^#\s<>][^#\n<>]{0,60})#")
_OPEN_TAG = re.compile(r"#(?=[^\W\d_])")
_MANY_SIGNS = re.compile(r"([^\w\s])\1{3,}")
_MANY_LETTERS = re.compile(r"([^\W\d_])\1{4,}")
_BLANKS = re.compile(r"[ \t]+")
_LINES = re.compile(r" ?\n[ \n]*")


def normalise(text: str) -> str:
    """Get a text in its plain spelling.

    HTML loses its tags (whole pages also their menus and footers), entities become characters, links go, of a
    Markdown link the words stay. Hashtags (`#新中式穿搭#`, `#ootd`) become their words. The result is NFC, with
    half-width letters and digits and full-width kana; runs of one sign or letter are cut to three.

    >>> normalise("＃新中式穿搭＃　真好看！！！！！ <b>H&amp;M</b> http://t.cn/A6x")
    '新中式穿搭 真好看！！！ H&M'
    """
    if "<" in text or "&" in text:
        text = _without_markup(text)
    if _ODD.search(text):
        text = text.translate(_CHANGED)
    if not text.isascii():
        text = _STYLED.sub(_compatible, text)
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
    if not _PLAIN.search(text):
        return text
    text = _URL.sub(" ", _MARKDOWN_LINK.sub(r"\1", text))
    if "#" in text:
        text = _OPEN_TAG.sub("", _CLOSED_TAG.sub(r" \1 ", _TOPIC_MARK.sub("", text)))
    text = _MANY_LETTERS.sub(r"\1\1\1", _MANY_SIGNS.sub(r"\1\1\1", text))
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()


def normalise_many(texts: Iterable[str]) -> list[str]:
    """Get texts in their plain spelling; see `normalise`."""
    return [normalise(text) for text in texts]


def _compatible(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match.group())


def _without_markup(text: str) -> str:
    if _PAGE.match(text):
        text = _main_text(text) or text
    # feeds escape their HTML once more
    for _ in range(2):
        if "<" in text:
            for opening, closing in _BLOCKS:
                text = _without_blocks(text, opening, closing)
            text = _TAG.sub("", _BREAK.sub("\n", text))
        if "&" not in text:
            break
        text = html.unescape(text)
    return text


def _main_text(page: str) -> str | None:
    import trafilatura

    found: str | None = trafilatura.extract(page, include_comments=False, include_tables=False)
    return html.escape(found, quote=False) if found else None


def _without_blocks(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    parts, at = [], 0
    while (start := opening.search(text, at)) and (end := closing.search(text, start.end())):
        parts.append(text[at : start.start()])
        at = end.end()
    return "".join([*parts, text[at:]]) if parts else text
