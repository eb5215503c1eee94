"""The queue of ended spans: bounded, never waiting, and at the end each span is sent, spooled, left out or dropped."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanContext, TraceFlags
from sdk.conftest import new_provider
from sdk.export.collectors import nobody
from sdk.servers import Sink

import spanglass
from spanglass import guard, runtime, semconv
from spanglass.export.outbox import Outbox, is_serverless
from spanglass.export.pack import Packer
from spanglass.sampling import keeps
from spanglass.settings import Settings
from spanglass.stats import Stats

BURST = 50_000
SLEEPS = {"SPANGLASS_EXPORT_INTERVAL_SECONDS": "60"}  # nothing goes before it is asked to


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
    spanglass.init(endpoint=exporting.url, tracer_provider=new_provider())
    for _ in range(3_000):
        work()
    deadline = threading.Event()
    while spanglass.stats().spans_sent < 3_000:
        assert not deadline.wait(0.01)
    assert packed_by == {"spanglass"}


def test_beyond_the_queue_spans_go_to_the_spool_and_are_sent(
    sink: Sink, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_QUEUE_SPANS", "5")
    for name, value in SLEEPS.items():
        monkeypatch.setenv(name, value)
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for number in range(20):
        work(str(number))
    assert len(outbox()._queue) == 5
    receipt = spanglass.flush()
    assert (receipt.dropped, receipt.pending) == (0, 0)
    assert receipt.sent + receipt.spooled == 20
    pause = threading.Event()
    while spanglass.stats().spans_sent < 20:
        assert not pause.wait(0.01)
    assert sorted(int(span["attributes"][semconv.OUTPUT]) for span in sink.spans()) == list(range(20))
    assert list(spool.rglob("*.*")) == []


@pytest.mark.usefixtures("forgiving")
def test_beyond_the_queue_and_without_a_spool_spans_are_dropped_and_counted(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_QUEUE_SPANS", "5")
    for name, value in SLEEPS.items():
        monkeypatch.setenv(name, value)
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), spool_dir="off")
    for _ in range(20):
        work()
    receipt = spanglass.flush()
    assert (receipt.sent, receipt.spooled, receipt.dropped, receipt.pending) == (5, 0, 15, 0)
    assert len(sink.spans()) == 5


class Unspeakable:
    """An attribute that neither OTLP nor Python has words for."""

    def __str__(self) -> str:
        message = "no words"
        raise RuntimeError(message)


@pytest.mark.usefixtures("forgiving")
def test_a_span_that_cannot_be_encoded_costs_only_itself(sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    spanglass.init(endpoint=sink.url, tracer_provider=provider)
    theirs = provider.get_tracer("their.library")
    for name in ("before", "broken", "after"):
        with theirs.start_as_current_span(name) as span:
            if name == "broken":
                span._attributes = {"key": Unspeakable()}  # type: ignore[attr-defined]
        work(name)
    receipt = spanglass.flush()
    assert (receipt.sent, receipt.dropped, receipt.pending) == (5, 1, 0)
    assert sorted(span["name"] for span in sink.spans()) == ["after", "before", "work", "work", "work"]
    totals = spanglass.stats()
    assert (totals.spans_ended, totals.spans_dropped, totals.errors) == (6, 1, 1)
    assert "export.encode failed" in caplog.text


def test_scopes_made_for_each_call_are_not_remembered_for_ever(sink: Sink) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    spanglass.init(endpoint=sink.url, tracer_provider=provider)
    for number in range(1_000):
        with provider.get_tracer("their.library", str(number % 3)).start_as_current_span("s"):
            pass
    assert spanglass.flush()
    assert len(sink.spans()) == 1_000
    assert len(outbox()._packer._scopes) <= 256
    assert sum(len(request.body) for request in sink.requests) < 200_000  # grouped by what they say


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


@pytest.mark.usefixtures("forgiving")
def test_content_may_stay_at_home(sink: Sink) -> None:
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), capture_content=False)
    with spanglass.span("ask", kind="llm", input="my secret", model="m") as span:
        span.set(output="your secret", usage={"input_tokens": 3, "output_tokens": 5})
    work("their secret")
    assert spanglass.flush()
    assert not any(b"secret" in request.body for request in sink.requests)
    assert sink.span("ask")["attributes"][semconv.INPUT_TOKENS] == 3
    assert sink.span("ask")["attributes"][semconv.REQUEST_MODEL] == "m"


# --- sampling -------------------------------------------------------------------------------------------------


def test_of_all_traces_the_share_is_kept_and_each_tells_how_many_it_stands_for(sink: Sink) -> None:
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), sample_rate=0.2)
    ids = []
    for _ in range(2_000):
        with spanglass.span("root") as root, spanglass.span("below"):
            ids.append(root.trace_id)
    assert spanglass.flush(30)
    kept = {each for each in ids if keeps(int(each, 16), 0.2)}
    spans = sink.spans()
    assert {span["trace_id"] for span in spans} == kept
    assert len(spans) == 2 * len(kept) > 0
    assert {span["attributes"][semconv.SAMPLING_WEIGHT] for span in spans} == {5.0}
    totals = spanglass.stats()
    assert (totals.spans_ended, totals.spans_sent) == (4_000, 2 * len(kept))
    assert accounted(totals) == 4_000
    assert totals.spans_pending == totals.spans_dropped == 0


def test_a_trace_with_an_error_is_kept_for_sure_and_stands_for_itself(sink: Sink) -> None:
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), sample_rate=0.0)
    for number in range(10):
        with spanglass.span("root") as root:
            if number == 3:
                root.fail(ValueError("broken"))
    assert spanglass.flush()
    (kept,) = sink.spans()
    assert kept["status_message"] == "broken"
    assert kept["attributes"].get(semconv.SAMPLING_WEIGHT, 1.0) == 1.0
    totals = spanglass.stats()
    assert (totals.spans_ended, totals.spans_sent, totals.spans_sampled_out, totals.spans_pending) == (10, 1, 9, 0)


def test_a_trace_that_has_not_ended_is_held_and_decided_at_the_end(sink: Sink) -> None:
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), sample_rate=0.5)
    blocks = [spanglass.span("never ends") for _ in range(20)]
    for block in blocks:
        block.__enter__()
        with spanglass.span("below"):
            pass
        from spanglass.current import leave  # noqa: PLC0415

        assert block._begun is not None
        leave(block._begun.token)
    receipt = spanglass.flush()
    assert (receipt.sent, receipt.pending) == (0, 20)
    spanglass.shutdown()
    totals = spanglass.stats()
    assert totals.spans_pending == 0
    assert totals.spans_sent == len(sink.spans())
    assert totals.spans_sent + totals.spans_sampled_out == 20


def test_the_rate_holds_beyond_the_queue_too(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_QUEUE_SPANS", "1")
    for name, value in SLEEPS.items():
        monkeypatch.setenv(name, value)
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), sample_rate=0.25)
    for _ in range(400):
        work()
    spanglass.flush()
    pause = threading.Event()
    while accounted(spanglass.stats()) - spanglass.stats().spans_spooled < 400:
        assert not pause.wait(0.01)
    assert {span["attributes"][semconv.SAMPLING_WEIGHT] for span in sink.spans()} == {4.0}
    assert all(keeps(int(span["trace_id"], 16), 0.25) for span in sink.spans())
    assert spanglass.stats().spans_sampled_out == 400 - len(sink.spans())


# --- masking --------------------------------------------------------------------------------------------------


def test_what_the_rules_find_does_not_leave(sink: Sink) -> None:
    spanglass.init(
        endpoint=sink.url, tracer_provider=new_provider(), mask_patterns=["email"], mask_paths=["*.password"]
    )
    work("write to ada@example.org")
    with spanglass.span("login", input={"user": "ada", "password": "hunter2"}) as span:
        span.add_event("tried", {"as": "ada@example.org"})
        span.fail(ValueError("no ada@example.org"))
    assert spanglass.flush()
    body = b"".join(request.body for request in sink.requests)
    for secret in (b"ada@example.org", b"hunter2"):
        assert secret not in body
    assert sink.span("login")["attributes"][semconv.INPUT] == '{"user":"ada","password":"[masked]"}'
    assert spanglass.stats().mask_failures == 0


@pytest.mark.usefixtures("forgiving")
def test_when_masking_goes_wrong_the_span_arrives_without_content(sink: Sink) -> None:
    def mask(key: str, value: object) -> object:
        if "bad" in str(value):
            raise ValueError(value)
        return value

    spanglass.init(endpoint=sink.url, tracer_provider=new_provider(), mask=mask)
    work("good secret")
    with spanglass.span("ask", kind="llm", input="bad secret", model="m") as span:
        span.add_event("e", {"k": "bad secret"})
        span.fail(ValueError("bad secret"))
    receipt = spanglass.flush()
    assert (receipt.sent, receipt.dropped) == (2, 0)
    assert b"bad secret" not in b"".join(request.body for request in sink.requests)
    asked = sink.span("ask")
    assert asked["attributes"][semconv.CONTENT_DROPPED] is True
    assert asked["attributes"][semconv.REQUEST_MODEL] == "m"
    assert asked["status"] == 2
    assert sink.span("work")["attributes"][semconv.OUTPUT] == "good secret"
    assert spanglass.stats().mask_failures == 1


# --- serverless -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("serverless", "environ", "expected"),
    [
        ("auto", {}, False),
        ("auto", {"AWS_LAMBDA_FUNCTION_NAME": "f"}, True),
        ("auto", {"K_SERVICE": "s"}, True),
        ("off", {"AWS_LAMBDA_FUNCTION_NAME": "f"}, False),
        ("on", {}, True),
    ],
)
def test_where_a_process_may_be_frozen(serverless: str, environ: dict[str, str], expected: bool) -> None:
    assert is_serverless(Settings(serverless=serverless), environ) is expected


def test_the_end_of_a_trace_waits_until_all_of_it_is_sent(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_SERVERLESS", "on")
    for name, value in SLEEPS.items():
        monkeypatch.setenv(name, value)
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for number in itertools.count(1):
        with spanglass.span("handler"):
            with spanglass.span("below"):
                pass
            assert len(sink.spans()) == 2 * (number - 1)
        assert len(sink.spans()) == 2 * number
        if number == 3:
            break


def test_a_trace_that_began_elsewhere_ends_here_with_its_first_span(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANGLASS_SERVERLESS", "on")
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    told = SpanContext(5, 6, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    from opentelemetry import context, trace  # noqa: PLC0415

    token = context.attach(trace.set_span_in_context(trace.NonRecordingSpan(told)))
    try:
        work()
    finally:
        context.detach(token)
    assert sink.span("work")["parent_span_id"] == format(6, "016x")


@pytest.mark.usefixtures("forgiving")
def test_a_frozen_function_leaves_what_cannot_be_sent_in_the_spool(
    monkeypatch: pytest.MonkeyPatch, spool: Path
) -> None:
    monkeypatch.setenv("SPANGLASS_SERVERLESS", "on")
    with nobody() as dead:
        spanglass.init(endpoint=dead, tracer_provider=new_provider())
        work()
        assert len(list(spool.rglob("*.parcel"))) == 1
        assert guard.POLICY.said
