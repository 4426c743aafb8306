from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np
import pytest

from modacast.errors import InvalidInput
from modacast.serve.report.comparison import comparison_chart
from modacast.serve.report.courses import Course
from modacast.serve.report.names import Names
from modacast.serve.report.style_map import StyleSpot, style_map
from modacast.serve.report.surroundings import _alike, bond_map, mood_chart
from modacast.serve.report.words import Words
from modacast.types import Element


def test_the_stronger_bond_stands_nearer_and_the_larger_is_larger():
    rows = [
        {"other_id": f"garment/{n}", "n": n, "lift": lift} for n, lift in ((40, 2.0), (10, 6.0), (5, 3.0))
    ]
    drawn = str(bond_map(Words("裙", "skirt"), rows, Names({})))
    assert drawn.count('class="b-spot"') == 3
    assert 'r="16"' in drawn
    assert not bond_map(Words("裙", "skirt"), [], Names({}))


def test_long_names_stay_inside_the_map():
    elements = {
        f"style/{i}": Element(
            f"style/{i}", "style", {"zh": ("新中式套装",), "en": ("new chinese style set of three",)}
        )
        for i in range(4)
    }
    rows = [{"other_id": name, "n": 5, "lift": 2.0 + i} for i, name in enumerate(elements)]
    drawn = str(bond_map(Words("裙", "skirt"), rows, Names(elements)))
    places = [float(x) for x in re.findall(r'<text x="([0-9.]+)" y="[0-9.]+" class="b-name [a-z]+"', drawn)]
    assert len(places) >= 8
    assert min(places) >= 80
    assert max(places) <= 340


def test_mood_needs_a_few_weeks():
    rows = [{"ds": date(2024, 1, 1) + timedelta(weeks=i), "mood": 0.2, "n_mentions": 3} for i in range(10)]
    assert str(mood_chart(rows)).count("m-dot") == 10
    assert not mood_chart(rows[:3])


def test_names_at_the_ends_of_lines_keep_apart():
    days = np.datetime64("2022-01-03", "D") + 7 * np.arange(100)
    courses = {f"e{i}": Course(days=days, y=np.full(100, 0.02 + i * 1e-5)) for i in range(8)}
    drawn = comparison_chart(courses, {e: e for e in courses}, lang="en")
    heights = sorted(
        float(part.split('y="')[1].split('"')[0]) for part in drawn.split("<text")[1:] if "k k" in part
    )
    assert len(heights) == 8
    assert min(np.diff(heights)) >= 16.9
    with pytest.raises(InvalidInput, match="1 to 8"):
        comparison_chart({}, {}, lang="en")


def test_the_map_names_every_style_once_a_language():
    spots = [StyleSpot(Words(f"风{i}", f"style {i}"), float(i)) for i in range(12)]
    vectors = np.eye(12, dtype=np.float32)
    drawn = str(style_map(spots, vectors, np.zeros((12, 12)), Words("图", "map")))
    assert drawn.count("<circle") == 12
    assert drawn.count('class="m-name zh"') == drawn.count('class="m-name en"') == 12


def test_initials_are_written_large_and_one_week_is_no_plural() -> None:
    elements = {"value/uv": Element("value/uv", "value", {"zh": ("防晒",), "en": ("uv protection",)})}
    row = {"element_id": "value/uv", "until": date(2023, 8, 28), "rise_to_peak": 0.3, "weeks_to_peak": 1,
           "half_life": 1}  # fmt: skip
    line = _alike(row, Names(elements))
    assert line.name.en == "UV protection"
    assert "peaked 1 week later" in line.said.en
    assert line.said.en.endswith("halved 1 week after")
