"""The decorator: what a call looks like afterwards, and that the function is as it was."""

from __future__ import annotations

import asyncio
import inspect
import json
import pickle
from typing import Any

import pytest

import spanglass
from spanglass import runtime, semconv
from spanglass.testing import Captured


@spanglass.observe
def add(left: int, right: int = 2, *rest: int, **more: int) -> int:
    """Add."""
    return left + right + sum(rest) + sum(more.values())


@spanglass.observe(name="search", kind="tool", capture_input=False)
async def find(query: str) -> list[str]:
    await asyncio.sleep(0)
    return [query]


class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    @spanglass.observe
    def greet(self, who: str) -> str:
        return f"{self.name} greets {who}"

    @classmethod
    @spanglass.observe
    def opened(cls, name: str) -> Shop:
        return cls(name)

    @spanglass.observe
    @staticmethod
    def price(amount: int) -> int:
        return amount * 2

    @property
    @spanglass.observe
    def sign(self) -> str:
        return self.name.upper()


def test_a_call_is_a_span_with_arguments_and_result(seen: Captured) -> None:
    assert add(1, 2, 3, extra=4) == 10
    span = seen.span("add")
    assert json.loads(span.input or "") == {"left": 1, "right": 2, "rest": [3], "extra": 4}
    assert span.output == "10"
    assert (span.kind, span.status, span.parent_span_id) == ("span", "unset", "")
    assert 0 < span.start_ns <= span.end_ns


def test_the_function_stays_what_it_was() -> None:
    assert add.__name__ == "add"
    assert add.__doc__ == "Add."
    assert str(inspect.signature(add)) == "(left: 'int', right: 'int' = 2, *rest: 'int', **more: 'int') -> 'int'"
    assert inspect.iscoroutinefunction(find)
    assert pickle.loads(pickle.dumps(add)) is add


def test_a_coroutine(seen: Captured) -> None:
    assert asyncio.run(find("shoes")) == ["shoes"]
    span = seen.span("search")
    assert span.input is None
    assert span.output == '["shoes"]'
    assert span.kind == "tool"
    assert span.attributes[semconv.TOOL_NAME] == "search"
    assert span.attributes[semconv.OPERATION_NAME] == "execute_tool"


def test_methods_of_every_sort_leave_their_owner_out(seen: Captured) -> None:
    shop = Shop.opened("Corner")
    assert shop.greet("Ada") == "Corner greets Ada"
    assert Shop.price(2) == shop.price(2) == 4
    assert shop.sign == "CORNER"
    inputs = [(span.name, span.input) for span in seen.spans]
    assert inputs == [
        ("opened", '{"name":"Corner"}'),
        ("greet", '{"who":"Ada"}'),
        ("price", '{"amount":2}'),
        ("price", '{"amount":2}'),
        ("sign", None),
    ]


class OutOfStock(Exception):
    pass


def test_an_exception_passes_unchanged_and_is_recorded(seen: Captured) -> None:
    error = OutOfStock("no shoes")

    @spanglass.observe
    def sell() -> None:
        raise error

    with pytest.raises(OutOfStock) as caught:
        sell()
    assert caught.value is error
    span = seen.span("sell")
    assert span.status == "error"
    assert span.error_message == "no shoes"
    assert span.error_type.endswith("test_observe.OutOfStock")
    ((name, event),) = span.events
    assert name == "exception"
    assert event["exception.type"] == span.error_type
    assert event["exception.message"] == "no shoes"
    assert "raise error" in event["exception.stacktrace"]


def test_cancellation_is_recorded_and_passes(seen: Captured) -> None:
    @spanglass.observe
    async def wait() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert seen.span("wait").error_type == "asyncio.exceptions.CancelledError"


def test_calls_nest(seen: Captured) -> None:
    @spanglass.observe
    def outer() -> int:
        return add(1) + add(2)

    outer()
    add(3)
    outer_span = seen.span("outer")
    adds = [span for span in seen.spans if span.name == "add"]
    assert [span.parent_span_id for span in adds] == [outer_span.span_id, outer_span.span_id, ""]
    assert [span.trace_id == outer_span.trace_id for span in adds] == [True, True, False]


def test_a_change_after_the_call_is_not_seen(seen: Captured) -> None:
    @spanglass.observe
    def keep(items: list[int]) -> list[int]:
        return items

    items = [1]
    keep(items)
    items.append(2)
    assert (seen.span("keep").input, seen.span("keep").output) == ('{"items":[1]}', "[1]")


COMPLETION = {
    "id": "c1",
    "model": "m-2026",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Blue."}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 5}},
}


@spanglass.observe(kind="llm")
def ask(model: str, messages: list[dict[str, str]], temperature: float = 0.5, secret: str = "") -> dict[str, Any]:
    return COMPLETION


