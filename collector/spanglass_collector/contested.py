"""The slow path: requests that two collectors hold, one item each, until it is clear who stores it.

For each, in this order, as often as it takes:

1. The others are told that this collector yields.
2. Its rows are stored: it is a duplicate, and done with.
3. Nobody has been named to store it. Where all others yielded, the collector with the lowest id has itself named at
   once. Otherwise somebody may be inserting it at this moment, or have died: after a time, so does anybody. The naming
   is one insert whose token is the digest, so there is one winner, whatever happens.
4. This collector was named. Once whoever had begun before can no longer be inserting, it inserts the item alone, under
   a token made of the digest.
5. Another was named: its rows will come, so begin again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from spanglass_collector.claims import Claims, Standing
from spanglass_collector.delivery import Delivery
from spanglass_collector.errors import Busy
from spanglass_collector.journal.group import Group
from spanglass_collector.metrics import Metrics
from spanglass_collector.queue import Queue
from spanglass_store.errors import StoreError, StoreRejected

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 5.0
GRACE_SECONDS: Final = 1.0


@dataclass(slots=True)
class _Held:
    group: Group
    has_yielded: bool
    since: float = field(default_factory=time.monotonic)
    next_look: float = float("-inf")
    wait_seconds: float = FIRST_WAIT_SECONDS
    named_at: float | None = None
    is_tried: bool = False


class Contested:
    """The contested items of one queue, and the thread that looks after them while there are any."""

    def __init__(
        self,
        queue: Queue,
        claims: Claims,
        delivery: Delivery,
        *,
        ready: Callable[[], bool],
        metrics: Metrics,
    ) -> None:
        self._queue = queue
        self._claims = claims
        self._delivery = delivery
        self._ready = ready
        self._metrics = metrics
        self._held: list[_Held] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def take(self, groups: Sequence[Group]) -> None:
        """Look after groups of one item each, which the queue has put off, from now on."""
        log.info("%d requests are claimed by another collector too", len(groups))
        has_yielded = True
        try:
            self._claims.yield_(groups)
        except StoreError:
            has_yielded = False  # each is tried again by itself
        with self._changed:
            self._held += [_Held(group, has_yielded) for group in groups]
            self._changed.notify()
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._run, name="contested", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End. What is left stays in the queue and is contested again at the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(GRACE_SECONDS)

    def _run(self) -> None:
        while held := self._next():
            try:
                is_done = self._settled(held)
            except (StoreError, Busy) as error:
                log.warning("a contested request is put off: %s", error)
                is_done = False
            except Exception:
                log.exception("a contested request is put off")
                is_done = False
            if is_done:
                with self._changed:
                    self._held.remove(held)
            else:
                held.next_look = time.monotonic() + held.wait_seconds
                held.wait_seconds = min(2 * held.wait_seconds, LONGEST_WAIT_SECONDS)

    def _next(self) -> _Held | None:
        """The one to look at next, when it is time; None at the end."""
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                due = min(self._held, key=lambda held: held.next_look, default=None)
                if due is not None and due.next_look <= now:
                    return due
                self._changed.wait(None if due is None else due.next_look - now)
            return None

    def _settled(self, held: _Held) -> bool:
        group, digest = held.group, held.group.digests[0]
        if not held.has_yielded:
            self._claims.yield_([group])
            held.has_yielded = True
        if not held.is_tried and self._claims.is_stored(group.block):
            self._settle(group, "stored" if self._is_own(group) else "duplicate")
            return True
        standing = self._claims.standing(digest)
        if standing.decided is None and self._may_be_named(held, standing):
            self._claims.decide(digest)
            standing = self._claims.standing(digest)
        if standing.decided != self._claims.collector:
            return False
        held.named_at = held.named_at or time.monotonic()
        if not standing.all_yielded and time.monotonic() < held.named_at + self._claims.patience.seconds:
            return False
        was_tried, held.is_tried = held.is_tried, True
        try:
            self._claims.begin(group)
            self._delivery.deliver(group, is_repeated=was_tried or not group.is_new)
        except StoreRejected as error:
            if not self._ready():
                raise  # a database without its tables refuses everything
            self._queue.set_aside(group, str(error))
            self._metrics.add("spanglass_contested_total", outcome="set_aside")
            return True
        self._settle(group, "stored")
        return True

    def _is_own(self, group: Group) -> bool:
        """Whether what is stored was stored by this collector, before it was restarted."""
        return not group.is_new and self._claims.was_begun(group)

    def _may_be_named(self, held: _Held, standing: Standing) -> bool:
        if standing.all_yielded:
            return self._claims.collector < min(standing.others, default="~") or self._is_late(held, 1)
        return self._is_late(held, 0.5 if self._claims.collector < min(standing.others) else 1)

    def _is_late(self, held: _Held, share: float) -> bool:
        return time.monotonic() >= held.since + share * self._claims.patience.seconds

    def _settle(self, group: Group, fate: Literal["stored", "duplicate"]) -> None:
        self._queue.ack(group, fate)
        self._metrics.add("spanglass_contested_total", outcome=fate)
