"""What arrives at a real collector, and that nothing happens to the application when there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode
from sdk.conftest import new_provider
from sdk.servers import Sink, collecting

import spanglass
from spanglass import semconv
from spanglass.export import program_name, split, wire_size_bytes

DEAD = "http://127.0.0.1:9"


@spanglass.observe(kind="chain")
def work(text: str = "hello", fail: bool = False) -> str:
    if fail:
        raise ValueError(text)
    return text.upper()


def test_a_call_arrives_with_everything(exporting: Sink) -> None:
    with spanglass.context(user_id="u1", tags=["a", "b"]):
        work("grüß dich")
    receipt = spanglass.flush()
    assert receipt
    assert (receipt.sent, receipt.dropped, receipt.pending) == (1, 0, 0)
    span = exporting.span("work")
    assert span["scope"] == "spanglass"
    assert span["attributes"] == {
        semconv.SPAN_KIND: "chain",
        semconv.INPUT: '{"text":"grüß dich"}',
        semconv.OUTPUT: "GRÜSS DICH",
        semconv.USER_ID: "u1",
        semconv.TAGS: ["a", "b"],
    }
    assert span["span_kind"] == SpanKind.INTERNAL.value + 1
    assert span["resource"]["service.name"] == "shop"
    assert span["resource"][semconv.DEPLOYMENT_ENVIRONMENT] == "test"
    assert span["resource"][semconv.SERVICE_VERSION] == "1.2"
    assert len(span["trace_id"]) == 32
    (request,) = exporting.requests
    assert request.headers["authorization"] == "Bearer sg_secret"
    assert request.headers["x-spanglass-project"] == "p1"
    assert request.headers["content-encoding"] == "gzip"


def test_an_error_arrives(exporting: Sink) -> None:
    with pytest.raises(ValueError, match="broken"):
        work("broken", fail=True)
    spanglass.flush()
    span = exporting.span("work")
    assert span["status"] == StatusCode.ERROR.value
    assert span["status_message"] == "broken"
    assert span["attributes"][semconv.ERROR_TYPE] == "ValueError"
    ((name, event),) = span["events"]
    assert (name, event["exception.type"], event["exception.message"]) == ("exception", "ValueError", "broken")


def test_it_goes_without_being_asked(exporting: Sink) -> None:
    work()
    deadline = time.monotonic() + 10
    while not exporting.requests and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [span["name"] for span in exporting.spans()] == ["work"]


def test_spans_of_other_libraries_go_too_with_the_facts_around_them(sink: Sink) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    spanglass.init(endpoint=sink.url, tracer_provider=provider)
    theirs = provider.get_tracer("their.library")
    with spanglass.context(session_id="s1"), spanglass.span("ours"), theirs.start_as_current_span("theirs"):
        pass
    assert spanglass.flush()
    assert sink.span("theirs")["parent_span_id"] == sink.span("ours")["span_id"]
    assert sink.span("theirs")["attributes"] == {semconv.SESSION_ID: "s1"}
    assert sink.span("theirs")["scope"] == "their.library"


def test_set_up_again_it_goes_to_the_new_place(exporting: Sink) -> None:
    work("first")
    with collecting() as other:
        spanglass.init("other", endpoint=other.url, tracer_provider=new_provider())
        work("second")
        assert spanglass.flush()
        assert [span["attributes"][semconv.OUTPUT] for span in other.spans()] == ["SECOND"]
    assert [span["attributes"][semconv.OUTPUT] for span in exporting.spans()] == ["FIRST"]


def test_a_batch_is_cut_to_the_size_the_collector_takes(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_BATCH_BYTES", "20000")
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for _ in range(10):
        work("x" * 4_000)
    work("y" * 30_000)
    assert spanglass.flush()
    assert len(sink.spans()) == 11
    sizes = [len(request.body) for request in sink.requests]
    assert sorted(sizes)[-2] <= 20_000
    assert len(sizes) == 6


class Keeping(SpanExporter):
    def __init__(self, kept: list[ReadableSpan]) -> None:
        self._kept = kept

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._kept.extend(spans)
        return SpanExportResult.SUCCESS


def test_the_estimate_is_not_too_small_and_the_cut_keeps_the_order() -> None:
    ended: list[ReadableSpan] = []
    provider = new_provider()
    provider.add_span_processor(SimpleSpanProcessor(Keeping(ended)))
    spanglass.init(endpoint=DEAD, tracer_provider=provider)
    for size in (0, 10, 5_000, 100, 20_000, 7):
        work("ü" * size)
    with pytest.raises(ValueError, match="z"):
        work("z", fail=True)
    assert len(ended) == 7
    for span in ended:
        assert wire_size_bytes(span) >= encode_spans([span]).ByteSize() * 0.9
    parts = list(split(ended, 15_000))
    assert [span for part in parts for span in part] == ended
    assert all(len(part) == 1 or sum(map(wire_size_bytes, part)) <= 15_000 for part in parts)
    assert list(split([], 10)) == []


def test_refused_once_it_is_sent_again(exporting: Sink) -> None:
    exporting.statuses.extend([503, 429])
    work()
    assert spanglass.flush(20)
    assert [span["name"] for span in exporting.spans()] == ["work"]


@pytest.mark.usefixtures("forgiving")
def test_refused_for_good_it_is_dropped_and_counted(exporting: Sink, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        exporting.statuses.append(400)
        work()
        receipt = spanglass.flush()
        assert not receipt
        assert (receipt.sent, receipt.dropped) == (0, 1)
    assert [record.name for record in caplog.records] == ["spanglass"]
    assert "does not take spans" in caplog.text
    assert "sg_secret" not in caplog.text


def test_a_full_queue_drops_the_oldest_and_says_so(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_QUEUE_SPANS", "5")
    monkeypatch.setenv("SPANGLASS_EXPORT_INTERVAL_SECONDS", "60")
    sink.hangs = threading.Event()
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for number in range(20):
        work(str(number))
    sink.hangs.set()
    spanglass.flush()
    totals = spanglass.stats()
    assert totals.spans_ended == 20
    assert totals.spans_sent == len(sink.spans())
    assert totals.spans_sent + totals.spans_dropped == 20
    assert totals.spans_dropped >= 5
    assert sink.spans()[-1]["attributes"][semconv.OUTPUT] == "19"


@pytest.mark.usefixtures("forgiving")
def test_no_collector_is_not_felt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_TIMEOUT_SECONDS", "0.2")
    spanglass.init(endpoint=DEAD, tracer_provider=new_provider())
    assert [work("a"), work("b")] == ["A", "B"]
    spanglass.score("s", 1, trace_id="0" * 31 + "1")
    receipt = spanglass.flush(2)
    assert (receipt.sent, receipt.dropped, receipt.pending) == (0, 2, 1)
    spanglass.shutdown()
    assert work("c") == "C"
    assert spanglass.stats().spans_pending == 0


def test_waiting_for_a_collector_that_hangs_has_an_end(sink: Sink) -> None:
    sink.hangs = threading.Event()
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    work()
    receipt = spanglass.flush(0.2)
    assert (receipt.sent, receipt.pending) == (0, 1)


PROGRAM = """
import spanglass
@spanglass.observe
def work(): return "done"
work()
spanglass.score("s", 1, trace_id="0" * 31 + "1")
print(work())
"""


def run(program: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SPANGLASS_", "OTEL_"))}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_environment_alone_suffices_and_the_end_of_the_process_sends(sink: Sink) -> None:
    ended = run(
        PROGRAM, SPANGLASS_ENDPOINT=sink.url + "/v1/traces/", SPANGLASS_SERVICE="job", SPANGLASS_RAISE_ERRORS="1"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")
    assert len(sink.spans()) == 2
    assert sink.spans()[0]["resource"]["service.name"] == "job"
    assert [score["name"] for score in sink.scores()] == ["s"]


def test_the_end_of_the_process_does_not_wait_for_a_collector_that_is_away() -> None:
    ended = run(PROGRAM, SPANGLASS_ENDPOINT=DEAD, SPANGLASS_EXIT_TIMEOUT_SECONDS="0.5")
    assert (ended.returncode, ended.stdout) == (0, "done\n")


def test_the_end_of_the_process_waits_no_longer_than_told_for_a_collector_that_hangs() -> None:
    with collecting() as sink:
        sink.hangs = threading.Event()
        patient = {"SPANGLASS_TIMEOUT_SECONDS": "60", "SPANGLASS_EXIT_TIMEOUT_SECONDS": "0.5"}
        ended = run(PROGRAM, SPANGLASS_ENDPOINT=sink.url, **patient)
        assert sink.requests == []  # the collector had not answered yet when the process had gone
    assert (ended.returncode, ended.stdout) == (0, "done\n")


def test_a_provider_that_the_application_set_is_used(sink: Sink) -> None:
    program = """
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider(resource=Resource.create({"service.name": "theirs"})))
import spanglass
with spanglass.span("ours"):
    with trace.get_tracer("their.library").start_as_current_span("theirs"): pass
