"""Whatever comes in: a clear error or a counted reject, never a traceback and never a lost good row."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pipeline.small import write_project

from modacast.config import load_settings
from modacast.elements import Lexicon, Relevance, Tagger
from modacast.errors import InvalidInput, ModacastError, NotFound, StorageError
from modacast.pipeline.progress import Silent
from modacast.pipeline.run import run_all
from modacast.pipeline.shop import import_events, import_items
from modacast.pipeline.texts import collect_documents
from modacast.pipeline.workspace import Workspace

GOOD = (
    "今天穿了马面裙出门，朋友都说好看",
    "新买的牛仔裤到货了，版型很正，准备配白衬衫",
    "Loving my new sneakers, they go with every dress that I own",
    "求推荐通勤能穿的风衣，预算三百以内，谢谢",
)
TOML = """
[project]
home = {home}
[[documents]]
name = "posts"
path = {posts}
columns = {{ text = "title", published_at = "day" }}
[[items]]
name = "shop"
path = "items.csv"
[[events]]
name = "shop"
path = "events.csv"
"""
ITEMS = b"id,title,price\np1,\xe7\xba\xa2\xe8\x89\xb2\xe9\xa9\xac\xe9\x9d\xa2\xe8\xa3\x99,199\np2,blue jeans,249\n"
EVENTS = b"user,item_id,kind,at,value\nann,p1,purchase,2024-01-01,\nben,p2,rating,2024-01-02,5\n"


@pytest.fixture(scope="module")
def lexicon_parts() -> dict[str, object]:
    tagger = Tagger(Lexicon.load())
    return {"tagger": tagger, "relevance": Relevance(tagger), "lexicon": tagger.lexicon}


@pytest.fixture
def quick(monkeypatch, lexicon_parts) -> None:
    """Every workspace has the shipped lexicon without reading it again."""
    for name, part in lexicon_parts.items():
        monkeypatch.setattr(Workspace, name, part)


def write(folder: Path, posts: bytes = b"", name: str = "posts.csv", **files: bytes) -> Path:
    """Write a project of two items, two events and the given posts; `items` and `events` replace those."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(posts or csv_of(GOOD))
    (folder / "items.csv").write_bytes(files.get("items", ITEMS))
    (folder / "events.csv").write_bytes(files.get("events", EVENTS))
    text = TOML.format(home=json.dumps(str(folder / "home")), posts=json.dumps(name))
    (folder / "modacast.toml").write_text(text, encoding="utf-8")
    return folder


def csv_of(texts: tuple[str, ...]) -> bytes:
    return b"title,day\n" + b"".join(line(text) for text in texts)


def line(text: str, day: str = "2024-01-01", encoding: str = "utf-8") -> bytes:
    return f'"{text}",{day}\n'.encode(encoding)


def workspace_of(folder: Path) -> Workspace:
    return Workspace(load_settings(folder))


def reasons(workspace: Workspace) -> list[tuple[int, str]]:
    return sorted((row["row"], row["reason"]) for row in workspace.lake.read("rejects").to_pylist())


# -- documents --------------------------------------------------------------------------------------------

HEAD = csv_of(())
FIRST, SECOND, THIRD, LAST = (line(text) for text in GOOD)


def json_line(**row: object) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


