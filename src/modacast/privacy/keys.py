"""The key ring: one small file of master keys, from which a key for each purpose is derived."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modacast.errors import InvalidInput, NotFound, StorageError

__all__ = ["KeyRing"]

_FORMAT = 1
_KEY_BYTES = 32
_OTHERS = 0o077


class KeyRing:
    """Master keys of 256 random bits, newest last; purposes get keys derived with HKDF-SHA-256 (RFC 5869).

    Use `KeyRing.open`. Whoever has the file can recompute pseudonyms and decrypt what was encrypted: back it up
    apart from the data, and delete it to make both unreadable for good.

    Attributes:
        path: of the file.
        key_ids: of the master keys, oldest first; the last is the one in use.
    """

    def __init__(self, path: Path, keys: Mapping[int, bytes]) -> None:
        self.path = path
        self._keys = dict(sorted(keys.items()))

    @classmethod
    def open(cls, path: str | Path, *, create: bool = True) -> KeyRing:
        """Read a key ring; make one with a random key where there is none.

        Two processes that make it at the same moment both get the same key: the first file stays.

        Args:
            path: of the file, `keys.json`; readable by its owner alone.
            create: whether to make one where absent.

        Raises:
            NotFound: there is none, and `create` is false.
            InvalidInput: the file is damaged.
            StorageError: it cannot be read or written, or others may read it.
        """
        path = Path(path)
        if not path.exists():
            if not create:
                raise NotFound(f"there is no key ring at {path}")
            _write(path, _encoded({1: secrets.token_bytes(_KEY_BYTES)}), replace=False)
        return cls(path, _read(path))

    @property
    def key_ids(self) -> tuple[int, ...]:
        """Ids of the master keys, oldest first."""
        return tuple(self._keys)

    def derive(self, purpose: str, *, key_id: int | None = None) -> bytes:
        """Get the 32-byte key of a purpose.

        Args:
            purpose: for example `"pseudonyms"`; keys of different purposes tell nothing of each other.
            key_id: of the master key; by default the one in use.

        Raises:
            InvalidInput: the purpose is empty.
            NotFound: there is no such master key.
        """
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        if not purpose:
            raise InvalidInput("a key is derived for a purpose, got ''")
        chosen = self.key_ids[-1] if key_id is None else key_id
        if chosen not in self._keys:
            raise NotFound(f"{self.path} has no key {chosen}; it has {', '.join(map(str, self._keys))}")
        info = f"modacast/{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(self._keys[chosen])

    def rotate(self) -> int:
        """Add a new master key, which is in use from now on, and get its id.

        Old keys stay, so that what they encrypted can be read until it is written anew. Pseudonyms that are
        derived from the key in use change: whoever rotates must rewrite them.
        """
        new_id = self.key_ids[-1] + 1
        keys = {**self._keys, new_id: secrets.token_bytes(_KEY_BYTES)}
        _write(self.path, _encoded(keys), replace=True)
        self._keys = keys
        return new_id

    def forget(self, key_id: int) -> None:
        """Remove an old master key; what only it can read is lost.

        Raises:
            InvalidInput: it is the key in use.
            NotFound: there is no such key.
        """
        if key_id not in self._keys:
            raise NotFound(f"{self.path} has no key {key_id}; it has {', '.join(map(str, self._keys))}")
        if key_id == self.key_ids[-1]:
            raise InvalidInput(f"key {key_id} of {self.path} is in use; rotate before you forget it")
        keys = {known: key for known, key in self._keys.items() if known != key_id}
        _write(self.path, _encoded(keys), replace=True)
        self._keys = keys

    def __repr__(self) -> str:
        return f"KeyRing({str(self.path)!r}, keys={list(self._keys)})"


def _encoded(keys: Mapping[int, bytes]) -> bytes:
    entries = [{"id": key_id, "key": base64.b64encode(key).decode()} for key_id, key in keys.items()]
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"format": _FORMAT, "written_at": made_at, "keys": entries}, indent=2).encode() + b"\n"


def _read(path: Path) -> dict[int, bytes]:
    try:
        if os.name == "posix" and path.stat().st_mode & _OTHERS:
            raise StorageError(f"others may read the keys in {path}; run: chmod 600 {path}")
        content = json.loads(path.read_bytes())
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"cannot read the key ring {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise InvalidInput(
            f"the key ring {path} is damaged (no JSON); restore it from your backup"
        ) from error
    return _decoded(path, content)


def _decoded(path: Path, content: Any) -> dict[int, bytes]:
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise InvalidInput(f"the key ring {path} is not of format {_FORMAT}, which this modacast reads")
    try:
        keys = {int(entry["id"]): base64.b64decode(entry["key"], validate=True) for entry in content["keys"]}
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"the key ring {path} is damaged; restore it from your backup") from error
    if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
        raise InvalidInput(
            f"the key ring {path} is damaged (a key is missing or cut); restore it from your backup"
        )
    return keys


def _write(path: Path, content: bytes, *, replace: bool) -> None:
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            aside.replace(path)
        else:
            _publish(aside, path)
    except OSError as error:
        raise StorageError(f"cannot write the key ring {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            aside.unlink()


def _publish(aside: Path, path: Path) -> None:
    """Give a finished file its name unless another process was first."""
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    except OSError:
        # a file system without hard links: the window between the check and the rename stays open
        if not path.exists():
            aside.replace(path)
