"""Gzip read so that nothing before a break or a damage is lost."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO, cast

__all__ = ["GZIP_MAGIC", "DamagedGzip", "TruncatedGzip", "Unpacked"]

GZIP_MAGIC = b"\x1f\x8b"
_PIECE = 1 << 16


class TruncatedGzip(EOFError):
    """The file ends before its gzip does."""


class DamagedGzip(ValueError):
    """The bytes are not what was packed."""


class Unpacked(io.RawIOBase):
    """The unpacked bytes of a gzip file of one or more members.

    Python's own reader raises before it hands out the last bytes before a break; this one raises after.

    Args:
        packed: the file.
    """

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._member = zlib.decompressobj(wbits=31)
        self._ready = memoryview(b"")
        self._failure: Exception | None = None
        self._is_done = False

    def readable(self) -> bool:
        """Say that bytes can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer as far as bytes are at hand.

        Raises:
            TruncatedGzip: all bytes before the break have been read.
            DamagedGzip: all bytes before the damage have been read.
        """
        target = memoryview(cast("bytearray", buffer)).cast("B")
        while not self._ready and not self._is_done:
            if self._failure:
                raise self._failure
            self._ready = memoryview(self._next())
        n = min(len(target), len(self._ready))
        target[:n] = self._ready[:n]
        self._ready = self._ready[n:]
        return n

    def close(self) -> None:
        """Close the file."""
        self._packed.close()
        super().close()

    def _next(self) -> bytes:
        piece = self._packed.read(_PIECE)
        if self._member.eof:
            piece = (self._member.unused_data + piece).lstrip(b"\0")
            if not piece:
                self._is_done = True
                return b""
            self._member = zlib.decompressobj(wbits=31)
        elif not piece:
            self._failure = TruncatedGzip("the file breaks off")
        before = self._member.copy()
        try:
            return self._member.decompress(piece)
        except zlib.error as error:
            self._failure = DamagedGzip(str(error))
            return _as_far_as_possible(before, piece)


def _as_far_as_possible(member: zlib._Decompress, piece: bytes) -> bytes:
    done = bytearray()
    try:
        for at in range(len(piece)):
            done += member.decompress(piece[at : at + 1])
    except zlib.error:
        pass
    return bytes(done)
