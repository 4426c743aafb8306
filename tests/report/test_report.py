import re
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from importlib.resources import files

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from report.made_report import ELEMENTS, ITEMS, empty_report, made_report

from modacast.errors import InvalidInput
from modacast.serve.report.data import Pick, ShopperPage
from modacast.serve.report.palette import _luminance
from modacast.serve.report.phrases import LANGUAGE_NAMES, PHRASES, STAGE_NAMES
from modacast.serve.report.render import reading, render
from modacast.types import DOCUMENTS, PANEL, STAGES, Element

VOID = {"meta", "link", "br", "img", "input", "hr"}
SECTIONS = ["board", "pages", "palette", "shoppers", "feedback", "scorecard", "making"]


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects what a test asks for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"{tag} at {self.getpos()}")

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def ids(self) -> list[str]:
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(made_report()))


def test_tags_are_balanced_and_ids_are_unique(page):
    assert page.wrong == []
    assert page.open == []
    assert len(page.ids()) == len(set(page.ids()))


def test_nothing_is_loaded_from_elsewhere(page):
    for tag, attrs in page.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed"}
        assert tag != "script" or "src" not in attrs
        for name in ("src", "srcset", "xlink:href", "action"):
            assert name not in attrs
        href = attrs.get("href")
        if href and not href.startswith("#"):
            assert tag == "a"
            assert href.startswith("https://example.org/post/")
            assert "noopener" in attrs["rel"]
    html = render(made_report())
    assert "@import" not in html
    assert re.findall(r"url\((?!#)", html) == []


def test_links_within_the_page_lead_somewhere(page):
    ids = set(page.ids())
    inside = [attrs["href"][1:] for tag, attrs in page.tags if tag == "a" and attrs["href"].startswith("#")]
    assert set(inside) <= ids
    fills = set(re.findall(r"url\(#([\w-]+)\)", render(made_report())))
    assert fills
    assert fills <= ids


def test_every_section_stands_in_order(page):
    assert [i for i in page.ids() if i in SECTIONS] == SECTIONS


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_both_languages_are_there_and_the_asked_one_is_first(lang):
    html = render(made_report(lang))
    assert f'data-lang="{lang}"' in html
    for key in ("board", "palette", "privacy", "scorecard"):
        assert f'<span class="zh" lang="zh">{PHRASES[key].zh}</span>' in html
        assert f'<span class="en" lang="en">{PHRASES[key].en}</span>' in html
    n_zh, n_en = html.count('class="zh"'), html.count('class="en"')
    assert n_zh == n_en > 300


def test_the_story_is_told_in_words(page):
    assert "自 2023 年 10 月起上升" in page.text
    assert "has been rising since Oct 2023" in page.text
    assert re.search(r"预测今后 26 周平均 [\d.]+\u202f%，较去年同期 \S+（80", page.text)


def test_board_has_a_row_for_every_element(page):
    rows = [attrs for tag, attrs in page.tags if tag == "tr" and "data-stage" in attrs]
    assert len(rows) == len(ELEMENTS)
    assert {row["data-stage"] for row in rows} == {
        "emerging",
        "rising",
        "peaking",
        "seasonal",
        "steady",
        "declining",
    }


def test_moves_are_marked(page):
    classes = [attrs.get("class", "") for tag, attrs in page.tags if tag == "li"]
    assert sum("mark-new" in c for c in classes) == 3
    assert sum("mark-left" in c for c in classes) == 3
    assert sum("mark-up" in c for c in classes) == 1
    assert sum("mark-down" in c for c in classes) == 2


def test_no_pictures_stand_for_words_alone(page):
    charts = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert all(attrs.get("aria-hidden") == "true" or attrs.get("aria-label") for attrs in charts)
    assert any(attrs.get("tabindex") == "0" for attrs in charts)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_gives_an_honest_page(lang):
    page = Page(render(empty_report(lang)))
    assert page.wrong == []
    assert PHRASES["nothing_title"].zh in page.text
    assert PHRASES["nothing_title"].en in page.text
    assert "board" not in page.ids()
    assert "shoppers" not in page.ids()
    assert "making" in page.ids()


@pytest.mark.parametrize(
    "without",
    [
        {"panel": None}, {"shoppers": ()}, {"feedback": None}, {"truth": None}, {"language_models": ()}, {"run": ()},
        {"rejects": {}}, {"elements": {}}, {"documents": DOCUMENTS.empty_table()},
    ],
    ids=lambda d: next(iter(d)),
)  # fmt: skip
def test_what_is_optional_may_be_absent(without):
    page = Page(render(replace(made_report(), **without)))
    assert page.wrong == []
    assert "board" in page.ids()


def test_trends_without_forecasts_say_so():
    data = made_report()
    html = render(replace(data, forecasts=data.forecasts.slice(0, 0)))
    assert PHRASES["no_forecast"].zh in html
    assert "c-band80" not in html.split("</style>")[1]


def test_the_chance_of_growth_stands_with_the_forecast():
    text = Page(render(made_report())).text
    assert "高于去年同期的概率 70\u202f%" in text
    assert "chance of more than last year 70\u202f%" in text


def test_a_place_says_its_stage_and_what_came_from_nothing_in_words():
    data = made_report()
    rows = data.trends.to_pylist()
    for row in rows:
        if row["element_id"] == "style/new-chinese" and row["segment"] == "lang=zh":
            row["growth"] = None
    html = render(replace(data, trends=pa.Table.from_pylist(rows, schema=data.trends.schema)))
    page = html[html.index('id="trend-style-new-chinese"') :]
    place = page[page.index("<p>" + str(Markup.escape(LANGUAGE_NAMES["zh"]))) :].partition("</li>")[0]
    assert PHRASES["from_nothing"].zh in place
    assert STAGE_NAMES["rising"].zh in place


