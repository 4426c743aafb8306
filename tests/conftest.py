from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any
from unittest import mock
from weakref import WeakValueDictionary

import pytest
from hypothesis import settings

from modacast.elements import Lexicon, reader

# A busy machine is no failure; what has to be fast has a test of its own.
settings.register_profile("modacast", deadline=None)
settings.load_profile("modacast")

# Files whose tests share what costs seconds: a project that has been run, or the import of torch.
TOGETHER = {
    "tests/serve/": "the command line",
    **dict.fromkeys(
        (f"tests/encoder/test_{name}.py" for name in (
            "finetune", "mixing", "pretrain", "static", "student", "torch_model", "tune_classifier",
        )),
        "training",
    ),
}  # fmt: skip
# What takes longest begins first, so that no process ends with it alone.
LONGEST = ("the command line", "tests/pipeline/test_run.py", "training")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file in one process, and those of files that stand together.

    Marks do not: this pytest takes no notice of the groups that xdist writes into the names of tests.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return next((name for start, name in TOGETHER.items() if file.startswith(start)), file)

        def _assign_work_unit(self, node: Any) -> None:
            for scope in reversed(LONGEST):
                if scope in self.workqueue:
                    self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)

    return Scheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def _one_lexicon():
    """Have the shipped lexicon and its reader built once a process; each of many tests would take seconds for it."""
    read, reads = Lexicon.load, []

    @functools.cache
    def shipped() -> Lexicon:
        return read()

    @functools.wraps(read)
    def load(*paths: str | Path, **options: bool) -> Lexicon:
        return read(*paths, **options) if paths or options else shipped()

    class Readers(WeakValueDictionary):
        def __setitem__(self, version, made):
            super().__setitem__(version, made)
            if version == shipped().version:
                reads.append(made)

    with mock.patch.object(Lexicon, "load", load), mock.patch.object(reader, "_shared", Readers()):
        yield


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data sets; tests that want it are skipped where it is absent."""
    folder = Path(os.environ.get("MODACAST_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("set MODACAST_DATA to a folder of real data sets")
    return folder
