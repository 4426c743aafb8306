"""Fingerprints: has this been computed already, from this very input, with these very settings?"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pyarrow as pa

__all__ = ["fingerprint"]


def fingerprint(*parts: Any) -> str:
    """Get 32 hexadecimal digits that change whenever one of the parts does.

    Args:
        *parts: Arrow tables (their schema and content count), or values that JSON can say.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, pa.Table):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, part.schema) as writer:
                writer.write_table(part.combine_chunks())
            digest.update(memoryview(sink.getvalue()))
        else:
            digest.update(json.dumps(part, sort_keys=True, default=str).encode())
        digest.update(b"\x1e")
    return digest.hexdigest()
