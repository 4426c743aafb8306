from __future__ import annotations

import codecs
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modacast.errors import InvalidInput, NotFound
from modacast.sources import Checks, FileSource, read_rows
from modacast.types import ITEMS, RAW_DOCUMENTS, RAW_EVENTS, REJECTS, Batch, Source

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def read(
    path: Path, content: str | bytes | None = None, *, schema: pa.Schema = RAW_DOCUMENTS, **options: Any
) -> Batch:
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    options.setdefault("checks", Checks(source="test", now=NOW))
    batches = list(read_rows(path, schema=schema, **options))
    assert all(batch.table.schema.equals(schema, check_metadata=True) for batch in batches)
    assert all(batch.rejects.schema.equals(REJECTS) for batch in batches)
    return Batch(pa.concat_tables(b.table for b in batches), pa.concat_tables(b.rejects for b in batches))


def texts(batch: Batch) -> list[str]:
    return list(batch.table["text"].to_pylist())


def reasons(batch: Batch) -> list[tuple[int, str | None, str]]:
    return [(r["row"], r["column"], r["reason"]) for r in batch.rejects.to_pylist()]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.ndjson", "a.json", "a.parquet"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str, packed: bool) -> None:
    rows = [
        {"title": "新中式,穿搭", "date": "2024-03-01", "likes": "12"},
        {"title": '她说"好看"', "date": "2024-03-02", "likes": ""},
    ]
    path = tmp_path / (name + (".gz" if packed else ""))
    plain = tmp_path / name
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), plain)
    elif name.endswith((".csv", ".tsv")):
        mark = "," if name.endswith(".csv") else "\t"
        quoted = [mark.join('"' + value.replace('"', '""') + '"' for value in row.values()) for row in rows]
        plain.write_text("\n".join([mark.join(rows[0]), *quoted]) + "\n")
    else:
        plain.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    content = plain.read_bytes()
    plain.unlink()
    batch = read(path, gzip.compress(content) if packed else content)
    assert reasons(batch) == []
    assert texts(batch) == ["新中式,穿搭", '她说"好看"']
    assert batch.table["engagement"].to_pylist() == [12.0, None]
    assert batch.table["published_at"].to_pylist() == [
        datetime(2024, 3, 1, tzinfo=UTC),
        datetime(2024, 3, 2, tzinfo=UTC),
    ]
    first_row = 2 if name.endswith((".csv", ".tsv")) else 1
    assert batch.table["row"].to_pylist() == [first_row, first_row + 1]


def test_columns_are_joined_and_constants_fill(tmp_path: Path) -> None:
    content = (
        "title,selftext,when,country,Gender\nA,b,2024-01-01,cn,women\n,c,2024-01-01,,\nD,,2024-01-01,,\n"
    )
    batch = read(tmp_path / "a.csv", content, columns={"text": ["title", "selftext"], "published_at": "when"},
                 constants={"lang": "zh", "region": "hk"})  # fmt: skip
    assert texts(batch) == ["A\nb", "c", "D"]
    assert set(batch.table["lang"].to_pylist()) == {"zh"}
    assert set(batch.table["region"].to_pylist()) == {"hk"}
    assert (
        batch.table["audience"].to_pylist() == [None] * 3
    )  # whom a person is taken for is read where asked for alone
    mapped = read(tmp_path / "a.csv", columns={"text": "selftext", "published_at": "when", "region": "country",
                                                "audience": "Gender"},
                  constants={"region": "hk"})  # fmt: skip
    assert mapped.table["audience"].to_pylist() == ["women", None]
    assert mapped.table["region"].to_pylist() == ["cn", "hk"]


def test_batches_are_chunks_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,date\n" + "".join(f"t{i},2024-01-01\n" for i in range(25)))
    sizes = [batch.table.num_rows for batch in read_rows(path, schema=RAW_DOCUMENTS, chunk_rows=10)]
    assert sizes == [10, 10, 5]


