"""What holds for the package as a whole."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import modacast
from modacast import errors, types

SOURCE = Path(modacast.__file__).parent
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)


def test_importing_is_quick_and_loads_no_torch():
    code = (
        "import sys, time; t = time.perf_counter(); import modacast; took = time.perf_counter() - t;"
        "heavy = {'torch', 'transformers', 'ctranslate2', 'lightgbm', 'statsforecast', 'polars'} & set(sys.modules);"
        "print(took < 0.5, sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True []"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_modules_stay_small_and_say_what_they_export(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500
    if path.name.startswith("_") and path.name != "__init__.py":
        return
    assert "__all__" in text or not any(
        isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.parse(text).body
    )


def test_every_error_has_an_exit_code_and_a_status():
    for name in errors.__all__:
        found = getattr(errors, name)
        if isinstance(found, type):
            assert found.exit_code in {1, 2}
            assert 400 <= found.http_status < 600


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("titel", ["title", "date"], "; did you mean 'title'?"),
        ("TITLE", ["title", "date"], "; did you mean 'title'?"),
        ("zzz", ["title"], "; there is 'title'"),
        ("zzz", [], ""),
    ],
)
def test_near_misses_are_suggested(name, known, said):
    assert errors.suggest(name, known) == said


def test_every_stored_schema_carries_its_name_and_version():
    for name, schema in types.SCHEMAS.items():
        assert types.schema_name(schema) == name
        assert types.schema_version(schema) >= 1


def test_an_element_is_shown_in_the_language_asked_for_or_the_next_best():
    element = types.Element("garment/dress", "garment", {"zh": ("连衣裙", "裙装"), "en": ("dress",)})
    assert [element.label(lang) for lang in ("zh", "en", "fr")] == ["连衣裙", "dress", "dress"]
    assert types.Element("garment/x", "garment", {}).label() == "garment/x"


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "modacast", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, modacast.__version__), done.stderr
