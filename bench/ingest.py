"""What a span costs from its arrival to its rest in ClickHouse, beside Rotel and beside a floor, in the same run.

``make bench-ingest``: each side gets the same load (``ingest_load.py``) over HTTP on loopback, from its own fresh
ClickHouse (the embedded engine) and its own collector process, in turn; medians of the rounds. CPU is the operating
system's accounting of the collector's and of ClickHouse's process, from the first request until the queue is empty and
merges have come to rest. The floor is the least that any collector in this language must do: parse the same requests
into values, and insert the same rows, ready as Native bytes in memory. The last line of standard output is JSON.

``SPANS`` (204,800), ``ROUNDS`` (3), ``CONNECTIONS`` (4), ``ROTEL`` (1; 0 leaves it out), ``SPANGLASS_…`` settings.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from ingest_load import SPANS as SPANS_A_REQUEST
from ingest_load import Template
from ingest_rotel import DATABASE, create_tables, rotel, wait_for
from startup import free_port

from spanglass_collector.decode import decode
from spanglass_collector.pipeline import batch_from_body
from spanglass_collector.prices import GenaiPrices
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.joined import joined
from spanglass_store.migrate import migrate
from spanglass_store.query import Query

SPANS = int(float(os.environ.get("SPANS", "204800")))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
CONNECTIONS = int(os.environ.get("CONNECTIONS", "4"))
REST_SECONDS = 2.0
BUSY_SECONDS = 0.05  # of CPU in a quarter of a second
LONGEST_REST_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: status, a trace id of it, when it was sent (seconds since 1970), seconds until the answer."""

    status: int
    trace_id: str
    sent: float
    seconds: float


@contextmanager
def room(database: str = "spanglass") -> Iterator[tuple[EmbeddedClickHouse, int, Store]]:
    """A fresh ClickHouse: the server, its process id, and a store with this database."""
    with (
        tempfile.TemporaryDirectory(prefix="spanglass-ingest-") as folder,
        EmbeddedClickHouse(Path(folder), http_port=free_port()) as server,
        Store(server.url(database=database)) as store,
    ):
        assert server.pid is not None
        yield server, server.pid, store


@contextmanager
def collector(server: EmbeddedClickHouse, folder: Path) -> Iterator[tuple[str, int]]:
    """Our collector as it is run in production: its address and process id."""
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("spanglass")), "collector", "--clickhouse-url", server.url(),
        "--port", str(port), "--grpc-port", "0", "--data-dir", str(folder),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(port, 20)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of all below it, those that have ended included."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(member.cpu_times()[:2]) for member in family)