DOCUMENTS = {
    "bad date": (HEAD + FIRST + line("x", "gestern") + SECOND + THIRD + LAST, {3: "bad date"}),
    "future date": (HEAD + FIRST + line("x", "2999-01-01") + SECOND + THIRD + LAST, {3: "future date"}),
    "date of no calendar": (HEAD + FIRST + line("x", "2023-02-30") + SECOND + THIRD + LAST, {3: "bad date"}),
    "null text": (HEAD + FIRST + b",2024-01-01\n" + SECOND + THIRD + b'"  ",2024-01-01\n' + LAST, {3: "empty text", 6: "empty text"}),
    "mixed encodings": (HEAD + line(GOOD[0], encoding="gb18030") + SECOND + THIRD + line(GOOD[3], encoding="gb18030"), {}),
    "no known encoding": (HEAD + FIRST + b"\xe4\xbb\x8a\xe5\xa4\xa9 \xff,2024-01-01\n" + SECOND + THIRD + LAST, {3: "bad encoding"}),
    "a line of 10 MB": (HEAD + FIRST + line("裙" * 3_400_000) + SECOND + THIRD + LAST, {3: "line too long"}),
    "fields": (HEAD + FIRST + b"a,b,c,d\n" + SECOND + THIRD + LAST + b"alone", {3: "wrong number of fields", 7: "wrong number of fields"}),
    "a stray quote": (HEAD + FIRST + b'"never closed,2024-01-01\n' + SECOND + THIRD + LAST, {}),
    "line ends of Windows, a mark, no last one": (b"\xef\xbb\xbf" + (HEAD + FIRST + SECOND + THIRD + LAST).replace(b"\n", b"\r\n").rstrip(), {}),
}  # fmt: skip
LINES = [json_line(id=i, title=text, day="2024-01-01") for i, text in enumerate(GOOD)]
JSON_DOCUMENTS = {
    "duplicate ids": (b"".join([*LINES, LINES[0]]), {5: "duplicate id"}),
    "null": (
        LINES[0] + json_line(id=9, title=None, day="2024-01-01") + b"".join(LINES[1:]),
        {2: "empty text"},
    ),
    "no JSON": (LINES[0] + b'{"id": 8, "title": "cut o\n' + b"".join(LINES[1:]), {2: "invalid JSON"}),
    "no object": (LINES[0] + b"[1, 2]\n17\n" + b"".join(LINES[1:]), {2: "invalid JSON", 3: "invalid JSON"}),
}


@pytest.mark.parametrize(("name", "content", "wrong"), [
    *(pytest.param("posts.csv", *case, id=name) for name, case in DOCUMENTS.items()),
    *(pytest.param("posts.jsonl", *case, id=name) for name, case in JSON_DOCUMENTS.items()),
])  # fmt: skip
def test_bad_rows_of_documents_are_set_aside_and_all_good_ones_kept(tmp_path, quick, name, content, wrong):
    workspace = workspace_of(write(tmp_path, content, name))
    (source,) = workspace.settings.documents
    row = collect_documents(workspace, source, Silent())
    texts = workspace.lake.read("documents")["text"].to_pylist()
    assert set(GOOD) <= set(texts)
    assert reasons(workspace) == sorted(wrong.items())
    assert row.n_rejected == len(wrong)
    again = collect_documents(workspace, source, Silent())
    assert (again.n_known, again.n_out) == (row.n_in, 0)
    assert workspace.lake.read("documents").num_rows == len(texts)
    assert reasons(workspace) == sorted(wrong.items())


def test_an_empty_file_is_counted_and_the_run_goes_on(tmp_path, quick):
    folder = write(tmp_path)
    (folder / "posts.csv").write_bytes(b"")
    outcome = run_all(load_settings(folder), Silent())
    assert outcome.rejects == {"empty file": 1}
    assert outcome.workspace.database.events().num_rows == 2
    assert outcome.workspace.lake.read("trends").num_rows == 0


