"""Processes that an application makes out of itself: each sends its own spans, and only those."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sdk.export.collectors import TROUBLES
from sdk.export.programs import HURRY, moved, next_process, run
from sdk.servers import Sink


def test_a_forked_child_sends_its_own(sink: Sink) -> None:
    program = """
import os, spanglass, warnings
warnings.simplefilter("ignore", DeprecationWarning)
spanglass.init("fork")
with spanglass.span("before"): pass
child = os.fork()
with spanglass.span("child" if child == 0 else "parent"): pass
spanglass.score("by child" if child == 0 else "by parent", 1, trace_id="0" * 31 + "1")
os.write(1, f"{spanglass.stats().spans_ended}\\n".encode())  # in one piece: two processes write
if child == 0:
    spanglass.shutdown()
    os._exit(0)
os.waitpid(child, 0)
"""
    ended = run(program, SPANGLASS_ENDPOINT=sink.url)
    assert (ended.returncode, ended.stderr, sorted(ended.stdout.split())) == (0, "", ["1", "2"])
    assert sorted(span["name"] for span in sink.spans()) == ["before", "child", "parent"]
    assert sorted(score["name"] for score in sink.scores()) == ["by child", "by parent"]


def test_forked_again_and_again_while_threads_record_and_send(sink: Sink) -> None:
    """A lock that another thread holds at the fork is not held for ever in the child, and no span is sent twice."""
    program = """
import os, signal, spanglass, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
spanglass.init("fork")
stop = threading.Event()
def record(name):
    count = 0
    while not stop.wait(0.0005):
        with spanglass.span(f"{name}-{count}"): count += 1
threads = [threading.Thread(target=record, args=(f"thread{n}",)) for n in range(2)]
for thread in threads: thread.start()
for n in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(40)
        with spanglass.span(f"child-{n}"): pass
        receipt = spanglass.flush(30)
        os._exit(0 if receipt and receipt.sent == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
for thread in threads: thread.join()
spanglass.flush(30)
print(spanglass.stats().spans_sent)
"""
    ended = run(program, SPANGLASS_ENDPOINT=sink.url, SPANGLASS_EXPORT_INTERVAL_SECONDS="0.01")
    assert (ended.returncode, ended.stderr) == (0, "")
    spans = sink.spans()
    assert len({span["span_id"] for span in spans}) == len(spans) == int(ended.stdout) + 20
    names = Counter(span["name"].partition("-")[0] for span in spans)
    assert names["child"] == 20


def test_a_fork_waits_for_what_is_being_imported_in_the_background(sink: Sink) -> None:
    """In a child that began in the middle of it, nobody could import the same again."""
    program = """
import os, signal, spanglass, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)
began = threading.Event()
class Slow:
    def find_spec(self, name, *_):
        if name == "urllib3.connectionpool":
            began.set()
            time.sleep(0.3)
sys.meta_path.insert(0, Slow())
with spanglass.span("s"): pass
assert began.wait(30)
child = os.fork()
if child == 0:
    signal.alarm(10)
    import urllib3
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""
    ended = run(program, SPANGLASS_ENDPOINT=sink.url, SPANGLASS_EXPORT_INTERVAL_SECONDS="0.01")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "0\n", "")


CHILDREN = """
import multiprocessing, spanglass, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
def work(name):
    with spanglass.span(name): pass
if __name__ == "__main__":
    spanglass.init()
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=work, args=(f"child-{n}",)) for n in range(3)]
    for child in children: child.start()
    for child in children: child.join()
    print([child.exitcode for child in children])
"""


def test_children_of_multiprocessing_send_at_their_end(sink: Sink) -> None:
    ended = run(CHILDREN, SPANGLASS_ENDPOINT=sink.url)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "[0, 0, 0]\n", "")
    assert sorted(span["name"] for span in sink.spans()) == ["child-0", "child-1", "child-2"]


@pytest.mark.parametrize("trouble", ["refuses", "never answers"])
def test_children_of_multiprocessing_leave_what_they_cannot_send(trouble: str, spool: Path, sink: Sink) -> None:
    with TROUBLES[trouble]() as url:  # type: ignore[attr-defined]
        ended = run(CHILDREN, SPANGLASS_ENDPOINT=url, **HURRY)
        assert (ended.returncode, ended.stdout) == (0, "[0, 0, 0]\n")
    assert len(list(spool.rglob("*.parcel"))) == 3
    moved(spool, sink.url)
    next_process(sink, 3)
