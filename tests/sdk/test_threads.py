"""Work given to threads and pools is below the span it was given away in; what has no parent finds none there."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
from opentelemetry import context as otel_context

import spanglass
from spanglass import semconv, threads
from spanglass.testing import Captured

OTHER: ContextVar[str] = ContextVar("other", default="nothing")


@spanglass.observe
def work(name: str = "") -> str | None:
    return spanglass.current_trace_id()


def run(thread: threading.Thread) -> None:
    thread.start()
    thread.join()


def test_a_thread_is_below_the_span_it_was_started_in(seen: Captured) -> None:
    thread = threading.Thread(target=work)
    with spanglass.context(user_id="u1"), spanglass.span("root") as root:
        run(thread)
    run(threading.Thread(target=work))
    first, second = [span for span in seen.spans if span.name == "work"]
    assert (first.trace_id, first.parent_span_id) == (root.trace_id, root.span_id)
    assert first.attributes[semconv.USER_ID] == "u1"
    assert (second.parent_span_id, semconv.USER_ID in second.attributes) == ("", False)


def test_facts_alone_go_along_too(seen: Captured) -> None:
    with spanglass.context(user_id="u1"):
        run(threading.Thread(target=work))
    assert seen.span("work").attributes[semconv.USER_ID] == "u1"


def test_other_context_variables_stay_where_they_are(seen: Captured) -> None:
    found: list[str] = []
    token = OTHER.set("here")
    with spanglass.span("root"), ThreadPoolExecutor(1) as pool:
        run(threading.Thread(target=lambda: found.append(OTHER.get())))
        found.append(pool.submit(OTHER.get).result())
    OTHER.reset(token)
    assert found == ["nothing", "nothing"]


class Own(threading.Thread):
    def __init__(self) -> None:
        super().__init__()
        self.found: str | None = None

    def start(self) -> None:
        self.started = True
        super().start()

    def run(self) -> None:
        self.found = work()


def test_a_thread_class_with_its_own_start_and_run(seen: Captured) -> None:
    with spanglass.span("root") as root:
        thread = Own()
        run(thread)
    assert thread.started
    assert thread.found == root.trace_id
    assert "run" not in vars(thread)


def test_a_run_set_on_the_thread_itself(seen: Captured) -> None:
    found: list[str | None] = []

    def own() -> None:
        found.append(work())

    thread = threading.Thread()
    thread.run = own  # type: ignore[method-assign]
    with spanglass.span("root") as root:
        run(thread)
    assert found == [root.trace_id]
    assert thread.run is own


def test_a_timer(seen: Captured) -> None:
    with spanglass.span("root") as root:
        run(threading.Timer(0, work))
    assert seen.span("work").parent_span_id == root.span_id


def test_what_threads_refuse_they_refuse_as_before(seen: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unmade(threading.Thread):
        def __init__(self) -> None:
            """Forgets its base."""

    def full(*_args: object, **_kwargs: object) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    with spanglass.span("root"):
        thread = threading.Thread(target=work)
        run(thread)
        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()
        with pytest.raises(RuntimeError, match=r"thread.__init__\(\) not called"):
            Unmade().start()
        for name in ("_start_new_thread", "_start_joinable_thread"):  # of Python to 3.12, and from then on
            monkeypatch.setattr(threading, name, full, raising=False)
        unstarted = threading.Thread(target=work)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            unstarted.start()
        assert "run" not in vars(unstarted)


def test_an_exception_in_a_thread_is_told_as_before(seen: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    def fail() -> None:
        raise ValueError

    with spanglass.span("root"):
        run(threading.Thread(target=fail, name="failing"))
    assert [(args.exc_type, args.thread and args.thread.name) for args in told] == [(ValueError, "failing")]


@pytest.mark.usefixtures("forgiving")
def test_a_failure_of_our_own_does_not_keep_a_thread_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    with spanglass.testing.captured(raise_errors=False) as seen:
        monkeypatch.setattr(threads, "worth_carrying", None)
        with spanglass.span("root"):
            run(threading.Thread(target=work))
    assert seen.span("work").parent_span_id == ""
    assert spanglass.stats().errors == 1


@pytest.mark.parametrize("name", ["spanglass-send", "OtelBatchSpanRecordProcessor"])
def test_threads_that_send_spans_are_below_none(seen: Captured, name: str) -> None:
    with spanglass.span("root"):
        run(threading.Thread(target=work, name=name))
    assert seen.span("work").parent_span_id == ""


def test_tasks_are_below_the_span_they_were_made_in(seen: Captured) -> None:
    async def visit(name: str) -> None:
        await asyncio.sleep(0)
        work(name)

    async def main() -> None:
        with spanglass.span("create_task"):
            task = asyncio.create_task(visit("a"))
        with spanglass.span("gather"):
            await asyncio.gather(visit("b"), visit("c"))
        with spanglass.span("group"):
            async with asyncio.TaskGroup() as group:
                group.create_task(visit("d"))
                group.create_task(visit("e"))
        await task
        await visit("f")

    asyncio.run(main())
    assert seen.tree() == "create_task\n  work\ngather\n  work\n  work\ngroup\n  work\n  work\nwork"


def test_switched_off_nothing_is_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.Thread.start
    monkeypatch.setenv("SPANGLASS_PROPAGATE_CONTEXT", "0")
    with spanglass.testing.captured() as seen, spanglass.span("root"):
        assert threading.Thread.start is before
        run(threading.Thread(target=work))
    assert seen.span("work").parent_span_id == ""


def test_the_patches_are_there_once_and_can_be_taken_away() -> None:
    plain = threading.Thread.start
    assert not threads.follow(wanted=True)
    patched = threading.Thread.start
    assert patched is not plain
    assert threads.follow(wanted=True)
    assert threading.Thread.start is patched
    assert threads.follow(wanted=False)
    assert threading.Thread.start is plain


def test_a_patch_that_another_library_has_wrapped_does_nothing_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[otel_context.Context] = []

    def look() -> None:
        with spanglass.context(user_id="u1"):
            run(threading.Thread(target=lambda: found.append(otel_context.get_current())))

    threads.follow(wanted=True)
    ours = threading.Thread.start

    def theirs(self: threading.Thread) -> None:
        ours(self)

    monkeypatch.setattr(threading.Thread, "start", theirs)
    threads.follow(wanted=False)
    assert threading.Thread.start is theirs
    look()
    threads.follow(wanted=True)
    look()
    threads.follow(wanted=False)
    assert threading.Thread.start is theirs
    monkeypatch.undo()
    threads.follow(wanted=False)
    assert [bool(context) for context in found] == [False, True]
