from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure; what has to be fast has a test of its own.
settings.register_profile("modacast", deadline=None)
settings.load_profile("modacast")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share costly fixtures in one process: those of a file, and all of the command line."""
    for item in items:
        folder = item.path.parent
        item.add_marker(pytest.mark.xdist_group("serve" if folder.name == "serve" else str(item.path)))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data sets; tests that want it are skipped where it is absent."""
    folder = Path(os.environ.get("MODACAST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("set MODACAST_DATA to a folder of real data sets")
    return folder
