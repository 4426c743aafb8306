"""The benchmark of the language model runs through on a small slice of the right form, written here."""

from __future__ import annotations

import gzip
import json
import random
from importlib.util import find_spec

import pytest
from benchmarks.encode.__main__ import main
from benchmarks.encode.data import best_possible, element_halves, ranks
from benchmarks.encode.languages import Questions

THINGS = {"裙": ("连衣裙", "半身裙"), "裤": ("阔腿裤", "牛仔裤"), "上衣": ("衬衫", "针织衫")}
COLORS, FABRICS, STYLES = ("红色", "黑色", "蓝色", "米白"), ("真丝", "棉麻", "羊毛"), ("通勤", "复古", "甜美")


@pytest.fixture
def data(tmp_path):
    """450 garments with attributes and a text, and 400 titles."""
    rng = random.Random(0)
    (tmp_path / "attributes").mkdir()
    (tmp_path / "posts").mkdir()
    titles = []
    with (tmp_path / "attributes" / "advertisegen_zh_5000.jsonl").open("w", encoding="utf-8") as file:
        for i in range(450):
            kind = rng.choice(list(THINGS))
            thing, color, fabric, style = map(rng.choice, (THINGS[kind], COLORS, FABRICS, STYLES))
            content = f"类型#{kind}*颜色#{color}*材质#{fabric}*风格#{style}*裙型#{thing}"
            summary = f"这款{thing}选用{fabric}面料，{color}衬得肤色明亮，{style}的感觉，第{i}款也百搭。"
            file.write(json.dumps({"content": content, "summary": summary}, ensure_ascii=False) + "\n")
            titles.append(f"{color}{fabric}{thing}上新{i}")
    with gzip.open(tmp_path / "posts" / "weibo_hot_search_2020_2024.tsv.gz", "wt", encoding="utf-8") as file:
        file.write("date\torder\ttitle\n")
        file.writelines(f"2024-01-01\t{i}\t{title}\n" for i, title in enumerate(titles[:400]))
    return tmp_path


# what each part reports, as row (or a part of it), metric and peer
ROWS = {
    "untrained": [
        ("values alone", "MRR", "raw e5"),
        ("values alone", "MRR", "TF-IDF of characters and bigrams"),
        ("values alone", "MRR", "the most that is possible"),
        ("name of the same element", "accuracy@1", "raw e5"),
        ("elements not trained on", "accuracy@1", "raw e5"),
    ],
    "speed": [
        ("callers", "p95 ms", None),
        ("callers", "queries/s", "a lock"),
        ("peak memory while serving", "MB", None),
    ],
    "tuned": [
        ("fine-tuning on 4,000 pairs", "minutes", None),
        ("fine-tuning on 4,000 pairs", "peak MB", None),
    ],
    "languages": [("fine-tuning on names of elements", "minutes", None)],
    "pretrained": [
        ("pre-training on 4,000 texts", "minutes", None),
        ("pre-trained and not fine-tuned", "MRR", None),
        ("masked pieces", "accuracy", None),
        ("held-out texts", "pseudo-perplexity", None),
    ],
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache of converted models, which all parts share: each would convert the bundled one anew."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", ROWS)
def test_every_row_of_a_quick_run(part, data, cache, tmp_path, monkeypatch):
    wanted = ROWS[part]
    if part == "speed" and find_spec("torch"):
        wanted = [
            *wanted,
            ("speed against sentence-transformers", "times", None),
            ("mean cosine to sentence-transformers", "cosine", None),
        ]
    elif part not in {"untrained", "speed"}:
        pytest.importorskip("torch")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    main(["--data", str(data), "--json", str(tmp_path / "rows.json"), "--quick", "--only", part])
    body = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    rows = [(row["row"], row["metric"], row["peer"]) for row in body["rows"]]
    for row, metric, peer in wanted:
        assert any(
            row in r and metric == m and (p is None if peer is None else p is not None and peer in p)
            for r, m, p in rows
        ), (row, metric, peer)
    goals = {row["row"]: (row["must"], row["ahead"]) for row in body["rows"] if row["ahead"] is not None}
    if part == "speed":
        assert goals["peak memory while serving"] == (600, 350)
    assert all(row["value"] is not None for row in body["rows"])


def test_halves_share_no_name():
    halves = element_halves(quick=False)
    train = {element.label("zh") for element in halves.train}
    assert len(halves.train) > 1000
    assert not train & {element.label("zh") for element in halves.test}
    assert not {e.id for e in halves.train} & {e.id for e in halves.test}


def test_what_is_asked_of_unseen_elements_is_composed_of_them_alone():
    questions = Questions(quick=True)
    learned = {text for pair in questions.pairs(quick=True) for text in (pair.query, pair.document)}
    names, unseen, known = questions.asked.values()
    assert not {zh for zh, _ in [*unseen, *known]} & learned
    assert not {zh for zh, _ in names} & {e.label("zh") for e in questions.train}


def test_the_most_that_is_possible():
    assert best_possible(["a", "b", "a", "a"]).tolist() == [1, 1, 1 / 2, 1 / 3]
    import numpy as np

    assert ranks(np.asarray([[1.0, 1.0], [0.2, 0.1]])).tolist() == [2, 2]
