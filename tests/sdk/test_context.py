"""Facts of the surroundings: on every span below, in every task, and nowhere else."""

from __future__ import annotations

import asyncio
from contextvars import copy_context

from opentelemetry import trace

import spanglass
from spanglass import semconv
from spanglass.context import ambient, merge
from spanglass.testing import Captured


@spanglass.observe
def work(name: str = "") -> None: ...


def test_every_span_below_carries_them(seen: Captured) -> None:
    with spanglass.context(
        user_id="u1",
        session_id="s1",
        tags=["beta", "beta"],
        metadata={"plan": "pro", "seats": 3, "limits": {"calls": 5}},
        prompt_name="greet",
        prompt_version=7,
    ):
        work()
    work()
    inside, outside = seen.spans
    assert {key: value for key, value in inside.attributes.items() if key != semconv.SPAN_KIND} == {
        semconv.USER_ID: "u1",
        semconv.SESSION_ID: "s1",
        semconv.TAGS: ["beta"],
        semconv.PROMPT_NAME: "greet",
        semconv.PROMPT_VERSION: "7",
        "spanglass.metadata.plan": "pro",
        "spanglass.metadata.seats": 3,
        "spanglass.metadata.limits": '{"calls":5}',
    }
    assert dict(outside.attributes) == {semconv.SPAN_KIND: "span"}


def test_blocks_nest_and_the_inner_one_wins() -> None:
    outer = merge({}, {semconv.USER_ID: "u1"}, ["a"], {"x": 1, "y": 1})
    inner = merge(outer, {semconv.USER_ID: "u2"}, ["b", "a"], {"y": 2})
    assert inner == {
        semconv.USER_ID: "u2",
        semconv.TAGS: ["a", "b"],
        "spanglass.metadata.x": 1,
        "spanglass.metadata.y": 2,
    }
    assert outer[semconv.USER_ID] == "u1"


def test_tasks_have_their_own(seen: Captured) -> None:
    @spanglass.observe
    async def visit(user: str) -> str | None:
        async with spanglass.context(user_id=user):
            await asyncio.sleep(0.001)
            work(user)
            await asyncio.gather(*(asyncio.to_thread(work, f"{user} in a thread") for _ in range(2)))
            return spanglass.current_trace_id()

    async def main() -> list[str | None]:
        return await asyncio.gather(*(visit(f"u{n}") for n in range(5)))

    traces = asyncio.run(main())
    assert len(set(traces)) == 5
    spans = [span for span in seen.spans if span.name == "work"]
    assert len(spans) == 15
    for span in spans:
        user = span.attributes[semconv.USER_ID]
        assert f'"{user}' in (span.input or "")
        assert span.trace_id == traces[int(user[1:])]


def test_left_in_another_context_nothing_breaks() -> None:
    block = spanglass.context(user_id="u1")
    copy_context().run(block.__enter__)
    block.__exit__(None, None, None)
    block.__exit__(None, None, None)
    assert dict(ambient()) == {}


def test_the_current_trace_is_that_of_any_library(seen: Captured) -> None:
    assert spanglass.current_trace_id() is None
    remote = trace.SpanContext(0xA1, 0xB2, is_remote=True, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(remote)):
        assert spanglass.current_trace_id() == f"{0xA1:032x}"
        work()
    span = seen.span("work")
    assert (span.trace_id, span.parent_span_id) == (f"{0xA1:032x}", f"{0xB2:016x}")
