"""Links lead somewhere, and what stands in code blocks would work."""

from __future__ import annotations

import ast
import re
import runpy
import shlex
import tomllib
import unicodedata
from importlib import import_module
from pathlib import Path

import pytest

from modacast.config import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("README*.md")])
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
COMMANDS = {
    command.name: command for command in runpy.run_path(str(ROOT / "docs/cli_reference.py"))["commands"]()
}

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    return re.sub(r"`[^`\n]+`", "", FENCE.sub("", page.read_text(encoding="utf-8")))


def blocks(page: Path, *languages: str) -> list[str]:
    return [
        body for _, language, body in FENCE.findall(page.read_text(encoding="utf-8")) if language in languages
    ]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    plain = (unicodedata.normalize("NFKD", heading.replace("`", "")).lower() for heading in headings)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip()) for heading in plain}


def broken(page: Path) -> list[str]:
    found = []
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            found.append(link)
    return found


@by_page
def test_relative_links_resolve(page):
    assert broken(page) == []


def test_a_broken_link_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` c\n[x](#a-b-c) [y](gone.md) [z](#gone) ![i](gone.png) `[n](gone)`\n[w](https://x.y)"
    )
    assert broken(page) == ["gone.md", "#gone", "gone.png"]


@by_page
def test_toml_is_read_as_settings(page):
    for block in blocks(page, "toml"):
        content = tomllib.loads(block)
        if "entry-points" not in content.get("project", {}):
            Settings(**content)


@by_page
def test_python_compiles_and_imports_what_there_is(page):
    for block in blocks(page, "python", "py"):
        tree = ast.parse(block)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "modacast":
                module = import_module(node.module)
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def wrong_calls(block: str) -> list[str]:
    found = []
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        at = next((i for i, word in enumerate(words) if word.rpartition("/")[2] == "modacast"), None)
        if at is None:
            continue
        words = ["modacast", *words[at + 1 :]]
        name = max((n for n in COMMANDS if words[: len(n.split())] == n.split()), key=len)
        known = {option for parameter in COMMANDS[name].parameters for option in parameter.names} | {"--help"}
        used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        if (name == "modacast" and not used) or not used <= known:
            found.append(line)
    return found


@by_page
def test_calls_of_the_program_name_its_commands_and_options(page):
    assert [line for block in blocks(page, "bash", "sh", "console") for line in wrong_calls(block)] == []


def test_a_wrong_call_is_noticed():
    lines = [
        "modacast run -c x",
        "modacast runs",
        "X=1 .venv/bin/modacast run --colour",
        "ls -l",
        "modacast --version",
    ]
    assert wrong_calls("\n".join(lines)) == lines[1:3]
