"""recommend, feedback, privacy, search."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pipeline.small import START, WEEKS, items, write_csv
from serve.command_line import refused, well

from modacast.store import Lake

LAST = START + timedelta(weeks=WEEKS)
COLUMNS = (
    "--column",
    "user=customer",
    "--column",
    "item_id=sku",
    "--column",
    "kind=what",
    "--column",
    "at=day",
)


def event(user: str, sku: str = "p0", *, day: date = LAST, what: str = "purchase") -> dict[str, object]:
    return {"customer": user, "sku": sku, "what": what, "day": day.isoformat()}


def lists_of(done) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in done.rows():
        found.setdefault(row["user"], []).append(row["item_id"])
    return found


def rejects_of(home) -> list[tuple[int, str]]:
    table = Lake(home / "lake").read("rejects", prefix="rejects/events/feedback")
    return sorted((row["row"], row["reason"]) for row in table.to_pylist())


def shopper(n: int) -> str:
    return f"customer-{n}@example.com"


# -- recommend --------------------------------------------------------------------------------------------


def test_lists_follow_each_history_and_say_why(project):
    done = well(
        "recommend", "-c", project.folder, "-u", shopper(1), "-u", shopper(4), "-k", 4, "--explain", "--json"
    )
    lists = lists_of(done)
    assert set(lists[shopper(1)][:2]) == {"p2", "p3"}
    assert set(lists[shopper(4)][:2]) == {"p8", "p9"}
    for row in done.rows():
        assert list(row) == ["user", "rank", "item_id", "title", "score", "reasons"]
        assert row["reasons"]
    assert [row["rank"] for row in done.rows()] == [1, 2, 3, 4] * 2


def test_reasons_come_in_both_languages_and_only_when_asked_for(project):
    args = ("recommend", "-c", project.folder, "-u", shopper(1), "-k", 2)
    chinese, english = (well(*args, "--explain", "--lang", lang).out for lang in ("zh", "en"))
    assert "买过" in chinese
    assert "bought" in english
    assert well(*args).out.count("\n") == 3 < chinese.count("\n")


def test_without_personalisation_all_get_the_same(project):
    users = ("-u", shopper(1), "-u", shopper(4), "-u", "nobody")
    lists = lists_of(well("recommend", "-c", project.folder, *users, "--no-personal", "--json"))
    assert lists[shopper(1)] == lists[shopper(4)] == lists["nobody"] != []
    personal = lists_of(well("recommend", "-c", project.folder, *users, "--json"))
    assert personal[shopper(1)] != personal[shopper(4)]
    assert personal["nobody"] == lists["nobody"]


def test_an_unknown_shopper_gets_what_sells_and_is_said_to_be_unknown(project):
    out = well("recommend", "-c", project.folder, "-u", "nobody", "-k", 3).out
    assert out.startswith("nobody  (no history")
    assert len(out.splitlines()) == 4
    assert "no history" not in well("recommend", "-c", project.folder, "-u", shopper(1)).out


def test_lists_as_a_file(project, tmp_path):
    done = well("recommend", "-c", project.folder, "-u", shopper(1), "--out", tmp_path / "l.csv")
    assert done.out == ""
    lines = (tmp_path / "l.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "user,rank,item_id,title,score,reasons"
    assert len(lines) == 1 + len(items())


@pytest.mark.parametrize(("option", "answer"), [(("-k", 0), "got 0"), (("--lang", "fr"), "'fr'")])
def test_lists_that_cannot_be_made_are_refused(project, option, answer):
    assert answer in refused("recommend", "-c", project.folder, "-u", "x", *option)


# -- feedback ---------------------------------------------------------------------------------------------


def test_feedback_changes_lists_at_once_and_counts_once(project, home, tmp_path):
    here = ("-c", project.folder, "--home", home)
    before = well("feedback", "status", *here, "--json").json()
    path = write_csv(
        tmp_path / "new.csv", [event("new@example.com", "p10"), event("new@example.com", "nope")]
    )
    after = well("feedback", path, *here, *COLUMNS, "--json").json()
    assert after["events"] == before["events"] + 1
    assert after["shoppers"] == before["shoppers"] + 1
    assert after["kinds"]["purchase"] == before["kinds"]["purchase"] + 1
    assert rejects_of(home) == [(3, "unknown product")]
    assert "no history" not in well("recommend", *here, "-u", "new@example.com").out
    assert well("feedback", path, *here, *COLUMNS, "--json").json() == after
    assert well("feedback", "status", *here, "--json").json() == after
    raw = b"new@example.com"
    assert not any(raw in file.read_bytes() for file in home.rglob("*") if file.is_file())


def test_rows_that_were_mended_are_no_longer_set_aside(project, home, tmp_path):
    here = ("-c", project.folder, "--home", home)
    rows = [event("a"), event("b", "nope"), event("c", what="bougt")]
    well("feedback", write_csv(tmp_path / "f.csv", rows), *here, *COLUMNS)
    assert rejects_of(home) == [(3, "unknown product"), (4, "unknown kind")]
    rows = [event("a"), event("b", "p1"), event("c")]
    well("feedback", write_csv(tmp_path / "f.csv", rows), *here, *COLUMNS)
    assert rejects_of(home) == []


def test_a_kind_for_all_rows(project, home, tmp_path):
    path = write_csv(tmp_path / "likes.csv", [{"user": "a", "item": "p3", "date": LAST.isoformat()}])
    here = ("-c", project.folder, "--home", home)
    assert well("feedback", path, *here, "--kind", "like", "--json").json()["kinds"]["like"] == 1
    assert "no column for 'kind'" in refused("feedback", path, *here)


@pytest.mark.parametrize(("args", "answer"), [
    (["nofile.csv"], "there is no file"),
    (["{folder}/event.csv"], "did you mean 'events.csv'"),
    (["{folder}/events.csv", "--column", "user=custmer"], "did you mean 'customer'"),
    (["{folder}/events.csv", "--column", "usr=customer"], "did you mean 'user'"),
    (["{folder}/events.csv", "--column", "user"], "NAME=COLUMN"),
])  # fmt: skip
def test_feedback_that_cannot_be_read_is_refused(project, home, args, answer):
    args = [arg.format(folder=project.folder) for arg in args]
    assert answer in refused("feedback", *args, "-c", project.folder, "--home", home)


# -- privacy ----------------------------------------------------------------------------------------------


def test_what_a_shopper_denied_is_set_aside(project, home, tmp_path):
    here = ("-c", project.folder, "--home", home)
    before = well("feedback", "status", *here, "--json").json()["events"]
    assert (
        well("privacy", "consent", shopper(2), "denied", "-c", project.folder, "--home", home).out
        == "recorded: denied\n"
    )
    path = write_csv(tmp_path / "new.csv", [event(shopper(2)), event(shopper(3)), event(shopper(2), "p1")])
    status = well("feedback", path, *here, *COLUMNS, "--json").json()
    assert status["events"] == before + 1
    assert rejects_of(home) == [(2, "no consent"), (4, "no consent")]
    well("privacy", "consent", shopper(2), "granted", *here)
    assert well("feedback", path, *here, *COLUMNS, "--json").json()["events"] == before + 3


@pytest.mark.parametrize("status", ["anonymous", "denied"])
def test_who_is_not_to_be_profiled_gets_the_list_of_everybody(project, home, status):
    here = ("-c", project.folder, "--home", home)
    ask = ("recommend", *here, "-u", shopper(2), "--json")
    general = lists_of(well(*ask, "--no-personal"))
    assert lists_of(well(*ask)) != general
    well("privacy", "consent", shopper(2), status, *here)
    assert lists_of(well(*ask)) == general


def test_a_consent_of_another_name_is_refused(project, home):
    assert "granted, anonymous, denied" in refused("privacy", "consent", "x", "maybe", "--home", home)