def test_a_function_that_is_a_model_call_is_told_as_one(seen: Captured) -> None:
    ask("m", [{"role": "user", "content": "Sky?"}], temperature=0.1, secret="s")
    span = seen.span("ask")
    told = span.attributes
    assert json.loads(told[semconv.INPUT_MESSAGES]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Sky?"}]}
    ]
    assert json.loads(told[semconv.OUTPUT_MESSAGES]) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Blue."}], "finish_reason": "stop"}
    ]
    assert told[semconv.REQUEST_MODEL] == "m"
    assert told[semconv.RESPONSE_MODEL] == "m-2026"
    assert told["gen_ai.request.temperature"] == 0.1
    assert "gen_ai.request.secret" not in told
    assert (told[semconv.INPUT_TOKENS], told[semconv.OUTPUT_TOKENS], told[semconv.CACHE_READ_TOKENS]) == (7, 3, 5)
    assert semconv.REASONING_TOKENS not in told
    assert semconv.INPUT not in told


def test_figures_remain_when_content_is_off() -> None:
    with spanglass.testing.captured(capture_content=False) as seen:
        ask("m", [{"role": "user", "content": "Sky?"}])
        add(1)
    told = seen.span("ask").attributes
    assert told[semconv.INPUT_TOKENS] == 7
    assert "Sky" not in str(told)
    assert "Blue" not in str(told)
    assert (seen.span("add").input, seen.span("add").output) == (None, None)


def test_a_kind_nobody_knows_is_a_span(seen: Captured, caplog: pytest.LogCaptureFixture) -> None:
    @spanglass.observe(kind="wizard")  # type: ignore[call-overload]
    def conjure() -> None: ...

    conjure()
    assert seen.span("conjure").kind == "span"
    assert "'wizard' is no kind of span" in caplog.text


def test_switched_off_calls_go_straight_through() -> None:
    spanglass.init(enabled=False)
    assert add(1) == 3
    assert asyncio.run(find("x")) == ["x"]
    with spanglass.span("block") as span:
        span.set(input="x", usage={"input_tokens": 1}).set_attribute("a", 1)
        assert spanglass.current_trace_id() is None
    assert spanglass.score("s", 1, trace_id="0" * 31 + "1") is None
    assert spanglass.stats().spans_ended == 0


@pytest.mark.usefixtures("forgiving")
def test_a_failure_of_our_own_does_not_reach_the_caller(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object) -> None:
        message = "clock stopped"
        raise OSError(message)

    with spanglass.testing.captured(raise_errors=False) as seen:
        recorder = runtime.STATE.recorder
        assert recorder is not None
        monkeypatch.setattr(recorder, "new_span_id", broken)
        assert [add(1), add(1)] == [3, 3]
        with spanglass.span("block") as block:
            block.set(output=1)
    assert seen.spans == []
    assert spanglass.stats().errors == 3
    assert caplog.text.count("span.begin failed; the application goes on") == 1


def test_a_failure_of_our_own_is_raised_for_our_tests(seen: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = runtime.STATE.recorder
    assert recorder is not None
    monkeypatch.setattr(recorder, "new_span_id", None)
    with pytest.raises(TypeError):
        add(1)


def test_one_unreadable_fact_does_not_cost_the_span() -> None:
    with spanglass.testing.captured(raise_errors=False) as seen, spanglass.span("half") as half:
        half.take(lambda _taken: {}["missing"], "x")
        half.set(output="kept")
    assert seen.span("half").output == "kept"
    assert spanglass.stats().errors == 1


@spanglass.observe(kind="llm")
def continued(messages: list[Any], **options: Any) -> str:
    messages.append({"role": "assistant", "content": "Blue."})
    return "Blue."


@pytest.mark.parametrize(
    "options", [{"top_k": 2**70}, {"stop": "\ud800"}, {"rows": [{"a": "\udfff"}]}, {"rows": [{1: "one"}]}]
)
def test_arguments_that_json_does_not_know_are_told_as_well_as_can_be(options: dict[str, Any], seen: Captured) -> None:
    continued([{"role": "user", "content": "Sky?"}], **options)
    span = seen.span("continued")
    assert json.loads(span.input or "")[0]["parts"] == [{"type": "text", "content": "Sky?"}]


def test_arguments_are_those_of_the_moment_of_the_call(seen: Captured) -> None:
    continued(asked := [{"role": "user", "content": "Sky?"}])
    asked[0]["content"] = "Sea?"
    (message,) = json.loads(seen.span("continued").input or "")
    assert message["parts"][0]["content"] == "Sky?"


def test_text_that_grows_when_it_is_written_stays_under_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_CONTENT_BYTES", "4096")
    with spanglass.testing.captured() as captured:
        spanglass.observe(len, name="told")("\x00" * 3000)
        assert 1000 < len(captured.span("told").attributes[semconv.INPUT]) <= 4096
