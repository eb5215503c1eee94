"""What Langfuse's SDKs ask beside sending spans, by bare requests. ``tests/dropin`` runs the SDKs."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from collector.serving import serving, settings
from collector.test_app import post, trace_of
from collector.waiting import until
from collector.wire import body_of, model_call

from spanglass_store.connection import Store

pytestmark = pytest.mark.clickhouse
AUTHORIZATION = {"authorization": "Basic " + base64.b64encode(b"pk-lf-1:sk-lf-1").decode()}


@pytest.fixture
def client(tmp_path: Path, store: Store, store_url: str) -> Iterator[httpx.Client]:
    with serving(settings(tmp_path, store_url)) as served:
        served.headers.update(AUTHORIZATION)
        yield served


def test_scores_of_every_version_are_on_their_trace(client: httpx.Client) -> None:
    span = model_call()
    post(client, body_of(span))
    one = {"id": "s1", "name": "one", "value": 1, "traceId": span.trace_id}
    alone = client.post("/api/public/scores", json=one)
    assert (alone.status_code, alone.json()) == (200, {"id": "s1"})

    batch = client.post("/api/public/scores", json=[one | {"id": "s2", "observationId": span.span_id}])
    assert (batch.status_code, batch.json()) == (202, {"message": "Accepted"})

    half = client.post("/api/public/scores", json=[one | {"id": "s3"}, {"name": "two"}])
    assert (half.status_code, half.json()["accepted"], half.json()["rejected"]) == (207, 1, 1)
    assert half.json()["errors"] == [{"message": "value: a number, true or false, or a text is needed."}]

    events = [{"id": "e1", "type": "score-create", "body": one | {"id": "s4"}}, {"id": "e2", "type": "trace-create"}]
    told = client.post("/api/public/ingestion", json={"batch": events})
    assert (told.status_code, told.json()["successes"]) == (207, [{"id": "e1", "status": 201}])
    assert [(each["id"], each["status"]) for each in told.json()["errors"]] == [("e2", 400)]

    def scores() -> tuple[set[str], set[str]]:
        trace = trace_of(client, span.trace_id)
        return {s["id"] for s in trace["scores"]}, {s["id"] for s in trace["spans"][0]["scores"]}

    until(lambda: scores() == ({"s1", "s3", "s4"}, {"s2"}))


def test_what_is_not_here_is_said_to_be_not_here(client: httpx.Client) -> None:
    assert client.get("/api/public/projects").json()["data"][0]["name"] == "default"
    prompt = client.get("/api/public/v2/prompts/greeting")
    assert (prompt.status_code, "/v2/prompts/greeting" in prompt.json()["message"]) == (404, True)
    assert client.post("/api/public/media", json={}).status_code == 404
    wrong = client.post("/api/public/scores", json={"name": "n"})
    assert (wrong.status_code, "value" in wrong.json()["error"]) == (400, True)
    assert client.post("/api/public/ingestion", json=[]).status_code == 400
