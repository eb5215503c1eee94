from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from spanglass_collector.api.scores_body import InvalidField, scores_from_body
from spanglass_store.scores import Score

TRACE, SPAN = "ab" * 16, "cd" * 8


def read(body: Any) -> list[Score]:
    ids = count()
    return scores_from_body(json.dumps(body).encode(), project="p", now_ns=7, new_id=lambda: f"id{next(ids)}")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"value": 0.5}, ("numeric", 0.5, "")),
        ({"value": 1}, ("numeric", 1.0, "")),
        ({"value": True}, ("boolean", 1.0, "")),
        ({"value": 0, "data_type": "boolean"}, ("boolean", 0.0, "")),
        ({"value": "good"}, ("categorical", None, "good")),
        ({"value": "a long text", "data_type": "text"}, ("text", None, "a long text")),
    ],
)
def test_the_type_is_the_one_told_or_the_one_it_looks_like(
    told: dict[str, Any], expected: tuple[str, float | None, str]
) -> None:
    (score,) = read({"name": "n", "trace_id": TRACE} | told)
    assert (score.data_type, score.value, score.text_value) == expected


def test_everything_told_is_kept_and_the_rest_has_defaults() -> None:
    full = {
        "id": "mine", "name": "helpful", "value": 1, "trace_id": TRACE.upper(), "span_id": SPAN, "session_id": "s",
        "source": "human", "comment": "c", "evaluator_id": "e", "metadata": {"a": 1, "b": "x"}, "timestamp_ns": "5",
    }  # fmt: skip
    first, second = read([full, {"name": "n", "value": 2, "session_id": "s"}])
    assert first == Score(
        "p", "mine", "helpful", 5, TRACE, SPAN, "s", "numeric", 1.0, "", "human", "c", "e", {"a": "1", "b": "x"}, 7
    )
    assert (second.score_id, second.timestamp_ns, second.source, second.trace_id) == ("id0", 7, "code", "")


def test_scores_come_alone_in_a_list_or_wrapped() -> None:
    one = {"name": "n", "value": 1}
    assert [len(read(body)) for body in (one, [one, one], {"scores": [one]}, [])] == [1, 2, 1, 0]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"value": None}, "value"),
        ({"value": [1]}, "value"),
        ({"value": "x", "data_type": "numeric"}, "value"),
        ({"value": 2, "data_type": "boolean"}, "value"),
        ({"name": ""}, "name"),
        ({"trace_id": "zz"}, "trace_id"),
        ({"trace_id": "ab"}, "trace_id"),
        ({"span_id": SPAN, "trace_id": None}, "span_id"),
        ({"source": "nobody"}, "source"),
        ({"data_type": "colour"}, "data_type"),
        ({"timestamp_ns": -1}, "timestamp_ns"),
        ({"timestamp_ns": 2**63}, "timestamp_ns"),
        ({"tarce_id": TRACE}, "tarce_id"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField, match=f"^{field}: ") as refused:
        read({"name": "n", "value": 1, "trace_id": TRACE} | wrong)
    assert refused.value.field == field


@pytest.mark.parametrize(("body", "sentence"), [(b"{", "not JSON"), (b"7", "The body"), (b'[{"name": "n"}]', "value")])
def test_a_body_of_another_shape_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(InvalidField, match=sentence):
        scores_from_body(body, project="p", now_ns=7, new_id=str)
