"""Mistakes that a type checker finds in spite of the wrapping: each line has one, and both checkers must see it.

Checked by mypy and pyright with unused ignores as errors, never run (test_typing.py).
"""

from __future__ import annotations

import spanglass


@spanglass.observe
def add(left: int, right: int = 2) -> int:
    return left + right


@spanglass.observe(kind="tool")
async def find(query: str) -> list[str]:
    return [query]


@spanglass.observe
class Shop:
    def greet(self, who: str) -> str:
        return who


add("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
add()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
add(1, wrong=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
text: str = add(1)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
Shop().greet(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Shop(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
spanglass.carry(add)("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
spanglass.carry(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
spanglass.observe(kind="wizard")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
spanglass.observe(colour="red")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
spanglass.observe(3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
spanglass.span("plan", kind="wizard")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
spanglass.context(user="u1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
spanglass.context(user_id=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
spanglass.propagation.extract(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def use() -> None:
    found: str = await find("x")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del found
    await spanglass.carry(find)(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