@pytest.mark.parametrize(
    ("content", "kept", "rejected"),
    [
        ("a,2024-01-01\n,2024-01-01\n  ,2024-01-01\nb,2024-01-02", ["a", "b"], [(3, "text", "empty text"), (4, "text", "empty text")]),
        ("a,soon\nb,2024-01-01", ["b"], [(2, "published_at", "bad date")]),
        ("a,\nb,2024-01-01", ["b"], [(2, "published_at", "empty published_at")]),
        ("a,2024-06-03\nb,2024-06-02", ["b"], [(2, "published_at", "future date")]),
        ("a,1989-12-31\nb,1990-01-01", ["b"], [(2, "published_at", "date before 1990")]),
        ("a,3/1/2024\nb,2024-01-01", ["b"], [(2, "published_at", "bad date")]),
        ("a,2024-01-01,x,y\nb\nc,2024-01-01,,,", ["c"], [(2, None, "wrong number of fields"), (3, None, "wrong number of fields")]),
        ("a\x00b,2024-01-01\nc,2024-01-01", ["c"], [(2, "text", "NUL byte")]),
        ("a,2024-01-01\r\n\r\nb,2024-01-01\r\n", ["a", "b"], []),
        ('"a\nb\nc",2024-01-01\nd,2024-01-01\n', ["a\nb\nc", "d"], []),
        ('"never closed,2024-01-01\nd,2024-01-01\n', ['"never closed', "d"], []),
        ('"双11" 来了,2024-01-01\n"ok",2024-01-01', ['"双11" 来了', "ok"], []),
        ('5" heel,2024-01-01\nb,2024-01-01', ['5" heel', "b"], []),
        ('a,"2024-01-01\nb,2024-01-01\n"c",2024-01-01', ["b", "c"], [(2, "published_at", "bad date")]),
    ],
)  # fmt: skip
def test_bad_lines_are_set_aside_and_the_others_kept(
    tmp_path: Path, content: str, kept: list[str], rejected: list[tuple[int, str, str]]
) -> None:
    batch = read(tmp_path / "a.csv", "text,date\n" + content)
    assert texts(batch) == kept
    assert reasons(batch) == rejected


def test_reject_details_never_hold_the_text(tmp_path: Path) -> None:
    batch = read(tmp_path / "a.csv", "text,date\nhello,secret 13800138000\n")
    [reject] = batch.rejects.to_pylist()
    assert reject["source"] == "test"
    assert reject["detail"] == "aaaaaa 99999999999"


def test_json_lines_that_are_none_are_set_aside(tmp_path: Path) -> None:
    lines = ['{"text": "a", "date": 1709251200}', '{"text": "b", "da', "[1]", "", "[" * 100_000,
             '{"text": "c\\ud83d", "date": 1709251200}', '{"text": {"x": 1}, "date": 1709251200}',
             '{"text": "d", "date": 1709251200000}', '{"text": 7, "date": NaN}', '{"date": 1709251200}']  # fmt: skip
    batch = read(tmp_path / "a.jsonl", "\n".join(lines))
    assert texts(batch) == ["a", "d"]
    assert reasons(batch) == [
        (2, None, "invalid JSON"), (3, None, "invalid JSON"), (5, None, "invalid JSON"), (6, "text", "unpaired surrogate"),
        (7, "text", "not a text"), (9, "published_at", "bad date"), (10, "text", "empty text"),
    ]  # fmt: skip


def test_a_field_within_a_field_is_reached_by_a_dot(tmp_path: Path) -> None:
    line = json.dumps({"text": "a", "date": "2024-01-01", "user": {"name": "u1"}})
    assert read(tmp_path / "a.jsonl", line, columns={"author": "user.name"}).table["author"].to_pylist() == [
        "u1"
    ]


def test_a_json_array_is_explained(tmp_path: Path) -> None:
    for content in ('[{"text": "a"}]', "[\n{}\n]"):
        with pytest.raises(InvalidInput, match="one object a line"):
            read(tmp_path / "a.json", content)


def test_mixed_encodings_are_read_line_by_line(tmp_path: Path) -> None:
    cut = "衬衫连衣裙".encode()[:-1]
    lines = [b"text,date", "马面裙,2024-01-01".encode(), "连衣裙,2024-01-02".encode("gb18030"),
             b"caf\xe9 society,2024-01-03", cut + b",2024-01-04", "汉服,2024-01-05".encode()]  # fmt: skip
    batch = read(tmp_path / "a.csv", codecs.BOM_UTF8 + b"\n".join(lines))
    assert texts(batch) == ["马面裙", "连衣裙", "汉服"]
    assert reasons(batch) == [(4, None, "bad encoding"), (5, None, "bad encoding")]


def test_a_named_encoding_and_utf16_are_read(tmp_path: Path) -> None:
    content = "text,date\nrobe d'été,2024-01-01\n"
    assert texts(read(tmp_path / "a.csv", content.encode("cp1252"), encoding="cp1252")) == ["robe d'été"]
    assert texts(read(tmp_path / "b.csv", content.encode("utf-16"))) == ["robe d'été"]
    with pytest.raises(InvalidInput, match="no encoding 'klingon'"):
        read(tmp_path / "b.csv", encoding="klingon")


