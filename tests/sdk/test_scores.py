"""Scores: what is sent, to what they belong, and that none is lost to a bad neighbour or a short outage."""

from __future__ import annotations

import time
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from sdk.conftest import new_provider
from sdk.servers import Sink

import spanglass
from spanglass import semconv
from spanglass.scores import InvalidScore
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
    given = spanglass.score("n", 1, session_id="s")
    deadline = time.monotonic() + 60
    while not exporting.scores() and time.monotonic() < deadline:
        spanglass.flush(1)
    assert [score["id"] for score in exporting.scores()] == [given]


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


class Mood(StrEnum):
    CALM = "calm"


GOOD = [
    ({"value": 3}, 3, int),
    ({"value": -0.5}, -0.5, float),
    ({"value": True}, True, bool),
    ({"value": "calm"}, "calm", str),
    ({"value": Mood.CALM}, "calm", str),
    ({"value": "long words", "data_type": "text"}, "long words", str),
    ({"value": 1, "data_type": "boolean"}, True, bool),
    ({"value": False, "data_type": "numeric"}, 0, int),
    ({"value": Decimal("0.25")}, 0.25, float),
    ({"value": Fraction(1, 4)}, 0.25, float),
    ({"value": 2**70}, float(2**70), float),
    ({"value": np.float32(0.5)}, 0.5, float),
    ({"value": np.int64(7)}, 7, int),
    ({"value": np.array([True])}, True, bool),
    ({"value": np.array([0.5])}, 0.5, float),
]


@pytest.mark.parametrize(("told", "value", "kind"), GOOD)
def test_every_sort_of_value_becomes_one_that_json_has(
    told: dict[str, Any], value: object, kind: type, exporting: Sink
) -> None:
    assert spanglass.score("n", session_id="s", **told)
    assert spanglass.flush()
    (sent,) = exporting.scores()
    assert sent["value"] == value
    assert type(sent["value"]) is kind
    assert sent.get("data_type") == told.get("data_type")


TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

BAD = [
    ({"name": ""}, "1 to 200 characters"),
    ({"name": "n" * 201}, "1 to 200 characters"),
    ({"name": 3}, "1 to 200 characters"),
    ({"score_id": "i" * 201}, "1 to 200 characters"),
    ({"value": float("nan")}, "must be a finite number, True, False or a text"),
    ({"value": float("-inf")}, "must be a finite number"),
    ({"value": 10**400}, "must be a finite number"),
    ({"value": [1]}, "must be a finite number"),
    ({"value": None}, "must be a finite number"),
    ({"value": "good", "data_type": "numeric"}, "must be a finite number; it is 'good'"),
    ({"value": 0.5, "data_type": "boolean"}, "must be True or False"),
    ({"value": 1, "data_type": "categorical"}, "must be a text"),
    ({"value": 1, "data_type": "number"}, "which 'number' is not"),
    ({"source": "model"}, "one of code, human, judge, user"),
    ({"trace_id": "abc"}, "32 hexadecimal digits"),
    ({"trace_id": "0" * 32}, "not only zeros"),
    ({"trace_id": "g" * 32}, "32 hexadecimal digits"),
    ({"trace_id": TRACE, "span_id": TRACE}, "16 hexadecimal digits"),
    ({"span_id": SPAN}, "a span is found by its trace"),
]


@pytest.mark.parametrize(("told", "sentence"), BAD)
def test_what_is_no_score_is_said_in_a_sentence(told: dict[str, Any], sentence: str, seen: Captured) -> None:
    with pytest.raises(InvalidScore, match=sentence):
        spanglass.score(**{"name": "n", "value": 1, "session_id": "s", **told})
    assert seen.scores == []


@pytest.mark.usefixtures("forgiving")
@pytest.mark.parametrize(("told", "sentence"), BAD)
def test_what_is_no_score_is_not_sent_and_not_raised(
    told: dict[str, Any], sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    with spanglass.testing.captured(raise_errors=False) as seen:
        assert spanglass.score(**{"name": "n", "value": 1, "session_id": "s", **told}) is None
        assert spanglass.score("next", 1, session_id="s") is not None
    assert [score["name"] for score in seen.scores] == ["next"]
    assert spanglass.stats().errors == 1
    assert sentence in caplog.text


def test_ids_as_opentelemetry_has_them(seen: Captured) -> None:
    with spanglass.span("answer") as span:
        pass
    own = span.get_span_context()
    spanglass.score("n", 1, trace_id=own.trace_id, span_id=own.span_id)
    spanglass.score("n", 1, trace_id=TRACE.upper())
    assert (seen.scores[0]["trace_id"], seen.scores[0]["span_id"]) == (span.trace_id, span.span_id)
    assert (seen.scores[1]["trace_id"], "span_id" in seen.scores[1]) == (TRACE, False)


def test_long_texts_are_cut_and_odd_ones_can_be_sent(exporting: Sink) -> None:
    spanglass.score("\ud800", "\ud800" + "x" * 100_000, comment="c" * 100_000, session_id="s")
    assert spanglass.flush()
    (sent,) = exporting.scores()
    assert (sent["name"], sent["value"][:2]) == ("?", "?x")
    assert len(sent["value"]) <= 65_536
    assert len(sent["comment"]) <= 65_536


def test_feedback_is_a_score_of_the_user(seen: Captured) -> None:
    with spanglass.context(user_id="ada"), spanglass.span("answer"):
        trace_id = spanglass.current_trace_id()
    up = spanglass.feedback(trace_id, value=True, comment="just what I wanted", user_id="ada")
    (score,) = seen.scores
    assert score.pop("timestamp_ns") > 1_700_000_000 * 10**9
    assert score == {
        "id": up,
        "name": "user_feedback",
        "value": True,
        "source": "user",
        "comment": "just what I wanted",
        "trace_id": trace_id,
        "metadata": {semconv.USER_ID: "ada"},
    }


def test_a_user_who_changes_their_mind_replaces_what_they_said(seen: Captured) -> None:
    with spanglass.context(user_id="ada"):
        up = spanglass.feedback(TRACE, value=True)
    assert spanglass.feedback(TRACE, value=False, user_id="ada") == up
    others = [
        spanglass.feedback(TRACE, value=True),
        spanglass.feedback(TRACE, value=True, user_id="bob"),
        spanglass.feedback(TRACE, value=True, user_id="ada", span_id=SPAN),
        spanglass.feedback(TRACE, 4, user_id="ada", name="rating"),
        spanglass.feedback(TRACE[::-1], value=True, user_id="ada"),
    ]
    assert len({up, *others}) == 6
    assert [score["value"] for score in seen.scores] == [True, False, True, True, True, 4, True]


def test_feedback_in_words_and_of_what_is_running(seen: Captured) -> None:
    with spanglass.span("answer") as span:
        spanglass.feedback(None, "far too long")
        spanglass.feedback(None, "far too long")
    first, second = seen.scores
    assert (first["value"], first["data_type"], first["trace_id"]) == ("far too long", "text", span.trace_id)
    assert first["id"] != second["id"]


@pytest.mark.usefixtures("forgiving")
def test_switched_off_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANGLASS_ENABLED", "0")
    spanglass.init()
    assert spanglass.score("n", 1, trace_id=TRACE) is None
    assert spanglass.feedback(TRACE, value=True) is None
    assert spanglass.stats().scores_taken == 0
