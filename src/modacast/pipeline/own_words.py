"""The lexicon layer of one home: words that were accepted in review or added, in a file of the lexicon's own format.

The shipped files are never touched. The layer lies in `lexicon/own.csv` in the home, goes after the project's own files
and is checked as a whole before it is written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modacast.elements import Lexicon
from modacast.elements.discovery import element_name
from modacast.elements.folding import fold
from modacast.elements.lexicon_exchange import Cells, dump_rows, load_rows
from modacast.elements.lexicon_file import HEADER
from modacast.errors import InvalidInput, NotFound, suggest
from modacast.pipeline.new_words import decide, decisions, new_words
from modacast.pipeline.workspace import Workspace
from modacast.store.files import write_atomically
from modacast.types import FACETS, LANGUAGES

__all__ = ["accept_word", "add_elements", "find_word", "reject_word", "take_back"]

_SHOWN = 20


def add_elements(workspace: Workspace, rows: Sequence[Cells]) -> list[str]:
    """Add elements to the home's layer, or change those that it holds.

    Args:
        workspace: of the home.
        rows: cells by column; what is empty stays as the layers before say it.

    Returns:
        The ids.

    Raises:
        InvalidInput: the lexicon would not be sound; every problem with its column. Nothing is written then.
    """
    own = _own_rows(workspace)
    for row in rows:
        own[row["id"]] = row
    _write(workspace, own)
    return [row["id"] for row in rows]


def find_word(workspace: Workspace, name: str) -> dict[str, Any]:
    """Get a new word by its id (or the beginning of it) or its text.

    Raises:
        NotFound: there is none; near misses are offered.
    """
    rows = new_words(workspace).to_pylist()
    for row in reversed(rows):
        if fold(row["text"]) == fold(name) or (len(name) >= 6 and row["id"].startswith(name)):
            return dict(row)
    if not rows:
        raise NotFound("no new words have been found in this home; `modacast run` looks for them")
    raise NotFound(f"no new word {name!r} was found{suggest(name, [row['text'] for row in rows])}")


def accept_word(
    workspace: Workspace,
    name: str,
    *,
    label: str | None = None,
    facet: str | None = None,
    parent: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Take a new word into the home's layer.

    Args:
        workspace: of the home.
        name: the word, or its id.
        label: what to call it instead; the word itself stays one of its surfaces.
        facet: instead of the one that was guessed.
        parent: id of the element that it is a kind of.
        labels: language code to its label in further languages.

    Returns:
        The id of the element.

    Raises:
        NotFound: there is no such word.
        InvalidInput: there is no such facet or language, or the lexicon would not be sound.
    """
    word = find_word(workspace, name)
    chosen = facet or word["facet"]
    if chosen not in FACETS:
        raise InvalidInput(f"there is no facet {chosen!r}{suggest(chosen, FACETS)}")
    shown = (label or word["text"]).strip()
    kin = parent or word["parent"] or ""
    row = dict.fromkeys(HEADER, "") | {
        "id": element_name(chosen, shown),
        "parent": kin if parent or kin.startswith(f"{chosen}/") else "",
        "attributes": f"origin=discovered;since={word['first_seen'].isoformat()}",
    }
    lang = word["lang"] if word["lang"] in LANGUAGES else "en"
    row[lang] = "|".join(dict.fromkeys((shown, word["text"], *word["variants"])))
    for code, text in (labels or {}).items():
        if code not in LANGUAGES:
            raise InvalidInput(f"there is no language {code!r}{suggest(code, LANGUAGES)}")
        row[code] = text if code != lang else f"{text}|{row[lang]}"
    if not row["zh"] and not row["en"]:
        row["en"] = shown
    before = decisions(workspace).get(word["id"], {}).get("element_id")
    own = _own_rows(workspace)
    own.pop(str(before), None)
    own[row["id"]] = row
    _write(workspace, own)
    decide(workspace, word["id"], "accepted", element_id=row["id"], text=word["text"])
    return row["id"]


def reject_word(workspace: Workspace, name: str) -> str:
    """Say that a new word is none of fashion: it is not offered again; returns its text.

    Raises:
        NotFound: there is no such word.
    """
    word = take_back(workspace, name)
    decide(workspace, word["id"], "rejected", text=word["text"])
    return str(word["text"])


def take_back(workspace: Workspace, name: str) -> dict[str, Any]:
    """Take back what was decided about a word, and its row in the home's layer; returns the word.

    Raises:
        NotFound: there is no such word.
    """
    word = find_word(workspace, name)
    before = decisions(workspace).get(word["id"], {}).get("element_id")
    own = _own_rows(workspace)
    if before in own:
        del own[before]
        _write(workspace, own)
    decide(workspace, word["id"], "found")
    return word


def _own_rows(workspace: Workspace) -> dict[str, Cells]:
    path = workspace.own_words
    return {row["id"]: row for row in load_rows(path)} if path.is_file() else {}


def _write(workspace: Workspace, rows: Mapping[str, Cells]) -> None:
    """Check the layer on top of all others, and write it."""
    text = dump_rows(list(rows.values()), "csv")
    files = workspace.settings.lexicon.files
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "own.csv"
        trial.write_text(text, encoding="utf-8")
        problems = [p for p in Lexicon.check(*files, trial) if p.path == str(trial)]
    if problems:
        told = "\n  ".join(
            f"{p.element_id or 'row'}{f', column {p.column}' if p.column else ''}: {p.message}"
            for p in problems[:_SHOWN]
        )
        n = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise InvalidInput(f"nothing was written, the lexicon would have {n}:\n  {told}")
    path = workspace.own_words
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda file: file.write(text.encode()))
    workspace.forget_lexicon()
