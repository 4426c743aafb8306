from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rensa import RMinHash

from modacast.errors import InvalidInput, NotFound
from modacast.sources.tables import read_rows
from modacast.sources.world import World, WorldSource
from modacast.sources.world.phrasing import read_data
from modacast.sources.world.planted import BACKGROUND, PLANTED, share
from modacast.sources.world.posts import END, N_WEEKS, SOURCES
from modacast.types import FACETS, ITEMS, RAW_DOCUMENTS, RAW_EVENTS, STAGES, Source

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def small() -> World:
    return World(n_posts=200, n_shoppers=12)


def _weekly(world: World, element_id: str) -> np.ndarray:
    """Share of fashion posts a week that hold a surface of an element, as plain substrings."""
    surfaces = [s.lower() for listed in read_data("surfaces.json")[element_id].values() for s in listed]
    hits, totals = np.zeros(N_WEEKS), np.zeros(N_WEEKS)
    start = datetime(END.year, END.month, END.day, tzinfo=UTC) - timedelta(weeks=N_WEEKS)
    for post in world.posts:
        week = (post.published_at - start).days // 7
        totals[week] += 1
        hits[week] += any(s in post.text.lower() for s in surfaces)
    return hits / totals


def test_same_arguments_same_world(small: World) -> None:
    again = World(n_posts=200, n_shoppers=12)
    # asked in another order
    assert again.events().equals(small.events())
    assert again.items().equals(small.items())
    assert [p.text for p in again.posts] == [p.text for p in small.posts]
    other = World(seed=8, n_posts=200, n_shoppers=12)
    assert [p.text for p in other.posts] != [p.text for p in small.posts]
    assert not other.events().equals(small.events())


def test_tables_have_their_schemas_and_sizes(world: World) -> None:
    batches = list(world.documents())
    assert all(batch.table.schema == RAW_DOCUMENTS and batch.rejects.num_rows == 0 for batch in batches)
    assert sum(batch.table.num_rows for batch in batches) == world.n_documents == len(world.posts)
    kinds = Counter(post.kind for post in world.posts)
    assert kinds["hand-written"] == 100
    assert kinds["fashion"] + kinds["off-topic"] == 3000
    items = world.items()
    assert items.schema == ITEMS
    assert items.num_rows == 240
    assert len(set(items["id"].to_pylist())) == 240
    assert set(Counter(items["group_id"].to_pylist()).values()) == {2}
    assert world.events().schema == RAW_EVENTS
    assert len(set(world.shoppers)) == 200


def test_posts_lie_within_the_weeks_and_ids_are_unique(world: World) -> None:
    end = datetime(END.year, END.month, END.day, tzinfo=UTC)
    assert all(end - timedelta(weeks=N_WEEKS) <= post.published_at < end for post in world.posts)
    assert len({post.id for post in world.posts}) == len(world.posts)
    assert all(a.published_at <= b.published_at for a, b in pairwise(world.posts) if a.source == b.source)


def test_hand_written_posts(world: World) -> None:
    posts = [post for post in world.posts if post.kind == "hand-written"]
    zh = sum(re.search("[\u4e00-\u9fff]", post.text) is not None for post in posts)
    assert 55 <= zh <= 65
    assert len({post.text for post in posts}) == 100
    assert {post.source for post in posts} == set(SOURCES)
    late = datetime(END.year, END.month, END.day, tzinfo=UTC) - timedelta(weeks=30)
    assert sum(post.published_at >= late for post in posts) > 75
    assert any("<p>" in post.text for post in posts)
    assert sum("@example." in post.text for post in posts) >= 3
    assert any("#" in post.text for post in posts)
    starts = Counter(post.text[:4] for post in posts)
    assert max(starts.values()) <= 2 + 2  # two series of posts and one near copy


def test_no_real_numbers_or_addresses(world: World) -> None:
    texts = [post.text for post in world.posts] + [t or "" for t in world.events()["text"].to_pylist()]
    for text in texts:
        assert re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", text) is None, text
        for address in re.findall(r"[\w.]+@[\w.]+\w", text):
            assert address.endswith(("@example.com", "@example.org")), text
        for number in re.findall(r"\+?\(?\d[\d ()-]{8,}\d", text):
            digits = re.sub(r"\D", "", number)
            # kept free for fiction: +44 7700 900xxx, xxx 555-01xx
            assert digits.startswith("447700900") or digits[-7:-2] == "55501", text


