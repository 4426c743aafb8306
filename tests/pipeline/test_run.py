"""The whole loop on a small project, undisturbed, repeated, growing, and killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from pipeline.small import items, posts, write_csv, write_project
from serve.command_line import PYTHON, well

from modacast.config import load_settings
from modacast.pipeline.progress import Silent, StageRow
from modacast.pipeline.run import run_all
from modacast.serve.cli.terminal import _line
from modacast.store import Database, Lake

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project that has been run once, undisturbed."""
    folder = write_project(tmp_path_factory.mktemp("project"))
    outcome = run_all(load_settings(folder), Silent())
    return folder, outcome


def results(home: Path) -> dict[str, pa.Table]:
    """Everything that a run ends with, in an order that does not depend on how it went."""
    lake, database = Lake(home / "lake"), Database(home / "modacast.sqlite")
    found = {
        "documents": lake.read("documents").sort_by("id"),
        "mentions": lake.read("mentions").sort_by(
            [("doc_id", "ascending"), ("start", "ascending"), ("element_id", "ascending")]
        ),
        "panel": lake.read("panel").sort_by(
            [("ds", "ascending"), ("source", "ascending"), ("lang", "ascending")]
        ),
        "rejects": lake.read("rejects").sort_by([("source", "ascending"), ("row", "ascending")]),
        "trends": lake.read("trends").sort_by([("element_id", "ascending"), ("segment", "ascending")]),
        "series": lake.read("series"),
        "forecasts": lake.read("forecasts"),
        "signals": lake.read("signals"),
        "lists": lake.read("recommendations").sort_by([("user_key", "ascending"), ("rank", "ascending")]),
        "items": database.items(),
        "events": database.events(),
        "profiles": database.profiles(),
    }
    database.close()
    return found


def copied(project: Path, folder: Path) -> Path:
    """Copy a project that has been run, so that a test may change it."""
    shutil.copytree(project, folder)
    toml = folder / "modacast.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace(str(project), str(folder)), encoding="utf-8")
    return folder


def run_cli(folder: Path) -> dict:
    return well("run", "-c", folder, "--json", "--no-report").json()


def test_the_loop_finds_the_trend_and_serves_the_shoppers(project):
    folder, _ = project
    found = results(folder / "home")
    rising = {
        row["element_id"]: row["stage"] for row in found["trends"].to_pylist() if row["segment"] == "all"
    }
    assert rising["garment/mamian-skirt"] in {"emerging", "rising"}
    assert rising["garment/jeans"] == "steady"
    assert set(found["lists"]["user_key"].to_pylist()) == set(found["profiles"]["user_key"].to_pylist())
    assert found["profiles"].num_rows == 6
    assert "reviews" in found["documents"]["source"].to_pylist()


def test_the_board_keeps_what_is_sold_beside_what_is_said(project):
    folder, _ = project
    found = results(folder / "home")
    signals = pl.DataFrame(found["signals"])
    # one of the six shoppers buys jeans, every week but each fifth, in which all write reviews
    jeans = signals.filter(pl.col("unique_id") == "garment/jeans|all")
    assert jeans["sales"].drop_nulls().unique().to_list() == pytest.approx([1 / 6])
    assert jeans["views"].null_count() == len(jeans)
    assert signals["ds"].max() == max(found["series"]["ds"].to_pylist())


def test_without_signals_what_is_sold_changes_no_board(project, tmp_path):
    copy = copied(project[0], tmp_path / "copy")
    toml = copy / "modacast.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8").replace("[trends]", "[trends]\nsignals = []"), encoding="utf-8"
    )
    run_all(load_settings(copy), Silent())
    assert results(copy / "home")["signals"].num_rows == 0


def test_no_raw_id_and_no_personal_data_reach_the_disk(project):
    folder, _ = project
    for path in (folder / "home").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in (b"customer-1@example.com", b"writer-1", b"13800138004"):
                assert secret not in content, path
    for table in results(folder / "home").values():
        text = str(table.to_pylist())
        assert "example.com" not in text
        assert "13800138" not in text
        assert "writer-" not in text


