from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from modacast.feedback.intake import admit_events
from modacast.types import RAW_EVENTS

AT = datetime(2024, 2, 5, tzinfo=UTC)


def raw(**changes: object) -> dict[str, object]:
    return {"row": 2, "user": "anna@example.com", "item_id": "d1", "kind": "purchase", "at": AT, "value": None,
            "text": None, "slate_id": None, "position": None, "propensity": None} | changes  # fmt: skip


def admit(*rows: dict[str, object], **more: object):
    return admit_events(
        pa.Table.from_pylist(list(rows), schema=RAW_EVENTS),
        **{
            "source": "shop",
            "path": "orders.csv",
            "known_items": {"d1", "d2"},
            "pseudonymise": lambda users: pc.binary_join_element_wise(
                "key-", pc.utf8_length(users).cast("string"), ""
            ),
            "scrub": lambda texts: [text.replace("13800138000", "[phone]") for text in texts],
            "consents": {},
        }
        | more,
    )


def test_good_events_are_kept_without_the_raw_id():
    batch = admit(raw(), raw(row=3, kind="review", text="好看, 13800138000"))
    assert batch.rejects.num_rows == 0
    assert batch.table["user_key"].to_pylist() == ["key-16", "key-16"]
    assert batch.table["text"].to_pylist() == [None, "好看, [phone]"]
    assert "anna" not in str(batch.table.to_pylist())


def test_two_equal_rows_are_a_quantity_and_importing_again_gives_the_same_ids():
    first, again = admit(raw(row=2), raw(row=3)), admit(raw(row=2), raw(row=3))
    assert len(set(first.table["id"].to_pylist())) == 2
    assert first.table["id"].equals(again.table["id"])


def test_bad_events_are_set_aside_with_a_reason_and_the_good_ones_kept():
    batch = admit(
        raw(row=2),
        raw(row=3, item_id="d9"),
        raw(row=4, kind="purchas"),
        raw(row=5, kind="rating"),
        raw(row=6, user="b"),
        consents={"key-1": "denied"},
    )
    assert batch.table.num_rows == 1
    assert [(r["row"], r["column"], r["reason"]) for r in batch.rejects.to_pylist()] == [
        (3, "item_id", "unknown product"),
        (4, "kind", "unknown kind"),
        (5, "value", "rating without a value"),
        (6, "user", "no consent"),
    ]
    assert "did you mean 'purchase'" in batch.rejects["detail"][1].as_py()


def test_consent_may_be_required():
    assert admit(raw(), presume="required").rejects["reason"].to_pylist() == ["no consent"]
    agreed = admit(raw(), presume="required", consents={"key-16": "anonymous"})
    assert agreed.table.num_rows == 1


def test_no_events_are_no_events():
    assert admit().table.num_rows == 0
