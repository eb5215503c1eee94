"""Scores: what is sent, to what they belong, and that none is lost to a bad neighbour or a short outage."""

from __future__ import annotations

import pytest
from sdk.conftest import new_provider
from sdk.servers import Sink

import spanglass
from spanglass.testing import Captured


def test_a_score_in_a_span_belongs_to_it(exporting: Sink) -> None:
    with spanglass.span("answer") as span:
        first = spanglass.score("helpful", value=True, comment="yes", metadata={"by": "ada"})
    second = spanglass.score("quality", 0.5, trace_id=span.trace_id, source="judge", evaluator_id="e1")
    spanglass.score("mood", "calm", session_id="s1", source="user", score_id="mine")
    with spanglass.context(session_id="s2"):
        spanglass.score("visits", 0)
    assert spanglass.flush()
    helpful, quality, mood, visits = exporting.scores()
    assert helpful.pop("timestamp_ns") > 1_700_000_000 * 10**9
    assert helpful == {
        "id": first,
        "name": "helpful",
        "value": True,
        "source": "code",
        "comment": "yes",
        "metadata": {"by": "ada"},
        "trace_id": span.trace_id,
        "span_id": span.span_id,
    }
    assert (quality["id"], quality["value"], quality["source"]) == (second, 0.5, "judge")
    assert "span_id" not in quality
    assert (mood["id"], mood["value"], mood["session_id"]) == ("mine", "calm", "s1")
    assert (visits["value"], visits["session_id"]) == (0, "s2")
    assert all(request.headers["authorization"] == "Bearer sg_secret" for request in exporting.requests)


def test_many_go_in_few_requests(exporting: Sink) -> None:
    for number in range(250):
        spanglass.score("n", number, session_id="s")
    assert spanglass.flush()
    assert [score["value"] for score in exporting.scores()] == list(range(250))
    assert len([request for request in exporting.requests if request.path == "/api/v1/scores"]) <= 10


def test_a_short_outage_loses_nothing(exporting: Sink) -> None:
    exporting.statuses.extend([503, 429])
    spanglass.score("n", 1, session_id="s")
    assert spanglass.flush(20)
    assert len(exporting.scores()) == 1


@pytest.mark.usefixtures("forgiving")
def test_one_that_is_refused_does_not_cost_the_others(sink: Sink) -> None:
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    sink.statuses.extend([400, 200, 400])
    for number in range(3):
        spanglass.score("n", number, session_id="s")
    receipt = spanglass.flush()
    assert (receipt.sent, receipt.dropped, receipt.pending) == (2, 1, 0)
    assert [score["value"] for score in sink.scores()] == [0, 2]


def test_a_score_of_nothing_is_dropped_with_a_word(seen: Captured, caplog: pytest.LogCaptureFixture) -> None:
    assert spanglass.score("lost", 1) is None
    assert seen.scores == []
    assert "belongs to no trace, span or session" in caplog.text


@pytest.mark.usefixtures("forgiving")
@pytest.mark.parametrize(("name", "value"), [("", 1), ("nan", float("nan")), ("list", [1]), ("none", None)])
def test_what_is_no_score_is_not_sent_and_not_raised(name: str, value: float) -> None:
    with spanglass.testing.captured(raise_errors=False) as seen:
        assert spanglass.score(name, value, session_id="s") is None
    assert seen.scores == []
    assert spanglass.stats().errors == 1
