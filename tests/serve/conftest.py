from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from pipeline.small import write_project
from serve.command_line import Done, well


@dataclass(frozen=True)
class Project:
    """A small project that has been run once."""

    folder: Path
    first_run: Done


@pytest.fixture(scope="session")
def project(tmp_path_factory) -> Project:
    folder = write_project(tmp_path_factory.mktemp("shop"))
    return Project(folder, well("run", "-c", folder, "--json"))


@pytest.fixture
def home(project, tmp_path) -> Path:
    """A copy of the project's home that a test may change."""
    copy = tmp_path / "home"
    shutil.copytree(project.folder / "home", copy)
    return copy
