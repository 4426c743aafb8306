from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modacast.documents import identify_languages, tokenise


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("新中式穿搭", "zh"),
        ("繁體字的襯衫", "zh"),
        ("BLACKPINK ShutDown 获一位", "zh"),
        ("多巴胺の穿搭", "zh"),
        ("秋の新作コート", "ja"),
        ("このワンピースはかわいい", "ja"),
        ("신상 원피스 추천", "ko"),
        ("This 旗袍 dress is lovely and I want to wear it in summer", "en"),
        ("dress", "en"),
        ("summer dress with pockets", "en"),
        ("une jolie robe longue à fleurs pour le printemps", "fr"),
        ("ein schönes Kleid für den Sommer", "de"),
        ("un vestido largo de verano para la boda", "es"),
        ("un bel vestito lungo blu per la primavera", "it"),
        ("saia plissada preta e branca para o verão", "pt"),
        (
            "een mooie jurk voor de zomer die ik gisteren in de winkel heb gekocht voor het feest van mijn zus",
            "nl",
        ),
        ("красивое платье на лето", "ru"),
        ("فستان جميل للصيف", "ar"),
        ("2024 !!! 🙂", "und"),
        ("", "und"),
    ],
)
def test_languages_are_told(text: str, code: str) -> None:
    assert identify_languages([text]) == [code]
    # neighbours have no say
    assert identify_languages(["新中式", text, "dress of mine"])[1] == code


def test_a_hint_that_is_a_code_wins() -> None:
    hints = ["zh-CN", "ZH_hant", "jpn", "english please", "", None, "kr"]
    assert identify_languages(["dress"] * 7, hints) == ["zh", "zh", "ja", "en", "en", "en", "ko"]
    assert identify_languages([], []) == []


@given(st.lists(st.text(max_size=30), max_size=6))
def test_every_text_has_a_code(texts: list[str]) -> None:
    codes = identify_languages(texts)
    assert len(codes) == len(texts)
    assert all(2 <= len(code) <= 3 for code in codes)
    assert all(
        len(words) <= max(1, len(text)) for words, text in zip(tokenise(texts, codes), texts, strict=True)
    )


@pytest.mark.parametrize(
    ("text", "lang", "words"),
    [
        ("她穿的連衣裙很好看", "zh", ["穿", "连衣裙", "好看"]),
        ("这件T-shirt是2024年的，电话[phone]@[user] 👗[doge][笑cry]", "zh", ["这件", "t-shirt", "电话"]),
        ("可愛い花柄のワンピースを着た", "ja", ["花柄", "ワンピース"]),
        ("여름에 어울리는 원피스를 샀어요", "ko", ["여름", "어울리", "원피스", "샀어요"]),
        (
            "She's wearing the women's wide-leg jeans, y2k & new!",
            "en",
            ["wearing", "women", "wide-leg", "jeans", "y2k", "new"],
        ),
        ("une robe d'été", "fr", ["robe"]),
        ("ein rotes Kleid", "de", ["rotes", "kleid"]),
        ("платье 2024", "ru", ["платье"]),
        ("", "zh", []),
    ],
)
def test_words_without_stop_words(text: str, lang: str, words: list[str]) -> None:
    found = tokenise([text], [lang])[0]
    assert [word for word in found if word in words] == words
    assert not {"的", "the", "she's", "phone", "user", "doge", "2024", "📱", "une", "ein"} & set(found)
