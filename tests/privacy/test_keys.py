from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from modacast.errors import InvalidInput, NotFound, StorageError
from modacast.privacy import KeyRing, Pseudonymiser


def test_a_ring_is_made_once_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys.json"
    first = KeyRing.open(path).derive("pseudonyms")
    assert len(first) == 32
    assert KeyRing.open(path).derive("pseudonyms") == first
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    KeyRing.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        KeyRing.open(path)


def test_purposes_and_rings_have_keys_of_their_own(tmp_path: Path) -> None:
    ring, other = KeyRing.open(tmp_path / "a.json"), KeyRing.open(tmp_path / "b.json")
    keys = {ring.derive("pseudonyms"), ring.derive("lake"), other.derive("pseudonyms"), other.derive("lake")}
    assert len(keys) == 4
    with pytest.raises(InvalidInput, match="purpose"):
        ring.derive("")


def test_the_master_key_is_not_in_its_name(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys.json")
    secret = json.loads((tmp_path / "keys.json").read_text())["keys"][0]["key"]
    assert secret not in repr(ring)


def test_processes_that_race_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: KeyRing.open(path).derive("x"), range(16)))
    assert len(keys) == 1


def test_rotation_keeps_the_old_key_until_it_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring = KeyRing.open(path)
    old = ring.derive("lake")
    assert ring.rotate() == 2
    reread = KeyRing.open(path)
    assert reread.key_ids == (1, 2)
    assert reread.derive("lake") != old
    assert reread.derive("lake", key_id=1) == old
    with pytest.raises(InvalidInput, match="in use"):
        reread.forget(2)
    reread.forget(1)
    with pytest.raises(NotFound, match="no key 1"):
        KeyRing.open(path).derive("lake", key_id=1)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 1}', '{"format": 9, "keys": []}', '{"format": 1, "keys": []}',
                '{"format": 1, "keys": [{"id": 1, "key": "c2hvcnQ="}]}', '{"format": 1, "keys": [{"id": "x", "key": "??"}]}']
)  # fmt: skip
def test_a_damaged_ring_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(InvalidInput, match=r"keys\.json"):
        KeyRing.open(path)


def test_no_ring_is_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no key ring"):
        KeyRing.open(tmp_path / "keys.json", create=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        KeyRing.open(tmp_path / "file" / "keys.json")


def test_pseudonyms_depend_on_key_namespace_and_id() -> None:
    one, two = Pseudonymiser(b"1" * 32), Pseudonymiser(b"2" * 32)
    keys = {
        one.key("user", "a"),
        one.key("user", "b"),
        one.key("author", "a"),
        two.key("user", "a"),
        one.key("use", "ra"),
    }
    assert len(keys) == 5
    assert all(len(key) == 32 for key in keys)
    assert one.key("user", "a") == one.key("user", "a")


def test_arrays_give_the_same_pseudonyms_and_keep_nulls() -> None:
    pseudonymiser = Pseudonymiser(b"1" * 32)
    raw = pa.chunked_array(
        [["张三", None, "张三"], ["", "b\ud83d".encode("utf-8", "replace").decode()]], pa.string()
    )
    keys = pseudonymiser.keys("user", raw)
    assert keys.type == pa.string()
    assert keys.to_pylist() == [
        pseudonymiser.key("user", "张三"), None, pseudonymiser.key("user", "张三"), None, pseudonymiser.key("user", "b?"),
    ]  # fmt: skip
    assert pseudonymiser.keys("user", pa.array([], pa.string())).to_pylist() == []
    assert pseudonymiser.keys("user", pa.array([7, 7])).to_pylist() == [pseudonymiser.key("user", "7")] * 2


def test_a_short_key_or_an_empty_id_is_refused() -> None:
    with pytest.raises(InvalidInput, match="32 bytes"):
        Pseudonymiser(b"short")
    with pytest.raises(InvalidInput, match="namespace"):
        Pseudonymiser(bytes(32)).key("", "a")
    with pytest.raises(InvalidInput, match="an id"):
        Pseudonymiser(bytes(32)).key("user", "")
