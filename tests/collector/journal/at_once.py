"""The queue's writer without its thread: the same steps are the same run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from spanglass_collector.journal.group_commit import GroupCommit, Plan, _Job


class AtOnce(GroupCommit):
    """Does everything in the caller's thread."""

    jobs: list[_Job[Any]] | None = None

    def submit(self, plan: Plan[Any]) -> Future[Any]:
        job = _Job(plan, Future())
        job.result.set_running_or_notify_cancel()
        if self.jobs is None:
            self._commit([job])
        else:
            self.jobs.append(job)
        return job.result

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is submitted within goes into one write."""
        self.jobs = []
        yield
        jobs, self.jobs = self.jobs, None
        self._commit(jobs)