def test_generated_posts_are_no_near_copies_of_each_other(world: World) -> None:
    texts = [post.text for post in world.posts if post.kind == "fashion"]
    near: Counter[tuple[int, bytes]] = Counter()
    n_copies = 0
    for text in texts:
        sketch = RMinHash(num_perm=128, seed=1)
        sketch.update([text[i : i + 3] for i in range(max(1, len(text) - 2))])
        digest = np.array(sketch.digest(), dtype=np.uint64)
        bands = [(b, digest[b * 16 : b * 16 + 16].tobytes()) for b in range(8)]
        n_copies += any(near[band] for band in bands)
        near.update(bands)
    assert n_copies <= 0.02 * len(texts)


def test_planted_elements_are_named_in_the_texts(world: World) -> None:
    surfaces = read_data("surfaces.json")
    for post in world.posts:
        for element in post.element_ids:
            listed = [s for s in surfaces[element][_spoken(post)] if s in post.text]
            assert listed, (element, post.text)


def _spoken(post) -> str:
    for lang, pattern in (("ko", "[\uac00-\ud7af]"), ("ja", "[\u3041-\u30ff]"), ("zh", "[\u4e00-\u9fff]")):
        if re.search(pattern, post.text):
            return lang
    return post.lang or (
        "fr" if not any(s in post.text for s in (" the ", " a ", " my ", "that", "these", "those")) else "en"
    )


@pytest.mark.parametrize("element_id", list(PLANTED))
def test_planted_courses_show_in_plain_counts(world: World, element_id: str) -> None:
    y = _weekly(world, element_id)
    now, year_ago, before = y[-8:].mean(), y[-60:-52].mean(), y[:52].mean()
    stage = PLANTED[element_id].stage
    if stage == "emerging":
        assert before < 0.01
        assert now > 0.05
    elif stage == "rising":
        assert now > 1.6 * before
        assert now > 1.5 * year_ago
    elif stage == "peaking":
        top = np.convolve(y, np.ones(4) / 4, "valid")
        assert now > 1.5 * before
        assert 4 <= len(top) - 1 - int(top.argmax()) <= 13
        assert y[-3:].mean() < 0.7 * top.max()
    elif stage == "declining":
        assert now < 0.6 * before
    elif stage == "steady":
        assert 0.6 < y[52:].mean() / before < 1.6
    else:
        assert np.corrcoef(y[:52], y[52:])[0, 1] > 0.5
        assert y[:52].max() > 4 * np.median(y[:52])


def test_seasons_are_in_their_season() -> None:
    days = np.array([15.0, 180.0, 285.0])
    down, sun, trench = (
        share(e, np.zeros(3), days)
        for e in ("garment/down-jacket", "garment/sun-protection-jacket", "garment/trench-coat")
    )
    assert [int(x.argmax()) for x in (down, sun, trench)] == [0, 1, 2]


