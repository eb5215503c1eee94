"""Where a process may be frozen as soon as a call is answered, the end of the call waits for the collector."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from opentelemetry import context, trace
from opentelemetry.trace import SpanContext, TraceFlags
from sdk.conftest import new_provider
from sdk.export.collectors import nobody
from sdk.servers import Sink

import spanglass
from spanglass import guard
from spanglass.export.outbox import is_serverless
from spanglass.settings import Settings

pytestmark = pytest.mark.usefixtures("unhurried")


@spanglass.observe
def work(text: str = "hello") -> str:
    return text


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
