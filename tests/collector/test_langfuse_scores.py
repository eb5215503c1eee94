from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from spanglass_collector.api.langfuse_scores import Refused, told_events, told_scores
from spanglass_collector.api.scores_body import InvalidField, scores_from_json
from spanglass_store.scores import Score

TRACE, SPAN = "ab" * 16, "cd" * 8
READ = partial(scores_from_json, project="p", now_ns=7, new_id=lambda: "new")
NAMED = {"name": "n", "value": 1, "traceId": TRACE}


def test_everything_told_is_kept() -> None:
    sent = {
        "id": "mine", "traceId": TRACE, "observationId": SPAN, "sessionId": "s", "name": "tone", "value": "kind",
        "dataType": "CATEGORICAL", "comment": "c", "source": "ANNOTATION", "timestamp": "2026-01-02T03:04:05.000006Z",
        "metadata": {"a": 1}, "environment": "test", "configId": "k", "datasetRunId": "r", "queueId": None, "later": 1,
    }  # fmt: skip
    told = told_scores([sent], READ)
    metadata = {"a": "1", "environment": "test", "config_id": "k", "dataset_run_id": "r"}
    assert told.scores == [
        Score(
            "p", "mine", "tone", 1_767_323_045_000_006_000, TRACE, SPAN, "s", "categorical", None, "kind", "human", "c",
            "", metadata, 7,
        )
    ]  # fmt: skip
    assert (told.accepted, told.refused) == (["mine"], [])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"value": 0.5}, ("numeric", 0.5, "")),
        ({"value": 1.0, "dataType": "BOOLEAN"}, ("boolean", 1.0, "")),
        ({"value": "good"}, ("categorical", None, "good")),
        ({"value": "long", "dataType": "TEXT"}, ("text", None, "long")),
        ({"value": "better", "dataType": "CORRECTION"}, ("text", None, "better")),
    ],
)
def test_types_are_those_of_ours(told: dict[str, Any], expected: tuple[str, float | None, str]) -> None:
    (score,) = told_scores([NAMED | told], READ).scores
    assert (score.data_type, score.value, score.text_value) == expected


@pytest.mark.parametrize("told", [{}, {"timestamp": "yesterday"}, {"timestamp": 5}, {"environment": "default"}])
def test_what_is_left_out_or_unreadable_has_a_default(told: dict[str, Any]) -> None:
    (score,) = told_scores([NAMED | told], READ).scores
    assert (score.timestamp_ns, score.score_id, score.source, score.metadata) == (7, "new", "code", {})


def test_a_time_without_a_zone_is_utc_and_metadata_may_be_any_value() -> None:
    (score,) = told_scores([NAMED | {"timestamp": "1970-01-01T00:00:01", "metadata": ["x"]}], READ).scores
    assert (score.timestamp_ns, score.metadata) == (1_000_000_000, {"metadata": '["x"]'})


def test_each_stands_for_itself() -> None:
    told = told_scores([NAMED, {"id": "a", "name": "n", "value": 1, "traceId": "zz"}, {"id": "b"}, 7], READ)
    assert (len(told.scores), told.accepted) == (1, [""])
    assert [each.id for each in told.refused] == ["a", "b", ""]
    assert told.refused[0] == Refused("a", "trace_id: 32 hexadecimal digits are needed.")


def test_of_events_only_scores_are_taken_and_the_reason_is_told() -> None:
    at = "1970-01-01T00:00:02Z"
    events = [
        {"id": "e1", "type": "score-create", "timestamp": at, "body": NAMED},
        {"id": "e2", "type": "trace-create", "timestamp": at, "body": {"id": "t"}},
        {"id": "e3", "type": "sdk-log", "timestamp": at, "body": {"log": "x"}},
        {"id": "e4", "type": "score-create", "timestamp": at, "body": None},
        "e5",
    ]
    told = told_events({"batch": events, "metadata": {}}, READ)
    assert [score.timestamp_ns for score in told.scores] == [2_000_000_000]
    assert told.accepted == ["e1"]
    assert [each.id for each in told.refused] == ["e2", "e4", ""]
    assert "OTLP" in told.refused[0].reason


@pytest.mark.parametrize("sent", [None, [], {}, {"batch": 1}])
def test_without_a_batch_there_is_nothing_to_say(sent: Any) -> None:
    with pytest.raises(InvalidField, match="batch"):
        told_events(sent, READ)
