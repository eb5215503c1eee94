"""Clients that go on sending, each request until it is acknowledged, and remember what was."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Self

import httpx
from collector.serving import PROTOBUF
from collector.waiting import until
from collector.wire import body_of, model_call

from spanglass_store.connection import Store
from spanglass_store.query import Query

CLIENTS = 4
SPANS = 10
"""Spans in a request."""


class Load:
    """Within its ``with`` block, requests go to each of ``urls`` in turn; one that got no 200 is sent again, the same
    bytes, to the next one. ``acknowledged`` and ``unsure`` are ids of spans.

    ``again``: every so many requests, one that was acknowledged is sent once more to everybody.
    """

    def __init__(self, *urls: str, again: int = 0) -> None:
        self._urls = urls
        self._again = again
        self.acknowledged: list[str] = []
        self.unsure: list[str] = []
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def more(self, spans: int) -> None:
        """Return when so many more spans were acknowledged."""
        already = len(self.acknowledged)
        until(lambda: len(self.acknowledged) >= already + spans)

    def _send(self, number: int) -> None:
        urls = itertools.cycle(self._urls)
        chance = random.Random(number)
        with httpx.Client(timeout=10, headers=PROTOBUF) as client:
            for count in itertools.count(1):
                if self._stopping.is_set():
                    return
                spans = [model_call() for _ in range(SPANS)]
                body, ids = body_of(*spans), [span.span_id for span in spans]
                while not (sent := _is_taken(client, next(urls), body)) and not self._stopping.is_set():
                    time.sleep(0.05 + 0.05 * chance.random())
                (self.acknowledged if sent else self.unsure).extend(ids)
                if self._again and not count % self._again:
                    for url in self._urls:
                        _is_taken(client, url, body)


def _is_taken(client: httpx.Client, url: str, body: bytes) -> bool:
    try:
        return client.post(f"{url}/v1/traces", content=body).status_code == 200
    except httpx.TransportError:
        return False


def ledger_of(url: str) -> dict[str, int]:
    """The counters that are not 0. It adds up."""
    found = httpx.get(f"{url}/api/v1/ledger", timeout=60).json()
    assert found["received"] == sum(found[n] for n in ("duplicate", "rejected", "queued", "stored", "set_aside"))
    return {name: count for name, count in found.items() if isinstance(count, int) and count}


def settled(*urls: str) -> list[dict[str, int]]:
    """The ledgers, once nothing is queued any more."""
    until(lambda: not any("queued" in ledger_of(url) for url in urls), timeout_seconds=120)
    return [ledger_of(url) for url in urls]


def require_each_once(store: Store, load: Load, ledgers: Sequence[dict[str, int]]) -> int:
    """What was acknowledged is in ClickHouse once, nothing is there twice, and everything else is a duplicate.

    The rows in ClickHouse.
    """
    rows = store.fetch_rows(Query("spans", "SELECT leftPad(lower(hex(span_id)), 16, '0') AS span_id FROM spans"))
    stored = Counter(row["span_id"] for row in rows)
    lost = [span_id for span_id in load.acknowledged if span_id not in stored]
    assert lost == []
    assert [span_id for span_id, times in stored.items() if times > 1] == []
    assert stored.keys() <= {*load.acknowledged, *load.unsure}
    assert not any({"rejected", "set_aside", "queued"} & set(told) for told in ledgers)
    return len(rows)
