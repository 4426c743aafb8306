"""Write `reference/tables.md` from the schemas of `modacast.types`: `python docs/tables_reference.py`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from modacast import types

__all__ = ["PAGE", "render"]

PAGE = Path(__file__).parent / "reference" / "tables.md"

_INTRO = """# Tables

<!-- Written by `python docs/tables_reference.py`; change modacast.types, not this page. -->

What travels between the stages and lies in the store. Instants are UTC, `ds` is the Monday of an ISO week, shares lie in
0 to 1. Columns that may be null are marked.

Your files of documents, events and items are read into `raw_documents`, `raw_events` and `items`: these are the names
that `columns` and `constants` of an [input](settings.md#inputs) map to. A file needs the columns that may not be null,
but for `row`, and for `text` and `available` of items. Columns of the same name or of a usual other one (`content`,
`date`, `user_id`, `sku`, `标题`, ...) are found without being mapped.
"""
_CLOSED = {"stage": types.STAGES, "kind": types.EVENT_KINDS}


def render() -> str:
    """Get the page."""
    said = dict(_comments(inspect.getsource(types)))
    return "\n".join([_INTRO, *(_section(name, schema, said) for name, schema in types.SCHEMAS.items())])


def _comments(source: str) -> Iterator[tuple[tuple[str, str], str]]:
    table = ""
    for line in source.splitlines():
        if header := re.search(r'_schema\("(\w+)"', line):
            table = header[1]
        elif column := re.match(r' +(?:pa\.field|_text)\("(\w+)".*\),\s+# (.+)$', line):
            yield (table, column[1]), column[2]


def _section(name: str, schema: pa.Schema, said: dict[tuple[str, str], str]) -> str:
    lines = [f"## {name}\n", "| column | type | null | what |", "|---|---|---|---|"]
    for field in schema:
        what = said.get((name, field.name), "")
        if field.name in _CLOSED:
            what = " ".join(filter(None, [what, f"one of {', '.join(_CLOSED[field.name])}"]))
        may = "may be" if field.nullable else ""
        escaped = what.replace("|", "\\|")
        lines.append(f"| `{field.name}` | {_in_words(field.type)} | {may} | {escaped} |")
    return "\n".join(lines) + "\n"


def _in_words(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "instant"
    if pa.types.is_list(kind):
        return f"list of {_in_words(kind.value_type)}"
    if pa.types.is_map(kind):
        return f"map of {_in_words(kind.key_type)} to {_in_words(kind.item_type)}"
    names = {
        "string": "text",
        "date32[day]": "date",
        "bool": "boolean",
        "float": "float32",
        "double": "float64",
    }
    return names.get(str(kind), str(kind))


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