def resident_mb(pid: int) -> float:
    """Resident memory of a process and of all below it."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(member.memory_info().rss for member in family) / 1e6


def load(
    url: str, requests: int, rate: float = 0.0, each: Callable[[Answered], None] = lambda _: None
) -> list[Answered]:
    """Send so many requests, at ``rate`` spans a second (0: as fast as they go)."""
    command = [sys.executable, str(Path(__file__).with_name("ingest_load.py")), url, str(requests), str(CONNECTIONS)]
    answered = []
    with subprocess.Popen([*command, str(rate)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.write("go\n")
        process.stdin.flush()
        for line in process.stdout:
            answered.append(Answered(*json.loads(line)))
            each(answered[-1])
    return answered


def wait_for_rest(store: Store, table: str, pids: list[int], wanted: int) -> tuple[int, float]:
    """Rows of the table once all that are ``wanted`` are there (or none has come for 10 s), and then nothing is merged
    and the processes are idle; and when the last of them had come (seconds since 1970).
    """
    sql = f"SELECT count() AS rows, (SELECT count() FROM system.merges) AS merges FROM {table}"
    deadline = time.monotonic() + LONGEST_REST_SECONDS
    rows, used = 0, 0.0
    calm_since, last_came = time.monotonic(), time.time()
    while time.monotonic() < deadline:
        time.sleep(0.25)
        found = store.fetch(Query("rows", sql)).iloc[0]
        before, rows = (rows, used), int(found["rows"])
        used = sum(map(cpu_seconds, pids))
        if rows != before[0]:
            last_came = time.time()
        if rows != before[0] or found["merges"] or used - before[1] > BUSY_SECONDS:
            calm_since = time.monotonic()
        elif time.monotonic() - calm_since > (REST_SECONDS if rows >= wanted else 5 * REST_SECONDS):
            break
    return rows, last_came


def measured(store: Store, table: str, url: str, pids: tuple[int, int]) -> dict[str, float]:
    """One burst: CPU a stored span of collector and ClickHouse, and what else there is to tell."""
    requests = SPANS // SPANS_A_REQUEST
    there, _ = wait_for_rest(store, table, list(pids), 0)
    before = [*map(cpu_seconds, pids)]
    answered = load(url, requests)
    memory = resident_mb(pids[0])
    rows, last_came = wait_for_rest(store, table, list(pids), there + requests * SPANS_A_REQUEST)
    stored = rows - there
    used = [after - each for after, each in zip(map(cpu_seconds, pids), before, strict=True)]
    acks = sorted(each.seconds for each in answered if each.status == 200)
    on_disk = "SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = {db:String}"
    size = store.fetch(Query("bytes", on_disk, (("db", store.database),)))
    return {
        "stored": stored,
        "acknowledged": len(acks) * SPANS_A_REQUEST,
        "spans_per_second": stored / (last_came - min(each.sent for each in answered)),
        "collector_us": used[0] / stored * 1e6,
        "clickhouse_us": used[1] / stored * 1e6,
        "ack_p50_ms": acks[len(acks) // 2] * 1e3,
        "ack_p99_ms": acks[len(acks) * 99 // 100] * 1e3,
        "rss_mb": memory,
        "bytes_per_span": int(size["bytes"][0]) / rows,
    }


def queryable_p99_seconds(store: Store, url: str, rate: float) -> float:
    """From sending a request to finding its first trace by a query, at ``rate`` spans a second for some ten seconds."""
    waiting: dict[str, float] = {}
    took: list[float] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set() or (waiting and len(took) < 10**6):
            ids = list(waiting)
            if ids:
                sql = "SELECT DISTINCT lower(hex(trace_id)) AS id FROM spans WHERE trace_id IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))"
                found = store.fetch(Query("found", sql, (("ids", tuple(ids)),)))["id"]
                now = time.time()
                took.extend(now - waiting.pop(each) for each in found)
            time.sleep(0.02)

    looking = threading.Thread(target=look)
    looking.start()
    load(
        url, max(20, round(10 * rate / SPANS_A_REQUEST)), rate, lambda each: waiting.update({each.trace_id: each.sent})
    )
    ended.set()
    looking.join(timeout=60)
    assert not looking.is_alive(), f"{len(waiting)} traces were acknowledged and cannot be found"
    took.sort()
    return took[len(took) * 99 // 100]


def ours() -> dict[str, float]:
    """Our collector, into our tables."""
    with (
        room() as (server, pid, store),
        tempfile.TemporaryDirectory() as folder,
        migrated(store),
        collector(server, Path(folder)) as (url, collector_pid),
    ):
        load(url, 8)  # code is loaded, prices are known, ClickHouse has met the table
        told = measured(store, "spans", url, (collector_pid, pid))
        print("ledger", httpx.get(f"{url}/api/v1/ledger").json(), file=sys.stderr)
        told["queryable_p99_seconds"] = queryable_p99_seconds(store, url, told["spans_per_second"] / 2)
    return told


def theirs() -> dict[str, float]:
    """Rotel, into the OpenTelemetry exporter's tables."""
    with room(DATABASE) as (server, pid, store):
        create_tables(store)
        with rotel(server, free_port(), free_port()) as (url, rotel_pid):
            load(url, 8)
            return measured(store, "otel_traces", url, (rotel_pid, pid))


def floor() -> dict[str, float]:
    """The same requests parsed, and the same rows inserted out of memory in large blocks."""
    prices = GenaiPrices()
    templates = [Template() for _ in range(20)]
    bodies = [templates[n % len(templates)].fresh()[0] for n in range(max(1, min(SPANS, 102_400) // SPANS_A_REQUEST))]
    with room() as (_, pid, store), migrated(store):
        blocks = [
            batch_from_body(body, project="default", received_ns=time.time_ns(), prices=prices).rows for body in bodies
        ]
        inserts = [joined(blocks[at : at + 200]) for at in range(0, len(blocks), 200)]
        before = time.process_time(), cpu_seconds(pid)
        for body in bodies:
            assert decode(body).spans  # each with the values of all its attributes
        for number, block in enumerate(inserts):
            store.insert(block, token=f"floor-{number}")
        mine = time.process_time() - before[0]
        stored, _ = wait_for_rest(store, "spans", [pid], len(bodies) * SPANS_A_REQUEST)
        return {
            "collector_us": mine / stored * 1e6,
            "clickhouse_us": (cpu_seconds(pid) - before[1]) / stored * 1e6,
        }


@contextmanager
def migrated(store: Store) -> Iterator[None]:
    """Our tables."""
    migrate(store)
    yield


def main() -> None:
    sides: dict[str, Callable[[], dict[str, float]]] = {"": ours, "floor_": floor, "rotel_": theirs}
    if os.environ.get("ROTEL") == "0":
        del sides["rotel_"]
    told: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for number in range(ROUNDS):
        for side in sorted(sides, reverse=bool(number % 2)):
            told[side].append(sides[side]())
            print(number, side or "ours", {k: round(v, 2) for k, v in told[side][-1].items()}, file=sys.stderr)
    medians = {
        side: {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
        for side, rounds in told.items()
    }
    out: dict[str, object] = {"bench": "ingest", "spans": SPANS, "rounds": ROUNDS}
    out |= {name: round(value, 3) for name, value in medians[""].items()}
    for side in ("floor_", "rotel_"):
        for name in ("collector_us", "clickhouse_us"):
            out[side + name] = round(medians[side][name], 2) if side in medians else None
    print(json.dumps(out))


if __name__ == "__main__":
    main()
