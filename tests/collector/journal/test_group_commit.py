from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from spanglass_collector.errors import Busy, QueueFull
from spanglass_collector.journal.group_commit import GroupCommit, Step
from spanglass_collector.journal.record import Record


class Written:
    """What was written, in which writes. The first write waits to be let through."""

    def __init__(self) -> None:
        self.writes: list[tuple[list[str], bool]] = []
        self.may_go = threading.Event()
        self.error: Exception | None = None

    def __call__(self, records: Sequence[Record], sync: bool, essential: bool) -> None:
        self.may_go.wait(60)
        if self.error and not essential:
            raise self.error
        self.writes.append(([record.kind for record in records], sync))


def writing(kind: str, **options: bool):
    return lambda _: Step(lambda: kind, (Record(kind, {}),), **options)


def test_what_waits_is_written_together_and_nobody_is_answered_before() -> None:
    written = Written()
    writer = GroupCommit(written, lambda: None)
    results = [writer.submit(writing("a"))]
    results += [writer.submit(writing(kind, sync=kind == "c")) for kind in "bcd"]
    assert not any(result.done() for result in results)
    written.may_go.set()
    assert [result.result() for result in results] == list("abcd")
    writer.close()
    assert [kind for kinds, _ in written.writes for kind in kinds] == list("abcd")
    assert len(written.writes) <= 3
    assert any(sync for _, sync in written.writes)


def test_when_the_disk_refuses_what_leads_to_room_is_tried_alone() -> None:
    written = Written()
    written.error = OSError(28, "No space left on device")
    writer = GroupCommit(written, lambda: None)
    first = writer.submit(writing("x", essential=True))
    some = [
        writer.submit(writing("a")),
        writer.submit(writing("b", essential=True)),
        writer.submit(lambda _: Step(int)),
    ]
    written.may_go.set()
    assert (first.result(), some[1].result(), some[2].result()) == ("x", "b", 0)
    with pytest.raises(Busy, match="No space left") as refused:
        some[0].result()
    assert refused.value.retry_after_seconds == 5
    writer.close()


def test_a_plan_that_fails_fails_alone_with_its_own_error() -> None:
    written = Written()
    written.may_go.set()
    writer = GroupCommit(written, lambda: None)

    def full(_: object) -> Step[int]:
        msg = "full"
        raise QueueFull(msg)

    with pytest.raises(QueueFull):
        writer.submit(full).result()
    assert writer.submit(writing("a")).result() == "a"
    writer.close()


def test_after_an_error_that_nobody_foresaw_nothing_is_taken_any_more(caplog: pytest.LogCaptureFixture) -> None:
    written = Written()
    written.error = KeyError("a bug")
    writer = GroupCommit(written, lambda: None)
    results = [writer.submit(writing("a")) for _ in range(3)]
    written.may_go.set()
    for result in results:
        with pytest.raises(Busy, match="Restart the collector"):
            result.result(timeout=60)
    with pytest.raises(Busy, match="Restart the collector"):
        writer.submit(writing("b"))
    writer.close()
    assert "takes nothing any more" in caplog.text
    assert written.writes == []


def test_what_cannot_be_put_in_order_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    written = Written()
    written.may_go.set()

    def untidy() -> None:
        msg = "read-only"
        raise OSError(msg)

    writer = GroupCommit(written, untidy)
    assert [writer.submit(writing("a")).result() for _ in range(5)] == ["a"] * 5
    writer.close()
    assert caplog.text.count("cannot be put in order now: read-only") == 1