def test_all_rows_before_the_break_of_a_gzip_are_kept_and_the_rest_follows_when_it_is_whole(tmp_path, quick):
    texts = tuple(f"{GOOD[i % 4]}，{i * 7919 % 10007}" for i in range(400))
    packed = gzip.compress(csv_of(texts))
    workspace = workspace_of(write(tmp_path, packed[: len(packed) // 2], "posts.csv.gz"))
    (source,) = workspace.settings.documents
    first = collect_documents(workspace, source, Silent())
    (broken_at,) = [row for row, reason in reasons(workspace) if reason == "truncated gzip"]
    assert 100 < first.n_in - 1 == broken_at - 2 < 350
    (tmp_path / "posts.csv.gz").write_bytes(packed)
    second = collect_documents(workspace, source, Silent())
    assert second.n_in == 400
    assert "truncated gzip" not in {reason for _, reason in reasons(workspace)}


def test_a_bad_row_that_is_added_is_counted_and_one_that_is_gone_is_not(tmp_path, quick):
    workspace = workspace_of(write(tmp_path, HEAD + FIRST + SECOND))
    (source,) = workspace.settings.documents
    collect_documents(workspace, source, Silent())
    (tmp_path / "posts.csv").write_bytes(HEAD + FIRST + SECOND + line("x", "gestern"))
    collect_documents(workspace, source, Silent())
    assert reasons(workspace) == [(4, "bad date")]
    (tmp_path / "posts.csv").write_bytes(HEAD + FIRST + SECOND)
    collect_documents(workspace, source, Silent())
    assert reasons(workspace) == []
    assert workspace.lake.read("documents").num_rows == 2


def test_rows_that_a_shorter_file_no_longer_has_are_gone(tmp_path, quick):
    texts = tuple(
        f"{i}年前买的{name}现在又流行了"
        for i in range(1, 60)
        for name in ("马面裙", "牛仔裤", "风衣", "衬衫")
    )
    folder = write(tmp_path, csv_of(texts))
    with (folder / "modacast.toml").open("a", encoding="utf-8") as file:
        file.write("[clean]\nchunk_rows = 100\nnear_duplicate = 1.0\n")
    workspace = workspace_of(folder)
    (source,) = workspace.settings.documents
    collect_documents(workspace, source, Silent())
    assert set(workspace.lake.read("documents")["text"].to_pylist()) == set(texts)
    (folder / "posts.csv").write_bytes(csv_of(texts[:100]))
    assert collect_documents(workspace, source, Silent()).n_known == 100
    assert set(workspace.lake.read("documents")["text"].to_pylist()) == set(texts[:100])


# -- items and events -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bad", "reason"), [
    (b"p3,,199\n", "empty title"), (b",a dress,199\n", "empty id"), (b"p1,the same id,5\n", "duplicate id"),
    (b"p3,a dress,cheap\n", "bad number"), (b"p3,a dress\n", "wrong number of fields"),
])  # fmt: skip
def test_bad_items_are_set_aside(tmp_path, quick, bad, reason):
    last = b"p9,a coat,99\n"
    workspace = workspace_of(write(tmp_path, items=ITEMS + bad + last))
    row = import_items(workspace, workspace.settings.items[0], Silent())
    assert workspace.database.items()["id"].to_pylist() == ["p1", "p2", "p9"]
    assert reasons(workspace) == [(4, reason)]
    assert (row.n_in, row.n_out, row.n_rejected) == (4, 3, 1)


@pytest.mark.parametrize(("bad", "reason"), [
    (b"cat,nope,purchase,2024-01-03,\n", "unknown product"), (b"cat,p1,bougt,2024-01-03,\n", "unknown kind"),
    (b"cat,p1,rating,2024-01-03,\n", "rating without a value"), (b"cat,p1,rating,2024-01-03,good\n", "bad number"),
    (b"cat,p1,purchase,soon,\n", "bad date"), (b"cat,p1,purchase,2999-01-01,\n", "future date"),
    (b",p1,purchase,2024-01-03,\n", "empty user"), (b"cat,,purchase,2024-01-03,\n", "empty item_id"),
    (b"cat,p1\n", "wrong number of fields"), (b"\xe5\xe5 \xff,p1,purchase,2024-01-03,\n", "bad encoding"),
])  # fmt: skip
def test_bad_events_are_set_aside(tmp_path, quick, bad, reason):
    last = b"dan,p1,view,2024-01-04,\n" * 2
    workspace = workspace_of(write(tmp_path, events=EVENTS + bad + last))
    import_items(workspace, workspace.settings.items[0], Silent())
    row = import_events(workspace, workspace.settings.events[0], Silent())
    kinds = Counter(workspace.database.events()["kind"].to_pylist())
    assert kinds == {"purchase": 1, "rating": 1, "view": 2}
    assert reasons(workspace) == [(4, reason)]
    assert (row.n_in, row.n_out, row.n_rejected) == (5, 4, 1)
    again = import_events(workspace, workspace.settings.events[0], Silent())
    assert workspace.database.events().num_rows == 4
    assert again.n_out == 0


def test_events_before_their_product_come_in_once_it_is_known(tmp_path, quick):
    events = EVENTS + b"cat,p3,purchase,2024-01-03,\n"
    workspace = workspace_of(write(tmp_path, events=events))
    sources = workspace.settings
    import_items(workspace, sources.items[0], Silent())
    import_events(workspace, sources.events[0], Silent())
    assert reasons(workspace) == [(4, "unknown product")]
    (tmp_path / "items.csv").write_bytes(ITEMS + b"p3,a skirt,99\n")
    import_items(workspace, sources.items[0], Silent())
    import_events(workspace, sources.events[0], Silent())
    assert workspace.database.events().num_rows == 3
    assert reasons(workspace) == []


# -- what stops a run -------------------------------------------------------------------------------------


def refusal(folder: Path) -> ModacastError:
    with pytest.raises(ModacastError) as caught:
        run_all(load_settings(folder), Silent())
    return caught.value


def edit(folder: Path, old: str, new: str) -> Path:
    path = folder / "modacast.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("old", "new", "kind", "answer"), [
    ('"posts.csv"', '"post.csv"', NotFound, "did you mean 'posts.csv'"),
    ('"items.csv"', '"itmes.csv"', NotFound, "did you mean 'items.csv'"),
    ('"events.csv"', '"event.csv"', NotFound, "did you mean 'events.csv'"),
    ('"posts.csv"', '"post*.jsonl"', NotFound, "no file matches"),
    ('"posts.csv"', '"old.csv"', InvalidInput, "is a folder"),
    ('"posts.csv"', '"modacast.toml"', InvalidInput, "modacast.toml"),
    ('text = "title"', 'text = "titel"', InvalidInput, "did you mean 'title'"),
    ('published_at = "day"', 'publishd_at = "day"', InvalidInput, "did you mean 'published_at'"),
    (', published_at = "day"', "", InvalidInput, "no column for 'published_at'"),
    ('path = "items.csv"', 'path = "items.csv"\nconstants = { price = "cheap" }', InvalidInput, "price"),
    ('name = "posts"', 'name = "posts"\nkind = "fil"', ModacastError, "did you mean 'files'"),
], ids=lambda value: str(value) if isinstance(value, str) else "")  # fmt: skip
def test_an_input_that_cannot_be_read_is_named(tmp_path, quick, old, new, kind, answer):
    (tmp_path / "old.csv").mkdir()
    error = refusal(edit(write(tmp_path), old, new))
    assert isinstance(error, kind)
    assert answer in str(error)
    assert error.exit_code == 2


