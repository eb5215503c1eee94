"""How much one key may send: buckets that fill with time, one for requests and one for bytes."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from spanglass_collector.errors import RateLimited
from spanglass_collector.metrics import Metrics

BURST_SECONDS: Final = 5.0
"""What was not used lasts this long: a client that was silent may send so many seconds' worth at once."""
MAX_SENDERS: Final = 10_000
"""Senders remembered. One that is forgotten starts with a full bucket; without keys anybody can make up names."""


@dataclass(slots=True)
class _Bucket:
    """``left`` may be below zero: how much a request holds is known only once it is there."""

    left: float
    seen_at: float


class Bucket:
    """One limit, for every sender apart."""

    def __init__(self, name: str, per_second: float, monotonic: Callable[[], float]) -> None:
        self.name = name
        self._per_second = per_second
        self._most = per_second * BURST_SECONDS
        self._monotonic = monotonic
        self._of: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_seconds(self, sender: str) -> float:
        """0 when the sender may go on, or how long it has to wait."""
        bucket = self._filled(sender)
        return 0.0 if bucket.left > 0 else (1e-9 - bucket.left) / self._per_second

    def take(self, sender: str, amount: float) -> None:
        """Count what was sent."""
        self._filled(sender).left -= amount

    def _filled(self, sender: str) -> _Bucket:
        now = self._monotonic()
        bucket = self._of.get(sender)
        if bucket is None:
            bucket = self._of[sender] = _Bucket(self._most, now)
            if len(self._of) > MAX_SENDERS:
                self._of.popitem(last=False)
            return bucket
        self._of.move_to_end(sender)
        bucket.left = min(self._most, bucket.left + (now - bucket.seen_at) * self._per_second)
        bucket.seen_at = now
        return bucket


class Rates:
    """The limits of requests and of bytes a second; None for a limit that is not set.

    Of several processes that share the work (``shares``) each lets its part through.
    """

    def __init__(
        self,
        requests_per_second: float | None,
        bytes_per_second: float | None,
        metrics: Metrics,
        *,
        shares: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._requests = Bucket("requests", requests_per_second / shares, monotonic) if requests_per_second else None
        self._bytes = Bucket("bytes", bytes_per_second / shares, monotonic) if bytes_per_second else None

    def admit(self, sender: str) -> None:
        """Let one request of this sender begin. Raises RateLimited."""
        for bucket in (self._requests, self._bytes):
            if bucket is not None and (seconds := bucket.wait_seconds(sender)):
                self._metrics.add("spanglass_rate_limited_total", limit=bucket.name)
                msg = f"This key sends more {bucket.name} a second than it may."
                raise RateLimited(msg, retry_after_seconds=math.ceil(seconds))
        if self._requests is not None:
            self._requests.take(sender, 1)

    def count_bytes(self, sender: str, size: int) -> None:
        """Count the body of a request that was let in."""
        if self._bytes is not None:
            self._bytes.take(sender, size)
