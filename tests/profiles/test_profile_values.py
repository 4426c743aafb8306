from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from shop import NOW, event, events

from modacast.errors import InvalidInput
from modacast.profiles import STATEMENTS, VALUES, event_strength, value_evidence

ITEMS = {f"i{i:03d}": ["value/vegan"] if i < 4 else ["value/repair"] if i == 4 else [] for i in range(40)}


def said(user="u", element="value/vegan", care=1.0, days=5.0):
    row = {"user_key": user, "element_id": element, "at": NOW - timedelta(days=days), "care": care,
           "surface": element.partition("/")[2], "item_id": "i010"}  # fmt: skip
    return row


def found(*rows, statements=(), **more):
    table = events(*rows)
    statements = pa.Table.from_pylist(list(statements), schema=STATEMENTS)
    made = value_evidence(table, event_strength(table), ITEMS, now=NOW, statements=statements, **more)
    assert made.schema == VALUES
    return {(row["user_key"], row["element_id"]): row for row in made.to_pylist()}


def test_what_is_bought_again_and_again_is_a_value_with_its_reasons():
    row = found(event("u", "i000"), event("u", "i001"), event("u", "i002"), event("u", "i020"))[
        "u", "value/vegan"
    ]
    assert row["weight"] > 0.4
    assert row["n_taken"] == 3
    assert row["share"] > row["base"]
    assert row["item_ids"] == ["i000", "i001", "i002"]


def test_one_purchase_is_no_creed():
    one = found(event("u", "i000"), *(event("u", f"i{i:03d}") for i in range(20, 32)))["u", "value/vegan"]
    many = found(*(event("u", f"i{i:03d}") for i in range(4)))["u", "value/vegan"]
    assert one["weight"] < 0.25 < many["weight"]


def test_what_is_sent_back_speaks_against_it():
    row = found(event("u", "i020"), event("u", "i000", "return"), event("u", "i001", "return"))[
        "u", "value/vegan"
    ]
    assert row["weight"] < 0
    assert row["n_refused"] == 2


def test_words_count_and_indifference_counts_against():
    asks = found(event("u", "i020"), statements=[said(), said(days=9)])["u", "value/vegan"]
    shrugs = found(event("u", "i020"), statements=[said(care=-1.0)])["u", "value/vegan"]
    assert asks["weight"] > 0.4
    assert shrugs["weight"] < 0
    assert asks["surfaces"] == ["vegan"]
    assert found(statements=[said("only-wrote")])["only-wrote", "value/vegan"]["weight"] > 0


def test_old_evidence_fades_and_the_future_is_not_known():
    new = found(event("u", "i000", days=1), event("u", "i001", days=1))["u", "value/vegan"]
    old = found(event("u", "i000", days=900), event("u", "i001", days=900), event("u", "i020", days=1))
    assert old["u", "value/vegan"]["weight"] < 0.5 * new["weight"]
    assert found(event("u", "i000", days=-3), statements=[said(days=-3)]) == {}


def test_who_did_not_grant_has_no_values():
    rows = (event("u", "i000"), event("v", "i000"))
    kept = found(*rows, statements=[said("u"), said("v")], consents={"u": "anonymous", "v": "granted"})
    assert {user for user, _ in kept} == {"v"}


def test_wrong_input_is_refused():
    with pytest.raises(InvalidInput, match="one strength"):
        value_evidence(events(event("u", "i000")), np.zeros(2), ITEMS, now=NOW)
    with pytest.raises(InvalidInput, match="statements: there is no column"):
        value_evidence(events(), [], ITEMS, now=NOW, statements=pa.table({"user_key": ["u"]}))
