"""What is recorded arrives at a real collector, with everything that was said about it."""

from __future__ import annotations

import time

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, StatusCode
from sdk.conftest import new_provider
from sdk.export.programs import run
from sdk.servers import Sink, collecting

import spanglass
from spanglass import semconv


@spanglass.observe(kind="chain")
def work(text: str = "hello", fail: bool = False) -> str:
    if fail:
        raise ValueError(text)
    return text.upper()


def test_a_call_arrives_with_everything(exporting: Sink) -> None:
    with spanglass.context(user_id="u1", tags=["a", "b"]):
        work("grüß dich")
    assert spanglass.flush()
    totals = spanglass.stats()
    assert (totals.spans_ended, totals.spans_sent, totals.spans_pending) == (1, 1, 0)
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
    assert "content-encoding" not in request.headers  # not to this machine


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


@pytest.mark.usefixtures("unhurried")
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
