import re

import pytest
from report.made_report import ELEMENTS

from modacast.serve.report import silhouettes
from modacast.serve.report.names import Names
from modacast.serve.report.palette import ink_on
from modacast.serve.report.silhouettes import SILHOUETTES, drawing, pattern_defs, pattern_of, shape_of
from modacast.types import Element

NAMES = Names(ELEMENTS)


def test_every_drawing_that_is_named_is_there():
    drawn = silhouettes.silhouettes()
    assert len(SILHOUETTES) >= 35
    assert set(SILHOUETTES) | {"hanger"} <= set(drawn)


@pytest.mark.parametrize("name", sorted(silhouettes.silhouettes()))
def test_a_drawing_is_made_of_known_parts_inside_its_box(name):
    parts = silhouettes.silhouettes()[name]
    assert parts
    for kind, path in parts:
        assert kind in {"b", "t", "i", "s", "o"}
        assert re.fullmatch(r"M[MLQCHVZ\d. -]+", path)
        for command, numbers in re.findall(r"([MLQC])([\d. -]*)", path):
            values = [float(n) for n in re.findall(r"-?[\d.]+", numbers)]
            assert len(values) % {"M": 2, "L": 2, "Q": 4, "C": 6}[command] == 0
            assert all(0 <= x <= 120 for x in values[::2])
            assert all(0 <= y <= 150 for y in values[1::2])


def test_the_nearest_element_above_is_drawn():
    elements = {
        "garment/dress": Element("garment/dress", "garment", {}),
        "garment/odd-dress": Element("garment/odd-dress", "garment", {}, parent="garment/dress"),
    }
    assert shape_of(["color/cinnabar", "garment/odd-dress"], Names(elements)) == "dress"
    assert shape_of(["color/cinnabar"], NAMES) is None
    assert shape_of(["garment/traditional-dress", "garment/mamian-skirt"], NAMES) == "mamian-skirt"


def test_colour_and_pattern_fill_the_body():
    svg = drawing(["garment/shirt", "pattern/stripe", "color/cinnabar"], NAMES)
    assert 'fill="#b5342b"' in svg
    assert "url(#p-stripe-light)" in svg
    plain = drawing(["garment/shirt"], NAMES)
    assert "url(#" not in plain
    assert drawing([], NAMES).count("<path") == len(silhouettes.silhouettes()["hanger"])


def test_every_pattern_has_both_inks():
    defs = pattern_defs()
    for name in set(silhouettes._PATTERNS.values()):
        assert f'id="p-{name}-dark"' in defs
        assert f'id="p-{name}-light"' in defs
    assert "INK" not in defs
    assert pattern_of(["garment/shirt"], NAMES) is None


def contrast(a: str, b: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    "colour", ["#000000", "#ffffff", "#b5342b", "#f4dc92", "#4f6d94", "#9dab8b", "#777777", "#a5672f"]
)
def test_words_on_a_colour_are_legible(colour):
    assert contrast(colour, ink_on(colour)) >= 4.5
