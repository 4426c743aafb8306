"""The commands for the whole loop, and what holds for all of them."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from pipeline.small import items
from serve.command_line import PYTHON, modacast, refused, well

import modacast as package
from modacast.config import load_settings


def is_self_contained(page: str) -> bool:
    """Whether a page loads nothing from elsewhere."""
    loads = re.findall(r"<(?:script|img|link|iframe)\b[^>]*?(?:src|href)\s*=\s*[\"']([^\"']+)", page)
    return all(address.startswith(("data:", "#")) for address in loads) and "@import" not in page


def test_run_tells_its_stages_as_json_and_all_else_on_stderr(project):
    told = project.first_run.json()
    assert {(row["stage"], row["source"]) for row in told["stages"]} >= {
        ("items", "shop"), ("events", "shop"), ("clean", "posts"), ("tag", ""), ("board", ""), ("recommend", "")
    }  # fmt: skip
    assert next(row for row in told["stages"] if row["stage"] == "items")["n_out"] == len(items())
    assert told["rejects"]["near duplicate"] > 0
    assert "clean posts" in project.first_run.err


def test_run_without_json_names_the_report_alone(project, home, tmp_path):
    done = well("run", "-c", project.folder, "--home", home, "--no-report")
    assert done.out == ""
    assert "already done" in done.err
    assert "near duplicate" in done.err


def test_init_writes_settings_that_are_valid_and_never_overwrites(tmp_path):
    folder = tmp_path / "mine"
    assert str(folder / "modacast.toml") in well("init", folder).out
    assert load_settings(folder).documents == []
    (folder / "modacast.toml").write_text('[project]\ntitle = "mine"\n', encoding="utf-8")
    assert "there already" in refused("init", folder)
    assert load_settings(folder).project.title == "mine"


def test_an_empty_project_is_told_what_to_name(tmp_path):
    well("init", tmp_path / "mine")
    assert "[[documents]]" in refused("run", "-c", tmp_path / "mine")
    assert "[[documents]]" in refused("collect", "-c", tmp_path / "mine")
    assert "modacast init" in refused("run", "-c", tmp_path / "none")


def test_the_report_is_one_self_contained_file(project, tmp_path):
    path = tmp_path / "page.html"
    done = well("report", "-c", project.folder, "--out", path)
    assert done.out == f"Report: {path}\n"
    page = path.read_text(encoding="utf-8")
    assert "马面裙" in page
    assert page.count("</html>") == 1
    assert is_self_contained(page)
    assert "example.com" not in page
    assert is_self_contained((project.folder / "report.html").read_text(encoding="utf-8"))
    assert 'data-lang="zh"' in page
    well("report", "-c", project.folder, "--out", path, "--lang", "en")
    assert 'data-lang="en"' in path.read_text(encoding="utf-8")
    assert "zh or en" in refused("report", "-c", project.folder, "--lang", "fr")


def test_doctor_names_each_thing_and_how_to_get_what_is_missing():
    findings = {row["what"]: row for row in well("doctor", "--json").json()}
    assert findings["language model"]["is_fine"]
    assert findings["lexicon"]["is_fine"]
    missing = [row for row in findings.values() if not row["is_fine"]]
    assert all(row["is_optional"] and "pip install 'modacast[" in row["detail"] for row in missing)
    assert "language model" in well("doctor").out


def test_doctor_fails_where_a_needed_library_is_missing(monkeypatch):
    monkeypatch.setattr("modacast.serve.cli.checkup._BASE", ("pyarrow", "no-such-library"))
    done = modacast("doctor")
    assert done.code == 1
    assert re.search(r"missing +no-such-library +pip install modacast", done.out)


def test_version():
    assert well("--version").out.strip() == package.__version__


@pytest.mark.parametrize("args", [
    ["bogus"], ["run", "surplus"], ["trends", "--bogus"], ["recommend"], ["trends", "--top", "many"], ["privacy", "forget"]
], ids=" ".join)  # fmt: skip
def test_wrong_usage_ends_with_2_and_leaves_stdout_empty(args):
    done = modacast(*args)
    assert (done.code, done.out) == (2, "")
    assert "Error" in done.err


def test_the_module_calls_itself_modacast():
    done = subprocess.run(
        [sys.executable, "-m", "modacast", "bogus"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: modacast [OPTIONS]")


@pytest.mark.parametrize("args", [
    ["trends"], ["report"], ["recommend", "-u", "x"], ["feedback", "status"], ["search", "x"],
    ["privacy", "consent", "x", "denied"],
], ids=lambda args: args[0])  # fmt: skip
def test_a_home_that_is_not_there_is_not_made(args, tmp_path):
    assert "run `modacast run` first" in refused(*args, "--home", tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "args", [["trends"], ["recommend", "-u", "x"], ["search", "x"]], ids=lambda args: args[0]
)
def test_an_empty_home_says_what_is_missing(args, tmp_path):
    assert "modacast run" in refused(*args, "--home", tmp_path)


@pytest.mark.parametrize("name", ["run.lock", "keys.json", "modacast.sqlite", "lake"])
def test_a_home_that_cannot_be_written_ends_with_1_and_one_line(project, tmp_path, name):
    blocked = tmp_path / "home" / name
    blocked.parent.mkdir()
    if name == "lake":
        blocked.write_text("a file where a folder should be", encoding="utf-8")
    else:
        blocked.mkdir()
    assert str(blocked) in refused("collect", "-c", project.folder, "--home", tmp_path / "home", code=1)


@pytest.mark.slow
def test_a_real_process_gives_codes_0_1_and_2_and_never_a_traceback(project, tmp_path):
    def run(*args):
        return subprocess.run(
            [*PYTHON, *map(str, args)], capture_output=True, text=True, check=False, cwd=tmp_path
        )

    good = run("trends", "-c", project.folder, "--json")
    wrong = run("trends", "-c", project.folder, "--stage", "risng")
    failed = run("trends", "-c", project.folder, "--out", project.folder / "posts.csv" / "board.csv")
    assert (good.returncode, wrong.returncode, failed.returncode) == (0, 2, 1)
    assert wrong.stderr == "modacast: --stage: there is no 'risng'; did you mean 'rising' or 'emerging'?\n"
    assert failed.stderr.startswith("modacast: cannot write ")
    assert (wrong.stdout, failed.stdout) == ("", "")
    assert good.stdout.startswith('{"element_id": ')


def test_names_the_home_within_the_folder_that_was_given(tmp_path):
    (tmp_path / "demo" / "home" / "lake").mkdir(parents=True)
    assert f"use --home {tmp_path / 'demo' / 'home'}" in refused("trends", "--home", tmp_path / "demo")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["home"]
