"""What becomes of a parcel that the collector does not take as it is."""

from __future__ import annotations

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sdk.export import spans as made

from spanglass.export.divide import divided
from spanglass.export.parcel import Goods, Parcel
from spanglass.export.transport import judged

TOO_LARGE, UNREADABLE, NO_KEY = judged(413), judged(400), judged(401)
SCORES = [{"name": str(number)} for number in range(5)]


def scores(told: list[dict[str, str]]) -> Parcel:
    return Parcel(Goods.SCORES, orjson.dumps(told), len(told))


def size_of(parcel: Parcel) -> int:
    message = ExportTraceServiceRequest.FromString(bytes(parcel.body))
    return sum(len(scope.spans) for resource in message.resource_spans for scope in resource.scope_spans)


def test_spans_that_are_too_many_are_halved() -> None:
    parts = divided(made.parcel([made.a_span(span_id=number) for number in range(1, 6)]), TOO_LARGE)
    assert [part.count for part in parts] == [3, 2] == [size_of(part) for part in parts]
    assert {part.goods for part in parts} == {Goods.SPANS}
    assert [part.count for part in divided(parts[1], TOO_LARGE)] == [1, 1]


def test_a_single_span_is_shortened_until_nothing_can_be_cut() -> None:
    parcel, sizes = made.parcel([made.a_span({"long": "x" * 100_000, "other": 1})]), []
    while parts := divided(parcel, TOO_LARGE):
        (parcel,) = parts
        assert parcel.count == 1 == size_of(parcel)
        sizes.append(len(parcel.body))
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) > 2
    assert sizes[-1] < 2_000


def test_a_single_span_without_long_texts_is_given_up() -> None:
    assert divided(made.parcel([made.a_span({"data": b"x" * 100_000})]), TOO_LARGE) == []


def test_scores_that_are_too_many_are_halved_and_one_is_given_up() -> None:
    parts = divided(scores(SCORES), TOO_LARGE)
    assert [orjson.loads(part.body) for part in parts] == [SCORES[:3], SCORES[3:]]
    assert [part.count for part in parts] == [3, 2]
    assert divided(scores(SCORES[:1]), TOO_LARGE) == []


def test_scores_of_which_one_is_unreadable_are_told_one_by_one() -> None:
    parts = divided(scores(SCORES), UNREADABLE)
    assert [orjson.loads(part.body) for part in parts] == [[score] for score in SCORES]
    assert {part.count for part in parts} == {1}
    assert divided(scores(SCORES[:1]), UNREADABLE) == []


@pytest.mark.parametrize("answer", [UNREADABLE, NO_KEY])
def test_spans_that_are_refused_are_given_up(answer: object) -> None:
    assert divided(made.parcel([made.a_span(), made.a_span(span_id=2)]), answer) == []
    assert divided(scores(SCORES), NO_KEY) == []