def test_a_second_run_does_nothing_again(project):
    folder, _ = project
    before = results(folder / "home")
    stages = run_cli(folder)["stages"]
    worked = {f"{row['stage']} {row['source']}".strip(): row["n_in"] - row["n_known"] for row in stages}
    assert {name: n for name, n in worked.items() if n} == {"profiles": 240, "recommend": 6}
    after = results(folder / "home")
    assert after["documents"].equals(before["documents"])
    assert after["trends"].equals(before["trends"])
    assert after["lists"].equals(before["lists"])


def test_new_rows_are_added_and_nothing_is_counted_twice(project, tmp_path):
    whole, _ = project
    grown = write_project(tmp_path / "grown")
    write_csv(grown / "posts.csv", posts()[:950])
    (grown / "home").mkdir()
    shutil.copy(whole / "home" / "keys.json", grown / "home")
    run_cli(grown)
    write_csv(grown / "posts.csv", posts())
    run_cli(grown)
    left, right = results(whole / "home"), results(grown / "home")
    for name in ("documents", "panel", "series", "rejects"):
        columns = [c for c in left[name].column_names if c != "path"]
        assert left[name].select(columns).equals(right[name].select(columns)), name


def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(project, tmp_path):
    folder, _ = project
    other = write_project(tmp_path / "killed")
    (other / "home").mkdir()
    shutil.copy(folder / "home" / "keys.json", other / "home")
    commits = other / "home" / "lake" / "_commits"
    kills, waits = 0, (4, 6, 8)
    while kills < len(waits):
        start = len(list(commits.glob("*.json"))) if commits.exists() else 0
        process = subprocess.Popen(
            [*PYTHON, "run", "-c", str(other), "--no-report"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None:
            if commits.exists() and len(list(commits.glob("*.json"))) >= start + waits[kills]:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
                break
            time.sleep(0.002)
        else:
            break
    assert kills == len(waits)
    last = run_cli(other)
    known = {row["stage"]: row["n_known"] for row in last["stages"] if row["source"] in {"posts", "shop"}}
    assert known["items"] == len(items())
    assert known["clean"] > 0
    left, right = results(folder / "home"), results(other / "home")
    for name, table in left.items():
        if name == "profiles":
            continue  # they carry the instant of the events, checked with the lists
        columns = [c for c in table.column_names if c != "path"]
        assert table.select(columns).equals(right[name].select(columns)), name


def test_two_runs_at_once_do_not_mix(project):
    from modacast.errors import StorageError
    from modacast.pipeline.workspace import Workspace

    settings = load_settings(project[0])
    with Workspace(settings).locked(), pytest.raises(StorageError, match="another modacast is writing"):
        run_all(settings, Silent())


def test_a_lexicon_that_grows_has_everything_read_again(project, tmp_path):
    folder = copied(project[0], tmp_path / "lexicon")
    assert "style/neat-look" not in elements_in(folder)
    header = "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes\n"
    (folder / "mine.csv").write_text(
        header + "style/neat-look,,上身效果,neat look,,,,,,,,\n", encoding="utf-8"
    )
    mine = json.dumps(str(folder / "mine.csv"))
    with (folder / "modacast.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[lexicon]\nfiles = [{mine}]\n")
    run_all(load_settings(folder), Silent())
    assert "style/neat-look" in elements_in(folder)


def elements_in(folder: Path) -> set[str]:
    return set(Lake(folder / "home" / "lake").read("mentions")["element_id"].to_pylist())


def test_texts_that_are_not_about_fashion_are_counted_where_they_are_left_out():
    row = StageRow("clean", "posts", 100, 60, 10, 5, 0.1)
    assert row.n_unrelated == 25
    assert "25 not about fashion" in _line(row)
    assert replace(row, stage="tag").n_unrelated == 0
