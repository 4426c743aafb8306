from __future__ import annotations

import pytest

from modacast.elements.comparison import preference


@pytest.mark.parametrize(
    ("text", "one", "two", "lang", "side"),
    [
        ("裙子比裤子好看", "裙子", "裤子", "zh", 1), ("毛衣不如大衣暖和", "毛衣", "大衣", "zh", -1),
        ("与其买帽子，不如买围巾", "帽子", "围巾", "zh", -1), ("靴子没有凉鞋舒服", "靴子", "凉鞋", "zh", -1),
        ("裙子比较长，裤子短", "裙子", "裤子", "zh", 0), ("裙子和裤子都好看", "裙子", "裤子", "zh", 0),
        ("the hat is nicer than the scarf", "hat", "scarf", "en", 1), ("the hat is worse than the scarf", "hat", "scarf", "en", -1),
        ("I prefer the hat to the scarf", "hat", "scarf", "en", 1), ("the hat isn't as warm as the scarf", "hat", "scarf", "en", -1),
        ("the hat and the scarf", "hat", "scarf", "en", 0), ("rather than the hat, get the scarf", "hat", "scarf", "en", -1),
        ("スカートよりパンツが好き", "スカート", "パンツ", "ja", -1), ("코트보다 자켓이 예뻐요", "코트", "자켓", "ko", -1),
        ("la jupe est plus jolie que la robe", "jupe", "robe", "fr", 1), ("der Rock ist schöner als die Hose", "Rock", "Hose", "de", 1),
        ("la falda es menos cómoda que el pantalón", "falda", "pantalón", "es", -1), ("la gonna è più bella dei pantaloni", "gonna", "pantaloni", "it", 1),
        ("a saia é melhor que a calça", "saia", "calça", "pt", 1), ("hat xx scarf", "hat", "scarf", "xx", 0),
    ],
)  # fmt: skip
def test_which_is_preferred(text: str, one: str, two: str, lang: str, side: int) -> None:
    first, second = text.index(one), text.index(two)
    before, between = text[:first], text[first + len(one) : second]
    assert preference(before, between, text[second + len(two) :], lang, lambda: 0.5) == side


def test_blame_turns_a_comparison() -> None:
    assert preference("the ", " is uglier than the ", "", "en", lambda: -0.8) == -1
