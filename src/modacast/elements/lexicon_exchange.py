"""Lexicons in and out: CSV in the lexicon's own format, TOML and JSON for people and programs.

TOML and JSON hold the same: a list `element` of tables with `id`, `labels` (language code to a list of surfaces),
and, where there are any, `parent` and `attributes`. Flags stand at a surface's end as in the CSV files: `?` for one
that is ambiguous outside fashion, `!` for one whose case counts.
"""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from modacast.elements.lexicon import Lexicon
from modacast.elements.lexicon_file import HEADER
from modacast.errors import InvalidInput, NotFound, suggest
from modacast.types import LANGUAGES

__all__ = ["Cells", "dump_rows", "lexicon_rows", "load_rows"]

Cells = dict[str, str]
"""One row of a lexicon file, unread: column of `HEADER` to cell."""

_KEYS = ("id", "parent", "labels", "attributes")
_FORMATS = (".csv", ".toml", ".json")


def lexicon_rows(lexicon: Lexicon) -> list[Cells]:
    """Get a whole lexicon as rows, flags included."""
    flags: dict[tuple[str, str], list[str]] = {}
    for entry in lexicon.entries:
        flags.setdefault((entry.element_id, entry.lang), []).append(str(entry.surface))
    return [
        {
            "id": element.id,
            "parent": element.parent or "",
            **{lang: "|".join(flags.get((element.id, lang), ())) for lang in LANGUAGES},
            "attributes": ";".join(f"{key}={value}" for key, value in element.attributes.items()),
        }
        for element in lexicon
    ]


def load_rows(path: Path) -> list[Cells]:
    """Read rows from a CSV, TOML or JSON file.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is none of these, or is not written as it should be.
    """
    if path.suffix.lower() not in _FORMATS:
        raise InvalidInput(f"cannot tell a format from {path.name!r}: use .csv, .toml or .json")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise InvalidInput(f"cannot read {path}: {error.strerror}") from error
    if path.suffix.lower() == ".csv":
        return _csv_rows(text, path)
    return [_row(element, f"{path}, element {n}") for n, element in enumerate(_elements(text, path), start=1)]


def dump_rows(rows: Sequence[Cells], kind: str) -> str:
    """Get rows as the text of a file.

    Args:
        rows: what to write.
        kind: `"csv"`, `"toml"` or `"json"`.

    Raises:
        InvalidInput: it is another.
    """
    if kind == "csv":
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows([row.get(name, "") for name in HEADER] for row in rows)
        return stream.getvalue()
    if kind == "json":
        return json.dumps({"element": [_element(row) for row in rows]}, ensure_ascii=False, indent=1) + "\n"
    if kind == "toml":
        return "\n".join(_toml(_element(row)) for row in rows)
    raise InvalidInput(f"a lexicon is written as csv, toml or json, got {kind!r}")


def _csv_rows(text: str, path: Path) -> list[Cells]:
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    if tuple(header) != HEADER:
        raise InvalidInput(
            f"{path}, line 1: the header is {','.join(header)!r}; it must be {','.join(HEADER)!r}"
        )
    rows = []
    for values in reader:
        if any(values):
            if len(values) != len(HEADER):
                raise InvalidInput(
                    f"{path}, line {reader.line_num}: {len(values)} columns, expected {len(HEADER)}; quote cells "
                    "that hold a comma"
                )
            rows.append({name: value.strip() for name, value in zip(HEADER, values, strict=True)})
    return rows


def _elements(text: str, path: Path) -> Iterable[Any]:
    try:
        content = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput(f"{path} is not valid {path.suffix[1:].upper()}: {error}") from error
    elements = content.get("element") if isinstance(content, Mapping) else content
    if not isinstance(elements, list):
        raise InvalidInput(f"{path}: expected a list `element` of tables with `id` and `labels`")
    return elements


def _row(element: Any, where: str) -> Cells:
    if not isinstance(element, Mapping) or not isinstance(element.get("id"), str):
        raise InvalidInput(f"{where}: needs an `id`, for example 'garment/shirt-dress'")
    for key in element:
        if key not in _KEYS:
            raise InvalidInput(f"{where}: unknown key {key!r}{suggest(str(key), _KEYS)}")
    labels, attributes = element.get("labels", {}), element.get("attributes", {})
    if not isinstance(labels, Mapping) or not isinstance(attributes, Mapping):
        raise InvalidInput(
            f'{where}: `labels` and `attributes` are tables, for example labels = {{ zh = ["多巴胺"] }}'
        )
    row = dict.fromkeys(HEADER, "") | {"id": element["id"], "parent": str(element.get("parent") or "")}
    for lang, said in labels.items():
        if lang not in LANGUAGES:
            raise InvalidInput(f"{where}: there is no language {lang!r}{suggest(str(lang), LANGUAGES)}")
        names = [said] if isinstance(said, str) else said
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InvalidInput(f"{where}: labels of {lang!r} are a list of texts")
        row[lang] = "|".join(names)
    row["attributes"] = ";".join(f"{key}={value}" for key, value in attributes.items())
    return row


def _element(row: Cells) -> dict[str, Any]:
    element: dict[str, Any] = {"id": row["id"]}
    if row.get("parent"):
        element["parent"] = row["parent"]
    element["labels"] = {lang: row[lang].split("|") for lang in LANGUAGES if row.get(lang)}
    if row.get("attributes"):
        pairs = (part.partition("=") for part in row["attributes"].split(";") if part)
        element["attributes"] = {key: value for key, _, value in pairs}
    return element


def _toml(element: Mapping[str, Any]) -> str:
    lines = ["[[element]]"]
    for key, value in element.items():
        if isinstance(value, Mapping):
            inner = ", ".join(
                f"{json.dumps(k)} = {json.dumps(v, ensure_ascii=False)}" for k, v in value.items()
            )
            lines.append(f"{key} = {{ {inner} }}")
        else:
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
