from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from modacast.errors import InvalidInput, NotFound, StorageError
from modacast.store import Database
from modacast.types import EVENTS, ITEMS, PROFILES

NOW = datetime(2024, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path):
    found = Database(tmp_path / "modacast.sqlite")
    yield found
    found.close()


def items(*ids: str, price: float = 1.0) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"id": i, "title": f"标题 {i}", "text": "", "element_ids": ["garment/dress", "color/pink"], "price": price,
             "currency": "CNY", "available": True, "created_at": NOW, "group_id": None}
            for i in ids
        ],
        schema=ITEMS,
    )  # fmt: skip


def event(i: str, user: str = "u", **more: object) -> dict[str, object]:
    return {"id": i, "user_key": user, "item_id": "1", "kind": "view", "at": NOW, "value": None, "text": None,
            "slate_id": None, "position": None, "propensity": None, **more}  # fmt: skip


def test_items_come_back_as_they_went_and_are_replaced_by_id(database):
    database.write_items(items("1", "2"))
    database.write_items(items("2", price=5.0))
    assert database.items().equals(pa.concat_tables([items("1"), items("2", price=5.0)]))
    assert database.items(["2", "none"])["price"].to_pylist() == [5.0]
    assert database.items().schema.equals(ITEMS)


def test_an_event_is_stored_once(database):
    rows = pa.Table.from_pylist(
        [event("a"), event("a"), event("b", user="v", value=4.5, text="好看")], schema=EVENTS
    )
    database.write_events(rows)
    database.write_events(rows)
    assert database.count("events") == 2
    assert database.events(["v"]).to_pylist() == [event("b", user="v", value=4.5, text="好看")]


def test_an_import_is_recorded_with_its_rows(database):
    assert not database.is_imported("items/shop", "f1")
    database.write_items(items("1"), import_key="items/shop", fingerprint="f1")
    assert database.is_imported("items/shop", "f1")
    assert not database.is_imported("items/shop", "f2")


def test_profiles_keep_vectors_and_affinities(database):
    row = {"user_key": "u", "long_vector": np.array([0.25, -1], np.float32), "session_vector": None,
           "affinities": [("color/pink", 0.5)], "price_low": 1.0, "price_high": 2.0, "values": ["value/vegan"],
           "consent": "granted", "n_events": 3, "updated_at": NOW}  # fmt: skip
    table = pa.Table.from_pylist([row], schema=PROFILES)
    database.write_profiles(table)
    assert database.profiles().equals(table)


def test_consent_is_one_of_three(database):
    database.set_consent("u", "anonymous")
    database.set_consent("u", "denied")
    assert database.consents() == {"u": "denied"}
    with pytest.raises(InvalidInput, match="granted, anonymous, denied"):
        database.set_consent("u", "maybe")


def test_models_are_versioned_and_rolled_back(database):
    assert database.active_model("ranker") is None
    first = database.save_model("ranker", {"w": [1]}, {"ndcg": 0.1}, active=True)
    second = database.save_model("ranker", {"w": [2]}, {"ndcg": 0.2}, active=True)
    refused = database.save_model("ranker", {"w": [3]}, {"ndcg": 0.0}, active=False)
    assert (first, second, refused) == (1, 2, 3)
    assert database.active_model("ranker").payload == {"w": [2]}
    database.activate_model("ranker", 1)
    assert database.active_model("ranker").version == 1
    with pytest.raises(NotFound):
        database.activate_model("ranker", 9)


def test_small_state_is_remembered(database):
    assert database.get_state("feed", {}) == {}
    database.set_state("feed", {"etag": '"x"'})
    assert database.get_state("feed") == {"etag": '"x"'}


def test_reopening_migrates_and_keeps_everything(tmp_path):
    path = tmp_path / "modacast.sqlite"
    with Database(path).engine.begin():
        pass
    first = Database(path)
    first.write_items(items("1"))
    first.close()
    assert Database(path).items().num_rows == 1
    with sqlite3.connect(path) as raw:
        assert raw.execute("select version_num from alembic_version").fetchall() == [("0002_deliveries",)]
    raw.close()


def test_the_migrations_make_just_the_tables_that_the_code_knows(database):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from modacast.store.tables import METADATA

    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "modacast.sqlite"
    path.write_bytes(b"this is no database, only text" * 100)
    with pytest.raises(StorageError, match="cannot open the database .*not a database"):
        Database(path)
