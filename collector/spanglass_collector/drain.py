"""From the queue into ClickHouse: lease a fixed group, insert it once under its id, forget it.

What fails for now is tried again, the same group under the same id; what fails for good is halved until the item that
is the trouble is alone, and that one is set aside. With ``Claims``, what another collector may be storing too is taken
out of the group first.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from spanglass_collector.claims import CONTESTED, Claims
from spanglass_collector.contested import Contested
from spanglass_collector.delivery import Delivery
from spanglass_collector.errors import Busy
from spanglass_collector.journal.group import Group
from spanglass_collector.metrics import Metrics
from spanglass_collector.queue import Queue
from spanglass_store.errors import StoreError, StoreRejected, StoreUnavailable

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS: Final = 0.1
IDLE_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """When an insert is full (rows or bytes), how long it may fill, and the longest wait between two tries."""

    rows: int
    size_bytes: int
    linger_seconds: float
    retry_max_seconds: float


class Drain:
    """A thread that empties the queue. ``ready`` says whether the database is there and has its tables."""

    def __init__(
        self,
        queue: Queue,
        delivery: Delivery,
        *,
        ready: Callable[[], bool],
        pace: Pace,
        metrics: Metrics,
        claims: Claims | None = None,
    ) -> None:
        self._queue = queue
        self._claims = claims
        self._contested = Contested(queue, claims, delivery, ready=ready, metrics=metrics) if claims else None
        self._delivery = delivery
        self._ready = ready
        self._pace = pace
        self._metrics = metrics
        self._stopping = threading.Event()
        self._began_at = time.monotonic()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, *, timeout_seconds: float) -> None:
        """Empty the queue if that takes no longer than ``timeout_seconds``; what is left stays on disk.

        An insert that hangs is left behind: its group comes again under its id at the next start.
        """
        self._deadline = time.monotonic() + timeout_seconds
        self._stopping.set()
        self._queue.wake()
        self._thread.join(timeout_seconds + GRACE_SECONDS)
        if self._contested:
            self._contested.stop()

    def _run(self) -> None:
        while not self._ends():
            try:
                if self._has_work():  # an idle collector asks the database nothing
                    self._wait_until_ready()
                while not self._ends() and self._has_work():
                    self._deliver()
            except Busy as busy:  # the disk refuses: the group stays leased and comes again under its id
                self._pause(busy.retry_after_seconds)
            except Exception:
                log.exception("the drain stumbled and goes on")
                self._pause(FIRST_WAIT_SECONDS)

    def _ends(self) -> bool:
        """Stopping, and either nothing is left or no time is."""
        if not self._stopping.is_set():
            return False
        return not self._queue.leasable_rows or time.monotonic() >= self._deadline

    def _has_work(self) -> bool:
        self._queue.take_back()
        linger = 0.0 if self._stopping.is_set() else self._pace.linger_seconds
        return self._queue.wait(rows=self._pace.rows, linger_seconds=linger, timeout_seconds=IDLE_SECONDS)

    def _deliver(self) -> None:
        """One group, until it is stored, split, given up or set aside, or until there is no time left."""
        group = self._queue.lease(max_rows=self._pace.rows, max_bytes=self._pace.size_bytes)
        wait_seconds = FIRST_WAIT_SECONDS
        claimed_at, tried_at = float("-inf"), None
        while group is not None and not self._ends():
            began = time.perf_counter()
            try:
                if self._claims and time.monotonic() > claimed_at + self._claims.patience.read_is_good_seconds:
                    reading_at = time.monotonic()
                    left = self._without_contested(group, tried_at)
                    if left is None:
                        return
                    group, claimed_at = left, reading_at
                is_repeated, tried_at = tried_at is not None or not group.is_new, time.monotonic()
                self._delivery.deliver(group, is_repeated=is_repeated)
            except StoreRejected as error:
                if self._is_ready():
                    self._give_up(group, str(error))
                    return
                self._put_off(error, wait_seconds)  # a database without its tables refuses everything
            except StoreError as error:
                self._put_off(error, wait_seconds)
            else:
                table = group.block.table
                self._metrics.observe("spanglass_insert_seconds", time.perf_counter() - began, table=table)
                self._metrics.add("spanglass_inserted_rows_total", group.block.rows, table=table)
                self._queue.ack(group)
                return
            wait_seconds = min(2 * wait_seconds, self._pace.retry_max_seconds)

    def _without_contested(self, group: Group, tried_at: float | None) -> Group | None:
        """The group without what another collector may be storing; None where nothing is left.

        A group that may be stored stays whole: ClickHouse knows a token only with as many rows as it came with.
        """
        if self._claims is None or self._contested is None:
            return group
        if group.group_id.startswith(CONTESTED):  # as it was before a restart
            self._queue.put_off(group)
            self._contested.take([group])
            return None
        contest = self._claims.contest(group, is_tried=tried_at is not None)
        if not contest.lost:
            return group
        if contest.may_be_stored:
            if self._claims.is_stored(group.block):  # the group by this collector, or by others all that is in it
                self._queue.ack(group, "stored" if len(contest.lost) < group.items else "duplicate")
                return None
            if time.monotonic() < (self._began_at if tried_at is None else tried_at) + self._claims.patience.seconds:
                msg = "an earlier try may still be running, and another collector has a part of the group"
                raise StoreUnavailable(msg)
        left, taken = self._queue.take_out(group, contest.lost)
        self._contested.take(taken)
        return left

    def _give_up(self, group: Group, reason: str) -> None:
        if group.items > 1:
            self._queue.split(group)
            return
        log.error("%d rows of %s are set aside: %s", group.block.rows, group.block.table, reason)
        self._metrics.add("spanglass_set_aside_rows_total", group.block.rows, table=group.block.table)
        self._queue.set_aside(group, reason)

    def _wait_until_ready(self) -> None:
        wait_seconds = FIRST_WAIT_SECONDS
        while not self._is_ready() and not self._ends():
            self._pause(wait_seconds)
            wait_seconds = min(2 * wait_seconds, self._pace.retry_max_seconds)

    def _is_ready(self) -> bool:
        try:
            return self._ready()
        except StoreError:
            return False

    def _put_off(self, error: StoreError, wait_seconds: float) -> None:
        log.warning("insert put off: %s", error)
        self._metrics.add("spanglass_insert_retries_total")
        self._pause(wait_seconds)

    def _pause(self, seconds: float) -> None:
        """A wait of about ``seconds``, so that many collectors do not come back at one moment."""
        seconds *= random.uniform(0.5, 1.5)  # noqa: S311  (not for secrets)
        if self._stopping.is_set():
            time.sleep(min(seconds, max(0.0, self._deadline - time.monotonic())))
        else:
            self._stopping.wait(seconds)
