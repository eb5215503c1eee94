"""The decorator on classes: each public method becomes a span."""

from __future__ import annotations

import asyncio
import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

import pytest

import spanglass
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


def test_switched_off_methods_are_as_they_were() -> None:
    spanglass.init(enabled=False)
    assert Shop("Corner").greet("Ada") == "Corner greets Ada"
    assert spanglass.stats().spans_ended == 0
