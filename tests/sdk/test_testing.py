"""The kit for tests of applications: what is seen, and that with fixed ids and clock it is the same in every run."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from sdk.conftest import new_provider
from sdk.servers import Sink

import spanglass
from spanglass import runtime, semconv
from spanglass.fixed import Clock
from spanglass.testing import Captured, Fixed, captured

START_NS = 1_767_225_600_000_000_000


@spanglass.observe(kind="retriever")
def look_up(question: str) -> list[str]:
    return [question]


@spanglass.observe
def words(text: str) -> Iterator[str]:
    yield from text.split()


@spanglass.observe
async def awords(text: str) -> AsyncIterator[str]:
    for word in text.split():
        yield word


@spanglass.observe
async def answer(question: str) -> str:
    with spanglass.span("plan", kind="llm", model="m") as span:
        span.set(output="look it up", usage={"input_tokens": 3})
        span.add_event("thought")
    look_up(question)
    list(words("a b"))
    return " ".join([word async for word in awords("c d")])


def run(seen: Captured) -> None:
    """A little of everything: sync, async, generators, an error, another library, scores."""
    asyncio.run(answer("why?"))
    with pytest.raises(ZeroDivisionError), spanglass.span("fails", kind="tool"):
        _ = 1 / 0
    with seen.provider.get_tracer("their.library").start_as_current_span("theirs") as theirs:
        theirs.add_event("halfway")
        spanglass.score("n", 1)
    spanglass.feedback(None, value=True)
    spanglass.score("s", 2, session_id="s1")


TREE = """\
answer
  plan
  look_up
  words
  awords
fails
theirs"""


def test_the_tree_shows_what_is_below_what(seen: Captured) -> None:
    run(seen)
    assert seen.tree() == TREE


def test_a_span_whose_parent_was_not_seen_stands_at_the_top(seen: Captured) -> None:
    with spanglass.span("open"):
        look_up("why?")
        assert seen.tree() == "look_up"
    assert seen.tree() == "open\n  look_up"


def test_spans_by_name_and_by_kind(seen: Captured) -> None:
    run(seen)
    assert seen.span("plan").output == '[{"role":"assistant","parts":[{"type":"text","content":"look it up"}]}]'
    assert [span.name for span in seen.spans_of("span")] == ["answer", "words", "awords", "theirs"]
    assert [span.name for span in seen.spans_of(spanglass.Kind.LLM)] == ["plan"]
    assert seen.spans_of("agent") == []
    with pytest.raises(LookupError, match=r"0 spans are named 'ask'; recorded:\nanswer\n  plan"):
        seen.span("ask")
    look_up("again")
    with pytest.raises(LookupError, match="2 spans are named 'look_up'"):
        seen.span("look_up")


def test_with_nothing_recorded_it_says_so(seen: Captured) -> None:
    with pytest.raises(LookupError, match="nothing"):
        seen.span("ask")
    assert (seen.tree(), seen.snapshot()) == ("", {"spans": [], "scores": []})


def test_fixed_ids_count_up_and_the_clock_ticks() -> None:
    with captured(fixed=True) as seen:
        with spanglass.span("outer") as outer:
            look_up("why?")
        given = spanglass.score("n", 1, session_id="s")
    assert outer.trace_id == "0000000000000001" + "0000000000000001"
    assert (seen.span("outer").span_id, seen.span("look_up").span_id) == ("0" * 15 + "1", "0" * 15 + "2")
    times = [seen.span("outer").start_ns, seen.span("look_up").start_ns]
    times += [seen.span("look_up").end_ns, seen.span("outer").end_ns, seen.scores[0]["timestamp_ns"]]
    assert times == [START_NS + step * 1_000_000 for step in range(5)]
    assert given == "0" * 31 + "1"


def test_seed_start_and_step_may_be_chosen() -> None:
    with captured(fixed=Fixed(seed=0xABC, start_ns=1_000, step_ns=10)) as seen:
        look_up("a")
        look_up("b")
    first, second = seen.spans
    assert first.trace_id == "0000000000000abc" + "0000000000000001"
    assert second.trace_id == "0000000000000abc" + "0000000000000002"
    assert [first.start_ns, first.end_ns, second.start_ns, second.end_ns] == [1_000, 1_010, 1_020, 1_030]


PROGRAM = f"""
import json, sys
sys.path[:0] = {[str(Path(__file__).parent.parent)]!r}
import spanglass.testing
from sdk.test_testing import run
with spanglass.testing.captured(fixed=True) as seen:
    run(seen)
