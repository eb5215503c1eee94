"""``spanglass.carry``: a function runs anywhere as if it ran where it was carried from."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import queue
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from opentelemetry import baggage, trace
from opentelemetry import context as otel_context

import spanglass
from spanglass import semconv
from spanglass.testing import Captured


@spanglass.observe
def work(name: str = "") -> str | None:
    """Do some."""
    return spanglass.current_trace_id()


@spanglass.observe
async def work_async() -> str | None:
    await asyncio.sleep(0)
    return spanglass.current_trace_id()


def facts() -> tuple[str | None, object, object]:
    with spanglass.span("facts") as span:
        user = span.attributes.get(semconv.USER_ID)
    return spanglass.current_trace_id(), user, baggage.get_baggage("colour")


def test_it_runs_where_it_was_carried_from(seen: Captured) -> None:
    with spanglass.context(user_id="u1"), spanglass.span("root") as root:
        carried = spanglass.carry(work)
    assert carried("a") == carried(name="b") == root.trace_id
    with spanglass.span("elsewhere") as elsewhere:
        carried()
        assert work() == elsewhere.trace_id
    spans = [span for span in seen.spans if span.name == "work"]
    assert [span.parent_span_id for span in spans] == [root.span_id] * 3 + [elsewhere.span_id]
    assert [span.attributes.get(semconv.USER_ID) for span in spans] == ["u1"] * 3 + [None]


def test_carried_from_nowhere_it_is_below_nothing(seen: Captured) -> None:
    carried = spanglass.carry(work)
    with spanglass.span("root") as root:
        assert carried() != root.trace_id


def test_it_goes_through_a_queue_of_ones_own(seen: Captured) -> None:
    jobs: queue.SimpleQueue = queue.SimpleQueue()
    found: list[str | None] = []
    thread = threading.Thread(target=lambda: found.extend(job() for job in iter(jobs.get, None)))
    thread.start()
    given = []
    for name in ("one", "two"):
        with spanglass.span(name) as span:
            jobs.put(spanglass.carry(work))
            given.append(span.trace_id)
    jobs.put(None)
    thread.join()
    assert found == given
    assert len(set(found)) == 2


def test_another_event_loop(seen: Captured) -> None:
    def other_loop(carried) -> str | None:
        return asyncio.run(carried())

    async def main() -> tuple[str, str | None]:
        with spanglass.span("root") as root:
            carried = spanglass.carry(work_async)
        return root.trace_id, await asyncio.get_running_loop().run_in_executor(None, other_loop, carried)

    trace_id, found = asyncio.run(main())
    assert found == trace_id
    assert seen.span("work_async").parent_span_id == seen.span("root").span_id


def test_a_callback_of_the_event_loop(seen: Captured) -> None:
    async def main() -> tuple[str, str | None]:
        loop = asyncio.get_running_loop()
        called: asyncio.Future[str | None] = loop.create_future()
        with spanglass.span("root") as root:
            carried = spanglass.carry(work)
        loop.call_soon(lambda: called.set_result(carried()))
        return root.trace_id, await called

    trace_id, found = asyncio.run(main())
    assert found == trace_id


def test_a_coroutine_function_stays_one_and_leaves_no_trace(seen: Captured) -> None:
    async def main() -> None:
        with spanglass.span("root"):
            carried = spanglass.carry(work_async)
        await carried()
        assert not trace.get_current_span().get_span_context().is_valid
        assert inspect.iscoroutinefunction(carried)

    asyncio.run(main())
    assert seen.span("work_async").parent_span_id == seen.span("root").span_id


def test_generators_are_carried_step_by_step(seen: Captured) -> None:
    def steps() -> Iterator[str | None]:
        yield work()
        yield work()

    async def steps_async() -> AsyncIterator[str | None]:
        yield work()
        await asyncio.sleep(0)
        yield work()

    async def collect(carried) -> list[str | None]:
        return [item async for item in carried()]

    with spanglass.span("root") as root:
        carried, carried_async = spanglass.carry(steps), spanglass.carry(steps_async)
    found = []
    for item in carried():
        found.append(item)
        assert spanglass.current_trace_id() is None
    assert found + asyncio.run(collect(carried_async)) == [root.trace_id] * 4


def test_it_looks_like_the_function() -> None:
    carried = spanglass.carry(work)
    assert (carried.__name__, carried.__doc__, carried.__module__) == ("work", "Do some.", __name__)
    assert inspect.signature(carried) == inspect.signature(work)
    assert spanglass.carry(spanglass.carry(work)).__name__ == "work"
    assert "work" in repr(carried)


def test_an_exception_passes() -> None:
    def fail() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        spanglass.carry(fail)()
    assert otel_context.get_current() == {}


def test_it_is_pickled_with_span_baggage_and_facts(seen: Captured) -> None:
    token = otel_context.attach(baggage.set_baggage("colour", "deep blue"))
    with spanglass.context(user_id="ü1", tags=["a"], metadata={"n": 3}), spanglass.span("root") as root:
        carried = spanglass.carry(facts)
        data = pickle.dumps(carried)
    otel_context.detach(token)
    for restored in (pickle.loads(data), pickle.loads(pickle.dumps(pickle.loads(data))), copy.copy(carried)):
        assert restored() == (root.trace_id, "ü1", "deep blue")
    spans = [span for span in seen.spans if span.name == "facts"]
    assert {span.parent_span_id for span in spans} == {root.span_id}
    assert all(span.attributes["spanglass.metadata.n"] == 3 for span in spans)
    assert all(span.attributes[semconv.TAGS] == ["a"] for span in spans)


def test_what_cannot_be_pickled_fails_as_the_function_itself_does() -> None:
    def local() -> None: ...

    with pytest.raises((AttributeError, pickle.PicklingError)) as plain:
        pickle.dumps(local)
    with pytest.raises((AttributeError, pickle.PicklingError)) as carried:
        pickle.dumps(spanglass.carry(local))
    assert (carried.type, str(carried.value)) == (plain.type, str(plain.value))


def test_where_nothing_is_sampled_nothing_is_below_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with spanglass.testing.captured() as seen:
        with spanglass.span("root"):
            carried = pickle.loads(pickle.dumps(spanglass.carry(work)))
        carried()
    assert seen.spans == []
