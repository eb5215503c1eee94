"""Every error of the collector and of the store has a status that says what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from spanglass_collector import errors
from spanglass_collector.api.answers import answer_errors
from spanglass_collector.api.scores_body import InvalidField
from spanglass_store import errors as store_errors
from spanglass_store.mutations import MutationFailed

SENTENCE = "This is why."
STATUSES: dict[type[Exception], tuple[int, Exception]] = {
    errors.CollectorError: (503, errors.CollectorError(SENTENCE)),
    errors.Rejected: (400, errors.Rejected(SENTENCE)),
    InvalidField: (400, InvalidField(SENTENCE, field="value")),
    errors.Unauthenticated: (401, errors.Unauthenticated(SENTENCE)),
    errors.Forbidden: (403, errors.Forbidden(SENTENCE)),
    errors.TooLarge: (413, errors.TooLarge(SENTENCE)),
    errors.Unsupported: (415, errors.Unsupported(SENTENCE)),
    errors.Busy: (503, errors.Busy(SENTENCE, retry_after_seconds=7)),
    errors.QueueFull: (429, errors.QueueFull(SENTENCE, retry_after_seconds=7)),
    errors.RateLimited: (429, errors.RateLimited(SENTENCE, retry_after_seconds=7)),
    errors.StartRefused: (503, errors.StartRefused(SENTENCE)),
    errors.QueueInUse: (503, errors.QueueInUse(Path("x"))),
    errors.PortTaken: (503, errors.PortTaken("h", 1)),
    errors.RulesRefused: (503, errors.RulesRefused(Path("x"), "y")),
    store_errors.StoreError: (503, store_errors.StoreError(SENTENCE)),
    store_errors.StoreUnavailable: (503, store_errors.StoreUnavailable(SENTENCE)),
    store_errors.StoreRejected: (503, store_errors.StoreRejected(SENTENCE)),
    store_errors.QueryTooExpensive: (422, store_errors.QueryTooExpensive(SENTENCE)),
    store_errors.FileUnusable: (503, store_errors.FileUnusable(SENTENCE)),
    store_errors.DataDirInUse: (503, store_errors.DataDirInUse(Path("x"))),
    store_errors.PortTaken: (503, store_errors.PortTaken("h", 1)),
    MutationFailed: (503, MutationFailed(SENTENCE)),
}


def tree(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_no_error_is_left_out() -> None:
    ours = {*tree(errors.CollectorError), *tree(store_errors.StoreError)}
    assert {
        each for each in ours if each.__module__.startswith(("spanglass_collector", "spanglass_store"))
    } <= STATUSES.keys()


@pytest.mark.parametrize("kind", list(STATUSES), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_an_error_is_a_status_and_a_sentence(kind: type[Exception]) -> None:
    status, error = STATUSES[kind]
    api = FastAPI()
    answer_errors(api)

    @api.get("/")
    async def failing() -> None:
        raise error

    answer = TestClient(api).get("/")
    assert answer.status_code == status
    assert answer.json()["error"].endswith(str(error))
    assert ("retry-after" in answer.headers) == (status in {429, 503})


def test_what_may_be_told_of_the_database_is_the_reason_not_the_address() -> None:
    api = FastAPI()
    answer_errors(api)

    @api.get("/")
    async def failing() -> None:
        msg = "traces: Code: 47. Unknown identifier (for url http://10.0.0.7:8123)"
        raise store_errors.StoreRejected(msg)

    assert TestClient(api).get("/").json() == {"error": "traces: Code: 47. Unknown identifier"}