def test_one_source_doubles_and_the_spam_has_one_author(world: World) -> None:
    middle = datetime(END.year, END.month, END.day, tzinfo=UTC) - timedelta(weeks=N_WEEKS // 2)
    for name, outlet in SOURCES.items():
        posts = [p for p in world.posts if p.source == name and p.kind in {"fashion", "off-topic"}]
        late = sum(p.published_at >= middle for p in posts)
        assert late / (len(posts) - late) == pytest.approx(outlet.volume[1] / outlet.volume[0], abs=0.05)
    spam = [p for p in world.posts if p.kind == "spam"]
    authors = Counter(p.author for p in spam)
    assert authors.most_common(1)[0][1] > 0.6 * len(spam)
    assert max(p.published_at for p in spam) - min(p.published_at for p in spam) <= timedelta(weeks=3)
    assert all("鲨鱼裤" in p.text for p in spam)


def test_early_adopters_write_of_what_is_new(world: World) -> None:
    new = {e for e, p in PLANTED.items() if p.stage in {"emerging", "rising"}}
    fashion = [p for p in world.posts if p.kind == "fashion"]
    scouts = [bool(new & set(p.element_ids)) for p in fashion if "_scout" in p.author]
    others = [bool(new & set(p.element_ids)) for p in fashion if "_scout" not in p.author]
    assert np.mean(scouts) > 1.5 * np.mean(others)


def test_products_name_what_they_are(world: World) -> None:
    words = read_data("catalogue.json")["words"] | read_data("catalogue.json")["colors"]
    for item in world.items().to_pylist():
        assert all(words[e][0] in item["title"] for e in item["element_ids"])
        assert 50 < item["price"] < 4000
        assert item["currency"] == "CNY"
        assert item["created_at"].date() < END


def test_the_elements_are_those_of_the_lexicon(world: World) -> None:
    folder = Path(read_rows.__code__.co_filename).parents[1] / "elements" / "data" / "lexicon"
    known = {
        line.split(",", 1)[0]
        for path in folder.glob("*.csv")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    truth = world.truth()
    used = {e for item in world.items()["element_ids"].to_pylist() for e in item}
    used |= {*PLANTED, *BACKGROUND, truth.spam}
    used |= {e for tastes in truth.tastes.values() for e in tastes}
    assert used <= known
    assert {e.partition("/")[0] for e in used} <= set(FACETS)
    assert set(truth.trends.values()) <= set(STAGES)


def test_shoppers_of_the_article(world: World) -> None:
    events, truth, items = world.events(), world.truth(), {i["id"]: i for i in world.items().to_pylist()}
    bought = {
        u: [e["item_id"] for e in events.to_pylist() if e["user"] == u and e["kind"] == "purchase"]
        for u in "AB"
    }
    assert {user: len(ids) for user, ids in bought.items()} == {"A": 10, "B": 5}
    assert len(set(bought["A"])) == 10
    of = {u: Counter(e for i in ids for e in items[i]["element_ids"]) for u, ids in bought.items()}
    assert of["A"]["style/neo-chinese"] >= 6
    assert of["A"]["fabric/silk"] >= 4
    assert of["A"]["pattern/solid"] >= 4
    assert of["B"]["style/gorpcore"] + of["B"]["style/streetwear"] >= 4
    for user, ids in bought.items():
        assert (
            np.mean([truth.utility(user, i) for i in ids])
            > 3 * truth.liking.utility[truth.liking.users[user]].mean()
        )


def test_events_agree_with_tastes_and_with_each_other(world: World) -> None:
    rows, liking = world.events().to_pylist(), world.truth().liking
    utility = {k: np.mean([liking.utility[liking.users[r["user"]], liking.items[r["item_id"]]] for r in rows if r["kind"] == k])
               for k in ("impression", "view", "purchase")}  # fmt: skip
    assert utility["impression"] < utility["view"] < utility["purchase"]
    kinds = Counter(r["kind"] for r in rows)
    assert all(
        kinds[k] for k in ("impression", "view", "cart", "purchase", "return", "rating", "review", "like")
    )
    assert kinds["view"] < 0.2 * kinds["impression"]
    shown = {(r["slate_id"], r["item_id"]) for r in rows if r["kind"] == "impression"}
    for r in rows:
        if r["kind"] in {"view", "cart", "purchase", "like"}:
            assert (r["slate_id"], r["item_id"]) in shown
        if r["kind"] == "impression":
            assert 0 < r["propensity"] <= 1
            assert r["user"] not in r["slate_id"].split("-")
    assert [r["row"] for r in rows] == list(range(1, len(rows) + 1))
    assert max(r["at"] for r in rows) < datetime(END.year, END.month, END.day, tzinfo=UTC)


def test_attention_falls_with_the_position(world: World) -> None:
    rows = world.events().to_pylist()
    views = Counter(r["position"] for r in rows if r["kind"] == "view")
    assert views[1] > 1.5 * views[8] > 0


def _lists(world: World, users: list[str], ids) -> pa.Table:
    rows = [
        {"user": user, "item_id": item, "rank": rank}
        for user in users
        for rank, item in enumerate(ids(user), 1)
    ]
    return pa.Table.from_pylist(rows)


def test_answers_are_reproducible_and_rounds_differ(small: World) -> None:
    lists = _lists(small, list(small.shoppers), lambda u: small.truth().ideal(u, 10))
    first = small.react(lists, at=NOON, slate_id="round-1")
    assert first.schema == RAW_EVENTS
    assert first.equals(World(n_posts=200, n_shoppers=12).react(lists, at=NOON, slate_id="round-1"))
    second = small.react(lists, at=NOON, slate_id="round-2")
    assert Counter(second["kind"].to_pylist()) != Counter(first["kind"].to_pylist())
    # one shopper's answer does not hang on who else is asked
    alone = small.react(lists.filter(pa.compute.equal(lists["user"], "A")), at=NOON, slate_id="round-1")
    whole = first.filter(pa.compute.equal(first["user"], "A"))
    assert alone.drop_columns(["row"]).equals(whole.drop_columns(["row"]))


def test_better_lists_sell_more(world: World) -> None:
    truth, users = world.truth(), list(world.shoppers)
    names = list(truth.liking.items)
    good = world.react(_lists(world, users, lambda u: truth.ideal(u, 10)), at=NOON)
    poor = world.react(_lists(world, users, lambda u: names[:10]), at=NOON)
    sold = [table["kind"].to_pylist().count("purchase") for table in (good, poor)]
    assert sold[0] > 2 * sold[1]
    # the shown order counts: nobody is shown what they were not given a rank for
    assert set(poor["item_id"].to_pylist()) <= set(names[:10])


def test_ideal_lists_are_the_best_available(small: World) -> None:
    truth = small.truth()
    best = truth.ideal("A", 5)
    assert len(best) == 5
    assert not set(best) & truth.sold_out
    scores = [truth.utility("A", item) for item in best]
    assert scores == sorted(scores, reverse=True)
    assert max(truth.utility("A", i) for i in truth.liking.items if i not in truth.sold_out) == scores[0]


def test_wrong_arguments_say_so(small: World) -> None:
    with pytest.raises(InvalidInput, match="Monday"):
        World(end=date(2024, 3, 5))
    with pytest.raises(InvalidInput, match="n_shoppers"):
        World(n_shoppers=1)
    with pytest.raises(InvalidInput, match="rank"):
        small.react(pa.table({"user": ["A"], "item_id": ["P000-A"]}), at=NOON)
    wrong = pa.table({"user": ["C"], "item_id": ["P000-A"], "rank": [1]})
    with pytest.raises(NotFound, match="'C'"):
        small.react(wrong, at=NOON)
    with pytest.raises(InvalidInput, match="time zone"):
        small.react(wrong, at=datetime(2024, 3, 5))
    with pytest.raises(NotFound, match="weiyu"):
        list(WorldSource("weiyuu", small).read())


def test_sources_keep_the_protocol(small: World) -> None:
    sources = small.sources()
    assert [s.name for s in sources] == sorted(SOURCES)
    assert all(isinstance(s, Source) for s in sources)


def test_another_end_moves_everything(small: World) -> None:
    moved = World(n_posts=200, n_shoppers=12, end=END + timedelta(weeks=10))
    last = max(post.published_at for post in moved.posts)
    assert END + timedelta(weeks=9) <= last.date() < END + timedelta(weeks=10)
    assert len(moved.posts) == len(small.posts)


def test_written_files_are_read_whole(small: World, tmp_path: Path) -> None:
    paths = small.write(tmp_path / "world")
    names = {path.name for path in paths}
    assert names == {*(f"posts_{s}.jsonl.gz" for s in SOURCES), "catalogue.csv", "events.csv", "truth.json"}
    n_read = 0
    for path, schema in [(p, RAW_DOCUMENTS) for p in paths if p.name.startswith("posts_")] + [
        (tmp_path / "world" / "catalogue.csv", ITEMS),
        (tmp_path / "world" / "events.csv", RAW_EVENTS),
    ]:
        for batch in read_rows(path, schema=schema):
            assert batch.rejects.num_rows == 0, batch.rejects.to_pylist()[:3]
            n_read += batch.table.num_rows
            if schema is RAW_EVENTS:
                # the line number counts the header
                assert batch.table.drop_columns(["row"]).equals(small.events().drop_columns(["row"]))
    assert n_read == small.n_documents + 240 + small.events().num_rows
    truth = json.loads((tmp_path / "world" / "truth.json").read_text(encoding="utf-8"))
    assert truth["trends"]["garment/mamian-skirt"] == "emerging"
    digests = [hashlib.sha256(p.read_bytes()).hexdigest() for p in paths]
    again = World(n_posts=200, n_shoppers=12).write(tmp_path / "again")
    assert digests == [hashlib.sha256(p.read_bytes()).hexdigest() for p in again]
    first = json.loads(gzip.decompress(paths[0].read_bytes()).splitlines()[0])
    assert {"id", "text", "published_at", "author"} <= set(first)