"""
    ended = run(program, SPANGLASS_ENDPOINT=sink.url, SPANGLASS_SERVICE="ignored")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {span["name"]: span["resource"]["service.name"] for span in sink.spans()} == {
        "ours": "theirs",
        "theirs": "theirs",
    }


def test_without_one_ours_becomes_the_global_one(sink: Sink) -> None:
    program = """
import spanglass
spanglass.init("first")
spanglass.init("second")
from opentelemetry import trace
with spanglass.span("ours"):
    with trace.get_tracer("their.library").start_as_current_span("theirs"): pass
"""
    ended = run(program, SPANGLASS_ENDPOINT=sink.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {span["name"]: span["resource"]["service.name"] for span in sink.spans()} == {
        "ours": "second",
        "theirs": "first",
    }


def test_a_forked_child_sends_its_own(sink: Sink) -> None:
    program = """
import os, spanglass, warnings
warnings.simplefilter("ignore", DeprecationWarning)
spanglass.init("fork")
with spanglass.span("before"): pass
child = os.fork()
with spanglass.span("child" if child == 0 else "parent"): pass
spanglass.score("by child" if child == 0 else "by parent", 1, trace_id="0" * 31 + "1")
print(spanglass.stats().spans_ended)
if child == 0:
    spanglass.shutdown()
    os._exit(0)
os.waitpid(child, 0)
"""
    ended = run(program, SPANGLASS_ENDPOINT=sink.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sorted(span["name"] for span in sink.spans()) == ["before", "child", "parent"]
    assert sorted(score["name"] for score in sink.scores()) == ["by child", "by parent"]


def test_importing_is_light() -> None:
    heavy = ("pydantic", "requests", "google.protobuf", "openai", "http.client", "asyncio.events")
    ended = run(f"import sys, spanglass; print([name for name in {heavy} if name in sys.modules])")
    assert (ended.stdout, ended.stderr) == ("[]\n", "")


def test_opentelemetry_switched_off_switches_us_off() -> None:
    ended = run(PROGRAM + "print(spanglass.stats().spans_ended)", OTEL_SDK_DISABLED="true")
    assert ended.stdout == "done\n0\n"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["/srv/shop/worker.py", "--fast"], "worker"),
        (["/srv/shop/__main__.py"], "shop"),
        (["gunicorn"], "gunicorn"),
        (["-c"], "python"),
        ([""], "python"),
        ([], "python"),
    ],
)
def test_an_application_without_a_name_is_called_as_its_program(arguments: list[str], name: str) -> None:
    assert program_name(arguments) == name