def test_the_period_ends_with_the_last_week_and_is_one_month_where_it_is():
    week = date(2024, 2, 26)
    fields = {"ds": week, "source": "weibo", "lang": "zh", "n_documents": 3, "n_relevant": 3}
    panel = pa.Table.from_pylist([fields], schema=PANEL)
    data = replace(empty_report(), panel=panel)
    assert reading(data).last == date(2024, 3, 3)
    early = replace(data, made_at=datetime(2024, 2, 28, tzinfo=UTC))
    assert reading(early).last == date(2024, 2, 28)
    assert "至" not in render(early).partition('class="kicker"')[2].partition("</p>")[0]


def test_a_refusal_is_told_in_both_languages(page):
    assert "通用检查：同义句从 0.900 降为 0.700" in page.text
    assert "paraphrases fell from 0.900 to 0.700" in page.text


def _contrast(one: str, other: str) -> float:
    lights = sorted(_luminance(colour) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_every_ink_is_legible_on_paper(mode):
    css = (files("modacast.serve.report") / "templates" / "report.css").read_text(encoding="utf-8")
    inks = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css.split(":root {")[1 + mode].partition("}")[0]))
    for name in ("ink", "soft", "faint", "accent", *STAGES):
        assert _contrast(inks[name], inks["paper"]) >= 4.5, name  # WCAG 2.2, AA


def test_nothing_but_the_screen_scrolls_sideways():
    css = (files("modacast.serve.report") / "templates" / "report.css").read_text(encoding="utf-8")
    assert re.findall(r"@media \((?!prefers-reduced-motion)[^{]*", css) == []


def test_columns_that_may_be_null_may_all_be_null():
    data = made_report()
    trends = data.trends
    for name in ("growth", "forecast_growth", "chance_of_growth", "p_value", "season_strength", "mood", "rising_since",
                 "backtest_mase", "backtest_coverage_80", "evidence_ids", "goes_with"):  # fmt: skip
        i = trends.schema.get_field_index(name)
        trends = trends.set_column(
            i, trends.schema.field(i), pa.nulls(trends.num_rows, trends.schema.field(i).type)
        )
    page = Page(render(replace(data, trends=trends)))
    assert page.wrong == []
    assert PHRASES["no_scores"].zh in page.text


def test_a_series_of_nulls_is_drawn_as_nothing():
    data = made_report()
    i = data.series.schema.get_field_index("y")
    series = data.series.set_column(
        i, data.series.schema.field(i), pa.nulls(data.series.num_rows, pa.float64())
    )
    html = render(replace(data, series=series))
    assert Page(html).wrong == []
    assert "nan" not in html.split("<body>")[1].split("<script>")[0].lower().replace("maintenance", "")


HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


def test_hostile_words_stay_words():
    data = made_report()
    documents = data.documents.to_pylist()
    for row in documents:
        row |= {"text": HOSTILE, "source": HOSTILE, "url": "javascript:alert(1)", "lang": '"><b>'}
    elements = {
        i: Element(i, e.facet, {"zh": (HOSTILE,), "en": (HOSTILE,)}, attributes={"hex": '"><script>'})
        for i, e in ELEMENTS.items()
    }
    item = replace(ITEMS[0], title=HOSTILE, currency=HOSTILE)
    hostile = replace(
        data, title=HOSTILE, documents=pa.Table.from_pylist(documents, schema=DOCUMENTS), elements=elements,
        shoppers=[ShopperPage(HOSTILE, purchases=[item], before=[Pick(item, 1, (HOSTILE,))])], rejects={HOSTILE: 3},
    )  # fmt: skip
    page = Page(render(hostile))
    assert page.wrong == []
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any(tag == "img" for tag, _ in page.tags)
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert not any(attrs.get("href", "").startswith("javascript") for _, attrs in page.tags)
    assert "{{ 7*7 }}" in page.text


@settings(max_examples=12, deadline=None)
@given(text=st.text(max_size=80), url=st.text(max_size=40))
def test_any_quote_can_be_shown(text, url):
    documents = made_documents(text, url)
    page = Page(render(replace(SMALL, documents=documents)))
    assert page.wrong == []
    assert all(
        attrs["href"].startswith(("#", "http://", "https://")) for tag, attrs in page.tags if tag == "a"
    )


def small_report():
    data = made_report()
    kept = pc.equal(data.trends["element_id"], "style/new-chinese")
    return replace(data, trends=data.trends.filter(kept), shoppers=())


SMALL = small_report()


def made_documents(text: str, url: str) -> pa.Table:
    rows = SMALL.documents.to_pylist()
    for row in rows:
        row |= {"text": text, "url": url}
    return pa.Table.from_pylist(rows, schema=DOCUMENTS)


def test_three_hundred_trends_are_small_and_fast():
    data = made_report(extra=250)
    start = time.process_time()
    html = render(data)
    assert time.process_time() - start < 2.0
    assert len(html.encode()) < 1_500_000


def test_no_pseudonym_or_author_is_shown():
    data = made_report()
    rows = [row | {"author_key": "a1b2c3d4e5"} for row in data.documents.to_pylist()]
    assert "a1b2c3d4e5" not in render(replace(data, documents=pa.Table.from_pylist(rows, schema=DOCUMENTS)))


def test_wrong_language_and_missing_columns_are_told():
    with pytest.raises(InvalidInput, match="zh or en, got 'fr'"):
        render(replace(made_report(), lang="fr"))
    with pytest.raises(InvalidInput, match="lack the columns mood"):
        render(replace(empty_report(), trends=empty_report().trends.drop_columns(["mood"])))
