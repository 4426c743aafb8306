from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modacast.documents import SEEN, Cleaned, Deduplicator, clean
from modacast.errors import InvalidInput
from modacast.types import DOCUMENTS, PANEL, RAW_DOCUMENTS, REJECTS, Floats

START = datetime(2024, 1, 3, 12, tzinfo=UTC)


def rows(*entries: dict[str, Any] | str) -> pa.Table:
    filled = []
    for number, entry in enumerate(entries, start=1):
        given = {"text": entry} if isinstance(entry, str) else entry
        filled.append({"row": number, "published_at": START, **given})
    return pa.Table.from_pylist(filled, schema=RAW_DOCUMENTS)


def about_clothes(texts: list[str], langs: list[str]) -> Floats:
    assert len(texts) == len(langs)
    return np.array(
        [0.9 if any(word in text for word in "裙衫衣裤") else 0.1 for text in texts], dtype=np.float32
    )


def cleaned(table: pa.Table, deduplicator: Deduplicator | None = None, **options: Any) -> Cleaned:
    options = {"source": "weibo", "pseudonymise": _pseudonyms, "relevance": about_clothes} | options
    return clean(table, deduplicator=deduplicator or Deduplicator(), **options)


def _pseudonyms(raw: pa.Array) -> pa.Array:
    return pa.array(
        [None if author is None else f"key-of-{len(author)}" for author in raw.to_pylist()], pa.string()
    )


def test_raw_rows_become_documents() -> None:
    raw = rows(
        {"id": "77", "text": "<b>新中式</b>馬面裙！打13800138000", "author": "李四", "url": "https://weibo.com/123/J?u=9",
         "region": "浙江", "engagement": 5.0, "audience": "女 13912345678"},
        "今天股市大涨",
    )  # fmt: skip
    result = cleaned(raw)
    assert result.documents.schema.equals(DOCUMENTS, check_metadata=True)
    [document] = result.documents.to_pylist()
    assert len(document.pop("id")) == 32
    assert document.pop("relevance") == pytest.approx(0.9)
    assert document == {
        "text": "新中式馬面裙！打[phone]", "lang": "zh", "source": "weibo", "url": "https://weibo.com/[user]/J", "published_at": START,
        "author_key": "key-of-2", "region": "浙江", "engagement": 5.0, "tokens": ["新", "中式", "马面", "裙"],
        "audience": "女 [phone]",
    }  # fmt: skip
    assert result.panel.schema.equals(PANEL, check_metadata=True)
    assert result.panel.to_pylist() == [
        {"ds": date(2024, 1, 1), "source": "weibo", "lang": "zh", "n_documents": 2, "n_relevant": 1}
    ]
    assert result.rejects.num_rows == 0
    assert result.scrubbed == {"phone": 1}
    assert result.seen.schema == SEEN
    assert result.seen.num_rows == 2


def test_what_is_set_aside_has_its_reason() -> None:
    text = "今年春天最流行的是新中式马面裙配白衬衫，上班也能穿出去，姐妹们都来试试看"
    raw = rows(
        "http://t.cn/A6",
        "[doge] @somebody",
        text,
        text + "！！！",
        text + "吧",
        "衣" + "长" * 3 + "短裤" * 20_000,
    )
    result = cleaned(raw, path="posts.csv", max_chars=10_000)
    assert result.rejects.schema.equals(REJECTS)
    original = result.documents["id"][0].as_py()
    found = [(reject["row"], reject["reason"], reject["detail"]) for reject in result.rejects.to_pylist()]
    assert found == [
        (1, "empty text", "nothing was left after cleaning"),
        (2, "empty text", "nothing was left after cleaning"),
        (4, "duplicate", f"copy of the document {original[:16]}..."),
        (5, "near duplicate", f"0.97 like the document {original}"),
        (6, "too long", "40,004 characters; at most 10,000"),
    ]
    assert set(result.rejects["path"].to_pylist()) == {"posts.csv"}
    # a near copy would thin out all shares of the week
    assert result.panel["n_documents"].to_pylist() == [1]
    assert result.others.num_rows == 0
    assert result.panel["n_relevant"].to_pylist() == [1]


def test_the_panel_is_by_monday_and_language() -> None:
    raw = rows({"text": "裙一", "published_at": datetime(2024, 1, 7, 23, 59, tzinfo=UTC)},
               {"text": "裙二", "published_at": datetime(2024, 1, 8, tzinfo=UTC)},
               {"text": "a nice day", "published_at": datetime(2024, 1, 8, tzinfo=UTC)})  # fmt: skip
    panel = cleaned(raw).panel.to_pylist()
    assert [(row["ds"], row["lang"], row["n_documents"]) for row in panel] == [
        (date(2024, 1, 1), "zh", 1), (date(2024, 1, 8), "en", 1), (date(2024, 1, 8), "zh", 1),
    ]  # fmt: skip


