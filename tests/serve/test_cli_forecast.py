"""`modacast forecast` and `evaluate forecast` on files as they come: each odd one has an answer or an error."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest
from pipeline.small import write_csv
from serve.command_line import refused, well

START = date(2022, 1, 3)


def rows(values, *, name="a", step=7, start=START):
    return [
        {"unique_id": name, "ds": (start + timedelta(days=step * i)).isoformat(), "y": v}
        for i, v in enumerate(values)
    ]


def months(n, name="a"):
    return [
        {"unique_id": name, "ds": date(2015 + i // 12, i % 12 + 1, 1).isoformat(), "y": 5 + i % 12}
        for i in range(n)
    ]


def gently(n):
    return [round(10 + 0.1 * i + (i % 3) / 5, 3) for i in range(n)]


ODD = {
    "constant": (rows([4] * 40), 4, 4),
    "all zero": (rows([0] * 40), 0, 0),
    "gaps": ([row for i, row in enumerate(rows(gently(60))) if i % 7 != 3], 13, 19),
    "empty cells": (rows([v if i % 7 else "" for i, v in enumerate(gently(60))]), 13, 19),
    "NaN": (rows([v if i % 7 else "NaN" for i, v in enumerate(gently(60))]), 13, 19),
    "unsorted": (rows(gently(60))[::-1], 13, 19),
    "eight weeks": (rows(gently(8)), 9, 13),
    "huge": (rows([v * 1e90 for v in gently(60)]), 13e90, 19e90),
    "tiny": (rows([v * 1e-90 for v in gently(60)]), 13e-90, 19e-90),
    "Thursdays": (rows(gently(60), start=date(2022, 1, 6)), 13, 19),
    "days": (rows([5 + i % 7 for i in range(90)], step=1), 4.5, 11.5),
    "months": (months(60), 4.5, 17),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_series_have_a_sensible_answer(tmp_path, kind):
    given, low, high = ODD[kind]
    got = well("forecast", write_csv(tmp_path / "odd.csv", given), "--horizon", 70, "--json").rows()
    assert len(got) == 70
    days = [date.fromisoformat(row["ds"]) for row in got]
    assert days == sorted(set(days))
    assert min(days) > date.fromisoformat(max(row["ds"] for row in given))
    for row in got[:4]:
        assert low * 0.999 <= row["y_hat"] <= high * 1.001
    for row in got:
        assert (
            0 <= row["lo_90"] <= row["lo_80"] <= row["y_hat"] <= row["hi_80"] <= row["hi_90"] < float("inf")
        )


BAD = {
    "duplicated weeks": (rows(gently(20)) + rows(gently(1)), "more than once"),
    "negative": (rows([*gently(20), -3]), "negative (-3)"),
    "infinite": (rows([*gently(20), "inf"]), "infinite"),
    "too large": (rows([*gently(20), 1e200]), "larger unit"),
    "too short": (rows(gently(7)), "at least 8 weeks"),
    "never observed": (rows([""] * 20), "0 values"),
    "every third day": (rows(gently(20), step=3), "3 days most often"),
    "weeks that shift": (rows(gently(20)) + rows([1], start=date(2022, 7, 1)), "always the same weekday"),
    "mixed frequency": (rows(gently(90), step=1) + rows(gently(12), name="b"), "different frequency apart"),
    "a mistyped year": (rows(gently(20)) + rows([1], start=date(2922, 6, 5)), "is the year mistyped"),
    "weeks, then days": (rows(gently(30)) + rows(gently(40), step=1, start=date(2022, 7, 26)), "goes by weeks from 2022-01-03"),
    "months among weeks": (rows(gently(90)) + months(12, name="b"), "different frequency apart"),
    "two dates a month": (
        [*months(24), {"unique_id": "a", "ds": "2015-03-02", "y": 1}],
        "both in one of its months",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_series_are_refused_in_words(tmp_path, kind):
    given, words = BAD[kind]
    answer = refused("forecast", write_csv(tmp_path / "bad.csv", given))
    assert words in answer
    assert "'a'" in answer or "'b'" in answer or kind == "every third day"


@pytest.mark.parametrize("name", ["s.tsv", "s.jsonl", "s.parquet", "s.csv.gz"])
def test_any_format_gives_the_same(tmp_path, name):
    import polars as pl

    given = rows(gently(40))
    frame = pl.DataFrame(given)
    path = tmp_path / name
    if name.endswith("tsv"):
        frame.write_csv(path, separator="\t")
    elif name.endswith("jsonl"):
        path.write_text("\n".join(json.dumps(row) for row in given), encoding="utf-8")
    elif name.endswith("parquet"):
        frame.with_columns(pl.col("ds").str.to_date()).write_parquet(path)
    else:
        import gzip

        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    expected = well("forecast", write_csv(tmp_path / "plain.csv", given), "-h", 3, "--json").rows()
    got = well("forecast", path, "-h", 3, "--json").rows()
    assert [row["y_hat"] for row in got] == [row["y_hat"] for row in expected]


def test_scorecards_and_a_hierarchy_from_files(tmp_path):
    a, b = np.array(gently(80)), np.array(gently(80)[::-1])
    given = rows(a) + rows(b, name="b") + rows(a + b, name="sum")
    path = write_csv(tmp_path / "parts.csv", given)
    tree = write_csv(tmp_path / "tree.csv", [{"unique_id": n, "parent": "sum"} for n in "ab"])
    cards = tmp_path / "cards.jsonl"
    done = well("forecast", path, "-h", 5, "--hierarchy", tree, "--scorecards", cards, "--json")
    by_name = {n: [r["y_hat"] for r in done.rows() if r["unique_id"] == n] for n in ("a", "b", "sum")}
    assert np.allclose(np.add(by_name["a"], by_name["b"]), by_name["sum"])
    told = [json.loads(line) for line in cards.read_text(encoding="utf-8").splitlines()]
    assert [row["steps_ago"] for row in told] == [4, 8, 13, 26] * 3
    wrong = write_csv(tmp_path / "wrong.csv", [{"unique_id": "a", "parent": "sum"}])
    assert "add up to" in refused("forecast", path, "--hierarchy", wrong)


def test_forecasters_that_are_not_there(tmp_path):
    path = write_csv(tmp_path / "s.csv", rows(gently(20)))
    assert "did you mean 'ensemble'" in refused("forecast", path, "--model", "ensembel")
    assert "--model-path" in refused("forecast", path, "--model", "chronos")
    assert "no model at" in refused("forecast", path, "--model", "chronos", "--model-path", tmp_path / "x")


@pytest.mark.parametrize(("change", "words"), [
    (lambda f, t, p: (f + f, t, p), "forecasts: there is more than one row for 'a'"),
    (lambda f, t, p: (f, t + t, p), "truth: there is more than one row"),
    (lambda f, t, p: (f, [row | {"y": "inf"} for row in t], p), "truth: y is infinite for 'a'"),
    (lambda f, t, p: ([row | {"y_hat": "x"} for row in f], t, p), "f.csv row 1: column 'y_hat' is no number: 'x'"),
    (lambda f, t, p: (f, [row | {"ds": "soon"} for row in t], p), "t.csv row 1: column 'ds' is no date: 'soon'"),
    (lambda f, t, p: (f, [], p), "is empty"),
])  # fmt: skip
def test_bad_files_to_score_are_refused_in_words(tmp_path, change, words):
    past, truth = rows(gently(20)), rows(gently(25))[20:]
    made = [{"unique_id": row["unique_id"], "ds": row["ds"], "y_hat": row["y"]} for row in truth]
    paths = []
    for name, given in zip("ftp", change(made, truth, past), strict=True):
        path = tmp_path / f"{name}.csv"
        paths.append(write_csv(path, given) if given else path)
        if not given:
            path.write_text("", encoding="utf-8")
    assert words in refused("evaluate", "forecast", *paths)


def test_a_short_past_is_scored_by_its_steps_and_unknown_truth_is_left_out(tmp_path):
    past, truth = rows([1, 2] * 10), rows([*[1, 2] * 10, 3, "", 5])[20:]
    made = [{"unique_id": "a", "ds": row["ds"], "y_hat": 4} for row in truth]
    paths = [write_csv(tmp_path / f"{n}.csv", given) for n, given in (("f", made), ("t", truth), ("p", past))]
    scores = well("evaluate", "forecast", *paths).json()
    assert (scores["n_points"], scores["mase"]["value"]) == (2, 1.0)
    assert "1 or more" in refused("evaluate", "forecast", *paths, "--season", 0)


def test_series_that_are_too_short_may_be_left_out_by_name(tmp_path):
    given = rows(gently(20)) + rows(gently(7), name="young") + rows([*gently(7), "", "NaN"], name="gappy")
    path = write_csv(tmp_path / "s.csv", given)
    assert "'gappy', 'young'" in refused("forecast", path)
    done = well("forecast", path, "-h", 3, "--skip-short", "--json")
    assert {row["unique_id"] for row in done.rows()} == {"a"}
    assert "left out: 'gappy'" in done.err
    assert "left out: 'young'" in done.err
    only = write_csv(tmp_path / "only.csv", rows(gently(7)))
    assert "no series has 8 values" in refused("forecast", only, "--skip-short")


def test_weeks_are_no_days_whatever_is_said(tmp_path):
    path = write_csv(tmp_path / "s.csv", rows(gently(40)))
    assert "40 of 274 days, which is not daily" in refused("forecast", path, "--freq", "D")
    assert well("forecast", path, "-h", 2, "--freq", "W", "--json").rows()
