"""Plain calls and recorded calls in turn: what the machine does meanwhile falls on both alike.

Each of these takes the plain function, the recorded one, and inputs, and returns the seconds of this thread that went
into the plain calls and into the recorded ones.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Iterable
from typing import Any

Pair = tuple[float, float]
ASKED = {"model": "gpt-4o-mini", "temperature": 0.2}
clock = time.thread_time
LOOP = asyncio.new_event_loop()


def calling(plain: Any, recorded: Any, inputs: Iterable[Any], **more: Any) -> Pair:
    """Functions that are called."""
    spent = [0.0, 0.0]
    for turn, each in enumerate(inputs):
        function = recorded if turn % 2 else plain
        start = clock()
        function(messages=each, **ASKED, **more)
        spent[turn % 2] += clock() - start
    return spent[0], spent[1]


def stepping(plain: Any, recorded: Any, inputs: Iterable[Any], **more: Any) -> Pair:
    """Functions whose answer is iterated over."""
    spent = [0.0, 0.0]
    for turn, each in enumerate(inputs):
        function = recorded if turn % 2 else plain
        start = clock()
        for _ in function(messages=each, **ASKED, **more):
            pass
        spent[turn % 2] += clock() - start
    return spent[0], spent[1]


def awaiting(plain: Any, recorded: Any, inputs: Iterable[Any], **more: Any) -> Pair:
    """Coroutine functions."""

    async def go() -> Pair:
        spent = [0.0, 0.0]
        for turn, each in enumerate(inputs):
            function = recorded if turn % 2 else plain
            start = clock()
            await function(messages=each, **ASKED, **more)
            spent[turn % 2] += clock() - start
        return spent[0], spent[1]

    return LOOP.run_until_complete(go())


def stepping_async(plain: Any, recorded: Any, inputs: Iterable[Any], **more: Any) -> Pair:
    """Functions whose answer, at once or awaited, is iterated over asynchronously."""

    async def go() -> Pair:
        spent = [0.0, 0.0]
        for turn, each in enumerate(inputs):
            function = recorded if turn % 2 else plain
            start = clock()
            stream = function(messages=each, **ASKED, **more)
            if inspect.isawaitable(stream):
                stream = await stream
            async for _ in stream:
                pass
            spent[turn % 2] += clock() - start
        return spent[0], spent[1]

    return LOOP.run_until_complete(go())
