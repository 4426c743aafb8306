"""Keyed pseudonyms: the same person is the same key within one home, and nobody without it."""

from __future__ import annotations

import hmac

import pyarrow as pa

from modacast.errors import InvalidInput

__all__ = ["Pseudonymiser"]

_KEY_BYTES = 32
_DIGITS = 32


class Pseudonymiser:
    """Turns raw ids into pseudonyms with HMAC-SHA-256 (RFC 2104), cut to 128 bits.

    Without the key a pseudonym can be neither turned back nor checked against a list of guesses. Ids of
    different namespaces (`"user"`, `"author/weibo"`) never meet, even where they are spelled alike.

    Args:
        key: 32 bytes, from `KeyRing.derive`.

    Raises:
        InvalidInput: the key is shorter than 32 bytes.

    >>> Pseudonymiser(bytes(32)).key("user", "u-1")
    '6328f12aaac94636d62baa50a8229d00'
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_BYTES:
            raise InvalidInput(
                f"a pseudonym key has {_KEY_BYTES} bytes, got {len(key)}; derive one from the key ring"
            )
        self._key = bytes(key)

    def key(self, namespace: str, raw_id: str) -> str:
        """Get the pseudonym of one id, 32 hexadecimal digits.

        Raises:
            InvalidInput: the id or the namespace is empty.
        """
        if not namespace or not raw_id:
            raise InvalidInput(
                f"a pseudonym needs a namespace and an id, got {namespace!r} and an id of no characters"
            )
        return self._digest(self._prefix(namespace), raw_id)

    def keys(self, namespace: str, raw_ids: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Get the pseudonyms of many ids; each distinct id is computed once.

        Args:
            namespace: what kind of id.
            raw_ids: `(n,)` strings; null or empty where unknown.

        Returns:
            `(n,)` strings of 32 hexadecimal digits, null where the id is null or empty.
        """
        if not namespace:
            raise InvalidInput("a pseudonym needs a namespace, got ''")
        if isinstance(raw_ids, pa.ChunkedArray):
            raw_ids = raw_ids.combine_chunks()
        coded = raw_ids.cast(pa.string()).dictionary_encode()
        prefix = self._prefix(namespace)
        distinct = [self._digest(prefix, raw) if raw else None for raw in coded.dictionary.to_pylist()]
        return pa.array(distinct, pa.string()).take(coded.indices)

    def _digest(self, prefix: bytes, raw_id: str) -> str:
        message = prefix + raw_id.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, "sha256").hex()[:_DIGITS]

    @staticmethod
    def _prefix(namespace: str) -> bytes:
        # the length keeps ("a", "bc") and ("ab", "c") apart
        name = namespace.encode("utf-8", "surrogatepass")
        return len(name).to_bytes(4, "big") + name
