"""A disk cache of vectors, which holds no text.

A text is known by a keyed 128-bit hash alone, so the file tells nobody what was encoded; give the hash a
secret key where not even a guess at a text may be confirmed by it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from threading import RLock
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from modacast.errors import InvalidInput, StorageError
from modacast.types import Floats

__all__ = ["VectorCache"]

_WAIT_SECONDS = 30.0
_KEYS_AT_ONCE = 500
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class VectorCache:
    """Vectors of texts in one SQLite file, for one model.

    Threads and processes may share it, and a process may be killed at any instant. A file that got broken is
    set aside (its name then ends in `.corrupt`) and started anew, with a warning in the log.

    Args:
        path: the file; made with its folder where it does not exist.
        model_id: of the encoder whose vectors these are.
        dim: width of the vectors.
        dtype: as which the numbers are stored.
        key: secret of the hash, 64 bytes at most.

    Raises:
        InvalidInput: the file holds vectors of another model, or the key is too long.
        StorageError: the file cannot be opened.
    """

    def __init__(
        self,
        path: str | Path,
        model_id: str,
        dim: int,
        *,
        dtype: Literal["float16", "float32"] = "float16",
        key: bytes = b"",
    ) -> None:
        if len(key) > blake2b.MAX_KEY_SIZE:
            raise InvalidInput(f"the key must have {blake2b.MAX_KEY_SIZE} bytes at most; got {len(key)}")
        self.model_id = model_id
        self.dim = dim
        self.path = Path(path)
        self._dtype = np.dtype(dtype)
        self._key = key
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._owner = os.getpid()
        self._run(lambda connection: None)

    def get_many(self, kind: str, texts: Sequence[str]) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Look texts up.

        Args:
            kind: `"query"` or `"document"`; the same text has a vector for each.
            texts: in any order.

        Returns:
            `(n, dim)` float32, zeros where nothing is stored, and `(n,)` whether something is.

        Raises:
            StorageError: the file cannot be read.
        """
        vectors = np.zeros((len(texts), self.dim), np.float32)
        found = np.zeros(len(texts), np.bool_)
        keys = [self._hash(kind, text) for text in texts]
        stored = self._run(lambda connection: _select(connection, keys))
        size = self.dim * self._dtype.itemsize
        for i, key in enumerate(keys):
            if len(blob := stored.get(key, b"")) == size:
                vectors[i] = np.frombuffer(blob, self._dtype)
                found[i] = True
        return vectors, found

    def put_many(self, kind: str, texts: Sequence[str], vectors: Floats) -> None:
        """Store `(n, dim)` vectors of texts, all of them or none.

        Raises:
            InvalidInput: the vectors have another shape.
            StorageError: the file cannot be written.
        """
        if vectors.shape != (len(texts), self.dim):
            raise InvalidInput(f"expected vectors of shape {(len(texts), self.dim)}, got {vectors.shape}")
        stored = vectors.astype(self._dtype)
        rows = [(self._hash(kind, text), row.tobytes()) for text, row in zip(texts, stored, strict=True)]

        def put(connection: sqlite3.Connection) -> None:
            with _transaction(connection):
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

        self._run(put)

    def delete_many(self, kind: str, texts: Sequence[str]) -> int:
        """Forget texts for good, their bytes in the file included, and get how many were there.

        Raises:
            StorageError: the file cannot be written.
        """
        keys = [(self._hash(kind, text),) for text in texts]

        def delete(connection: sqlite3.Connection) -> int:
            with _transaction(connection):
                count = connection.executemany("DELETE FROM vectors WHERE key = ?", keys).rowcount
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return count

        self._aside().unlink(missing_ok=True)
        return self._run(delete)

    def clear(self) -> None:
        """Forget everything.

        Raises:
            StorageError: the file cannot be written.
        """

        def clear(connection: sqlite3.Connection) -> None:
            with _transaction(connection):
                connection.execute("DELETE FROM vectors")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

        self._aside().unlink(missing_ok=True)
        self._run(clear)

    def __len__(self) -> int:
        return self._run(lambda c: int(c.execute("SELECT count(*) FROM vectors").fetchone()[0]))

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        with self._lock:
            if self._connection is not None and self._owner == os.getpid():
                self._connection.close()
            self._connection = None

    def __enter__(self) -> VectorCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rounded(self, vectors: Floats) -> Floats:
        """Get vectors as they would come out again, so that a miss and a hit give the same numbers."""
        return vectors.astype(self._dtype).astype(np.float32)

    def _hash(self, kind: str, text: str) -> bytes:
        data = f"{kind}\0{text}".encode("utf-8", "surrogatepass")
        return blake2b(data, digest_size=16, key=self._key).digest()

    def _aside(self) -> Path:
        return self.path.with_name(self.path.name + ".corrupt")

    def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do work on the file; where it is broken, look again, then set it aside and start anew."""
        with self._lock:
            for attempt in range(3):
                try:
                    return work(self._open())
                except sqlite3.DatabaseError as error:
                    self.close()
                    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                    if code not in _BROKEN or attempt == 2:
                        raise StorageError(f"the vector cache {self.path} failed: {error}") from error
                    # another process may have replaced it already, so a second look comes first
                    if attempt == 1:
                        self._set_aside(error)
            raise StorageError(f"the vector cache {self.path} failed")

    def _set_aside(self, error: Exception) -> None:
        _log.warning("the vector cache %s is broken (%s); it is set aside and started anew", self.path, error)
        with suppress(OSError):
            self.path.replace(self._aside())
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None or self._owner != os.getpid():
            # a connection must not be carried over a fork, not even to close it
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(f"the vector cache's folder cannot be made: {error}") from error
            self._owner = os.getpid()
            connection = sqlite3.connect(
                self.path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
        facts = {"model_id": self.model_id, "dim": str(self.dim), "dtype": self._dtype.name}
        with _transaction(connection):
            connection.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT)")
            connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)")
            connection.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?)", facts.items())
            stored = dict(connection.execute("SELECT name, value FROM facts"))
        for name, value in facts.items():
            if stored[name] != value:
                raise InvalidInput(
                    f"the vector cache {self.path} has {name} {stored[name]!r}, this encoder {value!r}; "
                    "give each encoder a cache of its own"
                )


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; SQLite does not wait by itself when two processes do so at once."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _select(connection: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        piece = keys[start : start + _KEYS_AT_ONCE]
        marks = ",".join("?" * len(piece))
        # only question marks are put into the statement
        found.update(connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", piece))  # noqa: S608
    return found
