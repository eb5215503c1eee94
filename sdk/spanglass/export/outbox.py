"""The queue of ended spans, and the thread that makes parcels of them.

``take`` is all that the application's own thread does: it puts the span into the queue. Should the queue be full, the
span goes to the spool from there, which takes some forty microseconds more, a write to disk now and then, and never waits for a network.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import orjson

from spanglass.export import spool as spools
from spanglass.export.pack import Packer
from spanglass.export.parcel import Goods, Parcel
from spanglass.export.sample import Sample
from spanglass.export.sender import Sender
from spanglass.guard import guarded, swallow
from spanglass.stats import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk.trace import ReadableSpan

    from spanglass.mask import Mask
    from spanglass.settings import Settings

_WAKE_AT: Final = 512  # spans: so many are packed at once without waiting for the interval
_TURN: Final = 16  # spans packed, half a millisecond, before the application gets a chance to run
_SPILL_BYTES: Final = 1_000_000  # what does not fit into the queue is written to the spool in pieces of this size
_SCORES_A_PARCEL: Final = 100
_CLOSED: Final = -1  # room for no span: it ended after everything was sent for the last time


class Outbox:
    """What waits for being sent, and all that sends it."""

    def __init__(self, settings: Settings, mask: Mask | None = None, head_rate: float = 1.0) -> None:
        """``head_rate``: the share of traces that the application's own sampler lets begin."""
        self._settings = settings
        self._head_rate = head_rate
        self._max_spans = settings.max_queue_spans
        self._max_bytes = settings.max_queue_bytes * 3 // 4  # the rest is for parcels on their way
        folder = spools.folder(settings)
        self._spool = None if folder is None else spools.Spool(folder, settings.max_spool_bytes, spools.kin(settings))
        self._sender = Sender(settings, self._spool)
        self._mask = mask
        self._reset()
        if hasattr(os, "register_at_fork"):
            forked = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: (found := forked()) and found())
        if is_serverless(settings, os.environ):
            self.take = self._take_and_send  # type: ignore[method-assign]
        self._sender.start()

    def _reset(self) -> None:
        self._queue: deque[tuple[ReadableSpan, int]] = deque()
        self._scores: deque[dict[str, Any]] = deque()
        self._bytes = 0
        self._packer = Packer(self._settings, self._mask)
        self._spill = Packer(self._settings, self._mask, _SPILL_BYTES)
        self._spilling = threading.Lock()
        self._sample = Sample(self._settings, self._head_rate)
        self._wake = threading.Event()
        self._packing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False

    def _after_fork(self) -> None:
        """What waits is the parent's to send, and none of the threads is here."""
        self._reset()
        self._sender.reset()
        if self._spool is not None:
            self._spool.disown()

    def take(self, span: ReadableSpan, size_bytes: int) -> None:
        """Queue an ended span that takes about so much memory. Never waits."""
        queue = self._queue
        waiting = len(queue)
        if waiting >= self._max_spans or self._bytes > self._max_bytes:
            self._overflow(span)
            return
        queue.append((span, size_bytes))
        self._bytes += size_bytes  # between threads it may miss one: it is a guard, and begins anew with an empty queue
        if waiting == _WAKE_AT:
            self._wake.set()
        if self._thread is None:
            self._start()

    def _take_and_send(self, span: ReadableSpan, size_bytes: int) -> None:
        """The same; and with the first span of a trace in this process, wait until all of it is sent."""
        Outbox.take(self, span, size_bytes)
        if span.parent is None or span.parent.is_remote:
            with guarded("serverless"):
                self.flush(self._settings.exit_timeout_seconds)

    def put(self, score: dict[str, Any]) -> None:
        """Queue a score, as the body of a request has it."""
        COUNTERS.add("scores_taken")
        self._scores.append(score)
        if self._thread is None:
            self._start()

    def queued(self) -> int:
        """Spans that are in no parcel yet."""
        return len(self._queue) + self._sample.held + self._packer.count + self._spill.count

    def flush(self, timeout_seconds: float) -> None:
        """Return when all that was taken is sent or spooled, or at the time limit."""
        deadline = time.monotonic() + timeout_seconds
        self._pack(deadline)
        self._sender.flush(deadline)

    def close(self, timeout_seconds: float) -> None:
        """The same, for good. A tenth of the time is left for writing down what has not been answered by then."""
        deadline = time.monotonic() + timeout_seconds * 0.9
        self._closing = True
        self._wake.set()
        self._pack(deadline, last=True)
        self._sender.close(deadline)
        self._max_spans = _CLOSED
        if left := len(self._queue):
            COUNTERS.add("spans_taken", left)
            COUNTERS.add("spans_dropped", left)
            self._queue.clear()

    def _start(self) -> None:
        with self._packing:
            if self._thread is None and not self._closing:
                thread = threading.Thread(target=self._run, name="spanglass", daemon=True)
                with suppress(RuntimeError):  # Python 3.12 starts none while it ends: `close` packs then
                    thread.start()
                    self._thread = thread
                _send_at_end_of_child(self)

    def _overflow(self, span: ReadableSpan) -> None:
        """Past the full queue, into the spool. The sample rate holds; whether a trace is interesting is not asked."""
        if self._max_spans == _CLOSED:
            COUNTERS.add("spans_taken")
            COUNTERS.add("spans_dropped")
            return
        try:
            weight = self._sample.weight_of(span)
            if weight is None:
                return
            with self._spilling:
                full = self._spill.add(span, weight)
            if full is not None:
                COUNTERS.add("spans_taken", full.count)
                self._sender.store(full)
        except Exception as error:  # noqa: BLE001
            swallow("export.overflow", error)

    # --- the thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(self._settings.export_interval_seconds)
            self._wake.clear()
            with guarded("export"):
                self._pack(float("inf"))

    def _pack(self, deadline: float, *, last: bool = False) -> None:
        """Everything that is queued now -> parcels for the sender; until the deadline, if there is one."""
        if not self._packing.acquire(timeout=min(max(deadline - time.monotonic(), 0), threading.TIMEOUT_MAX)):
            return
        try:
            for span, weight in self._sample.of(self._taken(deadline), last=last):
                self._hand_over(self._packer.add(span, weight))
            self._hand_over(self._packer.rest())
            with self._spilling:
                spilled = self._spill.rest()
            if spilled is not None:
                COUNTERS.add("spans_taken", spilled.count)
                self._sender.store(spilled)
            while self._scores:
                batch = [self._masked(self._scores.popleft()) for _ in range(min(len(self._scores), _SCORES_A_PARCEL))]
                self._sender.put(Parcel(Goods.SCORES, orjson.dumps(batch), len(batch)))
        finally:
            self._packing.release()

    def _masked(self, score: dict[str, Any]) -> dict[str, Any]:
        said = score.get("comment")
        return score if self._mask is None or not said else {**score, "comment": self._mask.text(said)}

    def _hand_over(self, parcel: Parcel | None) -> None:
        if parcel is not None:
            COUNTERS.add("spans_taken", parcel.count)
            self._sender.put(parcel)

    def _taken(self, deadline: float) -> Iterator[ReadableSpan]:
        """Spans out of the queue, with a break for the application now and then: encoding holds the interpreter's lock."""
        queue = self._queue
        for turn in range(len(queue)):
            try:
                span, size_bytes = queue.popleft()
            except IndexError:
                return
            self._bytes = self._bytes - size_bytes if queue else 0
            yield span
            if turn % _TURN == 0:
                if time.monotonic() > deadline:
                    return
                time.sleep(0)


_FROZEN: Final = ("AWS_LAMBDA_FUNCTION_NAME", "FUNCTION_TARGET", "FUNCTIONS_WORKER_RUNTIME", "VERCEL", "K_SERVICE")
"""Variables that AWS, Google (functions and Cloud Run), Azure and Vercel set where a process may be frozen between calls."""


def is_serverless(settings: Settings, environ: Mapping[str, str]) -> bool:
    """Whether the process may be frozen as soon as a call has been answered."""
    return settings.serverless == "on" or (settings.serverless == "auto" and any(name in environ for name in _FROZEN))


def _send_at_end_of_child(outbox: Outbox) -> None:
    """Children of ``multiprocessing`` (and Celery's, of ``billiard``) end without the ordinary exit of Python."""
    for package in ("multiprocessing", "billiard"):
        process, module = sys.modules.get(f"{package}.process"), sys.modules.get(f"{package}.util")
        if process is None or module is None or getattr(process.current_process(), "_parent_pid", None) is None:
            continue
        timeout = outbox._settings.exit_timeout_seconds  # noqa: SLF001
        module.Finalize(None, Outbox.close, args=(outbox, timeout), exitpriority=10)
