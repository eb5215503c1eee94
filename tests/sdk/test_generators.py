"""Generators: open to the last item, closed when let go of, and no trace of them in the consumer."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

import spanglass
from spanglass import semconv
from spanglass.testing import Captured


@spanglass.observe
def step(name: str) -> str:
    return name


@spanglass.observe
def words(*said: str) -> Iterator[str]:
    for each in said:
        step(f"inside {each}")
        yield each


@spanglass.observe
async def async_words(*said: str) -> AsyncIterator[str]:
    for each in said:
        await asyncio.sleep(0)
        step(f"inside {each}")
        yield each


async def listed(items: AsyncIterator[str]) -> list[str]:
    return [item async for item in items]


def test_pieces_of_text_are_joined(seen: Captured) -> None:
    assert list(words("Blu", "e.")) == ["Blu", "e."]
    span = seen.span("words")
    assert span.output == "Blue."
    assert span.input == '{"said":["Blu","e."]}'
    assert 0 < span.attributes[semconv.TIME_TO_FIRST_CHUNK] <= (span.end_ns - span.start_ns) / 1e9


def test_pieces_of_text_are_joined_async(seen: Captured) -> None:
    assert asyncio.run(listed(async_words("Blu", "e."))) == ["Blu", "e."]
    span = seen.span("async_words")
    assert span.output == "Blue."
    assert span.attributes[semconv.TIME_TO_FIRST_CHUNK] > 0


def test_anything_else_is_a_list(seen: Captured) -> None:
    @spanglass.observe
    def numbers() -> Iterator[int]:
        yield from (1, 2)

    assert list(numbers()) == [1, 2]
    assert seen.span("numbers").output == "[1,2]"


def test_the_body_is_below_and_the_consumer_is_not(seen: Captured) -> None:
    for word in words("a", "b"):
        step(f"outside {word}")
    body = seen.span("words")
    parents = {span.input: span.parent_span_id for span in seen.spans if span.name == "step"}
    assert parents == {
        '{"name":"inside a"}': body.span_id,
        '{"name":"outside a"}': "",
        '{"name":"inside b"}': body.span_id,
        '{"name":"outside b"}': "",
    }


def test_the_body_is_below_and_the_consumer_is_not_async(seen: Captured) -> None:
    async def consume() -> None:
        async for word in async_words("a", "b"):
            step(f"outside {word}")

    asyncio.run(consume())
    body = seen.span("async_words")
    parents = {span.input: span.parent_span_id for span in seen.spans if span.name == "step"}
    assert parents == {
        '{"name":"inside a"}': body.span_id,
        '{"name":"outside a"}': "",
        '{"name":"inside b"}': body.span_id,
        '{"name":"outside b"}': "",
    }


def test_two_at_once_do_not_mix(seen: Captured) -> None:
    for _ in zip(words("a", "b"), words("c", "d"), strict=True):
        assert spanglass.current_trace_id() is None
    bodies = [span for span in seen.spans if span.name == "words"]
    below = {
        body.output: [span.output for span in seen.spans if span.parent_span_id == body.span_id] for body in bodies
    }
    assert below == {"ab": ["inside a", "inside b"], "cd": ["inside c", "inside d"]}


def test_let_go_of_it_ends(seen: Captured) -> None:
    for word in words("a", "b", "c"):
        if word == "b":
            break
    span = seen.span("words")
    assert span.output == "ab"
    assert span.status == "unset"


def test_let_go_of_it_ends_async(seen: Captured) -> None:
    closed = []

    @spanglass.observe
    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def main() -> None:
        items = endless()
        assert await anext(items) == 1
        await items.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())
    assert closed == [True]
    assert seen.span("endless").output == "[1]"


def test_one_never_read_leaves_nothing(seen: Captured) -> None:
    words("a")
    gc.collect()
    assert [span.name for span in seen.spans] == []


def test_an_error_in_the_body(seen: Captured) -> None:
    @spanglass.observe
    def breaking() -> Iterator[str]:
        yield "half"
        message = "stop"
        raise KeyError(message)

    with pytest.raises(KeyError):
        list(breaking())
    span = seen.span("breaking")
    assert (span.output, span.error_type) == ("half", "KeyError")


def test_an_error_in_the_body_async(seen: Captured) -> None:
    @spanglass.observe
    async def breaking() -> AsyncIterator[str]:
        yield "half"
        message = "stop"
        raise KeyError(message)

    with pytest.raises(KeyError):
        asyncio.run(listed(breaking()))
    span = seen.span("breaking")
    assert (span.output, span.error_type) == ("half", "KeyError")


def test_send_throw_and_return_go_through(seen: Captured) -> None:
    @spanglass.observe
    def echo() -> Generator[Any, Any, str]:
        received = yield "ready"
        try:
            yield received
        except ValueError as error:
            yield f"caught {error}"
        return "done"

    generator = echo()
    assert next(generator) == "ready"
    assert generator.send(5) == 5
    assert generator.throw(ValueError("x")) == "caught x"
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "done"
    assert seen.span("echo").output == '["ready",5,"caught x"]'


def test_asend_and_athrow_go_through(seen: Captured) -> None:
    @spanglass.observe
    async def echo() -> Any:
        received = yield "ready"
        try:
            yield received
        except ValueError as error:
            yield f"caught {error}"

    async def main() -> list[object]:
        generator = echo()
        return [await anext(generator), await generator.asend(5), await generator.athrow(ValueError("x"))] + [
            item async for item in generator
        ]

    assert asyncio.run(main()) == ["ready", 5, "caught x"]
    assert seen.span("echo").status == "unset"


def test_it_can_be_a_context_manager(seen: Captured) -> None:
    @contextmanager
    @spanglass.observe
    def transaction() -> Iterator[str]:
        step("inside")
        yield "open"

    with transaction() as state:
        assert state == "open"
        step("in the block")
    body = seen.span("transaction")
    assert [span.parent_span_id for span in seen.spans if span.name == "step"] == [body.span_id, body.span_id]


def test_it_may_be_read_from_several_threads(seen: Captured) -> None:
    items = words("a", "b", "c")
    assert inspect.isgenerator(items)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        got = [pool.submit(next, items).result() for pool in (one, other, one)]
        assert one.submit(next, items, "end").result() == "end"
    assert got == ["a", "b", "c"]
    body = seen.span("words")
    assert all(span.parent_span_id == body.span_id for span in seen.spans if span.name == "step")


def test_a_variable_of_the_application_is_the_one_of_the_call(seen: Captured) -> None:
    variable = contextvars.ContextVar("variable", default="unset")

    @spanglass.observe
    def read() -> Iterator[str]:
        yield variable.get()
        variable.set("changed inside")
        yield variable.get()

    variable.set("caller")
    assert list(read()) == ["caller", "changed inside"]
    assert variable.get() == "caller"


def test_awaiting_inside_works_with_timeouts_and_tasks(seen: Captured) -> None:
    @spanglass.observe
    async def busy() -> AsyncIterator[int]:
        async with asyncio.timeout(5):
            yield await asyncio.create_task(asyncio.sleep(0.001, 1))
        yield await asyncio.to_thread(lambda: 2)

    async def main() -> list[int]:
        return [item async for item in busy()]

    assert asyncio.run(main()) == [1, 2]


def test_a_long_stream_is_kept_only_as_far_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_MAX_CONTENT_BYTES", "1000")
    with spanglass.testing.captured() as seen:
        assert len("".join(words(*["x" * 100] * 50))) == 5_000
    assert len(seen.span("words").output or "") <= 1_000
