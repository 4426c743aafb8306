"""Serves many callers at once: requests that wait are computed together.

While the model computes, further requests gather; whoever is free then takes all that wait, up to a limit, as one
batch. A lone request is never held back, and under load a batch costs little more than a single text ("adaptive" or
"dynamic" batching; Crankshaw et al. 2017, "Clipper: A Low-Latency Online Prediction Serving System").
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Thread
from types import TracebackType
from typing import Self

import numpy as np

from modacast.encoder.runtime import usable_cores
from modacast.errors import InvalidInput, ModacastError, Overloaded
from modacast.types import Encoder, Floats

__all__ = ["BatchingEncoder"]

_POLL_SECONDS = 0.002


@dataclass(slots=True)
class _Request:
    kind: str
    texts: list[str]
    future: Future[Floats] = field(default_factory=Future)


class BatchingEncoder:
    """An encoder for many threads and coroutines at once; see `modacast.types.Encoder`.

    Every caller gets its own vectors in its own order, and only its own errors. A request of more than
    `max_texts` texts is computed at once in the caller's thread, so that it holds nobody up.

    Args:
        encoder: computes; must be safe to share between threads.
        max_texts: so many texts at most are computed together.
        max_waiting: texts that may wait; beyond it callers wait for room.
        timeout: seconds that a caller waits for room before `Overloaded` is raised.
        wait: seconds that a free worker waits for company to a first request; 0 for none.
        workers: batches that are computed at a time; the cores that this process may use where None.

    Attributes:
        model_id: the encoder's.
        dim: width of the vectors.

    Raises:
        InvalidInput: an impossible setting.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        max_texts: int = 32,
        max_waiting: int = 4096,
        timeout: float = 10.0,
        wait: float = 0.0,
        workers: int | None = None,
    ) -> None:
        if max_texts < 1 or max_waiting < max_texts or timeout < 0 or wait < 0:
            raise InvalidInput(
                "max_texts must be at least 1, max_waiting no less, timeout and wait not negative; got "
                f"max_texts={max_texts}, max_waiting={max_waiting}, timeout={timeout}, wait={wait}"
            )
        if workers is not None and workers < 1:
            raise InvalidInput(f"workers must be at least 1; got {workers}")
        self.model_id = encoder.model_id
        self.dim = encoder.dim
        self._encoder = encoder
        self._max_texts, self._max_waiting = max_texts, max_waiting
        self._timeout, self._wait = timeout, wait
        self._requests: deque[_Request] = deque()
        self._n_waiting = 0
        self._changed = Condition()
        self._closed = False
        self._owner = os.getpid()
        self._threads = [
            Thread(target=self._work, name=f"modacast-encoder-{i}", daemon=True)
            for i in range(workers or usable_cores())
        ]
        for thread in self._threads:
            thread.start()

    def encode_query(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised, of texts that ask.

        Raises:
            InvalidInput: not a sequence of strings.
            Overloaded: too much waits.
            ModacastError: the encoder is closed, or was made in another process.
        """
        return self._encode("query", texts)

    def encode_document(self, texts: Sequence[str]) -> Floats:
        """Get `(n, dim)` float32, L2-normalised, of texts that are searched; raises as `encode_query`."""
        return self._encode("document", texts)

    async def aencode_query(self, texts: Sequence[str]) -> Floats:
        """Get the same as `encode_query` without holding the event loop up."""
        return await self._aencode("query", texts)

    async def aencode_document(self, texts: Sequence[str]) -> Floats:
        """Get the same as `encode_document` without holding the event loop up."""
        return await self._aencode("document", texts)

    def close(self) -> None:
        """Compute what waits, then stop; further requests are refused."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._owner == os.getpid():
            for thread in self._threads:
                thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _encode(self, kind: str, texts: Sequence[str]) -> Floats:
        request = self._request(kind, texts)
        if len(request.texts) > self._max_texts:
            return self._compute(kind, request.texts)
        if request.texts and not self._put(request, self._timeout):
            raise self._overloaded()
        return request.future.result() if request.texts else np.zeros((0, self.dim), np.float32)

    async def _aencode(self, kind: str, texts: Sequence[str]) -> Floats:
        request = self._request(kind, texts)
        if len(request.texts) > self._max_texts or not request.texts:
            return await asyncio.to_thread(self._encode, kind, request.texts)
        deadline = time.monotonic() + self._timeout
        while not self._put(request, 0.0):
            if time.monotonic() >= deadline:
                raise self._overloaded()
            await asyncio.sleep(_POLL_SECONDS)
        return await asyncio.wrap_future(request.future)

    def _request(self, kind: str, texts: Sequence[str]) -> _Request:
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise InvalidInput("texts must be a list of strings")
        if self._owner != os.getpid():
            raise ModacastError(
                "this encoder was made before the process was forked, and its threads stayed behind; "
                "call get_serving_encoder() in the new process"
            )
        return _Request(kind, list(texts))

    def _put(self, request: _Request, timeout: float) -> bool:
        """Let a request wait for a worker; False where there was no room in time."""
        n = len(request.texts)
        with self._changed:
            has_room = self._changed.wait_for(
                lambda: self._closed or self._n_waiting + n <= self._max_waiting, timeout
            )
            if self._closed:
                raise ModacastError("the encoder is closed")
            if has_room:
                self._requests.append(request)
                self._n_waiting += n
                self._changed.notify_all()
        return has_room

    def _overloaded(self) -> Overloaded:
        return Overloaded(
            f"{self._max_waiting} texts wait for the encoder, and there was no room for {self._timeout:g} s; "
            "ask again later, or run more processes"
        )

    def _work(self) -> None:
        while batch := self._take():
            # a caller that has gone away is not computed for
            batch = [request for request in batch if request.future.set_running_or_notify_cancel()]
            for kind in dict.fromkeys(request.kind for request in batch):
                self._serve(kind, [request for request in batch if request.kind == kind])

    def _take(self) -> list[_Request]:
        """Get what waits, up to the limit; nothing where all is done and the encoder closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._requests or self._closed)
                if self._wait and not self._closed:
                    self._changed.wait_for(lambda: self._n_waiting >= self._max_texts, self._wait)
                taken, room = [], self._max_texts
                while self._requests and len(self._requests[0].texts) <= room:
                    taken.append(self._requests.popleft())
                    room -= len(taken[-1].texts)
                # none: another worker was faster, unless there is nothing more to come
                if taken or self._closed:
                    self._n_waiting -= self._max_texts - room
                    self._changed.notify_all()
                    return taken

    def _serve(self, kind: str, requests: list[_Request]) -> None:
        try:
            vectors = self._compute(kind, [text for request in requests for text in request.texts])
        except Exception as error:  # noqa: BLE001  whatever it is, it belongs to the callers
            if len(requests) == 1:
                requests[0].future.set_exception(error)
                return
            for request in requests:
                self._serve(kind, [request])
            return
        start = 0
        for request in requests:
            # a copy, so that no caller's array keeps the others' alive or shares them
            request.future.set_result(vectors[start : start + len(request.texts)].copy())
            start += len(request.texts)

    def _compute(self, kind: str, texts: list[str]) -> Floats:
        encode = self._encoder.encode_query if kind == "query" else self._encoder.encode_document
        return encode(texts)
