"""What the SDK wraps keeps its type. Checked by mypy and pyright, never run (test_typing.py)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from typing import Any, TypeVar, assert_type

import spanglass

T = TypeVar("T")


@spanglass.observe
def add(left: int, right: int = 2, *, loud: bool = False) -> int:
    return left + right


@spanglass.observe(name="search", kind="tool", capture_input=False)
async def find(query: str) -> list[str]:
    return [query]


@spanglass.observe(kind=spanglass.Kind.RETRIEVER)
def words() -> Iterator[str]:
    yield "a"


@spanglass.observe
def talk() -> Generator[str, int, bool]:
    return bool((yield "a"))


@spanglass.observe
async def stream(count: int) -> AsyncGenerator[bytes, None]:
    yield b"a"


@spanglass.observe
def first(items: list[T]) -> T:
    return items[0]


@spanglass.observe
@contextmanager
def above(name: str) -> Generator[int]:
    yield 1


@contextmanager
@spanglass.observe
def below(name: str) -> Generator[int]:
    yield 1


@spanglass.observe
@asynccontextmanager
async def above_async() -> AsyncGenerator[int]:
    yield 1


@asynccontextmanager
@spanglass.observe
async def below_async() -> AsyncGenerator[int]:
    yield 1


@spanglass.observe
class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    def greet(self, who: str) -> str:
        return who

    @spanglass.observe(kind="chain")
    async def order(self, item: str) -> list[str]:
        return [item]

    @staticmethod
    @spanglass.observe
    def price(amount: int) -> int:
        return amount

    @classmethod
    @spanglass.observe
    def opened(cls, name: str) -> Shop:
        return cls(name)

    @property
    @spanglass.observe
    def sign(self) -> str:
        return self.name


@spanglass.observe(name="point", kind="agent")
@dataclass(frozen=True)
class Point:
    x: int


assert_type(add(1), int)
assert_type(add(1, right=2, loud=True), int)
coroutine: Callable[[str], Coroutine[Any, Any, list[str]]] = find
assert_type(words(), Iterator[str])
assert_type(talk(), Generator[str, int, bool])
assert_type(stream(1), AsyncGenerator[bytes, None])
assert_type(first([1.5]), float)

shop = Shop("Corner")
assert_type(shop, Shop)
assert_type(shop.greet("Ada"), str)
assert_type(Shop.price(2), int)
assert_type(Shop.opened("Corner"), Shop)
assert_type(shop.sign, str)
assert_type(Point(1).x, int)

sync_block: AbstractContextManager[int] = above("x")
async_block: AbstractAsyncContextManager[int] = above_async()

carried = spanglass.carry(add)
assert_type(carried(1, loud=True), int)
assert_type(spanglass.carry(shop.greet)("Ada"), str)
assert_type(spanglass.propagation.environment(), dict[str, str])
assert_type(spanglass.propagation.inject(), dict[str, str])


async def use() -> None:
    assert_type(await find("x"), list[str])
    assert_type(await shop.order("tea"), list[str])
    assert_type(await spanglass.carry(find)("x"), list[str])
    with above("x") as one, below("x") as other:
        assert_type(one, int)
        assert_type(other, int)
    async with above_async() as one, below_async() as other:
        assert_type(one, int)
        assert_type(other, int)
    async for piece in stream(1):
        assert_type(piece, bytes)
    with spanglass.span("plan", kind="agent") as span, spanglass.propagation.continued({"traceparent": ""}):
        assert_type(span.set(output="x").trace_id, str)
    async with spanglass.context(user_id="u1", tags=["a"]), spanglass.span("plan"):
        pass
