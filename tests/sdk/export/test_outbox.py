"""The queue of ended spans: bounded, never waiting, and at the end each span is sent, spooled, left out or dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from sdk.conftest import new_provider
from sdk.export.collectors import nobody
from sdk.export.waiting import until
from sdk.servers import Sink

import spanglass
from spanglass import runtime, semconv
from spanglass.export.outbox import Outbox
from spanglass.export.pack import Packer
from spanglass.stats import Stats

pytestmark = pytest.mark.usefixtures("unhurried")
BURST = 50_000


@spanglass.observe
def work(text: str = "hello") -> str:
    return text


def outbox() -> Outbox:
    found = runtime.STATE.outbox
    assert found is not None
    return found


def accounted(totals: Stats) -> int:
    """Spans of which it is known what has become of them."""
    return totals.spans_sent + totals.spans_spooled + totals.spans_sampled_out + totals.spans_dropped


@contextmanager
def watched(measure: Callable[[], int]) -> Iterator[list[int]]:
    """What ``measure`` says, again and again, from another thread."""
    found, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(0.001):
            found.append(measure())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("alive", [True, False])
@pytest.mark.usefixtures("forgiving")
def test_a_burst_is_sent_or_spooled_and_the_queue_keeps_to_its_size(
    sink: Sink, spool: Path, monkeypatch: pytest.MonkeyPatch, alive: bool
) -> None:
    most = 3_000_000
    monkeypatch.setenv("SPANGLASS_MAX_QUEUE_BYTES", str(most))
    with nobody() as dead:
        spanglass.init(endpoint=sink.url if alive else dead, tracer_provider=new_provider())
        mine = outbox()
        with watched(lambda: mine._bytes) as sizes:
            for number in range(BURST):
                work(f"{number}")
        receipt = spanglass.flush(60)
        spanglass.shutdown(60)
    totals = spanglass.stats()
    assert totals.spans_ended == BURST == accounted(totals)
    assert (receipt.pending, totals.spans_pending, totals.spans_dropped, totals.errors) == (0, 0, 0, 0)
    assert 0 < max(sizes) <= most + 10_000  # the last one that was let in is a span of ours
    arrived = [span["attributes"][semconv.OUTPUT] for span in sink.spans()]
    assert len(arrived) == len(set(arrived)) == totals.spans_sent
    waiting = sum(int(path.name.split(".")[0].split("-")[3]) for path in spool.rglob("*.parcel"))
    assert waiting == totals.spans_spooled == BURST - totals.spans_sent
    assert alive or totals.spans_sent == 0


def test_many_threads_record_at_once_and_none_is_missing(exporting: Sink) -> None:
    threads = [threading.Thread(target=lambda: [work() for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spanglass.flush(60)
    spans = exporting.spans()
    assert len({span["span_id"] for span in spans}) == len(spans) == 4_000


def test_the_caller_s_thread_neither_packs_nor_sends(exporting: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    packed_by: set[str] = set()
    encoded = Packer.encoded

    def noted(self: Packer, *told: Any) -> bytearray:
        packed_by.add(threading.current_thread().name)
        return encoded(self, *told)

    monkeypatch.setattr(Packer, "encoded", noted)
    monkeypatch.setenv("SPANGLASS_EXPORT_INTERVAL_SECONDS", "0.05")
    spanglass.init(endpoint=exporting.url, tracer_provider=new_provider())
    for _ in range(3_000):
        work()
    assert until(lambda: spanglass.stats().spans_sent == 3_000)
    assert packed_by == {"spanglass"}


def test_beyond_the_queue_spans_go_to_the_spool_and_are_sent(
    sink: Sink, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_QUEUE_SPANS", "5")
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for number in range(20):
        work(str(number))
    assert len(outbox()._queue) == 5
    receipt = spanglass.flush()
    assert (receipt.dropped, receipt.pending) == (0, 0)
    assert receipt.sent + receipt.spooled == 20
    assert until(lambda: spanglass.stats().spans_sent == 20)
    assert sorted(int(span["attributes"][semconv.OUTPUT]) for span in sink.spans()) == list(range(20))
    assert list(spool.rglob("*.*")) == []


@pytest.mark.usefixtures("forgiving")
def test_beyond_the_queue_and_without_a_spool_spans_are_dropped_and_counted(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_QUEUE_SPANS", "5")
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), spool_dir="off")
    for _ in range(20):
        work()
    receipt = spanglass.flush()
    assert (receipt.sent, receipt.spooled, receipt.dropped, receipt.pending) == (5, 0, 15, 0)
    assert len(sink.spans()) == 5


@pytest.mark.usefixtures("forgiving")
def test_a_span_that_cannot_be_encoded_costs_only_itself(sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    spanglass.init(endpoint=sink.url, tracer_provider=provider)
    theirs = provider.get_tracer("their.library")
    for name in ("before", "broken", "after"):
        theirs.start_span(name, start_time=-1 if name == "broken" else None).end()  # before 1970: OTLP cannot say it
        work(name)
    receipt = spanglass.flush()
    assert (receipt.sent, receipt.dropped, receipt.pending) == (5, 1, 0)
    assert sorted(span["name"] for span in sink.spans()) == ["after", "before", "work", "work", "work"]
    totals = spanglass.stats()
    assert (totals.spans_ended, totals.spans_dropped, totals.errors) == (6, 1, 1)
    assert "export.encode failed" in caplog.text


def test_scopes_without_number_are_not_remembered_for_ever(sink: Sink) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    spanglass.init(endpoint=sink.url, tracer_provider=provider)
    for number in range(1_000):
        with provider.get_tracer(f"plugin {number}").start_as_current_span(f"of {number}"):
            pass
    assert spanglass.flush()
    assert {(span["scope"], span["name"]) for span in sink.spans()} == {
        (f"plugin {n}", f"of {n}") for n in range(1_000)
    }
    assert len(outbox()._packer._scopes) <= 256


def test_a_span_beyond_the_size_of_a_request_is_shortened_alone(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_BATCH_BYTES", "20000")
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for text in ("a" * 3_000, "b" * 500_000, "c" * 3_000):
        work(text)
    assert spanglass.flush()
    long = max((span["attributes"][semconv.OUTPUT] for span in sink.spans()), key=len)
    assert "more characters]" in long
    assert sorted(span["attributes"][semconv.OUTPUT][:1] for span in sink.spans()) == ["a", "b", "c"]
    assert max(len(request.body) for request in sink.requests) <= 20_000
