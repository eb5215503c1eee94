"""LangChain by its OpenInference instrumentation, real, over a real server: one tree with our spans, one usage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from sdk.conftest import new_provider
from sdk.servers import COMPLETION, Json, Provider, Sink

import spanglass
from spanglass import runtime, semconv
from spanglass.late_tracer import LateTracerProvider
from spanglass.testing import Captured, CapturedSpan

TREE = "question > RunnableSequence > ChatOpenAI > chat gpt-4o-mini"


@pytest.fixture(autouse=True)
def _on() -> Iterator[None]:
    assert set(spanglass.instrument("openai", "langchain").on) == {"openai", "langchain"}
    yield
    spanglass.uninstrument()


@pytest.fixture
def model(provider: Provider) -> Iterator[ChatOpenAI]:
    made = ChatOpenAI(
        base_url=f"{provider.url}/v1",
        api_key="k",
        model="gpt-4o-mini",
        max_retries=0,
        http_client=httpx.Client(),  # the package's own is kept by address, and closed here: ports come again
        http_async_client=httpx.AsyncClient(),
    )
    yield made
    made.root_client.close()
    asyncio.run(made.root_async_client.close())


@spanglass.observe
def shout(message: Any) -> str:
    return str(message.content).upper()


def paths(spans: list[CapturedSpan]) -> list[str]:
    """Each span by its name and those above it."""
    by_id = {span.span_id: span for span in spans}

    def path(span: CapturedSpan) -> str:
        above = by_id.get(span.parent_span_id)
        return f"{path(above)} > {span.name}" if above else span.name

    return sorted(map(path, spans))


def counted(spans: list[CapturedSpan]) -> list[str]:
    """Names of the spans whose usage is summed."""
    told = ("gen_ai.usage.input_tokens", "llm.token_count.prompt")
    return [
        span.name
        for span in spans
        if any(name in span.attributes for name in told) and span.attributes.get(semconv.USAGE_COUNTED) is not False
    ]


def test_our_spans_are_below_the_run_they_belong_to(model: ChatOpenAI, seen: Captured) -> None:
    chain = model | RunnableLambda(shout)
    with spanglass.span("question"):
        assert chain.invoke("Sky?") == "BLUE."
    assert paths(seen.spans) == [
        "question",
        "question > RunnableSequence",
        "question > RunnableSequence > ChatOpenAI",
        "question > RunnableSequence > ChatOpenAI > chat gpt-4o-mini",
        "question > RunnableSequence > shout",
        "question > RunnableSequence > shout > shout",
    ]
    assert len({span.trace_id for span in seen.spans}) == 1
    assert counted(seen.spans) == ["chat gpt-4o-mini"]


def test_without_a_span_of_ours_around_it_is_one_tree_too(model: ChatOpenAI, seen: Captured) -> None:
    model.invoke("Sky?")
    model.invoke("Sea?")
    assert paths(seen.spans) == [
        "ChatOpenAI",
        "ChatOpenAI",
        "ChatOpenAI > chat gpt-4o-mini",
        "ChatOpenAI > chat gpt-4o-mini",
    ]
    assert len({span.trace_id for span in seen.spans}) == 2


def test_what_comes_after_a_run_is_not_below_it(model: ChatOpenAI, seen: Captured) -> None:
    with spanglass.span("question"):
        model.invoke("Sky?")
        model.root_client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Sea?"}])
        with spanglass.span("later"):
            pass
    assert paths(seen.spans)[-2:] == ["question > chat gpt-4o", "question > later"]
    assert counted(seen.spans) == ["chat gpt-4o-mini", "chat gpt-4o"]


def test_a_span_opened_inside_a_run_keeps_what_is_below_it(model: ChatOpenAI, seen: Captured) -> None:
    def ask(question: str) -> str:
        with spanglass.span("inside"):
            shout(model.invoke(question))
            model.root_client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Sea?"}])
        return question

    RunnableLambda(ask).invoke("Sky?")
    assert paths(seen.spans) == [
        "ask",
        "ask > ChatOpenAI",  # its own instrumentation puts a run below the run around it
        "ask > ChatOpenAI > chat gpt-4o-mini",
        "ask > inside",
        "ask > inside > chat gpt-4o",
        "ask > inside > shout",
    ]


@pytest.mark.asyncio
async def test_runs_side_by_side(model: ChatOpenAI, seen: Captured) -> None:
    chain = model | RunnableLambda(shout)

    async def visit(number: int) -> None:
        with spanglass.span(f"visit {number}"):
            await chain.ainvoke("Sky?")
            async for _ in chain.astream("Sky?"):
                pass

    await asyncio.gather(visit(1), visit(2))
    for number in (1, 2):
        (top,) = [span for span in seen.spans if span.name == f"visit {number}"]
        mine = [span for span in seen.spans if span.trace_id == top.trace_id]
        assert paths(mine).count(f"visit {number} > RunnableSequence > ChatOpenAI > chat gpt-4o-mini") == 2
        assert paths(mine).count(f"visit {number} > RunnableSequence > shout > shout") == 2
        assert counted(mine) == ["chat gpt-4o-mini"] * 2
        assert len(mine) == 11


def test_runs_in_a_pool(model: ChatOpenAI, seen: Captured) -> None:
    with spanglass.span("question"):
        (model | RunnableLambda(shout)).batch(["Sky?", "Sea?", "Snow?"])
    assert paths(seen.spans).count(TREE) == 3
    assert counted(seen.spans) == ["chat gpt-4o-mini"] * 3


def test_a_stream_that_is_let_go_of(model: ChatOpenAI, seen: Captured) -> None:
    with spanglass.span("question"):
        for _ in model.stream("Sky?"):
            break
        with spanglass.span("later"):
            pass
    assert paths(seen.spans) == [
        "question",
        "question > ChatOpenAI",
        "question > ChatOpenAI > chat gpt-4o-mini",
        "question > later",
    ]


def test_a_call_that_fails(model: ChatOpenAI, provider: Provider, seen: Captured) -> None:
    provider.replies.append((400, {"error": {"message": "no", "type": "invalid_request_error", "code": "bad"}}))
    with spanglass.span("question"):
        with pytest.raises(Exception, match="no"):
            model.invoke("Sky?")
        with spanglass.span("later"):
            pass
    by_name = {span.name: span for span in seen.spans}
    assert {name: span.status for name, span in by_name.items()} == {
        "chat gpt-4o-mini": "error",
        "ChatOpenAI": "error",
        "later": "unset",
        "question": "unset",
    }
    assert by_name["later"].parent_span_id == by_name["question"].span_id


def test_its_spans_go_where_ours_go_with_the_facts_around_them(model: ChatOpenAI, exporting: Sink) -> None:
    with spanglass.context(session_id="s1", user_id="ann", tags=["beta"]):
        model.invoke("Sky?")
    assert spanglass.flush()
    told: list[Json] = exporting.spans()
    assert {(span["name"], span["scope"]) for span in told} == {
        ("ChatOpenAI", "openinference.instrumentation.langchain"),
        ("chat gpt-4o-mini", "spanglass"),
    }
    for span in told:
        found = span["attributes"]
        assert (found[semconv.SESSION_ID], found[semconv.USER_ID], found[semconv.TAGS]) == ("s1", "ann", ["beta"])
        assert span["resource"]["service.name"] == "shop"


def test_without_content_only_figures_and_facts_are_left(
    model: ChatOpenAI, sink: Sink, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    spanglass.init("shop", endpoint=sink.url, capture_content=False, tracer_provider=new_provider())
    provider.replies.extend([COMPLETION, (400, {"error": {"message": "no", "type": "invalid_request_error"}})])
    with spanglass.context(user_id="ann", tags=["beta"], metadata={"plan": "pro"}):
        model.invoke("a secret")
        with pytest.raises(Exception, match="no"):
            model.invoke("a secret")
    assert spanglass.flush()
    assert not any(b"secret" in request.body or b"Blue" in request.body for request in sink.requests)
    fine, failed = (span for span in sink.spans() if span["name"] == "ChatOpenAI")
    for told in (fine["attributes"], failed["attributes"]):
        assert (told["openinference.span.kind"], told["llm.model_name"][:11]) == ("LLM", "gpt-4o-mini")
        assert (told[semconv.USER_ID], told[semconv.TAGS], told[semconv.METADATA_PREFIX + "plan"]) == (
            "ann",
            ["beta"],
            "pro",
        )
    assert fine["attributes"]["llm.token_count.prompt"] == 120
    ((event, told),) = failed["events"]
    assert (event, "no" in told["exception.message"]) == ("exception", True)


def test_after_another_init_they_go_where_that_sends(model: ChatOpenAI, exporting: Sink) -> None:
    model.invoke("Sky?")
    spanglass.init("warehouse", endpoint=exporting.url, tracer_provider=new_provider())
    model.invoke("Sky?")
    assert spanglass.flush()
    assert [span["name"] for span in exporting.spans()].count("ChatOpenAI") == 2


def test_while_recording_is_off_nothing_is_recorded(model: ChatOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_ENABLED", "0")
    assert model.invoke("Sky?").content == "Blue."
    assert spanglass.stats().spans_ended == 0


def test_only_the_spans_of_instrumentations_are_marked(seen: Captured) -> None:
    provider = runtime.STATE.provider
    assert provider is not None
    for scope in (provider.get_tracer("web.server"), LateTracerProvider().get_tracer("some.framework")):
        with scope.start_as_current_span("above"), spanglass.span("call", kind="llm"):
            pass
    told = [span.attributes.get(semconv.USAGE_COUNTED) for span in seen.spans if span.name == "above"]
    assert told == [None, False]