@pytest.mark.parametrize(("old", "new", "answer"), [
    ("[project]", "[project", "is not valid TOML"),
    ('name = "posts"', 'name = "posts', "is not valid TOML"),
    ("[project]", "[projct]", "did you mean 'project'"),
    ('name = "posts"', 'nmae = "posts"', "did you mean 'name'"),
    ('name = "posts"', 'name = "../posts"', "documents.0.name"),
    ("[project]", '[trends]\nhorizon = "long"\n[project]', "trends.horizon"),
    ("[project]", "[clean]\nchunk_rows = 0\n[project]", "clean.chunk_rows"),
])  # fmt: skip
def test_settings_that_are_wrong_name_file_and_setting(tmp_path, old, new, answer):
    folder = edit(write(tmp_path), old, new)
    with pytest.raises(InvalidInput) as caught:
        load_settings(folder)
    assert answer in str(caught.value)
    assert str(folder) in str(caught.value)


HEADER = "id,parent,zh,en,ja,ko,fr,de,es,it,pt,attributes\n"


@pytest.mark.parametrize(("content", "where"), [
    (HEADER + "style/neat,,净,neat,,,,,,,,\nstyle/odd,style/none,怪,odd,,,,,,,,\n", ", line 3"),
    (HEADER + 'style/neat,,"净,neat,,,,,,,,\n', ", line"),
    ("id,zh\n", ", line 1"),
])  # fmt: skip
def test_a_lexicon_that_is_wrong_names_file_and_line(tmp_path, content, where):
    folder = write(tmp_path)
    mine = folder / "mine.csv"
    mine.write_text(content, encoding="utf-8")
    edit(folder, "[project]", f"[lexicon]\nfiles = [{json.dumps(str(mine))}]\n[project]")
    error = refusal(folder)
    assert isinstance(error, InvalidInput)
    assert f"{mine}{where}" in str(error)


def test_what_was_read_before_the_error_is_kept_and_the_mended_run_goes_on(tmp_path, quick):
    folder = edit(write(tmp_path), 'text = "title"', 'text = "titel"')
    refusal(folder)
    settings = load_settings(edit(folder, "titel", "title"))
    outcome = run_all(settings, Silent())
    known = {row.stage: row.n_known for row in outcome.rows}
    assert (known["items"], known["events"]) == (2, 2)
    assert outcome.workspace.lake.read("documents").num_rows == 4


