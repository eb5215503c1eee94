"""Blocks, and that a span of ours is a span to the rest of OpenTelemetry."""

from __future__ import annotations

import asyncio
import json

import pytest
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

import spanglass
from spanglass import runtime, semconv
from spanglass.testing import Captured


def test_a_block_says_what_it_knows(seen: Captured) -> None:
    with spanglass.span("plan", kind="agent", input={"goal": "shoes"}) as span:
        assert span.set(
            output=["ask", "buy"],
            model="m",
            provider="openai",
            usage={"input_tokens": 5, "output_tokens": 2, "reasoning_tokens": 1},
            cost_usd=0.25,
            metadata={"round": 2},
        )
        assert spanglass.current_trace_id() == span.trace_id
    told = seen.span("plan")
    assert (told.trace_id, told.span_id) == (span.trace_id, span.span_id)
    assert told.input == '{"goal":"shoes"}'
    assert told.output == '["ask","buy"]'
    assert told.attributes == {
        semconv.SPAN_KIND: "agent",
        semconv.OPERATION_NAME: "invoke_agent",
        semconv.INPUT: told.input,
        semconv.OUTPUT: told.output,
        semconv.REQUEST_MODEL: "m",
        semconv.PROVIDER_NAME: "openai",
        semconv.INPUT_TOKENS: 5,
        semconv.OUTPUT_TOKENS: 2,
        semconv.REASONING_TOKENS: 1,
        semconv.COST_USD: 0.25,
        "spanglass.metadata.round": 2,
    }


def test_what_is_said_later_wins(seen: Captured) -> None:
    with spanglass.span("x") as span:
        span.set(output="first", name="y").set(output="second")
    assert seen.span("y").output == "second"


def test_a_model_call_told_by_hand(seen: Captured) -> None:
    with spanglass.span("ask", kind="llm", input="Sky?") as span:
        span.set(output="Blue.")
    told = seen.span("ask")
    assert json.loads(told.input or "") == [{"role": "user", "parts": [{"type": "text", "content": "Sky?"}]}]
    assert json.loads(told.output or "") == [{"role": "assistant", "parts": [{"type": "text", "content": "Blue."}]}]


def test_a_block_in_a_coroutine_records_its_error(seen: Captured) -> None:
    async def main() -> None:
        async with spanglass.span("risky"):
            await asyncio.sleep(0)
            raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(main())
    assert seen.span("risky").error_type == "LookupError"
    assert spanglass.current_trace_id() is None


def test_an_ended_span_takes_nothing_more(seen: Captured) -> None:
    with spanglass.span("done") as span:
        pass
    span.set(output="late").set_attribute("late", 1)
    span.end()
    span.add_event("late")
    span.update_name("late")
    (told,) = seen.spans
    assert (told.name, told.output, told.events) == ("done", None, ())


@pytest.fixture
def foreign() -> tuple[TracerProvider, InMemorySpanExporter]:
    """An application's own OpenTelemetry set-up."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, exporter


def test_other_exporters_and_propagators_see_a_span(foreign: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    provider, exporter = foreign
    spanglass.init(endpoint="http://127.0.0.1:9", tracer_provider=provider)
    tracer = provider.get_tracer("their.library")
    headers: dict[str, str] = {}
    with tracer.start_as_current_span("theirs above"), spanglass.span("ours", kind="chain") as ours:
        propagate.inject(headers)
        current = trace.get_current_span()
        assert current is ours
        current.set_attributes({"a": 1, "b": ["x"]})
        current.add_event("noted", {"n": 1})
        current.record_exception(ValueError("handled"))
        current.add_link(trace.SpanContext(1, 2, is_remote=False))
        current.set_status(trace.StatusCode.OK)
        with tracer.start_as_current_span("theirs below"):
            pass
    below, mine, above = exporter.get_finished_spans()
    assert (below.name, mine.name, above.name) == ("theirs below", "ours", "theirs above")
    assert mine.parent.span_id == above.context.span_id
    assert below.parent.span_id == mine.context.span_id
    assert mine.attributes["b"] == ["x"]
    assert [event.name for event in mine.events] == ["noted", "exception"]
    assert [link.context.span_id for link in mine.links] == [2]
    assert mine.status.status_code is trace.StatusCode.OK
    assert mine.instrumentation_scope.name == "spanglass"
    assert headers["traceparent"].startswith(f"00-{ours.trace_id}-{ours.span_id}-0")
    assert isinstance(mine, ReadableSpan)
    assert json.loads(mine.to_json())["attributes"]["a"] == 1


def test_the_sampler_of_the_application_decides() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(ALWAYS_OFF), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spanglass.init(endpoint="http://127.0.0.1:9", tracer_provider=provider)
    sampled = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED))
    with spanglass.span("dropped") as dropped, spanglass.span("dropped below"):
        assert not dropped.is_recording()
        assert trace.get_current_span().get_span_context().trace_id == dropped.get_span_context().trace_id
    with trace.use_span(trace.NonRecordingSpan(sampled)), spanglass.span("kept"):
        pass
    assert [span.name for span in exporter.get_finished_spans()] == ["kept"]


def test_a_processor_may_write_on_the_span_as_it_starts(seen: Captured) -> None:
    class Tenant(SpanProcessor):
        def on_start(self, span: Span, parent_context: object = None) -> None:
            span.set_attribute("tenant", "t1")

    assert runtime.STATE.recorder
    runtime.STATE.recorder.tracer.span_processor.add_span_processor(Tenant())
    with spanglass.span("x"):
        pass
    assert seen.span("x").attributes["tenant"] == "t1"