print(json.dumps(seen.snapshot()))
"""


def test_a_snapshot_is_the_same_in_every_run() -> None:
    shots = []
    for _ in range(2):
        with captured(fixed=True) as seen:
            run(seen)
        shots.append(seen.snapshot())
    assert shots[0] == shots[1]
    told = json.dumps(shots[0])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPANGLASS_", "OTEL_"))}
    elsewhere = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=100
    )
    assert json.loads(elsewhere.stdout) == json.loads(told)
    spans = shots[0]["spans"]
    assert [span["name"] for span in spans] == ["answer", "plan", "look_up", "words", "awords", "fails", "theirs"]
    assert all(START_NS <= span["start_ns"] < span["end_ns"] < START_NS + 10**9 for span in spans)
    (_, error) = spans[5]["events"][0]
    assert error == {"exception.type": "ZeroDivisionError", "exception.message": "division by zero"}
    assert 0 < spans[3]["attributes"][semconv.TIME_TO_FIRST_CHUNK] < 1


def test_no_module_of_ours_reads_another_clock_meanwhile() -> None:
    with captured(fixed=True):
        real = [
            f"{module_name}.{name}"
            for module_name, module in sys.modules.items()
            if module_name.startswith("spanglass.")
            for name, value in vars(module).items()
            if value is time.time_ns
        ]
        assert "spanglass.clients.openai" in sys.modules
    assert real == []


def test_afterwards_ids_and_clock_are_as_before() -> None:
    with captured(fixed=True):
        with captured(fixed=Fixed(start_ns=5)) as inner:
            look_up("a")
        look_up("b")
    assert inner.spans[0].start_ns == 5
    before = time.time_ns()
    with captured() as seen:
        look_up("c")
        assert spanglass.score("n", 1, session_id="s") != spanglass.score("n", 1, session_id="s")
    assert before <= seen.spans[0].start_ns <= time.time_ns()
    assert not seen.spans[0].span_id.startswith("0" * 12)
    assert not [
        name
        for name, module in sys.modules.items()
        if name.startswith(("spanglass", "opentelemetry"))
        and any(isinstance(value, Clock) for value in vars(module).values())
    ]
    assert otel.time_ns is time.time_ns


def test_the_inner_block_sees_what_ends_in_it_and_then_the_outer_one_again() -> None:
    with captured() as outer:
        with captured() as inner:
            look_up("inner")
        look_up("outer")
    assert [span.input for span in inner.spans] == ['{"question":"inner"}']
    assert [span.input for span in outer.spans] == ['{"question":"outer"}']


def test_other_libraries_are_seen_with_the_facts_around_them(seen: Captured) -> None:
    theirs = seen.provider.get_tracer("their.library")
    with spanglass.context(session_id="s1"), theirs.start_as_current_span("theirs"):
        look_up("why?")
    assert seen.tree() == "theirs\n  look_up"
    assert seen.span("theirs").attributes == {semconv.SESSION_ID: "s1"}
    unsampled = trace.NonRecordingSpan(trace.SpanContext(1, 1, is_remote=True, trace_flags=trace.TraceFlags(0)))
    with trace.use_span(unsampled), theirs.start_as_current_span("not sampled"):
        pass
    assert seen.tree() == "theirs\n  look_up"


def test_a_provider_of_the_application_is_listened_to_and_not_sent_from(exporting: Sink) -> None:
    own = runtime.STATE.provider
    assert isinstance(own, TracerProvider)
    tracer = own.get_tracer("their.library")
    for name in ("first", "second"):
        with captured(tracer_provider=own) as seen, tracer.start_as_current_span(name):
            look_up("why?")
        assert seen.tree() == f"{name}\n  look_up"
    with tracer.start_as_current_span("sent"):
        pass
    assert len(seen.spans) == 2
    assert spanglass.flush()
    assert [span["name"] for span in exporting.spans()] == ["sent"]


def test_a_provider_of_the_application_gets_its_ids_back() -> None:
    own = new_provider()
    before = own.id_generator
    with captured(tracer_provider=own, fixed=True) as seen:
        look_up("why?")
    assert seen.spans[0].span_id == "0" * 15 + "1"
    assert own.id_generator is before


def test_masking_can_be_tested() -> None:
    def hook(name: str, value: Any) -> object:
        return "hooked" if name == semconv.OUTPUT else value

    with (
        captured(mask=hook, mask_patterns=["email"], mask_paths=["*.pin"]) as seen,
        spanglass.context(metadata={"pin": 1234}),
        pytest.raises(ValueError, match="ada"),
        spanglass.span("fails"),
    ):
        raise ValueError(look_up("who is ada@x.org")[0])
    span = seen.span("look_up")
    assert (span.input, span.output) == ('{"question":"who is [masked:email]"}', "hooked")
    assert span.attributes[semconv.METADATA_PREFIX + "pin"] == "[masked]"
    assert "ada@x.org" not in json.dumps(seen.snapshot())
    assert seen.span("fails").error_message == "who is [masked:email]"
    assert "ada@x.org" not in repr(seen.spans)


def test_a_mask_that_breaks_leaves_no_content() -> None:
    def hook(_name: str, _value: object) -> object:
        raise RuntimeError

    with captured(mask=hook) as seen:
        look_up("ada@x.org")
    assert seen.spans[0].attributes == {semconv.SPAN_KIND: "retriever", semconv.OPERATION_NAME: "retrieval",
                                        semconv.CONTENT_DROPPED: True}  # fmt: skip


def test_a_rule_that_is_none_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="no pattern to mask by"), captured(mask_patterns=["emial"]):
        pytest.fail("never comes here")
