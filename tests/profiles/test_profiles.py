from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from shop import NOW, PARENTS, event, events, history, items, vectors

from modacast.errors import InvalidInput
from modacast.profiles import ProfileBuilder, event_strength
from modacast.recommend import Catalogue
from modacast.types import PROFILES


@pytest.fixture
def builder():
    table = items()
    return ProfileBuilder(Catalogue(table, vectors(table), parents=PARENTS))


def profile(builder, *rows, key="u"):
    found = {row["user_key"]: row for row in builder.build(events(*rows), now=NOW).to_pylist()}
    return found[key] | {"affinities": dict(found[key]["affinities"])}


def test_what_was_bought_is_liked(builder):
    found = profile(builder, event("u", "i000"), event("u", "i012"), event("u", "i024"))
    assert found["affinities"]["garment/dress"] > 0.3
    assert found["affinities"]["color/pink"] > 0.2
    assert found["affinities"]["garment/clothes"] > 0
    assert found["n_events"] == 3
    assert np.linalg.norm(found["long_vector"]) == pytest.approx(1, abs=1e-5)


def test_what_was_sent_back_is_avoided(builder):
    bad = profile(builder, event("u", "i000"), event("u", "i004", "return"), event("u", "i004", "dislike", 9))
    assert bad["affinities"]["color/black"] < 0


def test_newer_events_weigh_more(builder):
    found = profile(builder, event("u", "i000", days=1), event("u", "i006", days=300))
    assert found["affinities"]["garment/dress"] > found["affinities"]["garment/sneaker"]


def test_stars_count_by_their_distance_from_three():
    rows = events(
        event("u", "i0", "rating", value=5), event("u", "i0", "rating", value=1), event("u", "i0", "purchase")
    )
    assert event_strength(rows).tolist() == [1.0, -1.0, 1.0]


def test_the_session_is_what_was_done_last(builder):
    rows = [event("u", "i000", days=20), event("u", "i006", "view", 0.1), event("u", "i018", "view", 0.05)]
    session = np.array(profile(builder, *rows)["session_vector"])
    axes = vectors(items())
    assert session @ axes[6] > session @ axes[0]


def test_one_shopper_alone_gives_the_same_profile_as_all_together(builder):
    everyone = builder.build(history(), now=NOW)
    mine = history().filter(np.array([u == "anna" for u in history()["user_key"].to_pylist()]))
    alone = builder.build(mine, now=NOW).to_pylist()[0]
    among = next(row for row in everyone.to_pylist() if row["user_key"] == "anna")
    assert alone == among


def test_the_price_band_holds_what_was_paid(builder):
    found = profile(builder, event("u", "i000"), event("u", "i001"), event("u", "i002"))
    assert (found["price_low"], found["price_high"]) == (100.0, 120.0)


def test_events_of_the_future_and_of_unknown_items_say_nothing(builder):
    later = event("u", "i000")
    later["at"] = NOW + timedelta(days=1)
    assert builder.build(events(later, event("u", "nothing")), now=NOW).num_rows == 0
    assert builder.build(events(), now=NOW).schema.equals(PROFILES)


def test_without_vectors_the_rest_is_there():
    found = profile(ProfileBuilder(Catalogue(items())), event("u", "i000"))
    assert found["long_vector"] is None
    assert found["affinities"]["color/pink"] > 0


def test_consent_is_carried(builder):
    table = builder.build(events(event("u", "i000")), now=NOW, consents={"u": "anonymous"})
    assert table["consent"].to_pylist() == ["anonymous"]


def test_bad_settings_are_named():
    with pytest.raises(InvalidInput, match="half_life_days"):
        ProfileBuilder(Catalogue(items()), half_life_days=0)
    with pytest.raises(InvalidInput, match="one vector an item"):
        Catalogue(items(), np.zeros((2, 4), np.float32))


def test_a_catalogue_without_prices_gives_no_band():
    table = items()
    table = table.set_column(
        table.column_names.index("price"), "price", pa.nulls(table.num_rows, pa.float64())
    )
    found = profile(ProfileBuilder(Catalogue(table)), event("u", "i000"))
    assert (found["price_low"], found["price_high"]) == (None, None)
