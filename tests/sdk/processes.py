"""A program that starts processes of one sort inside and outside of spans; test_fork.py runs it for each sort.

What stands in every case: work of a span ``root`` of user u1 is below it in whatever process it runs, work that is
started outside of any span is below nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import spanglass
from spanglass.propagation import environment

warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of every fork beside a thread


@spanglass.observe
def work(name: str) -> str:
    with spanglass.span(name):
        return name


def os_fork() -> None:
    with spanglass.context(user_id="u1"), spanglass.span("root"):
        in_fork("child")
        work("parent")
    in_fork("outside")


def in_fork(name: str) -> None:
    child = os.fork()
    if child == 0:
        work(name)
        spanglass.flush()  # before os._exit, which leaves no time for anything
        os._exit(0)
    os.waitpid(child, 0)


def processes(method: str, wrap: Callable) -> None:
    context = multiprocessing.get_context(method)

    def run(function: Callable, *names: str) -> None:
        children = [context.Process(target=function, args=(name,)) for name in names]
        for child in children:
            child.start()
        for child in children:
            child.join()

    with spanglass.context(user_id="u1"), spanglass.span("root"):
        run(wrap(work), "child", "sibling")
        work("parent")
    run(work, "outside")


def executor(method: str) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        with spanglass.context(user_id="u1"), spanglass.span("root"):
            assert pool.submit(work, "child").result() == "child"
            assert list(pool.map(work, ["sibling"])) == ["sibling"]
            assert "<lambda>" in str(pool.submit(lambda: None).exception())
        assert pool.submit(work, "outside").result() == "outside"
        with spanglass.span("other"):
            pool.submit(work, "child of other").result()


def pool(method: str) -> None:
    with spanglass.span("made"):
        workers = multiprocessing.get_context(method).Pool(1)
    with spanglass.context(user_id="u1"), spanglass.span("root"):
        assert workers.apply(work, ("child",)) == "child"
        assert [*workers.map(work, ["sibling"]), *workers.imap(work, ["last"])] == ["sibling", "last"]
    assert workers.apply(work, ("outside",)) == "outside"
    with spanglass.span("other"):
        workers.starmap(work, [("child of other",)])
    workers.close()
    workers.join()


def subprocesses(*names: str) -> None:
    """Each name is that of a process, and the next one is started by it."""
    with spanglass.context(user_id="u1", tags=["a"]), spanglass.span("root"):
        started("child", "grandchild")
        work("parent")
    started("outside")


def started(*names: str) -> None:
    """A process that works under the first name, and in a span of it starts one for the others."""
    if names:
        subprocess.run([sys.executable, __file__, "started", *names], env={**os.environ, **environment()}, check=True)


def program(name: str, *others: str) -> None:
    with spanglass.span("process"):
        started(*others)
        work(name)


def itself(function: Callable) -> Callable:
    return function


WAYS: dict[str, Callable[..., None]] = {
    "os.fork": os_fork,
    "Process, fork": lambda: processes("fork", itself),
    "Process, spawn": lambda: processes("spawn", spanglass.carry),
    "Process, forkserver": lambda: processes("forkserver", spanglass.carry),
    "ProcessPoolExecutor, fork": lambda: executor("fork"),
    "ProcessPoolExecutor, spawn": lambda: executor("spawn"),
    "ProcessPoolExecutor, forkserver": lambda: executor("forkserver"),
    "Pool, fork": lambda: pool("fork"),
    "Pool, spawn": lambda: pool("spawn"),
    "subprocess": subprocesses,
    "started": program,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](*sys.argv[2:])
