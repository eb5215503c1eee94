"""Processes of every sort: their spans arrive, below the span that the work was started in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sdk.servers import Sink

from sdk import processes
from spanglass import semconv

PROGRAM = Path(processes.__file__)
IN_ROOT = ("root", "root > work > child")
IN_PROCESSES = (*IN_ROOT, "root > work > parent", "root > work > sibling", "work > outside")
IN_EXECUTOR = (*IN_ROOT, "other", "other > work > child of other", "root > work > sibling", "work > outside")
IN_POOL = ("made", *IN_EXECUTOR, "root > work > last")
BELOW = {
    "os.fork": (*IN_ROOT, "root > work > parent", "work > outside"),
    "Process, fork": IN_PROCESSES,
    "Process, spawn": IN_PROCESSES,
    "Process, forkserver": IN_PROCESSES,
    "ProcessPoolExecutor, fork": IN_EXECUTOR,
    "ProcessPoolExecutor, spawn": IN_EXECUTOR,
    "ProcessPoolExecutor, forkserver": IN_EXECUTOR,
    "Pool, fork": IN_POOL,
    "Pool, spawn": IN_POOL,
    "subprocess": (
        "root",
        "root > process",
        "root > process > process",
        "root > process > process > work > grandchild",
        "root > process > work > child",
        "root > work > parent",
        "process",
        "process > work > outside",
    ),
}


def paths(sink: Sink) -> dict[str, str | None]:
    """Each span as the names from the root of its trace down to it, with its user; ``work`` itself left out."""
    spans = {span["span_id"]: span for span in sink.spans()}
    assert len(spans) == len(sink.spans())

    def path(span_id: str) -> str:
        span = spans[span_id]
        parent = span["parent_span_id"]
        if not parent:
            return span["name"]
        assert spans[parent]["trace_id"] == span["trace_id"]
        return f"{path(parent)} > {span['name']}"

    users = {path(span_id): span["attributes"].get(semconv.USER_ID) for span_id, span in spans.items()}
    return {name: user for name, user in users.items() if not name.endswith("work")}


@pytest.mark.parametrize("way", BELOW)
def test_the_work_of_a_span_is_below_it_in_another_process(sink: Sink, way: str) -> None:
    ended = subprocess.run(
        [sys.executable, str(PROGRAM), way],
        env={**os.environ, "SPANGLASS_ENDPOINT": sink.url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    found = paths(sink)
    assert sorted(found) == sorted(BELOW[way])
    assert {name for name, user in found.items() if user == "u1"} == {name for name in found if "root" in name}
