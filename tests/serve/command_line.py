"""The command line as a person or a script meets it: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any
from unittest import mock

from modacast.serve.cli import main

PYTHON = [sys.executable, "-c", "from modacast.serve.cli import main; main()"]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out, parse_constant=_refuse)

    def rows(self) -> list[dict[str, Any]]:
        """JSON lines."""
        return [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]


def modacast(*args: object) -> Done:
    """Run a command through `main`, where errors become exit codes."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    argv = ["modacast", *(str(arg) for arg in args)]
    with mock.patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def well(*args: object) -> Done:
    """Run a command that has to succeed."""
    done = modacast(*args)
    assert done.code == 0, done.err
    return done


def refused(*args: object, code: int = 2) -> str:
    """Run a command that has to be refused in one clear line; returns that line."""
    done = modacast(*args)
    assert done.code == code, (done.code, done.err)
    assert done.out == ""
    assert done.err.startswith("modacast: ")
    return done.err


def _refuse(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")
