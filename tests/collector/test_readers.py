"""Questions have threads of their own, so many at once and no more."""

from __future__ import annotations

import asyncio
import threading

import pytest

from spanglass_collector.errors import Busy
from spanglass_collector.readers import Readers


def test_slow_questions_hold_up_each_other_alone_and_too_many_are_told_so() -> None:
    async def asked() -> None:
        readers = Readers(threads=1, most_at_once=2)
        let_go = threading.Event()
        slow = asyncio.create_task(readers.run(let_go.wait, 60))
        waiting = asyncio.create_task(readers.run(sorted, "ba", reverse=True))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="being answered") as busy:
            await readers.run(len, "")
        assert busy.value.retry_after_seconds == 2
        assert await asyncio.to_thread(len, "elsewhere") == 9
        let_go.set()
        assert (await slow, await waiting) == (True, ["b", "a"])
        with pytest.raises(ZeroDivisionError):
            await readers.run(lambda: 1 // 0)
        assert await readers.run(len, "abc") == 3
        readers.close()

    asyncio.run(asked())
