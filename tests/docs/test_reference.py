"""The reference pages say what the commands, the settings and the schemas are."""

from __future__ import annotations

import functools
import re
import runpy
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from modacast.config import Input, Settings
from modacast.serve.cli import app
from modacast.types import SCHEMAS

DOCS = Path(__file__).parents[2] / "docs"
CLI = runpy.run_path(str(DOCS / "cli_reference.py"))
SETTINGS = runpy.run_path(str(DOCS / "settings_reference.py"))
COMMANDS = {command.name: command for command in CLI["commands"]()}

VALUES = (
    "tls",
    "admit",
    "all",
    "5",
    "false",
    "true",
    "3",
    "120",
    "0.25",
    "2024-01-01",
    "en",
    "required",
    '["x"]',
    "[]",
    "x",
)


@pytest.mark.parametrize("name", ["cli", "settings", "tables"])
def test_the_committed_page_is_up_to_date(name):
    script = DOCS / f"{name}_reference.py"
    made = runpy.run_path(str(script))
    committed = made["PAGE"].read_text(encoding="utf-8")
    assert committed == made["render"](), f"docs/reference/{name}.md is old: run python docs/{script.name}"


def test_every_command_that_the_program_offers_is_there():
    # a fresh process registers what main() registers, whatever other tests have imported here
    code = "import sys; sys.argv = ['modacast', '--help']; from modacast.serve.cli import main; main()"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"COLUMNS": "200"}
    ).stdout
    offered = set(re.findall(r"^  ([a-z][\w-]*)  ", shown.partition("Commands:")[2], re.MULTILINE))
    assert offered
    assert offered == {name.split()[1] for name in COMMANDS if " " in name}


@pytest.fixture(scope="module")
def _one_program():
    """The commands made from their functions once, not for each."""
    with mock.patch("typer.testing._get_command", functools.cache(get_command)):
        yield


@pytest.mark.usefixtures("_one_program")
@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_the_help_is_there(name):
    result = CliRunner().invoke(app, [*name.split()[1:], "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    options = result.output.partition("Options:")[2].partition("Commands:")[0]
    offered = {
        option
        for line in re.findall(r"^  (-.*)", options, re.MULTILINE)
        for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line.partition("   ")[0])
    } - {"--help"}
    documented = {option for parameter in COMMANDS[name].parameters for option in parameter.names}
    assert documented == offered
    assert COMMANDS[name].help
    assert all(parameter.help for parameter in COMMANDS[name].parameters)


def test_an_option_that_is_required_is_part_of_the_usage():
    assert COMMANDS["modacast embed"].usage == "modacast embed IN --out PATH [OPTIONS]"
    assert COMMANDS["modacast lexicon check"].usage == "modacast lexicon check [FILES...]"


def test_every_setting_is_described():
    found = SETTINGS["settings"]()
    assert [f"{each.section}.{each.name}" for each in found if not each.description] == []
    expected = {f".{name}" for name in Input.model_fields}
    for section, field in Settings.model_fields.items():
        if section not in {"documents", "items", "events", "base"}:
            expected |= {f"{section}.{name}" for name in field.annotation.model_fields}
    assert {f"{each.section}.{each.name}" for each in found} == expected
    assert {"recommend.k"} < SETTINGS["_BETTER"].keys() <= expected


@pytest.mark.parametrize("setting", [each for each in SETTINGS["settings"]() if each.section], ids=str)
def test_the_variable_changes_the_setting(setting, monkeypatch):
    before = getattr(getattr(Settings(), setting.section), setting.name)
    for value in VALUES:
        monkeypatch.setenv(setting.variable, value)
        try:
            after = getattr(getattr(Settings(), setting.section), setting.name)
        except ValueError:
            continue
        if after != before:
            return
    pytest.fail(f"{setting.variable} changes nothing")


def test_every_column_of_every_table_is_there():
    page = (DOCS / "reference" / "tables.md").read_text(encoding="utf-8")
    for name, schema in SCHEMAS.items():
        section = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` ", section, re.MULTILINE) == schema.names


def test_the_python_page_names_modules_that_are_there():
    page = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    named = re.findall(r"^::: modacast\.([\w.]+)", page, re.MULTILINE)
    root = DOCS.parent / "src" / "modacast"
    stages = {path.stem for path in root.iterdir() if (path / "__init__.py").is_file()}
    assert stages - {"serve", "pipeline"} <= {name.partition(".")[0] for name in named}


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_shows_the_public_names(tmp_path):
    # --quiet would hide the warnings from --strict too, which then never fails
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=DOCS.parent, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    shown = set(
        re.findall(r'id="(modacast\.[\w.]+)"', (tmp_path / "reference/python/index.html").read_text())
    )
    modules = re.findall(
        r"^::: (modacast\.\w+)$", (DOCS / "reference" / "python.md").read_text(), re.MULTILINE
    )
    missing = []
    for module in modules:
        names = __import__(module, fromlist=["__all__"])
        for name in names.__all__:
            public = getattr(names, name)
            if isinstance(public, type) or hasattr(public, "__code__"):
                homes = {f"{module}.{name}", f"{public.__module__}.{name}"}
                missing += [] if homes & shown else [f"{module}.{name}"]
    assert missing == []
