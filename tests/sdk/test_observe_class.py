"""The decorator on classes, and on what makes context managers."""

from __future__ import annotations

import asyncio
import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import pytest

import spanglass
from spanglass import semconv
from spanglass.testing import Captured


@spanglass.observe
def step(name: str = "") -> str:
    return name


@spanglass.observe
class Shop:
    """Sells."""

    kinds = ("corner", "super")

    def __init__(self, name: str) -> None:
        self.name = name

    def greet(self, who: str) -> str:
        return self._phrase(who)

    def _phrase(self, who: str) -> str:
        return f"{self.name} greets {who}"

    async def order(self, item: str) -> list[str]:
        await asyncio.sleep(0)
        return [item]

    def shelves(self) -> Iterator[str]:
        yield "a"
        yield "b"

    async def deliveries(self) -> AsyncIterator[str]:
        yield "c"

    @staticmethod
    def price(amount: int) -> int:
        return amount * 2

    @classmethod
    def opened(cls, name: str) -> Shop:
        return cls(name)

    @property
    def sign(self) -> str:
        return self.name.upper()

    @cached_property
    def motto(self) -> str:
        return "cheap"

    @spanglass.observe(name="pay", kind="tool", capture_input=False)
    def checkout(self, card: str) -> bool:
        return True

    @contextmanager
    def opening(self) -> Iterator[str]:
        yield "hours"

    def __call__(self, item: str) -> str:
        return item

    class Till:
        """Not a method."""


def test_each_public_method_is_a_span(seen: Captured) -> None:
    async def visit(shop: Shop) -> None:
        assert await shop.order("tea") == ["tea"]
        assert [item async for item in shop.deliveries()] == ["c"]

    shop = Shop.opened("Corner")
    assert shop.greet("Ada") == "Corner greets Ada"
    asyncio.run(visit(shop))
    assert list(shop.shelves()) == ["a", "b"]
    assert Shop.price(2) == shop.price(2) == 4
    assert shop("x") == "x"
    assert [(span.name, json.loads(span.input or "null"), span.output) for span in seen.spans if span.output] == [
        ("Shop.opened", {"name": "Corner"}, seen.span("Shop.opened").output),
        ("Shop.greet", {"who": "Ada"}, "Corner greets Ada"),
        ("Shop.order", {"item": "tea"}, '["tea"]'),
        ("Shop.deliveries", None, "c"),
        ("Shop.shelves", None, "ab"),
        ("Shop.price", {"amount": 2}, "4"),
        ("Shop.price", {"amount": 2}, "4"),
        ("Shop", {"item": "x"}, "x"),
    ]


def test_the_rest_of_it_stays_as_it_is(seen: Captured) -> None:
    shop = Shop("Corner")
    assert (shop.sign, shop.motto, Shop.kinds, Shop.Till.__name__) == ("CORNER", "cheap", ("corner", "super"), "Till")
    assert seen.spans == []
    assert Shop.__doc__ == "Sells."
    assert str(inspect.signature(Shop.greet)) == "(self, who: 'str') -> 'str'"
    assert inspect.iscoroutinefunction(Shop.order)


def test_a_method_with_a_decorator_of_its_own_keeps_it(seen: Captured) -> None:
    assert Shop("Corner").checkout("4711")
    (span,) = seen.spans
    assert (span.name, span.kind, span.input) == ("pay", "tool", None)


def test_a_method_that_makes_a_block(seen: Captured) -> None:
    with Shop("Corner").opening() as hours:
        step(hours)
    assert seen.tree() == "Shop.opening\n  step"


@spanglass.observe(name="search", kind="retriever", capture_output=False)
class Index:
    def find(self, query: str) -> str:
        return query

    def __call__(self, query: str) -> str:
        return self.find(query)


class Fast(Index):
    def find(self, query: str) -> str:
        return super().find(query.lower())

    def warm(self) -> None: ...


@spanglass.observe
class Faster(Fast):
    def find(self, query: str) -> str:
        return super().find(query)


def test_what_the_decorator_is_told_holds_for_every_method(seen: Captured) -> None:
    Index()("Q")
    assert seen.tree() == "search\n  search.find"
    assert {(span.kind, span.output) for span in seen.spans} == {("retriever", None)}


def test_only_what_the_class_defines_itself_is_observed(seen: Captured) -> None:
    Fast().warm()
    assert Fast().find("Q") == "q"
    assert [span.name for span in seen.spans] == ["search.find"]
    seen.spans.clear()
    assert Faster().find("Q") == "q"
    assert seen.tree() == "Faster.find\n  search.find"


@spanglass.observe
@dataclass(frozen=True, slots=True)
class Point:
    x: int
    measure: Callable[[int], int] = abs
    tags: list[str] = field(default_factory=list)

    def length(self) -> int:
        return self.measure(self.x)


@dataclass(slots=True)
@spanglass.observe
class Pair:
    left: int
    join: Callable[[str], str] = step

    def sum(self) -> int:
        return self.left


def test_dataclasses_in_either_order(seen: Captured) -> None:
    assert Point(-3).length() == 3
    assert Pair(4).sum() == 4
    assert Point(1) == Point(1)
    assert Pair(1).join("x") == "x"
    assert [span.name for span in seen.spans] == ["Point.length", "Pair.sum", "step"]


def test_abstract_classes_and_enumerations(seen: Captured) -> None:
    @spanglass.observe
    class Base(ABC):
        @abstractmethod
        def act(self) -> str: ...

        def twice(self) -> str:
            return self.act() * 2

    @spanglass.observe
    class Colour(Enum):
        RED = "red"

        def loud(self) -> str:
            return self.value.upper()

    class Done(Base):
        def act(self) -> str:
            return "x"

    with pytest.raises(TypeError, match="abstract"):
        Base()  # type: ignore[abstract]
    assert Done().twice() == "xx"
    assert Colour("red").loud() == Colour.RED.loud() == "RED"
    assert [span.name for span in seen.spans] == ["Base.twice", "Colour.loud", "Colour.loud"]


@pytest.mark.usefixtures("forgiving")
def test_a_class_that_lets_nobody_change_it_stays_as_it_is() -> None:
    class Closed(type):
        def __setattr__(cls, name: str, value: object) -> None:
            message = "closed"
            raise TypeError(message)

    with spanglass.testing.captured(raise_errors=False) as seen:

        @spanglass.observe
        class Vault(metaclass=Closed):
            def open(self) -> str:
                return "open"

        assert Vault().open() == "open"
    assert seen.spans == []
    assert spanglass.stats().errors == 1


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
    assert Shop("Corner").greet("Ada") == "Corner greets Ada"
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
