"""Parcels -> the collector, in the background: retried while it is away, spooled when that lasts.

What is recorded now goes first; what waits in the spool, from this process or an earlier one, follows when nothing
else is left to send.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY  # the one that OpenTelemetry's own exporters set

from spanglass.export.divide import divided
from spanglass.export.parcel import Parcel
from spanglass.export.spool import Taken
from spanglass.export.transport import NO_KEY, Answer, Transport, Verdict
from spanglass.export.trouble import pause_seconds, say
from spanglass.guard import guarded, warn_once
from spanglass.stats import COUNTERS

if TYPE_CHECKING:
    from spanglass.export.spool import Spool
    from spanglass.settings import Settings

_AWAY_AFTER: Final = 2  # failed attempts in a row; from then on nothing is kept in memory that the spool can hold
_SETTLING_SECONDS: Final = 1.0  # at the end, for writing down what was answered just now
_NO_REQUEST: Final = Answer(Verdict.LATER, reason="no request can be made")


class Sender:
    """A queue of parcels and the thread that sends them."""

    def __init__(self, settings: Settings, spool: Spool | None) -> None:
        self._settings = settings
        self._spool = spool
        self.reset()

    def reset(self) -> None:
        """Begin anew with nothing waiting. In a forked child the thread is gone and its parcels are the parent's."""
        self._waiting: deque[Parcel] = deque()
        self._changed = threading.Condition()
        self._under_way: Parcel | Taken | None = None
        self._answered = False  # there is an answer to what is under way, and it is being dealt with
        self._spool_may_hold = self._spool is not None
        self._failures = 0
        self._pause_until = 0.0  # monotonic
        self._flushes = 0
        self._closing = self._given_up = False
        self._deadline = float("inf")  # monotonic; when closing
        self._thread: threading.Thread | None = None
        self._has_stopped = False  # the thread has found nothing more to do
        self._is_known = False  # our key, to the collector

    @property
    def is_away(self) -> bool:
        """Whether the collector has not answered as it should for some time."""
        return self._failures >= _AWAY_AFTER

    def start(self) -> None:
        """Look for what earlier processes have left."""
        if self._spool is not None and self._spool.waiting():
            with self._changed:
                self._ensure_thread()

    def put(self, parcel: Parcel) -> None:
        """Take a parcel; it waits in memory, or in the spool when there is too much of it or nobody takes it."""
        with self._changed:
            room = self.waiting_bytes() + len(parcel.body) <= self._settings.max_queue_bytes // 4 or not self._waiting
            if not self._given_up and room and (not self.is_away or self._spool is None):
                self._waiting.append(parcel)
                self._ensure_thread()
                self._changed.notify_all()
                return
        self.store(parcel)

    def waiting_bytes(self) -> int:
        """Memory that waiting parcels take."""
        return sum(len(parcel.body) for parcel in self._waiting)

    def _ensure_thread(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="spanglass-sender", daemon=True)
            with suppress(RuntimeError):  # Python 3.12 starts none while it ends: `close` sends then
                thread.start()
                self._thread = thread

    def flush(self, deadline: float) -> None:
        """Return when nothing waits in memory any more: sent, or spooled after one attempt that failed."""
        with self._changed:
            self._flushes += 1
            self._changed.notify_all()
            if self._thread is not None:
                self._changed.wait_for(self._is_idle, max(deadline - time.monotonic(), 0))
            self._flushes -= 1
            left = self._clear()
        self.store(*left)

    def close(self, deadline: float) -> None:
        """The same, for good, and so long also what earlier processes have left is sent.

        What is under way at the deadline is spooled.
        """
        with self._changed:
            self._closing, self._deadline = True, deadline
            self._changed.notify_all()
            without_thread = self._thread is None and bool(self._waiting)
        if without_thread:
            self._run()
        with self._changed:
            if not (self.is_away and self._spool is not None):
                self._changed.wait_for(self._is_done, max(deadline - time.monotonic(), 0))
            self._given_up = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._answered, _SETTLING_SECONDS)
            left, under_way, thread = self._clear(), self._under_way, self._thread
        if isinstance(under_way, Parcel):
            left.append(under_way)
        elif under_way is not None and self._spool is not None:
            self._spool.put_back(under_way)  # else it would be nobody's for minutes
        elif thread is not None:
            thread.join(_SETTLING_SECONDS)  # it closes its connection
        self.store(*left)

    def _is_idle(self) -> bool:
        return not self._waiting and not isinstance(self._under_way, Parcel)

    def _is_done(self) -> bool:
        return self._has_stopped or (self._thread is None and not self._waiting)

    def _clear(self) -> list[Parcel]:
        left = list(self._waiting)
        self._waiting.clear()
        return left

    def store(self, *parcels: Parcel) -> None:
        """Into the spool; where there is none, or no room in it, it is lost and counted."""
        for parcel in parcels:
            if self._spool is not None and self._spool.put(parcel):
                COUNTERS.add(f"{parcel.goods}_spooled", parcel.count)
                with self._changed:  # not while the thread looks: it would forget that there is something
                    self._spool_may_hold = True
            else:
                COUNTERS.add(f"{parcel.goods}_dropped", parcel.count)
                warn_once("dropped", "spanglass: %s are dropped: they can neither be sent nor spooled", parcel.goods)
        with self._changed:
            if self._spool_may_hold and not self._given_up and parcels:
                self._ensure_thread()
            self._changed.notify_all()

    # --- the thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        ours = otel_context.attach(otel_context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))  # noqa: FBT003
        transport: Transport | None = None
        while (work := self._next()) is not None:
            answer = _NO_REQUEST
            with guarded("send"):
                transport = transport or Transport(self._settings)
                parcel = work.parcel if isinstance(work, Taken) else work
                left = self._deadline - time.monotonic()
                answer = transport.post(parcel, min(self._settings.timeout_seconds, left))
            with guarded("settle"):
                self._settle(work, answer)
            with self._changed:
                self._under_way, self._answered = None, False
                self._changed.notify_all()
        with self._changed:
            self._has_stopped = True
            self._changed.notify_all()
        if transport is not None:
            transport.close()
        otel_context.detach(ours)

    def _next(self) -> Parcel | Taken | None:
        """The next to send, after the pause if there is one; nothing when it is time to stop."""
        with self._changed:
            while not self._given_up:
                hurried = self._flushes > 0 or self._closing
                pause = 0.0 if hurried else self._pause_until - time.monotonic()
                if pause > 0:
                    self._changed.wait(pause)
                elif self._waiting:
                    self._under_way = self._waiting.popleft()
                    return self._under_way
                elif self._may_look_back() and (taken := self._out_of_spool()):
                    self._under_way = taken
                    return taken
                elif self._closing:
                    return None
                else:
                    self._changed.wait()
            return None

    def _may_look_back(self) -> bool:
        """Whether it is time for what is in the spool: not while someone waits, but at the end while all goes well."""
        if self._closing:
            return not self._failures and time.monotonic() < self._deadline
        return not self._flushes

    def _out_of_spool(self) -> Taken | None:
        if self._spool is None or not self._spool_may_hold:
            return None
        taken = next(filter(None, map(self._spool.take, self._spool.waiting())), None)
        self._spool_may_hold = taken is not None
        return taken

    def _settle(self, work: Parcel | Taken, answer: Answer) -> None:
        """Do with what was sent as the answer says."""
        with self._changed:
            if self._given_up:  # it has been spooled meanwhile
                return
            self._answered = True
            if answer.verdict is Verdict.LATER:
                self._failures += 1
                wait = pause_seconds(self._failures, answer.retry_after_seconds, random.random())  # noqa: S311
                self._pause_until = time.monotonic() + wait
            else:
                self._failures, self._pause_until = 0, 0.0
        if answer.verdict is Verdict.LATER:
            say(answer, self._settings)
        self._note_key(answer)
        if isinstance(work, Taken):
            self._settle_spooled(work, answer)
        else:
            self._settle_fresh(work, answer)

    def _note_key(self, answer: Answer) -> None:
        """With the first answer that tells of the key: mark what waits for it, or take over what waited for others."""
        if self._spool is None or self._is_known:
            return
        if answer.verdict is Verdict.SENT:
            self._is_known = True
            self._spool_may_hold = self._spool.allow() or self._spool_may_hold
        elif answer.status == NO_KEY:
            self._spool.deny()

    def _settle_fresh(self, parcel: Parcel, answer: Answer) -> None:
        match answer.verdict:
            case Verdict.SENT:
                COUNTERS.add(f"{parcel.goods}_sent", parcel.count)
            case Verdict.LATER:
                self._keep(parcel)
            case _:
                parts = divided(parcel, answer)
                with self._changed:
                    self._waiting.extendleft(reversed(parts))
                if not parts:
                    COUNTERS.add(f"{parcel.goods}_dropped", parcel.count)
                    say(answer, self._settings)

    def _keep(self, parcel: Parcel) -> None:
        """Nobody took it: it waits in memory for a while, and then, with everything behind it, in the spool."""
        with self._changed:
            self._waiting.appendleft(parcel)
            hurried = self._flushes > 0 or self._closing
            stays = not hurried and (self._spool is None or not self.is_away)
            left = [] if stays else self._clear()
        self.store(*left)

    def _settle_spooled(self, taken: Taken, answer: Answer) -> None:
        spool, parcel = self._spool, taken.parcel
        if spool is None:
            return
        goods, was = parcel.goods, f"{parcel.goods}_spooled"
        if answer.verdict is Verdict.LATER:
            spool.put_back(taken)
            return
        if answer.verdict is Verdict.SENT:
            if taken.own:
                COUNTERS.move(was, f"{goods}_sent", parcel.count)
            else:
                COUNTERS.add(f"{goods}_recovered", parcel.count)
        else:
            parts = divided(parcel, answer)
            kept = sum(part.count for part in parts if spool.put(part, own=taken.own))
            if taken.own:
                COUNTERS.move(was, f"{goods}_dropped", parcel.count - kept)
            if not parts:
                say(answer, self._settings)
        spool.forget(taken)
