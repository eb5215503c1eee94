"""Plain calls and recorded calls in turn: what the machine does meanwhile falls on both alike.

Each of these takes the plain function, the recorded one, inputs, and how many calls a turn has, and returns the seconds of
this thread that went into the plain calls and into the recorded ones.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

Pair = tuple[float, float]
ASKED = {"model": "gpt-4o-mini", "temperature": 0.2}
clock = time.thread_time
LOOP = asyncio.new_event_loop()


def turns(inputs: Iterable[Any], at_once: int) -> Iterator[tuple[int, list[Any]]]:
    """0 for plain or 1 for recorded, and the inputs of this turn, made right before it."""
    waiting, side = iter(inputs), 0
    while batch := list(islice(waiting, at_once)):
        yield side, batch
        side = 1 - side


def calling(plain: Any, recorded: Any, inputs: Iterable[Any], at_once: int = 1, **more: Any) -> Pair:
    """Functions that are called."""
    spent = [0.0, 0.0]
    for side, batch in turns(inputs, at_once):
        function = recorded if side else plain
        start = clock()
        for each in batch:
            function(messages=each, **ASKED, **more)
        spent[side] += clock() - start
    return spent[0], spent[1]


def stepping(plain: Any, recorded: Any, inputs: Iterable[Any], at_once: int = 1, **more: Any) -> Pair:
    """Functions whose answer is iterated over."""
    spent = [0.0, 0.0]
    for side, batch in turns(inputs, at_once):
        function = recorded if side else plain
        start = clock()
        for each in batch:
            for _ in function(messages=each, **ASKED, **more):
                pass
        spent[side] += clock() - start
    return spent[0], spent[1]


def awaiting(plain: Any, recorded: Any, inputs: Iterable[Any], at_once: int = 1, **more: Any) -> Pair:
    """Coroutine functions."""

    async def go() -> Pair:
        spent = [0.0, 0.0]
        for side, batch in turns(inputs, at_once):
            function = recorded if side else plain
            start = clock()
            for each in batch:
                await function(messages=each, **ASKED, **more)
            spent[side] += clock() - start
        return spent[0], spent[1]

    return LOOP.run_until_complete(go())


def stepping_async(plain: Any, recorded: Any, inputs: Iterable[Any], at_once: int = 1, **more: Any) -> Pair:
    """Functions whose answer, at once or awaited, is iterated over asynchronously."""

    async def go() -> Pair:
        spent = [0.0, 0.0]
        for side, batch in turns(inputs, at_once):
            function = recorded if side else plain
            start = clock()
            for each in batch:
                stream = function(messages=each, **ASKED, **more)
                if inspect.isawaitable(stream):
                    stream = await stream
                async for _ in stream:
                    pass
            spent[side] += clock() - start
        return spent[0], spent[1]

    return LOOP.run_until_complete(go())
