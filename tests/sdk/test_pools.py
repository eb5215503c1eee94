"""Work given to a pool is below the span it was given away in, whoever works on it; the pool itself is below none."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import dummy
from multiprocessing.pool import ThreadPool

import pytest

import spanglass
from spanglass.testing import Captured


@spanglass.observe
def work(name: str = "") -> str | None:
    return spanglass.current_trace_id()


def test_a_pool_runs_each_task_where_it_was_submitted(seen: Captured) -> None:
    with ThreadPoolExecutor(1) as pool:
        with spanglass.span("first") as first:
            pool.submit(work).result()
        pool.submit(work).result()
        with spanglass.span("second") as second:
            assert list(pool.map(work, ["a", "b"])) == [second.trace_id] * 2
        pool.submit(work).result()
    parents = [span.parent_span_id for span in seen.spans if span.name == "work"]
    assert parents == [first.span_id, "", second.span_id, second.span_id, ""]


def test_a_task_outlives_its_span(seen: Captured) -> None:
    may_go = threading.Event()

    def late() -> str | None:
        may_go.wait(10)
        return work()

    with ThreadPoolExecutor(1) as pool:
        with spanglass.span("root") as root:
            future = pool.submit(late)
        may_go.set()
        assert future.result() == root.trace_id
    assert seen.span("work").parent_span_id == root.span_id


class Counting(ThreadPoolExecutor):
    submitted = 0

    def submit(self, fn, /, *args, **kwargs):
        self.submitted += 1
        return super().submit(fn, *args, **kwargs)


def test_a_pool_class_with_its_own_submit(seen: Captured) -> None:
    with spanglass.span("root") as root, Counting(2) as pool:
        assert pool.submit(work, name="x").result() == root.trace_id
        assert list(pool.map(work, "ab")) == [root.trace_id] * 2
    assert pool.submitted == 3


def test_what_pools_refuse_they_refuse_as_before(seen: Captured) -> None:
    with spanglass.span("root"):
        pool = ThreadPoolExecutor(1)
        with pytest.raises(TypeError, match="submit"):
            pool.submit()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="not callable"):
            pool.submit(None).result()  # type: ignore[arg-type]
        pool.shutdown()
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(work)


def test_asyncio_gives_work_to_threads(seen: Captured) -> None:
    async def main() -> tuple[str | None, ...]:
        loop = asyncio.get_running_loop()
        with spanglass.span("root") as root:
            inside = (await asyncio.to_thread(work), await loop.run_in_executor(None, work), root.trace_id)
        return *inside, await loop.run_in_executor(None, work), await asyncio.to_thread(work)

    inside, also_inside, trace, outside, also_outside = asyncio.run(main())
    assert inside == also_inside == trace
    assert len({trace, outside, also_outside}) == 3


def test_a_pool_of_multiprocessing(seen: Captured) -> None:
    with spanglass.span("made"):
        pool = ThreadPool(1)
    with pool:
        with spanglass.span("root") as root:
            told = [
                pool.apply(work),
                pool.apply_async(func=work).get(),
                *pool.map(work, ["a"]),
                *pool.starmap(work, [("a",)]),
                *pool.imap(work, ["a"]),
                *pool.imap_unordered(work, ["a"]),
            ]
            assert told == [root.trace_id] * 6
        pool.apply(work)
    pool.join()
    assert [span.parent_span_id for span in seen.spans if span.name == "work"] == [root.span_id] * 6 + [""]


def test_a_process_of_multiprocessing_dummy_is_a_thread(seen: Captured) -> None:
    with spanglass.span("root") as root:
        process = dummy.Process(target=work)
        process.start()
        process.join()
    assert seen.span("work").parent_span_id == root.span_id


def test_a_pool_that_is_imported_later_is_patched_then() -> None:
    program = """
import sys, spanglass, spanglass.testing
with spanglass.testing.captured():
    assert "multiprocessing.pool" not in sys.modules
    from multiprocessing.pool import ThreadPool
    with ThreadPool(1) as pool, spanglass.span("root") as root:
        assert pool.apply(spanglass.current_trace_id) == root.trace_id
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
