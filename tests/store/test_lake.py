from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

import pyarrow as pa
import pytest

from modacast.errors import InvalidInput, StorageError
from modacast.store import Lake
from modacast.store.upgrades import upgrade


def panel(*days: date, n: int = 1) -> pa.Table:
    return pa.table(
        {
            "ds": list(days),
            "source": ["s"] * len(days),
            "lang": ["zh"] * len(days),
            "n_documents": [n] * len(days),
            "n_relevant": [0] * len(days),
        }
    )


def test_what_is_committed_is_read_back_by_another_process_of_the_lake(tmp_path):
    table = panel(date(2024, 1, 1), date(2024, 2, 5))
    Lake(tmp_path).commit(
        "a", {"panel": table}, fingerprint="f", months={"panel": table["ds"]}, facts={"x": 1}
    )
    again = Lake(tmp_path)
    assert again.read("panel")["ds"].to_pylist() == [date(2024, 1, 1), date(2024, 2, 5)]
    assert {path.parent.name for path in tmp_path.rglob("*.parquet")} == {"month=2024-01", "month=2024-02"}
    found = again.find("a")
    assert found is not None
    assert found.facts == {"x": 1}
    assert found.rows == {"panel": 2}
    assert again.find("a", "other") is None


def test_a_commit_replaces_what_its_key_held_and_keeps_its_place(tmp_path):
    lake = Lake(tmp_path)
    lake.commit("a", {"panel": panel(date(2024, 1, 1), n=1)}, fingerprint="1")
    lake.commit("b", {"panel": panel(date(2024, 1, 8), n=2)}, fingerprint="1")
    lake.commit("a", {"panel": panel(date(2024, 1, 1), n=9)}, fingerprint="2")
    assert Lake(tmp_path).read("panel")["n_documents"].to_pylist() == [9, 2]
    assert len(list(tmp_path.rglob("*.parquet"))) == 2


def test_files_without_a_manifest_do_not_count_and_are_swept(tmp_path):
    lake = Lake(tmp_path)
    lake.commit("a", {"panel": panel(date(2024, 1, 1))}, fingerprint="f")
    lake.commit("b", {"panel": panel(date(2024, 1, 8))}, fingerprint="f")
    (manifest,) = [p for p in tmp_path.rglob("*.json") if json.loads(p.read_text())["key"] == "b"]
    manifest.unlink()
    again = Lake(tmp_path)
    assert again.read("panel").num_rows == 1
    assert again.sweep() == 1
    assert again.sweep() == 0
    assert Lake(tmp_path).read("panel").num_rows == 1


def test_dropping_removes_files_and_manifests(tmp_path):
    lake = Lake(tmp_path)
    for key in ("board/1", "board/2", "clean/1"):
        lake.commit(key, {"panel": panel(date(2024, 1, 1))}, fingerprint="f")
    assert lake.drop("board/") == 2
    assert [commit.key for commit in Lake(tmp_path).commits()] == ["clean/1"]
    assert len(list(tmp_path.rglob("*.parquet"))) == 1


def test_the_latest_is_the_newest_key(tmp_path):
    lake = Lake(tmp_path)
    lake.commit("board/2024-02-05", {"panel": panel(date(2024, 1, 1), n=2)}, fingerprint="f")
    lake.commit("board/2024-01-29", {"panel": panel(date(2024, 1, 1), n=1)}, fingerprint="f")
    assert lake.read_latest("panel", prefix="board/")["n_documents"].to_pylist() == [2]
    assert lake.read_latest("panel", prefix="none/").num_rows == 0


def test_sql_reads_data_sets_and_tables(tmp_path):
    lake = Lake(tmp_path)
    lake.commit("a", {"panel": panel(date(2024, 1, 1), n=4)}, fingerprint="f")
    extra = pa.table({"source": ["s"], "weight": [10]})
    result = lake.sql(
        "select sum(n_documents * weight) as n from panel join extra using (source)", extra=extra
    )
    assert result["n"].to_pylist() == [40]


def test_a_table_without_its_columns_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="lacks the column.*source"):
        Lake(tmp_path).commit("a", {"panel": pa.table({"ds": [date(2024, 1, 1)]})}, fingerprint="f")


def test_damage_is_named(tmp_path):
    lake = Lake(tmp_path)
    lake.commit("a", {"panel": panel(date(2024, 1, 1))}, fingerprint="f")
    (parquet,) = tmp_path.rglob("*.parquet")
    parquet.write_bytes(b"rubbish")
    with pytest.raises(StorageError, match="cannot read .*parquet"):
        lake.read("panel")
    (manifest,) = tmp_path.rglob("*.json")
    manifest.write_text("{")
    with pytest.raises(StorageError, match="manifest .* is damaged"):
        Lake(tmp_path)


def test_a_lake_of_a_newer_modacast_is_refused(tmp_path):
    lake = Lake(tmp_path)
    lake.commit("a", {"panel": panel(date(2024, 1, 1))}, fingerprint="f")
    (manifest,) = tmp_path.rglob("*.json")
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(StorageError, match="newer modacast"):
        Lake(tmp_path)


def versioned(version: int, *fields: pa.Field) -> pa.Schema:
    return pa.schema(list(fields), metadata={"modacast.schema": "x", "modacast.version": str(version)})


def test_old_tables_are_upgraded_step_by_step():
    today = versioned(
        3, pa.field("a", pa.int64()), pa.field("b", pa.string(), nullable=False), pa.field("c", pa.int8())
    )
    old = pa.table({"a": pa.array([1, 2], pa.int32())}, schema=versioned(1, pa.field("a", pa.int32())))
    steps = {("x", 1): lambda table: table.append_column("b", pa.array(["?"] * table.num_rows))}
    result = upgrade("x", old, schemas={"x": today}, upgrades=steps)
    assert result.to_pylist() == [{"a": 1, "b": "?", "c": None}, {"a": 2, "b": "?", "c": None}]
    assert result.schema.equals(today, check_metadata=True)
    with pytest.raises(StorageError, match="lacks 'b'"):
        upgrade("x", old, schemas={"x": today}, upgrades={})
    newer = pa.table({"a": [1]}, schema=versioned(4, pa.field("a", pa.int64())))
    with pytest.raises(StorageError, match="newer modacast"):
        upgrade("x", newer, schemas={"x": today}, upgrades={})


FULL_DISK = """
import resource, signal, sys
import pyarrow as pa
from modacast.errors import StorageError
from modacast.store import Lake

lake = Lake(sys.argv[1])
table = pa.table({"noise": [str(hash(str(i))) for i in range(50_000)]})
lake.commit("a", {"noise": table.slice(0, 10)}, fingerprint="1")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    lake.commit("a", {"noise": table}, fingerprint="2")
except StorageError as error:
    print("refused:", error)
print(lake.find("a").fingerprint, Lake(sys.argv[1]).read("noise").num_rows, Lake(sys.argv[1]).sweep())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX resource limits")
def test_a_disk_that_refuses_leaves_the_last_good_state(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "refused: cannot write" in done.stdout
    assert "untouched" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 10 0"