def test_a_gzip_of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    members = [gzip.compress(part) for part in (b"text,date\n", b"a,2024-01-01\nb,", b"2024-01-01\n")]
    assert texts(read(tmp_path / "a.csv.gz", b"".join(members) + bytes(16))) == ["a", "b"]
    assert reasons(read(tmp_path / "a.csv.gz", b"".join(members) + b"rubbish")) == [(4, None, "damaged gzip")]


def test_an_overlong_line_is_skipped(tmp_path: Path) -> None:
    content = "text,date\n" + "x" * 10_000_000 + ",2024-01-01\nb,2024-01-01\n" + "y" * 2_000_000
    batch = read(tmp_path / "a.csv.gz", gzip.compress(content.encode(), 1))
    assert texts(batch) == ["b"]
    assert reasons(batch) == [(2, None, "line too long"), (4, None, "line too long")]


def test_all_rows_before_a_break_in_a_gzip_are_kept(tmp_path: Path) -> None:
    rows = "".join(f"text number {i * 7919 % 10007},2024-01-01\n" for i in range(5_000))
    packed = gzip.compress(("text,date\n" + rows).encode())
    batch = read(tmp_path / "a.csv.gz", packed[: len(packed) // 2])
    n = batch.table.num_rows
    assert 1_000 < n < 4_500
    assert texts(batch) == [line.split(",")[0] for line in rows.splitlines()[:n]]
    assert reasons(batch) == [(n + 2, None, "truncated gzip")]
    damaged = bytearray(packed)
    damaged[-8] ^= 255
    spoilt = read(tmp_path / "b.csv.gz", bytes(damaged))
    assert spoilt.table.num_rows == 5_000
    assert reasons(spoilt) == [(5_002, None, "damaged gzip")]
    assert reasons(read(tmp_path / "c.csv.gz", packed[:5]))[-1][2] == "truncated gzip"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.csv.gz"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, name: str) -> None:
    batch = read(tmp_path / name, gzip.compress(b"") if name.endswith("gz") else b"")
    assert batch.table.num_rows == 0
    assert reasons(batch) == [(0, None, "empty file")]


def test_ids_that_came_before_are_set_aside(tmp_path: Path) -> None:
    batch = read(
        tmp_path / "a.csv",
        "id,text,date\n1,a,2024-01-01\n2,b,2024-01-01\n1,c,2024-01-01\n,d,2024-01-01\n,e,2024-01-01\n",
    )
    assert texts(batch) == ["a", "b", "d", "e"]
    assert reasons(batch) == [(4, "id", "duplicate id")]


def test_wrong_names_get_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("title,body,date\na,b,2024-01-01\n")
    with pytest.raises(NotFound, match=r"no file .*post\.csv; did you mean 'posts\.csv'"):
        read(tmp_path / "post.csv")
    with pytest.raises(InvalidInput, match=r"no column 'titel' \(for 'text'\); did you mean 'title'"):
        read(path, columns={"text": "titel"})
    with pytest.raises(InvalidInput, match="no column 'txt'; did you mean 'text'"):
        read(path, columns={"txt": "title"})
    with pytest.raises(InvalidInput, match="'title' and 'body' could each be 'text'"):
        read(path)
    with pytest.raises(InvalidInput, match="no column for 'published_at'"):
        read(tmp_path / "b.csv", "text,likes\na,1\n")
    with pytest.raises(InvalidInput, match="no text, so only one"):
        read(path, columns={"text": "title", "published_at": ["date", "date"]})
    with pytest.raises(InvalidInput, match="cannot tell the format of 'posts.xlsx'"):
        read(tmp_path / "posts.xlsx", b"PK")
    with pytest.raises(InvalidInput, match="unknown format 'cvs'; did you mean 'csv'"):
        read(path, fmt="cvs")
    with pytest.raises(InvalidInput, match="is a folder"):
        read(tmp_path, fmt="csv")
    with pytest.raises(InvalidInput, match="no Parquet file"):
        read(tmp_path / "x.parquet", b"PAR1 nonsense")
    with pytest.raises(InvalidInput, match="broken gzip"):
        read(tmp_path / "x.parquet.gz", gzip.compress(b"PAR1 nonsense")[:20])
    with pytest.raises(InvalidInput, match="the constant published_at='soon'"):
        read(path, columns={"text": "title"}, constants={"published_at": "soon"})


def test_events_and_products_are_read_too(tmp_path: Path) -> None:
    events = read(tmp_path / "e.csv", "t_dat,customer_id,article_id,price\n2024-01-01,c1,0108775015,\"1,299.50\"\n2024-01-01,c1,7,¥x\n",
                  schema=RAW_EVENTS, constants={"kind": "purchase"})  # fmt: skip
    assert events.table.select(["user", "item_id", "kind", "value"]).to_pylist() == [
        {"user": "c1", "item_id": "0108775015", "kind": "purchase", "value": 1299.5}
    ]
    assert reasons(events) == [(3, "value", "bad number")]
    content = 'id,title,price,available,element_ids\n1,裙,¥299,是,garment/skirt|color/red\n2,裤,1.2万,no,"[""a"", ""b""]"\n3,衫,,,\n4,帽,1,maybe,\n'
    items = read(tmp_path / "i.csv", content, schema=ITEMS, constants={"currency": "CNY"})
    assert items.table.select(
        ["id", "text", "price", "available", "element_ids", "created_at"]
    ).to_pylist() == [
        {
            "id": "1",
            "text": "",
            "price": 299.0,
            "available": True,
            "element_ids": ["garment/skirt", "color/red"],
            "created_at": None,
        },
        {
            "id": "2",
            "text": "",
            "price": 12000.0,
            "available": False,
            "element_ids": ["a", "b"],
            "created_at": None,
        },
        {"id": "3", "text": "", "price": None, "available": True, "element_ids": None, "created_at": None},
    ]
    assert reasons(items) == [(5, "available", "bad boolean")]


def test_parquet_types_are_understood(tmp_path: Path) -> None:
    table = pa.table({
        "id": pa.array([123.0, None]),
        "text": pa.array([b"bytes", "裙".encode()]),
        "date": pa.array([datetime(2024, 1, 1), datetime(2024, 1, 2)], pa.timestamp("ns")),
        "score": pa.array([3, None], pa.int8()),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    batch = read(tmp_path / "a.parquet")
    assert texts(batch) == ["bytes", "裙"]
    assert batch.table["id"].to_pylist() == ["123", None]
    assert batch.table["engagement"].to_pylist() == [3.0, None]


def test_a_source_reads_several_files_in_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text(f"id,text,date\n1,{name},2024-01-01\n2{name},x,2024-01-01\n")
    source = FileSource("posts", tmp_path / "*.csv", lang="en", now=NOW)
    assert isinstance(source, Source)
    batches = list(source.read())
    assert [text for batch in batches for text in texts(batch)] == ["a.csv", "x", "x"]
    assert [reasons(batch) for batch in batches] == [[], [(2, "id", "duplicate id")]]
    assert batches[1].rejects["path"].to_pylist() == [str(tmp_path / "b.csv")]
    assert [batch.table.num_rows for batch in source.read()] == [2, 1]
    with pytest.raises(NotFound, match="no file matches"):
        list(FileSource("posts", tmp_path / "c*.csv").read())


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_a_traceback(tmp_path: Path, content: bytes) -> None:
    for name in ("f.csv", "f.tsv", "f.jsonl", "f.csv.gz"):
        header = b"text,date\n" if name.startswith("f.csv") else b"text\tdate\n" if name == "f.tsv" else b""
        try:
            batch = read(
                tmp_path / name,
                header + content,
                columns={"text": "text"},
                constants={"published_at": "2024-01-01"},
            )
        except InvalidInput:
            continue
        assert batch.table.num_rows + batch.rejects.num_rows > 0 or not content.strip(b" \t\r\n\x0b\x0c")


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r"), min_size=1).filter(
            lambda t: not t.isspace() and t == t.strip("\ufeff")
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_properly_quoted_file_gives_back_every_text(tmp_path: Path, written: list[str]) -> None:
    lines = ["text,date"] + ['"' + text.replace('"', '""') + '",2024-01-01' for text in written]
    assert texts(read(tmp_path / "a.csv", "\n".join(lines))) == written


def test_a_schema_without_a_name_knows_the_usual_names_of_documents(tmp_path: Path) -> None:
    schema = pa.schema(
        [
            pa.field("row", pa.int64()),
            pa.field("id", pa.string()),
            pa.field("text", pa.string(), nullable=False),
        ]
    )
    assert texts(read(tmp_path / "a.csv", "review,label\n好,1\n", schema=schema)) == ["好"]
