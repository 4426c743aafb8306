"""What `modacast doctor` looks at."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from modacast.errors import ModacastError

__all__ = ["Finding", "checkup"]

_EXTRAS = {
    "train": ("torch", "transformers", "sentence_transformers", "accelerate"),
    "postgres": ("psycopg",),
    "spark": ("pyspark",),
    "llm": ("llm",),
}
_BASE = (
    "pyarrow",
    "polars",
    "duckdb",
    "ctranslate2",
    "tokenizers",
    "rjieba",
    "statsforecast",
    "lightgbm",
    "sqlalchemy",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: its name.
        is_fine: whether it is there and works.
        is_optional: whether modacast's base works without.
        detail: version or place; or what to do.
    """

    what: str
    is_fine: bool
    is_optional: bool
    detail: str


def checkup() -> list[Finding]:
    """Look at the interpreter, the libraries, the language model and the extras."""
    findings = [
        Finding("modacast", True, False, f"{version('modacast')} on Python {platform.python_version()}, "
                f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"),
    ]  # fmt: skip
    for name in _BASE:
        try:
            findings.append(Finding(name, True, False, version(name)))
        except PackageNotFoundError:
            findings.append(Finding(name, False, False, "pip install modacast"))
    findings += [_lexicon(), _language_model()]
    for extra, modules in _EXTRAS.items():
        absent = [module for module in modules if find_spec(module) is None]
        detail = f"lacks {', '.join(absent)}: pip install 'modacast[{extra}]'" if absent else "installed"
        findings.append(Finding(f"extra {extra!r}", not absent, True, detail))
    return findings


def _lexicon() -> Finding:
    try:
        from modacast.elements import Lexicon

        lexicon = Lexicon.load()
    except ModacastError as error:
        return Finding("lexicon", False, False, str(error))
    return Finding(
        "lexicon", True, False, f"{len(lexicon.elements):,} elements, version {lexicon.version[:8]}"
    )


def _language_model() -> Finding:
    try:
        from modacast.encoder import Encoder

        encoder = Encoder.from_pretrained("bundled")
        n = encoder.encode_query(["最近很流行粉色连衣裙"]).shape[1]
    except ModacastError as error:
        return Finding("language model", False, False, str(error))
    return Finding("language model", True, False, f"{encoder.model_id}, vectors of {n} numbers")
