"""The demo's own process: an alert rule, a week of history, then live traffic until told to stop."""

from __future__ import annotations

import gzip
import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import FrameType
from typing import Final, TypeVar

import httpx
import openai

import spanglass
from spanglass import semconv
from spanglass_cli.demo import otlp, provider, shop, visits
from spanglass_cli.demo.history import PastTrace, relive
from spanglass_store import rules
from spanglass_store.connection import Store
from spanglass_store.query import Filters, query

T = TypeVar("T")

SERVICE: Final = "shop-assistant"
ENVIRONMENT: Final = "production"
RELEASE: Final = "2.4.0"
RESOURCE: Final = {
    semconv.SERVICE_NAME: SERVICE,
    semconv.DEPLOYMENT_ENVIRONMENT: ENVIRONMENT,
    semconv.SERVICE_VERSION: RELEASE,
}

WEEK_NS: Final = 7 * 86_400 * visits.SECOND_NS
CHANGE_AFTER_NS: Final = 5 * 86_400 * visits.SECOND_NS
"""The model is replaced this long after the first visit of all: two days before a fresh demo starts."""

TRACES_A_REQUEST: Final = 100
VISIT_PAUSE_SECONDS: Final = 1.5
WORKERS: Final = 6

RULE: Final = rules.Rule(
    project=semconv.DEFAULT_PROJECT,
    rule_id="demo-quality",
    name="Answers of gpt-4o have become worse",
    measure="score_mean",
    comparison="below",
    threshold=0.75,
    window_seconds=6 * 3600,
    filters=Filters.of(score_name=["quality"], request_model=["gpt-4o"]),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the demo has already stored: its first and last moment."""

    first_ns: int
    last_ns: int


def run(*, clickhouse_url: str, collector_url: str, provider_port: int) -> None:
    """Fill the pages, then keep them alive; returns on SIGTERM or Ctrl-C."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    with Store.open(clickhouse_url) as store:
        ensure_rule(store)
        stored = stored_visits(store)
    seed = time.time_ns() % 1_000_000_007
    with provider.ProviderThread(provider_port, seed) as server:
        load_history(collector_url, stored, time.time_ns(), stop)
        live(collector_url, server.base_url, seed, stop)


def ensure_rule(store: Store) -> None:
    """Create the demo's alert rule unless it is there, so that a person's changes to it stay."""
    known = {rules.rule_from_row(row).rule_id for row in store.fetch_rows(rules.all_rules(RULE.project))}
    if RULE.rule_id not in known:
        version = time.time_ns()
        store.insert(rules.block_from_rule(RULE, version=version), token=f"{RULE.rule_id}-{version}")


def stored_visits(store: Store) -> Stored | None:
    """The time between the first and the last visit in the database, None before the first start."""
    asked = query(
        "the demo's visits",
        """
        SELECT count() AS visits, toUnixTimestamp64Nano(min(start_time)) AS first_ns,
        toUnixTimestamp64Nano(max(start_time)) AS last_ns
        FROM spans WHERE project = {project:String} AND service = {service:String} AND parent_span_id = 0
        """,
        project=semconv.DEFAULT_PROJECT,
        service=SERVICE,
    )
    (row,) = store.fetch_rows(asked)
    return Stored(row["first_ns"], row["last_ns"]) if row["visits"] else None


def past_traces(stored: Stored | None, now_ns: int) -> Iterator[PastTrace]:
    """The visits from the last one stored (a week ago at most) until now, oldest first.

    So a restart fills the pause and repeats nothing.
    """
    start_ns = max(now_ns - WEEK_NS, stored.last_ns + 1 if stored else 0)
    first_ns = stored.first_ns if stored else start_ns
    for visit in visits.visits_between(start_ns, now_ns):
        trace = relive(visit, changed=visit.at_ns >= first_ns + CHANGE_AFTER_NS)
        if trace.scored_ns < now_ns:  # a visit that is still under way belongs to nobody
            yield trace


def load_history(collector_url: str, stored: Stored | None, now_ns: int, stop: threading.Event) -> None:
    """Send past traces and their scores to the collector, and say how many there were."""
    began = time.monotonic()
    sent = 0
    with httpx.Client(base_url=collector_url, timeout=30, trust_env=False) as client:
        for traces in _batched(past_traces(stored, now_ns), TRACES_A_REQUEST):
            if stop.is_set():
                return
            body = gzip.compress(otlp.to_request(traces, RESOURCE), compresslevel=1)
            headers = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
            _post(lambda: client.post(semconv.TRACES_PATH, content=body, headers=headers), stop)  # noqa: B023
            scores = otlp.to_scores(traces)
            _post(lambda: client.post(semconv.SCORES_PATH, json=scores), stop)  # noqa: B023
            sent += len(traces)
    print(f"The shop's past: {sent:,} traces in {time.monotonic() - began:.1f} s. Live traffic follows.", flush=True)


def live(collector_url: str, provider_url: str, seed: int, stop: threading.Event) -> None:
    """Visits through the real application and the real SDK, about one in a second and a half."""
    spanglass.init(SERVICE, endpoint=collector_url, environment=ENVIRONMENT, release=RELEASE)
    with (
        openai.OpenAI(base_url=provider_url, api_key="demo", max_retries=0, timeout=30) as client,
        ThreadPoolExecutor(WORKERS, thread_name_prefix="customer") as customers,
    ):
        assistant = shop.Assistant(client)
        for visit in visits.visits_now(seed):
            if stop.wait(visit.chance.expovariate(1 / VISIT_PAUSE_SECONDS)):
                break
            customers.submit(assistant.serve, visit)
        customers.shutdown(wait=False, cancel_futures=True)
    spanglass.shutdown()


def _post(send: Callable[[], httpx.Response], stop: threading.Event) -> None:
    """Send until accepted: the collector says "later" (429, 503) while it is full or starting."""
    while not stop.is_set():
        try:
            response = send()
        except httpx.TransportError:
            stop.wait(0.5)
            continue
        if response.status_code not in {429, 503}:
            response.raise_for_status()
            return
        stop.wait(float(response.headers.get("retry-after", "1")))


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
