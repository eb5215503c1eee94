"""Processes that end: in time, with nothing lost, whatever the collector does; and what the next one finds."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sdk.export.collectors import TROUBLES, listening, silent
from sdk.export.programs import HURRY, WORK, moved, next_process, run
from sdk.servers import Sink


def test_the_environment_alone_suffices_and_the_end_of_the_process_sends(sink: Sink) -> None:
    ended = run(WORK, SPANGLASS_ENDPOINT=sink.url + "/v1/traces/", SPANGLASS_SERVICE="job", SPANGLASS_RAISE_ERRORS="1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")
    assert len(sink.spans()) == 2
    assert sink.spans()[0]["resource"]["service.name"] == "job"
    assert [score["name"] for score in sink.scores()] == ["s"]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_end_waits_no_longer_than_told_and_the_next_process_sends(trouble: str, spool: Path, sink: Sink) -> None:
    with TROUBLES[trouble]() as url:  # type: ignore[attr-defined]
        began = time.monotonic()
        ended = run(WORK, SPANGLASS_ENDPOINT=url, SPANGLASS_TIMEOUT_SECONDS="60", **HURRY)
        assert time.monotonic() - began < 30  # with the 60 of the request it would be more
    assert (ended.returncode, ended.stdout) == (0, "done\n")
    assert ended.stderr.count("\n") <= 2  # one line, if anything, and no stack trace
    assert Counter(path.name.split("-")[2] for path in spool.rglob("*.parcel")) == {"spans": 1, "scores": 1}
    moved(spool, sink.url)
    next_process(sink, 2)
    assert [span["name"] for span in sink.spans()] == ["work", "work"]
    assert [score["name"] for score in sink.scores()] == ["s"]


def test_the_end_does_not_wait_for_an_answer_that_does_not_come(sink: Sink, spool: Path) -> None:
    sink.hangs = threading.Event()
    ended = run(WORK, SPANGLASS_ENDPOINT=sink.url, SPANGLASS_TIMEOUT_SECONDS="60", **HURRY)
    assert sink.requests == []  # the collector had not answered yet when the process had gone
    assert (ended.returncode, ended.stdout) == (0, "done\n")
    assert len(list(spool.rglob("*.parcel"))) == 2


def test_many_processes_leave_spans_and_the_next_ones_send_each_once(sink: Sink, spool: Path) -> None:
    program = """
import spanglass
for number in range(50):
    with spanglass.span(f"{me}-{number}"): pass
"""
    sink.rule = lambda _: 503
    for me in range(3):
        assert run(f"me = {me}\n" + program, SPANGLASS_ENDPOINT=sink.url).returncode == 0
    assert len(list(spool.rglob("*.parcel"))) == 3
    sink.rule = lambda _: 200
    next_process(sink, 150)
    assert sorted(span["name"] for span in sink.spans()) == sorted(f"{me}-{n}" for me in range(3) for n in range(50))
    assert list(spool.rglob("*.*")) == []


def test_what_was_left_is_sent_after_what_is_new(sink: Sink) -> None:
    sink.rule = lambda _: 503
    run('import spanglass\nwith spanglass.span("old"): pass', SPANGLASS_ENDPOINT=sink.url)
    sink.rule = lambda _: 200
    program = """
import spanglass, time
spanglass.init()
with spanglass.span("new"): pass
receipt = spanglass.flush()
while spanglass.stats().spans_recovered < 1: time.sleep(0.02)
print(receipt, spanglass.stats())
"""
    ended = run(program, SPANGLASS_ENDPOINT=sink.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Receipt(sent=1, spooled=0, dropped=0, pending=0)" in ended.stdout
    assert "spans_ended=1, spans_sent=1, spans_spooled=0" in ended.stdout
    assert sorted(span["name"] for span in sink.spans()) == ["new", "old"]


def test_what_a_process_that_was_killed_had_spooled_is_there(sink: Sink, spool: Path) -> None:
    program = """
import os, signal, spanglass
with spanglass.span("kept"): pass
spanglass.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
    sink.rule = lambda _: 503
    assert run(program, SPANGLASS_ENDPOINT=sink.url).returncode < 0
    sink.rule = lambda _: 200
    next_process(sink, 1)
    assert [span["name"] for span in sink.spans()] == ["kept"]


def test_a_spooled_parcel_under_way_at_the_end_is_free_for_the_next(spool: Path, sink: Sink) -> None:
    """The process ends while it waits for an answer to what an earlier one left: it lets go of it."""
    sink.rule = lambda _: 503
    run('import spanglass\nwith spanglass.span("left"): pass', SPANGLASS_ENDPOINT=sink.url)
    program = """
import os, spanglass, time
spanglass.init()
while not any(name.endswith(".taken") for *_, names in os.walk(os.environ["SPANGLASS_SPOOL_DIR"]) for name in names):
    time.sleep(0.01)
"""
    with listening(silent) as url:
        moved(spool, url)
        ended = run(program, SPANGLASS_ENDPOINT=url, **HURRY)
        assert (ended.returncode, ended.stderr) == (0, "")
    assert [path.suffix for path in spool.rglob("*-*")] == [".parcel"]
    moved(spool, sink.url)
    sink.rule = lambda _: 200
    next_process(sink, 1)


def test_off_is_off(sink: Sink, spool: Path) -> None:
    sink.rule = lambda _: 503
    ended = run(WORK, SPANGLASS_ENDPOINT=sink.url, SPANGLASS_SPOOL_DIR="off")
    assert (ended.returncode, ended.stdout) == (0, "done\n")
    assert re.search("spans are dropped", ended.stderr)
    assert not spool.exists()


def test_a_process_with_more_than_it_can_pack_in_time_accounts_for_each_span(sink: Sink) -> None:
    program = """
import spanglass, time
spanglass.init()
for _ in range(3_000):
    with spanglass.span("s", input="x" * 1_000): pass
spanglass.shutdown(0)
deadline = time.monotonic() + 30
while True:  # what was being packed is written down still
    now = spanglass.stats()
    if (now.spans_ended == 3_000 and not now.spans_pending) or time.monotonic() > deadline: break
    time.sleep(0.01)
print(now)
"""
    ended = run(program, SPANGLASS_ENDPOINT=sink.url, SPANGLASS_EXPORT_INTERVAL_SECONDS="60")
    assert ended.returncode == 0
    told = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", ended.stdout)}
    assert (told["spans_ended"], told["spans_pending"]) == (3_000, 0)
    assert told["spans_sent"] + told["spans_spooled"] + told["spans_dropped"] == 3_000


def test_importing_is_light() -> None:
    heavy = ("pydantic", "requests", "google.protobuf", "openai", "http.client", "urllib3", "asyncio.events")
    ended = run(f"import sys, spanglass; print([name for name in {heavy} if name in sys.modules])")
    assert (ended.stdout, ended.stderr) == ("[]\n", "")


def test_a_connection_that_is_opened_at_the_end_is_closed(sink: Sink) -> None:
    program = """
import spanglass
for name in ("first", "last"):
    with spanglass.span(name): pass
    if name == "first": spanglass.flush()
"""
    ended = run(program, SPANGLASS_ENDPOINT=sink.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [span["name"] for span in sink.spans()] == ["first", "last"]


def test_opentelemetry_switched_off_switches_us_off(spool: Path) -> None:
    ended = run(WORK + "print(spanglass.stats().spans_ended)", OTEL_SDK_DISABLED="true")
    assert ended.stdout == "done\n0\n"
    assert not spool.exists()