def test_a_home_that_cannot_be_made_is_named(tmp_path, quick):
    folder = write(tmp_path)
    (folder / "home").write_text("a file", encoding="utf-8")
    error = refusal(folder)
    assert isinstance(error, StorageError)
    assert str(folder / "home") in str(error)


def test_a_lake_that_cannot_be_opened_is_named(tmp_path, quick):
    folder = write(tmp_path)
    (folder / "home").mkdir()
    (folder / "home" / "lake").write_text("a file", encoding="utf-8")
    error = refusal(folder)
    assert isinstance(error, StorageError)
    assert str(folder / "home" / "lake") in str(error)


HOLD = """
import sys
from modacast.config import load_settings
from modacast.pipeline.workspace import Workspace
with Workspace(load_settings(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_process_is_turned_away_and_may_run_afterwards(tmp_path, quick):
    folder = write(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        error = refusal(folder)
        other.communicate("\n")
    assert isinstance(error, StorageError)
    assert "another modacast is writing" in str(error)
    assert run_all(load_settings(folder), Silent()).rejects == {}


# -- a full disk ------------------------------------------------------------------------------------------

FULL_DISK = """
import json, resource, signal, sys
from modacast.config import load_settings
from modacast.documents import identify_languages
from modacast.errors import StorageError
from modacast.pipeline.progress import Silent
from modacast.pipeline.run import run_all
from modacast.pipeline.workspace import Workspace

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
settings = load_settings(sys.argv[1])
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
told = []
identify_languages(["its model is unpacked into a temporary file"], [None])
Workspace(settings).database.close()
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        run_all(settings, Silent())
        message = "done"
    except StorageError as error:
        message = str(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    lake = Workspace(settings).lake
    told.append([message, *(lake.read(name).num_rows for name in ("documents", "mentions", "rejects"))])
print(json.dumps(told))
"""
MAKE_DATABASE = """
import resource, signal, sys
from modacast.errors import StorageError
from modacast.store import Database

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
for limit in range(5_000, 200_000, 15_000):
    path = f"{sys.argv[1]}/{limit}.sqlite"
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        Database(path).close()
    except StorageError:
        pass
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    Database(path).close()
print("whole")
"""
needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX resource limits")


@pytest.mark.slow
@needs_limits
@pytest.mark.parametrize(("is_shop", "limits", "answer"), [
    (True, ("0", "60000", "120000"), "the database could not be written: disk I/O error"),
    (False, ("0", "33500", "35000"), "cannot write"),
], ids=["shop", "texts alone"])  # fmt: skip
def test_a_full_disk_stops_a_run_with_a_word_and_the_next_one_completes(tmp_path, is_shop, limits, answer):
    def project(name: str) -> Path:
        folder = write_project(tmp_path / name, chunk_rows=2_000)
        if not is_shop:
            toml = folder / "modacast.toml"
            head, _, rest = toml.read_text(encoding="utf-8").partition("[[items]]")
            toml.write_text(head + rest[rest.index("[clean]") :], encoding="utf-8")
        return folder

    whole = run_all(load_settings(project("whole")), Silent())
    folder = project("full")
    told = json.loads(python(FULL_DISK, str(folder), *limits))
    messages = [message for message, *_ in told]
    assert all(message.startswith(("cannot ", "the database could not be ")) for message in messages), (
        messages
    )
    assert answer in messages[-1]
    counts = [n_rows for _, *n_rows in told]
    assert counts == sorted(counts), "what was stored before is still there"
    after = run_all(load_settings(folder), Silent())
    assert after.rejects == whole.rejects
    for name in ("documents", "mentions", "trends", *(["recommendations"] if is_shop else [])):
        n_rows = whole.workspace.lake.read(name).num_rows
        assert after.workspace.lake.read(name).num_rows == n_rows > 0, name
    assert after.workspace.database.events().num_rows == whole.workspace.database.events().num_rows


@needs_limits
def test_a_disk_that_is_full_while_the_database_is_made_does_not_spoil_the_home(tmp_path):
    assert python(MAKE_DATABASE, str(tmp_path)) == "whole\n"


def python(*args: str) -> str:
    done = subprocess.run([sys.executable, "-c", *args], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout
