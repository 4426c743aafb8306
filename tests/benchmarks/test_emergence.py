"""The benchmark of alarms works on a tiny stream of its own."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pytest
from benchmarks import emergence
from benchmarks.bursts import PEERS, raise_by, threshold_for
from benchmarks.emergence_stream import _leftmost_longest

from modacast.types import DOCUMENTS, MENTIONS

START = date(2022, 6, 27)
PEOPLE = "张王李赵刘陈杨黄周吴徐孙马朱胡郭何高林罗"


def _title(i, word):
    return f"{PEOPLE[i % 20]}{PEOPLE[(i * 7 + 3) % 20]}{word}{('穿搭', '造型', '裙子', '色系')[i % 4]}"


def test_a_new_word_hides_what_it_covers_once_it_is_known():
    def mention(doc: str, element: str, start: int, end: int) -> dict[str, object]:
        return {"doc_id": doc, "element_id": element, "start": start, "end": end, "surface": "x" * (end - start),
                "polarity": 0.0, "confidence": 1.0}  # fmt: skip

    days = {"before": START - timedelta(days=1), "after": START}
    documents = pa.Table.from_pylist(
        [
            {**dict.fromkeys(DOCUMENTS.names), "id": name, "text": "新中式穿搭", "lang": "zh", "source": "s",
             "published_at": datetime.combine(day, time(9), UTC), "relevance": 1.0, "tokens": []}
            for name, day in days.items()
        ],
        schema=DOCUMENTS,
    )  # fmt: skip
    old = [mention(doc, element, *span) for doc in days
           for element, span in (("style/chinese", (1, 5)), ("occasion/look", (3, 5)), ("style/wide", (0, 5)))]  # fmt: skip
    named = pa.Table.from_pylist([mention(doc, "style/new", 0, 3) for doc in days], schema=MENTIONS)
    kept = _leftmost_longest(
        pa.Table.from_pylist(old, schema=MENTIONS), named, documents, {"style/new": START}
    )
    found = [(row["doc_id"], row["element_id"]) for row in kept.to_pylist()]
    assert [element for doc, element in found if doc == "before"] == [
        "style/chinese",
        "occasion/look",
        "style/wide",
    ]
    assert [element for doc, element in found if doc == "after"] == ["occasion/look", "style/wide"]
    unchanged = _leftmost_longest(
        pa.Table.from_pylist(old, schema=MENTIONS), MENTIONS.empty_table(), documents, {}
    )
    assert unchanged.num_rows == len(old)  # no new word at all


def test_peers_find_a_planted_burst_and_raise_as_many_alarms_as_they_may():
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.3, (40, 120)).astype(float)
    counts[7, 90:100] += 6
    read = np.full(120, 2000.0)
    for scores_of in PEERS.values():
        scores = scores_of(counts, read)
        threshold = threshold_for(scores, counts, 0, 3)
        found = raise_by(scores, counts, threshold)
        assert 1 <= len(found) <= 3
        assert any(e == 7 and 90 <= week <= 93 for week, e in found)
        earlier = scores_of(counts[:, :95], read[:95])
        np.testing.assert_allclose(earlier, scores[:, :95])


@pytest.mark.slow
def test_quick_run(tmp_path, capsys):
    (tmp_path / "posts").mkdir()
    rows = []
    for week in range(70):
        for i in range(30):
            word = "美拉德" if week >= 60 and i < 4 else ("牛仔裤", "风衣", "高跟鞋")[i % 3]
            rows.append(
                (
                    (START + timedelta(weeks=week, days=i % 7)).isoformat(),
                    i,
                    _title(31 * week + i, word) + str(week),
                )
            )
    with gzip.open(tmp_path / "posts" / "weibo_of_a_year.tsv.gz", "wt", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(["date", "order", "title"])
        writer.writerows(rows)
    emergence.main(["--data", str(tmp_path), "--quick", "--json", str(tmp_path / "out.json")])
    body = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    names = {(row["row"], row["peer"]) for row in body["rows"]}
    assert {("alarms", peer) for peer in PEERS} <= names
    assert ("known cases flagged by their peak week", None) in names
    assert {row["metric"] for row in body["rows"] if "flagged" in row["row"]} == {"of 2"}
    assert any(note.startswith("新中式: its rise is not within") for note in body["notes"])
    assert any(note.startswith("reddit: left out") for note in body["notes"])
