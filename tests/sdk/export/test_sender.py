"""A collector in every sort of trouble: the application goes on, each span is accounted for, and nothing is lost."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from sdk.conftest import new_provider
from sdk.export import spans as made
from sdk.export.waiting import until
from sdk.servers import Sink

import spanglass
from spanglass import runtime, semconv
from spanglass.export import spool as spools
from spanglass.export.spool import Spool
from spanglass.export.transport import Transport
from spanglass.export.trouble import pause_seconds
from spanglass.runtime import Receipt

pytestmark = pytest.mark.usefixtures("unhurried")
SPANS = 5


@spanglass.observe
def work(text: str = "hello") -> str:
    return text.upper()


def record(endpoint: str, count: int = SPANS, **more: Any) -> None:
    spanglass.init("shop", endpoint=endpoint, tracer_provider=new_provider(), **more)
    for number in range(count):
        assert work(f"t{number}") == f"T{number}"


def outputs(sink: Sink) -> list[str]:
    return sorted(span["attributes"][semconv.OUTPUT] for span in sink.spans())


@pytest.mark.parametrize(("status", "words"), [(400, "does"), (403, "key"), (404, "ENDPOINT")])
@pytest.mark.usefixtures("forgiving")
def test_what_is_refused_for_good_is_dropped_counted_and_told_once(
    sink: Sink, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    sink.rule = lambda _: status
    spanglass.init(endpoint=sink.url, api_key="sg_secret", tracer_provider=new_provider())
    for _ in range(2):
        work()
        assert spanglass.flush() == Receipt(sent=0, spooled=0, dropped=1, pending=0)
    assert len(sink.refused) == 2
    (said,) = [record.getMessage() for record in caplog.records]
    assert str(status) in said
    assert "dropped" in said
    assert words in said or status == 400
    assert "sg_secret" not in said


@pytest.mark.parametrize("wrong", ["", "sg_wrong"])
@pytest.mark.usefixtures("forgiving")
def test_what_waits_for_a_key_is_sent_once_the_key_is_put_right(
    sink: Sink, spool: Path, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    sink.rule = lambda request: 200 if request.headers.get("authorization") == "Bearer sg_right" else 401
    record(sink.url, api_key=wrong)
    assert spanglass.flush() == Receipt(sent=0, spooled=SPANS, dropped=0, pending=0)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "SPANGLASS_API_KEY" in said
    assert "sent later" in said
    record(sink.url, count=0, api_key="sg_right")  # nothing tells yet that this one is right
    work("t9")
    assert spanglass.flush().sent == 1
    spanglass.shutdown()
    assert outputs(sink) == ["T0", "T1", "T2", "T3", "T4", "T9"]
    assert list(spool.rglob("*.parcel")) == []
    assert spanglass.stats().spans_dropped == 0


@pytest.mark.usefixtures("forgiving")
def test_what_waits_for_a_key_is_not_sent_with_that_of_another_service(sink: Sink, spool: Path) -> None:
    sink.rule = lambda request: 200 if request.headers.get("authorization") == "Bearer sg_right" else 401
    record(sink.url, api_key="sg_wrong")
    spanglass.shutdown()
    spanglass.init("bakery", endpoint=sink.url, api_key="sg_right", tracer_provider=new_provider())
    work("t9")
    spanglass.shutdown()
    assert outputs(sink) == ["T9"]
    assert len(list(spool.rglob("*.parcel"))) == 1


@pytest.mark.usefixtures("forgiving")
def test_the_end_takes_its_time_for_what_earlier_processes_have_left(sink: Sink) -> None:
    sink.hangs = threading.Event()
    record(sink.url)
    settings = runtime.STATE.settings
    assert settings is not None
    folder = spools.folder(settings)
    assert folder is not None
    earlier = Spool(folder, 10**6)
    for number in range(20):
        assert earlier.put(made.parcel([made.a_span({semconv.OUTPUT: f"old {number}"}, span_id=number + 1)]))
    threading.Timer(0.2, sink.hangs.set).start()
    spanglass.shutdown(20)
    assert len(outputs(sink)) == SPANS + 20
    assert earlier.waiting() == []
    assert spanglass.stats().spans_recovered == 20


@pytest.mark.usefixtures("forgiving")
def test_the_end_asks_no_further_once_the_collector_is_away(sink: Sink) -> None:
    sink.rule = lambda _: 503
    record(sink.url)
    settings = runtime.STATE.settings
    assert settings is not None
    folder = spools.folder(settings)
    assert folder is not None
    earlier = Spool(folder, 10**6)
    for number in range(5):
        assert earlier.put(made.parcel([made.a_span(span_id=number + 1)]))
    spanglass.shutdown(20)
    assert len(sink.refused) == 1
    assert len(earlier.waiting()) == 6


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.usefixtures("forgiving")
def test_what_is_not_taken_now_is_sent_when_it_is(sink: Sink, status: int, spool: Path) -> None:
    sink.statuses.append(status)
    record(sink.url)
    assert spanglass.flush() == Receipt(sent=0, spooled=SPANS, dropped=0, pending=0)
    assert until(lambda: len(sink.spans()) == SPANS)
    assert until(lambda: spanglass.stats().spans_sent == SPANS)
    totals = spanglass.stats()
    assert (totals.spans_spooled, totals.spans_recovered, totals.spans_pending) == (0, 0, 0)
    assert list(spool.rglob("*.*")) == []


@pytest.mark.usefixtures("forgiving")
def test_without_a_flush_it_waits_in_memory_and_is_sent_again(
    sink: Sink, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANGLASS_EXPORT_INTERVAL_SECONDS", "0.05")
    sink.statuses.append(503)
    record(sink.url)
    assert until(lambda: spanglass.stats().spans_sent == SPANS)
    assert len(sink.refused) == 1
    assert not spool.exists()


@pytest.mark.usefixtures("forgiving")
def test_a_pause_that_is_told_is_kept(sink: Sink) -> None:
    sink.statuses.append(429)
    sink.refusal_headers = {"retry-after": "1"}
    arrived: list[float] = []
    sink.rule = lambda _: arrived.append(time.monotonic()) or 200  # type: ignore[func-returns-value]
    record(sink.url)
    began = time.monotonic()
    spanglass.flush()
    assert until(lambda: arrived)
    assert arrived[0] - began >= 0.9


@given(failures=st.integers(1, 1_000), told=st.none() | st.floats(0, 10**6), chance=st.floats(0, 1))
def test_pauses_grow_and_have_an_end(failures: int, told: float | None, chance: float) -> None:
    pause = pause_seconds(failures, told, chance)
    assert 0.25 <= pause <= (45 if told is None else 60)
    assert pause >= min(told or 0, 60)
    assert pause_seconds(failures + 1, told, chance) >= pause


@pytest.mark.usefixtures("forgiving")
def test_without_a_spool_what_is_not_taken_is_dropped_and_counted(
    sink: Sink, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink.rule = lambda _: 503
    record(sink.url, spool_dir="off")
    assert spanglass.flush() == Receipt(sent=0, spooled=0, dropped=SPANS, pending=0)
    assert spanglass.stats().spans_dropped == SPANS
    assert "are dropped" in caplog.text
    assert not spool.exists()


@pytest.mark.usefixtures("forgiving")
def test_a_full_spool_drops_and_counts(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_SPOOL_BYTES", "100")
    sink.rule = lambda _: 503
    record(sink.url)
    assert spanglass.flush() == Receipt(sent=0, spooled=0, dropped=SPANS, pending=0)


def test_waiting_for_a_collector_that_hangs_has_an_end(sink: Sink) -> None:
    sink.hangs = threading.Event()
    record(sink.url)
    assert spanglass.flush(0.2) == Receipt(sent=0, spooled=0, dropped=0, pending=SPANS)
    sink.hangs.set()
    assert until(lambda: spanglass.stats().spans_sent == SPANS)


@pytest.mark.usefixtures("forgiving")
def test_what_hangs_while_more_comes_is_sent_once(sink: Sink) -> None:
    """Closed while a request is under way: it goes to the spool, and an answer that comes later changes nothing."""
    sink.hangs = threading.Event()
    record(sink.url)
    spanglass.flush(0.2)
    for _ in range(3):
        work("more")
    spanglass.shutdown(0.3)
    totals = spanglass.stats()
    assert (totals.spans_spooled, totals.spans_sent, totals.spans_pending) == (SPANS + 3, 0, 0)
    sink.hangs.set()
    assert until(lambda: len(sink.spans()) == SPANS)
    assert until(lambda: not any(thread.name == "spanglass-sender" for thread in threading.enumerate()))
    assert spanglass.stats() == totals


@pytest.mark.usefixtures("forgiving")
def test_what_is_spooled_while_the_sender_looks_is_not_forgotten(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    looked, waiting = threading.Event(), Spool.waiting

    def slow(self: Spool) -> list[str]:
        found = waiting(self)
        if threading.current_thread().name == "spanglass-sender":
            looked.set()
            time.sleep(0.2)  # what comes now is not among what was found
        return found

    monkeypatch.setattr(Spool, "waiting", slow)
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    work()
    spanglass.flush()
    sender = runtime.STATE.outbox._sender  # type: ignore[union-attr]
    assert looked.wait(20)
    sender.store(made.parcel([made.a_span(name="late")]))
    assert until(lambda: "late" in [span["name"] for span in sink.spans()])


@pytest.mark.usefixtures("forgiving")
def test_closed_while_it_is_being_spooled_it_is_spooled_once(
    sink: Sink, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, put = threading.Event(), Spool.put

    def slow(self: Spool, *told: Any, **more: Any) -> bool:
        began.set()
        time.sleep(0.2)
        return put(self, *told, **more)

    monkeypatch.setattr(Spool, "put", slow)
    sink.rule = lambda _: 503
    record(sink.url)
    flushing = threading.Thread(target=spanglass.flush)
    flushing.start()
    assert began.wait(20)
    spanglass.shutdown(0)
    flushing.join()
    totals = spanglass.stats()
    assert (totals.spans_ended, totals.spans_spooled, totals.spans_pending) == (SPANS, SPANS, 0)
    assert len(list(spool.rglob("*.parcel"))) == 1


@pytest.mark.parametrize("endpoint", ["http://[bad", "http://127.0.0.1:99999", "ftp://h", "://"])
@pytest.mark.usefixtures("forgiving")
@pytest.mark.filterwarnings("ignore:URLs without a scheme:FutureWarning")
def test_an_address_that_is_none_loses_nothing(endpoint: str) -> None:
    record(endpoint)
    assert spanglass.flush() == Receipt(sent=0, spooled=SPANS, dropped=0, pending=0)


@pytest.mark.usefixtures("forgiving")
def test_a_header_that_cannot_be_sent_loses_nothing(sink: Sink) -> None:
    record(sink.url, project="línea → 1")
    receipt = spanglass.flush()
    assert (receipt.spooled, receipt.pending) == (SPANS, 0)
    assert spanglass.stats().errors > 0


@pytest.mark.usefixtures("forgiving")
def test_no_thread_can_be_started_and_the_end_sends_all_the_same(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.12 is while it ends."""
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    start = threading.Thread.start

    def refuse(self: threading.Thread) -> None:
        if self.name.startswith("spanglass"):
            message = "can't create new thread at interpreter shutdown"
            raise RuntimeError(message)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert [work("a"), work("b")] == ["A", "B"]
    spanglass.shutdown()
    assert outputs(sink) == ["A", "B"]
    assert spanglass.stats().spans_sent == 2
    with spanglass.span("afterwards"):
        pass


def test_our_own_requests_are_not_recorded_by_instrumentations_of_http(
    exporting: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    post = Transport.post

    def noted(self: Transport, *told: Any) -> Any:
        asked.append(is_instrumentation_enabled())
        return post(self, *told)

    monkeypatch.setattr(Transport, "post", noted)
    work()
    assert spanglass.flush()
    assert asked == [False]
    assert is_instrumentation_enabled()
