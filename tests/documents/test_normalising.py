from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.documents import normalise

PAGE = """<!DOCTYPE html><html><head><title>Blog</title><style>p {color: red}</style></head><body>
<nav><a href="/">Home</a><a href="/shop">Shop</a></nav>
<article><h1>Horse-face skirts are back</h1><p>The pleated skirt of the Ming dynasty is worn with plain shirts this spring,
and young women in Hangzhou wear it to work. It costs less than a tailored suit &amp; lasts longer than a season.</p>
<p>Designers answer with shorter cuts, lighter silk and printed borders, which sell out within hours of every drop.</p></article>
<footer>Copyright 2024, all rights reserved</footer><script>track("visit")</script></body></html>"""


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("真好看", "真好看"),
        ("  真好看 \n", "真好看"),
        ("<p>马面裙<b>很火</b></p><p>真的</p>", "马面裙很火\n真的"),
        ("a<br/>b<!-- hidden --><script>x < y</script><STYLE>p{}</STYLE>c", "a\nbc"),
        ("H&amp;M &lt;3 &#26032;&nbsp;款", "H&M <3 新 款"),
        ("&lt;p&gt;escaped twice&lt;/p&gt;", "escaped twice"),
        ("I <3 this, x < y > z", "I <3 this, x < y > z"),
        ("看这里http://t.cn/A6xYz好看 https://a.b/c?d=e#f, www.shop.com/x", "看这里 好看"),
        ("[this dress](http://a.com/b) is [[nice]]", "this dress is [[nice]]"),
        ("#新中式穿搭#真好看", "新中式穿搭 真好看"),
        ("#新中式[话题]# #ootd #StreetStyle #1 fan", "新中式 ootd StreetStyle #1 fan"),
        ("ＡＢＣ１２３　ｃｏｔｔｏｎ　１００％", "ABC123 cotton 100%"),
        ("真的，好看！（推荐）～", "真的，好看！（推荐）～"),
        ("ﾜﾝﾋﾟｰｽ", "ワンピース"),
        ("𝓯𝓪𝓼𝓱𝓲𝓸𝓷 ﬁt ①", "fashion fit 1"),
        ("新\u200b中\ufeff式\u2060\U000e0041", "新中式"),
        ("cafe\u0301", "café"),
        ("好看！！！！！！哈哈哈哈哈哈哈 soooooo 100000", "好看！！！哈哈哈 sooo 100000"),
        ("裙子👗👗❤️", "裙子👗👗❤️"),
        ("a\r\nb\u2028c\t\td\x00e", "a\nb\nc d e"),
        ("繁體字襯衫", "繁體字襯衫"),
        ("http://t.cn/A6xYz", ""),
        ("", ""),
    ],
)
def test_one_spelling(raw: str, plain: str) -> None:
    assert normalise(raw) == plain


def test_of_a_whole_page_the_article_stays() -> None:
    text = normalise(PAGE)
    assert "pleated skirt of the Ming dynasty" in text
    assert "suit & lasts" in text
    for gone in ("Home", "Copyright", "track", "<p>", "color: red"):
        assert gone not in text


def test_a_page_without_an_article_keeps_its_words() -> None:
    assert normalise("<html><body>裙</body></html>") == "裙"


@given(st.text(max_size=80))
def test_any_text_comes_out_composed_and_trimmed(text: str) -> None:
    plain = normalise(text)
    assert plain == plain.strip()
    assert unicodedata.is_normalized("NFC", plain)
    assert not any(mark in plain for mark in "\u200b\ufeff\x00\u202e")


@given(st.text(alphabet="裙子真丝,。!ab #&;<>/[]()ltgmp\n", max_size=60))
def test_markup_makes_no_error(text: str) -> None:
    normalise(text)


@pytest.mark.parametrize(
    "bait", ["<script>", "<!--", "<a ", "[a](", "#a", "[[", "&lt;", "<", "http://", "!" * 9 + "a", "\n "]
)
def test_hostile_texts_take_linear_time(bait: str) -> None:
    start = time.process_time()
    normalise(bait * (300_000 // len(bait)))
    assert time.process_time() - start < 5
