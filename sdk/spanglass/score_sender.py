"""Scores on their way to the collector, in the background."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import orjson
from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY  # the one that OpenTelemetry's own exporters set

from spanglass.guard import guarded, warn_once
from spanglass.stats import COUNTERS

if TYPE_CHECKING:
    from spanglass.settings import Settings

Json = dict[str, Any]

_MAX_WAITING: Final = 10_000
_MAX_BATCH: Final = 100
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_TRY_LATER: Final = frozenset({408, 425, 429})
_UNREADABLE: Final = 400


class ScoreSender:
    """A queue of scores and the thread that posts them.

    Delivery is tried until it succeeds or the collector says that it never will; when more than 10,000 wait, the
    oldest are dropped.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reset()
        if hasattr(os, "register_at_fork"):
            # In a forked child the thread is gone, a lock may be held for ever, and what waits is the parent's to send.
            reset = weakref.WeakMethod(self._reset)
            os.register_at_fork(after_in_child=lambda: (found := reset()) and found())

    def _reset(self) -> None:
        self._waiting: deque[Json] = deque(maxlen=_MAX_WAITING)
        self._changed = threading.Condition()
        self._interrupt = threading.Event()  # set: no pause between attempts any more
        self._under_way = 0
        self._flushes = 0
        self._closing = False
        self._thread: threading.Thread | None = None

    def put(self, score: Json) -> None:
        """Take a score, as the body of the request has it; never waits."""
        COUNTERS.add("scores_taken", 1)
        with self._changed:
            self._waiting.append(score)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spanglass-scores", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def pending(self) -> int:
        """Scores that are waiting or on their way."""
        return len(self._waiting) + self._under_way

    def flush(self, timeout_seconds: float) -> None:
        """Return when nothing is waiting, or at the time limit."""
        with self._changed:
            self._flushes += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self.pending(), timeout_seconds)
            self._flushes -= 1

    def hurry(self) -> None:
        """From now on one attempt for each batch and no pause."""
        with self._changed:
            self._closing = True
            self._interrupt.set()
            self._changed.notify_all()

    def close(self, timeout_seconds: float) -> None:
        """Send what is waiting, in one attempt and for so long at most; then stop for good."""
        self.hurry()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        otel_context.attach(otel_context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))  # noqa: FBT003
        while batch := self._next():
            with guarded("scores"):
                self._deliver(batch)
            with self._changed:
                self._under_way = 0
                self._changed.notify_all()

    def _next(self) -> list[Json]:
        """The next scores to send, a little collected; nothing when it is time to stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            self._changed.wait_for(self._is_time, self._settings.export_interval_seconds)
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MAX_BATCH))]
            self._under_way = len(batch)
            return batch

    def _is_time(self) -> bool:
        return self._closing or self._flushes > 0 or len(self._waiting) >= _MAX_BATCH

    def _deliver(self, batch: list[Json]) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            status = self._post(batch)
            if status // 100 == 2:
                COUNTERS.add("scores_sent", len(batch))
                return
            if status == _UNREADABLE and len(batch) > 1:  # one of them is to blame: let it not cost the others
                for score in batch:
                    self._deliver([score])
                return
            if 0 < status < 500 and status not in _TRY_LATER:
                warn_once(f"scores {status}", "spanglass: the collector refuses scores with status %d", status)
                return
            warn_once("scores", "spanglass: the collector at %s does not take scores now", self._settings.scores_url)
            if self._closing:
                return
            self._interrupt.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _post(self, batch: list[Json]) -> int:
        """The HTTP status, or 0 when there was no answer."""
        import urllib.error  # noqa: PLC0415  with ssl and http it is half of what importing the package would cost
        import urllib.request  # noqa: PLC0415

        request = urllib.request.Request(  # noqa: S310  the address is the application's own setting
            self._settings.scores_url,
            data=orjson.dumps(batch),
            headers={**self._settings.headers, "Content-Type": "application/json"},
        )
        timeout = self._settings.exit_timeout_seconds if self._closing else self._settings.timeout_seconds
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:  # refused, reset, timed out, no such host
            return 0
