"""Alarms on corpora whose truth is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from made_panels import MONDAY, make_panel

from modacast.errors import InvalidInput
from modacast.trends.alarms import ALARMS, AlarmRules, alarm_id, alarms
from modacast.types import DOCUMENTS, MENTIONS, Element

READ = 1500


def corpus(weekly, *, source="news", words=None, authors=None, skip=(), days=7):
    """Lay out texts by element and week; each tells its own story unless `words` says what its words are."""
    documents, mentions, n = [], [], 0
    for element, counts in weekly.items():
        for week, count in enumerate(counts):
            if week in skip:
                continue
            for i in range(int(count)):
                day = MONDAY + timedelta(weeks=week, days=i % days)
                said = words(element, week, i) if words else [element, f"w{n}a", f"w{n}b", f"w{n}c"]
                documents.append({
                    "id": f"{source}{n:06d}", "text": f"{' '.join(said)} {n}", "lang": "zh", "source": source,
                    "url": None, "published_at": datetime.combine(day, time(9), UTC),
                    "author_key": authors(n) if authors else f"u{n}", "region": None, "engagement": None,
                    "relevance": 1.0, "tokens": said,
                })  # fmt: skip
                mentions.append({"doc_id": f"{source}{n:06d}", "element_id": element, "start": 0, "end": 1,
                                 "surface": element, "polarity": 0.0, "confidence": 1.0})  # fmt: skip
                n += 1
    return (
        pa.Table.from_pylist(documents, schema=DOCUMENTS),
        pa.Table.from_pylist(mentions, schema=MENTIONS),
    )


def panel_of(n_weeks, *, source="news", read=READ, skip=()):
    return make_panel(
        [(MONDAY + timedelta(weeks=w), source, "zh", read) for w in range(n_weeks) if w not in skip]
    )


def raised(weekly, *, n_weeks=None, rules=None, elements=None, skip=(), **kwargs):
    n_weeks = n_weeks or max(len(counts) for counts in weekly.values())
    documents, mentions = corpus(weekly, skip=skip, **kwargs)
    table = alarms(
        mentions, documents, panel_of(n_weeks, skip=skip), rules=rules, elements=elements,
        read_until=MONDAY + timedelta(weeks=n_weeks, days=-1),
    )  # fmt: skip
    assert table.schema.equals(ALARMS)
    return [((row["ds"] - MONDAY).days // 7, row) for row in table.to_pylist()]


def background(n_weeks, n=40, seed=0):
    rng = np.random.default_rng(seed)
    rates = rng.gamma(0.7, 1.5, n)
    return {f"b{i}": rng.poisson(rate, n_weeks) for i, rate in enumerate(rates)}


def test_a_young_word_alarms_once_within_weeks_of_a_few_texts():
    weekly = background(160) | {"new": [0] * 120 + [2, 2, 4, 5, 2, 6, 3, 2, 1] + [1, 0] * 15}
    found = [(week, row) for week, row in raised(weekly) if row["element_id"] == "new"]
    assert [week for week, _ in found] in ([121], [122])
    row = found[0][1]
    assert row["kind"] == "new"
    assert row["since"] == row["first_seen"] == MONDAY + timedelta(weeks=120)
    assert row["ratio"] > 10
    assert row["id"] == alarm_id("new", row["ds"])
    assert len(row["evidence_ids"]) >= 3


def test_chance_raises_few_alarms():
    n_false = sum(len(raised(background(150, 60, seed))) for seed in range(3))
    assert n_false <= 15  # in 450 weeks over 60 elements; q = .1 would allow 45


def test_ten_texts_of_a_rare_word_are_news_beside_words_that_burst():
    rng = np.random.default_rng(3)
    loud = {f"loud{i}": rng.negative_binomial(1.5, 1.5 / (1.5 + 12.0), 150) for i in range(30)}
    rare = {f"rare{i}": rng.poisson(0.12, 150) for i in range(10)}
    rare["rare0"] = np.concatenate([rng.poisson(0.12, 130), [1, 1, 1, 2, 1, 2, 2, 1], np.zeros(12, int)])
    found = raised(loud | rare, n_weeks=150)
    assert [row["element_id"] for week, row in found if 132 <= week <= 139].count("rare0") == 1
    assert len([row for _, row in found if row["element_id"] != "rare0"]) <= 15


@pytest.mark.slow
def test_bursty_chance_raises_few_alarms():
    n_false = 0
    for seed in range(5, 9):
        rng = np.random.default_rng(seed)
        weekly = {f"b{i}": rng.negative_binomial(0.4, 0.4 / (0.4 + 1.5), 150) for i in range(60)}
        n_false += len(raised(weekly))
    assert (
        n_false <= 4 * 30
    )  # q = .1 allows 15 each where bursts are no wilder than the past says; here they are


def test_an_old_burst_does_not_hide_a_slow_rise():
    burst, rise = [3, 6, 5, 4], [1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1]
    weekly = background(150, 40) | {"x": [0] * 40 + burst + [0] * 66 + rise + [1] * 27}
    weeks = [week for week, row in raised(weekly) if row["element_id"] == "x"]
    assert len(weeks) == 2
    assert 40 <= weeks[0] < 44
    assert 110 <= weeks[1] <= 123


def test_a_slow_rise_shows_in_a_quarter_of_a_year():
    weekly = background(150, 40) | {"x": [1, 0, 0, 0, 0, 0, 0, 0] * 14 + [1, 0, 1, 1, 0] * 6 + [0] * 8}
    found = [(week, row) for week, row in raised(weekly) if row["element_id"] == "x"]
    assert [row["weeks"] for _, row in found] == [13]
    rules = AlarmRules(windows=(1, 2, 4, 8))
    assert not any(row["element_id"] == "x" for _, row in raised(weekly, rules=rules))


def test_what_is_told_on_one_day_is_one_event():
    weekly = background(120, 20) | {"x": [0] * 100 + [9] + [0] * 19}
    assert any(row["element_id"] == "x" for _, row in raised(weekly))
    assert not any(row["element_id"] == "x" for _, row in raised(weekly, days=1))


def test_what_comes_within_a_week_is_a_shock_and_what_takes_longer_is_none():
    event, rise = [0] * 120 + [9] + [0] * 29, [0] * 120 + [1, 2, 3, 2, 3, 2] + [1] * 24
    weekly = background(150) | {"event": event, "rise": rise}
    kinds = {row["element_id"]: row["kind"] for _, row in raised(weekly)}
    assert (kinds["event"], kinds["rise"]) == ("shock", "new")
    by_day = {row["element_id"]: row["kind"] for _, row in raised(weekly, rules=AlarmRules(min_lasting=0.0))}
    assert by_day["event"] == "new"


def test_a_season_is_news_once_and_never_after_its_second():
    weeks = np.arange(5 * 52)
    rate = 0.05 + 5 * np.maximum(0, np.cos(2 * np.pi * (weeks - 45) / 52)) ** 2
    for seed in range(4):
        rng = np.random.default_rng(seed)
        weekly = background(5 * 52, 20, seed) | {"coat": rng.poisson(rate)}
        late = [week for week, row in raised(weekly) if row["element_id"] == "coat" and week >= 90]
        assert late == []


def test_even_a_record_season_is_no_news_after_two():
    weekly = {"coat": ([0] * 40 + [3] * 12) * 4 + [0] * 40 + [14] * 12}
    assert [week for week, _ in raised(weekly) if week > 100] == []


COAT = {"coat": Element("coat", "garment", {"zh": ("羽绒服",)}, attributes={"season": "winter"})}


def test_a_season_known_beforehand_is_no_news_in_its_first_year_nor_when_it_comes_back_higher():
    weekly = background(170, 20) | {"coat": ([0] * 40 + [3, 5, 7, 7, 5, 3] + [0] * 6) * 2 + [0] * 66}
    weekly["coat"][92:98] = [9, 15, 21, 21, 15, 9]
    assert any(row["element_id"] == "coat" for _, row in raised(weekly))
    assert not any(row["element_id"] == "coat" for _, row in raised(weekly, elements=COAT))


def test_a_rise_of_a_seasonal_element_that_last_year_did_not_have_is_news():
    weekly = background(120, 20) | {"coat": [1] * 80 + [3, 5, 9, 9] + [8] * 36}
    assert any(row["element_id"] == "coat" for _, row in raised(weekly, elements=COAT))


def test_what_rises_in_the_texts_of_a_season_that_has_begun_is_no_news():
    weekly = background(60, 20) | {"coat": [0] * 40 + [3, 5, 7, 7, 5, 3] + [0] * 14}
    documents, mentions = corpus(weekly)
    brand = mentions.filter(pc.equal(mentions["element_id"], "coat"))
    brand = brand.set_column(1, MENTIONS.field("element_id"), pa.array(["brand"] * brand.num_rows))
    table = pa.concat_tables([mentions, brand])
    until = MONDAY + timedelta(weeks=60, days=-1)
    loud = alarms(table, documents, panel_of(60), read_until=until)["element_id"].to_pylist()
    assert {"coat", "brand"} & set(loud)
    quiet = alarms(table, documents, panel_of(60), elements=COAT, read_until=until)["element_id"].to_pylist()
    assert not {"coat", "brand"} & set(quiet)


def test_those_who_repeat_anothers_words_are_one_voice():
    quiet = background(120, 20)
    n = sum(map(sum, quiet.values()))

    def template(element, week, i):
        said = (
            ["must", "buy", "leggings", "today"],
            ["sisters", "wear", "this", "now"],
            ["cheap", "post", "free", "go"],
        )
        return [element, *said[i % 3]] if element == "x" else [element, f"{week}-{i}", f"{i}-{week}"]

    burst = {"x": [0] * 110 + [12] * 3 + [0] * 7}
    found = raised(quiet | burst, words=template, authors=lambda i: f"u{i}" if i < n else f"bot{i % 5}")
    assert not any(row["element_id"] == "x" for _, row in found)


def test_one_author_one_story_and_copies_raise_nothing():
    quiet = background(120, 20)
    burst = {"x": [0] * 110 + [12] * 3 + [0] * 7}
    assert any(row["element_id"] == "x" for _, row in raised(quiet | burst))

    def by_one(n):
        return "spammer" if n >= sum(map(sum, quiet.values())) else f"u{n}"

    def same(element, week, i):
        return [element, "star", "gala"] if element == "x" else [element, f"{week}-{i}", f"{i}-{week}"]

    assert not any(row["element_id"] == "x" for _, row in raised(quiet | burst, authors=by_one))
    assert not any(row["element_id"] == "x" for _, row in raised(quiet | burst, words=same))


def test_two_names_of_one_rise_are_one_alarm():
    documents, mentions = corpus(background(120, 20) | {"x": [0] * 110 + [4] * 10})
    also = mentions.filter(pc.equal(mentions["element_id"], "x"))
    also = also.set_column(1, MENTIONS.field("element_id"), pa.array(["y"] * also.num_rows))
    table = alarms(pa.concat_tables([mentions, also]), documents, panel_of(120),
                   read_until=MONDAY + timedelta(weeks=120, days=-1))  # fmt: skip
    found = [row for row in table.to_pylist() if row["element_id"] in {"x", "y"}]
    assert len(found) == 1
    assert {found[0]["element_id"], *found[0]["also"]} == {"x", "y"}


def test_it_arms_again_after_calm_weeks():
    weekly = background(200, 20) | {"x": [0] * 60 + [5] * 4 + [0] * 50 + [9] * 4 + [0] * 82}
    weeks = [week for week, row in raised(weekly) if row["element_id"] == "x"]
    assert len(weeks) == 2
    assert 60 <= weeks[0] < 64
    assert 114 <= weeks[1] < 118


def test_the_budget_lets_the_surest_through_first():
    weekly = {f"x{i}": [0] * 60 + [4 + i] * 4 for i in range(8)}
    free = raised(weekly, rules=AlarmRules(budget=None))
    tight = raised(weekly, rules=AlarmRules(budget=1.0))
    assert len(free) == 8
    first = [row["element_id"] for week, row in tight if week == tight[0][0]]
    assert first == ["x7", "x6"]
    assert len(tight) < 8


def test_a_new_source_is_no_rise_and_a_rise_is_seen_through_it():
    documents, mentions = corpus({"x": [2] * 150, "y": [1] * 120 + [9] * 30})
    new, told = corpus({"x": [0] * 120 + [40] * 30, "y": [0] * 120 + [2] * 30}, source="chatty")
    table = alarms(
        pa.concat_tables([mentions, told]), pa.concat_tables([documents, new]),
        pa.concat_tables([panel_of(150), panel_of(150, source="chatty", skip=range(120))]),
        read_until=MONDAY + timedelta(weeks=150, days=-1),
    )  # fmt: skip
    assert {row["element_id"] for row in table.to_pylist()} == {"y"}


def test_what_comes_later_changes_no_alarm():
    rng = np.random.default_rng(1)
    weekly = background(170, 30) | {
        f"r{i}": np.r_[np.zeros(60 + 12 * i), rng.poisson(4, 10), np.zeros(100 - 12 * i)] for i in range(8)
    }
    documents, mentions = corpus(weekly)
    everything = raised(weekly)
    assert len(everything) >= 6
    for end in (90, 120, 150):
        last = MONDAY + timedelta(weeks=end, days=-1)
        until = pa.scalar(datetime.combine(last + timedelta(1), time(), UTC), pa.timestamp("us", tz="UTC"))
        early = documents.filter(pc.less(documents["published_at"], until))
        known = mentions.filter(pc.is_in(mentions["doc_id"], early["id"].combine_chunks()))
        then = alarms(known, early, panel_of(end), read_until=last).to_pylist()
        assert then == [row for week, row in everything if week < end]


def test_the_reason_says_counts_baseline_since_authors_and_sources_in_both_languages():
    weekly = background(130, 20) | {"style/x": [0] * 120 + [2, 3, 4, 5, 3, 2, 2, 2, 2, 2]}
    x = Element("style/x", "style", {"zh": ("某风",), "en": ("some look",)})
    row = next(row for _, row in raised(weekly, elements={"style/x": x}) if row["element_id"] == "style/x")
    for why, name in ((row["why_en"], "some look"), (row["why_zh"], "某风")):
        assert why.startswith(name)
        for part in (
            str(row["since"]),
            str(row["n_texts"]),
            f"{row['expected']:.2g}",
            "news",
            f"{row['count']:.3g}",
        ):
            assert part in why
    assert f"{row['n_authors']} separate voices in" in row["why_en"]
    assert f"{row['n_authors']} 个独立声音" in row["why_zh"]


def test_unread_weeks_are_no_lull():
    skip = range(100, 110)
    steady = {f"s{i}": [6] * 130 for i in range(5)}
    assert raised(steady, skip=skip) == []
    table = raised(steady | {"x": [0] * 112 + [6] * 18}, skip=skip)
    assert [row["element_id"] for _, row in table] == ["x"]


@pytest.mark.parametrize("n_weeks", [1, 5, 8])
def test_a_short_archive_raises_nothing(n_weeks):
    assert raised({"x": [0] * (n_weeks - 1) + [9]}) == []


def test_empty_tables_and_texts_of_tomorrow():
    none = DOCUMENTS.empty_table(), MENTIONS.empty_table()
    assert alarms(none[1], none[0], make_panel([])).num_rows == 0
    assert alarms(none[1], none[0], panel_of(5)).num_rows == 0
    documents, mentions = corpus(background(60, 5) | {"x": [0] * 60 + [9] * 4})
    now = MONDAY + timedelta(weeks=60, days=-1)
    table = alarms(mentions, documents, panel_of(64), read_until=now)
    assert all(row["ds"] <= now for row in table.to_pylist())
    assert "x" not in table["element_id"].to_pylist()


def test_a_word_that_is_found_on_the_way_is_silent_before():
    weekly = background(150, 10) | {"x": [0] * 100 + [5] * 20 + [0] * 30}
    documents, mentions = corpus(weekly)
    until = MONDAY + timedelta(weeks=150, days=-1)

    def first(known):
        table = alarms(mentions, documents, panel_of(150), known_from=known, read_until=until)
        return [row["ds"] for row in table.to_pylist() if row["element_id"] == "x"]

    assert first({})[0] < MONDAY + timedelta(weeks=104)
    assert first({"x": MONDAY + timedelta(weeks=106)}) == [MONDAY + timedelta(weeks=106)]
    assert first({"x": MONDAY + timedelta(weeks=140)}) == []


def test_the_texts_of_a_rise_are_about_fashion_without_its_name():
    weekly = background(120, 20) | {"x": [0] * 100 + [5] * 6 + [0] * 14}
    documents, mentions = corpus(weekly)
    until = MONDAY + timedelta(weeks=120, days=-1)
    heard = []

    def about(chance):
        def scored(texts, langs):
            heard.extend(zip(texts, langs, strict=True))
            return np.full(len(texts), chance, np.float32)

        return scored

    def names(chance):
        table = alarms(mentions, documents, panel_of(120), about=about(chance), read_until=until)
        return table["element_id"].to_pylist(), table["why_en"].to_pylist()

    loud, why = names(0.4)
    assert "x" in loud
    assert any("0.40" in said for said in why)
    assert "x" not in names(0.1)[0]
    assert {lang for _, lang in heard} == {"zh"}
    assert not any("x" in text.split() for text, _ in heard)


def test_a_stream_that_turns_to_fashion_makes_no_rise():
    weekly = {f"s{i}": [4] * 100 + [16] * 20 for i in range(6)}
    documents, mentions = corpus(weekly)
    until = MONDAY + timedelta(weeks=120, days=-1)
    weeks = [(MONDAY + timedelta(weeks=w), "news", "zh", 2000) for w in range(120)]
    turned = make_panel(weeks)
    about = pa.array([60 if w < 100 else 240 for w in range(120)], pa.int64())
    turned = turned.set_column(turned.column_names.index("n_relevant"), "n_relevant", about)
    assert alarms(mentions, documents, turned, read_until=until).num_rows == 0
    assert alarms(mentions, documents, make_panel(weeks), read_until=until).num_rows > 0


@pytest.mark.parametrize(
    "kwargs",
    [{"q": 0}, {"season_p": 2}, {"refractory": 0}, {"windows": ()}, {"windows": (0,)}, {"budget": 0}],
)
def test_rules_out_of_range_are_refused(kwargs):
    with pytest.raises(InvalidInput, match="alarms"):
        AlarmRules(**kwargs)


def test_a_missing_column_is_named():
    documents, mentions = corpus({"x": [1]})
    with pytest.raises(InvalidInput, match="documents.*'source'"):
        alarms(mentions, documents.drop_columns(["source"]), panel_of(1))
    assert isinstance(MONDAY, date)