def test_the_same_rows_again_are_stored_already() -> None:
    raw = rows({"id": "1", "text": "裙子一"}, "裙子二", "天气")
    deduplicator = Deduplicator()
    first, again = cleaned(raw, deduplicator), cleaned(raw, deduplicator)
    assert (first.documents.num_rows, first.n_stored) == (2, 0)
    assert (again.documents.num_rows, again.rejects.num_rows, again.panel.num_rows, again.n_stored) == (
        0,
        0,
        0,
        3,
    )
    other = cleaned(raw, deduplicator, source="reddit")
    assert other.n_stored == 0
    assert set(other.rejects["reason"].to_pylist()) == {"duplicate"}


def test_an_empty_batch_and_a_batch_of_rubbish_are_fine() -> None:
    for table in (RAW_DOCUMENTS.empty_table(), rows("!!!", "http://a.b/c")):
        result = cleaned(table)
        assert result.documents.num_rows == result.panel.num_rows == result.seen.num_rows == 0
        assert result.documents.schema.equals(DOCUMENTS, check_metadata=True)


def test_a_relevance_of_the_wrong_shape_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"2 probabilities, got shape \(1,\)"):
        cleaned(rows("裙", "衫"), relevance=lambda texts, langs: np.ones(1, dtype=np.float32))


PHRASES = [
    "新中式马面裙配白衬衫上班也能穿",
    "多巴胺穿搭的连衣裙真好看姐妹们快来",
    "今天的天气真好",
    "股市大涨",
    "this white shirt is everywhere now",
]
POSTS = st.lists(
    st.tuples(st.sampled_from(PHRASES), st.sampled_from(["", "！", "呀", "真的很喜欢"]), st.integers(0, 70), st.sampled_from([None, "1", "2"])),
    min_size=1, max_size=25,
)  # fmt: skip


@given(POSTS, st.integers(1, 6), st.randoms())
@settings(max_examples=30, deadline=None)
def test_neither_batches_nor_a_restart_change_the_result(posts: list[Any], size: int, random: Any) -> None:
    raw = rows(
        *(
            {"text": phrase + end, "published_at": START + timedelta(days=day), "id": own}
            for phrase, end, day, own in posts
        )
    )
    whole = cleaned(raw)
    steady, parts = Deduplicator(), []
    for at in range(0, raw.num_rows, size):
        batch = raw.slice(at, size)
        going_on = cleaned(batch, steady)
        restarted = Deduplicator()
        order = list(parts)
        random.shuffle(order)
        for part in order:
            restarted.remember(part.seen, part.documents)
        resumed = cleaned(batch, restarted)
        assert resumed == going_on
        parts.append(resumed)
    assert pa.concat_tables(part.documents for part in parts) == whole.documents
    assert pa.concat_tables(part.rejects for part in parts) == whole.rejects
    assert pa.concat_tables(part.seen for part in parts) == whole.seen
    assert sum(part.n_stored for part in parts) == whole.n_stored
    assert sum(sum(part.panel["n_documents"].to_pylist()) for part in parts) == sum(
        whole.panel["n_documents"].to_pylist()
    )
    Deduplicator().remember(pa.table({}), DOCUMENTS.empty_table())


@given(st.lists(st.text(max_size=40), max_size=6))
@settings(deadline=None)
def test_any_text_is_counted_somewhere(texts: list[str]) -> None:
    valid = [text.encode("utf-8", "replace").decode() for text in texts]
    result = cleaned(rows(*valid))
    n_panel = sum(result.panel["n_documents"].to_pylist())
    assert n_panel + result.rejects.num_rows + result.n_stored >= len(valid)
    assert result.seen.num_rows == n_panel


def test_no_raw_author_id_or_number_is_in_the_result() -> None:
    raw = rows({"id": "canary-id", "text": "裙 canary@example.com 13912345678 @canary_user", "author": "canary-author",
                "url": "https://x.com/canary/status/1", "region": "tel: 13912345678"})  # fmt: skip
    result = cleaned(raw)
    for table in (result.documents, result.rejects, result.seen, result.panel):
        assert "canary" not in str(table.to_pylist())
        assert "13912345678" not in str(table.to_pylist())
