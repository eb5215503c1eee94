"""The decorator on what makes context managers: the span is open, and the current one, while the block is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

import spanglass
from spanglass import semconv
from spanglass.testing import Captured


@spanglass.observe
def step(name: str = "") -> str:
    return name


class Broken(Exception): ...


@spanglass.observe
@contextmanager
def above(name: str) -> Iterator[str]:
    step("enter")
    try:
        yield name
    except KeyError:
        step("forgiven")
    finally:
        step("exit")


@contextmanager
@spanglass.observe(name="below")
def below(name: str) -> Iterator[str]:
    step("enter")
    try:
        yield name
    except KeyError:
        step("forgiven")
    finally:
        step("exit")


@pytest.mark.parametrize("block", [above, below])
def test_the_span_of_a_context_manager_is_open_while_the_block_is(seen: Captured, block: Callable) -> None:
    with spanglass.span("root"):
        with block("x") as name:
            step("inside")
        step("after")
    assert name == "x"
    assert seen.tree() == f"root\n  {block.__name__}\n    step\n    step\n    step\n  step"
    span = seen.span(block.__name__)
    assert (span.input, span.output, span.status) == ('{"name":"x"}', None, "unset")
    inside = [each for each in seen.spans if each.name == "step"]
    assert all(span.start_ns <= each.start_ns and each.end_ns <= span.end_ns for each in inside[:3])


@pytest.mark.parametrize("block", [above, below])
def test_what_ends_the_block_is_recorded_and_passes(seen: Captured, block: Callable) -> None:
    with pytest.raises(Broken) as caught, block("x"):
        raise Broken
    span = seen.span(block.__name__)
    assert (span.status, span.error_type.rpartition(".")[2]) == ("error", "Broken")
    assert type(caught.value) is Broken


@pytest.mark.parametrize("block", [above, below])
def test_what_the_context_manager_forgives_is_no_error(seen: Captured, block: Callable) -> None:
    with block("x"):
        raise KeyError
    assert seen.span(block.__name__).status == "unset"
    assert spanglass.current_trace_id() is None


@pytest.mark.parametrize("block", [above, below])
def test_a_context_manager_as_a_decorator(seen: Captured, block: Callable) -> None:
    @block("x")
    def act() -> None:
        step()

    act()
    act()
    assert [span.name for span in seen.spans].count(block.__name__) == 2
    assert seen.tree().startswith(f"{block.__name__}\n  step\n  step\n  step\n{block.__name__}")


@pytest.mark.parametrize("block", [above, below])
def test_a_block_that_is_never_left_ends_when_it_is_let_go_of(seen: Captured, block: Callable) -> None:
    opened = block("x")
    opened.__enter__()
    del opened
    assert seen.span(block.__name__).status == "unset"
    assert spanglass.current_trace_id() is None


@spanglass.observe
@asynccontextmanager
async def above_async(name: str) -> AsyncIterator[str]:
    await asyncio.sleep(0)
    yield name
    step("exit")


@asynccontextmanager
@spanglass.observe(name="below_async")
async def below_async(name: str) -> AsyncIterator[str]:
    await asyncio.sleep(0)
    yield name
    step("exit")


@pytest.mark.parametrize("block", [above_async, below_async])
def test_asynchronous_ones(seen: Captured, block: Callable) -> None:
    async def main() -> None:
        async with block("x") as name:
            await asyncio.gather(*(asyncio.to_thread(step, name) for _ in range(2)))
        step("after")
        with pytest.raises(Broken):
            async with block("y"):
                raise Broken

    asyncio.run(main())
    assert seen.tree() == f"{block.__name__}\n  step\n  step\n  step\nstep\n{block.__name__}"
    first, second = [span for span in seen.spans if span.name == block.__name__]
    assert (first.status, second.status) == ("unset", "error")


def test_switched_off_blocks_are_as_they_were() -> None:
    async def main() -> str:
        async with below_async("b") as name, above_async("a"):
            return name

    spanglass.init(enabled=False)
    with above("x") as one, below("y") as other:
        assert (one, other) == ("x", "y")
    assert asyncio.run(main()) == "b"
    assert spanglass.stats().spans_ended == 0


def test_a_generator_that_is_read_is_a_stream_still(seen: Captured) -> None:
    @spanglass.observe
    def words() -> Iterator[str]:
        yield "a"
        yield "b"

    for word in words():
        step(word)
    assert seen.span("words").output == "ab"
    assert [span.parent_span_id for span in seen.spans if span.name == "step"] == ["", ""]
    assert seen.span("words").attributes[semconv.SPAN_KIND] == "span"
