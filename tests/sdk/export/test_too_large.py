"""A collector that does not take a request as it is gets smaller ones."""

from __future__ import annotations

from typing import Any

import pytest
from sdk.conftest import new_provider
from sdk.servers import Sink

import spanglass
from spanglass import semconv
from spanglass.runtime import Receipt

pytestmark = pytest.mark.usefixtures("unhurried")


@spanglass.observe
def work(text: str = "hello") -> str:
    return text.upper()


def outputs(sink: Sink) -> list[str]:
    return sorted(span["attributes"][semconv.OUTPUT] for span in sink.spans())


def refuse_above(size_bytes: int) -> Any:
    return lambda request: 413 if len(request.body) > size_bytes else 200


def test_a_request_that_is_too_large_is_halved_until_it_passes(sink: Sink) -> None:
    sink.rule = refuse_above(20_000)
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for number in range(20):
        work(f"{number}-" + "x" * 2_000)
    assert spanglass.flush() == Receipt(sent=20, spooled=0, dropped=0, pending=0)
    assert outputs(sink) == sorted(f"{number}-" + "X" * 2_000 for number in range(20))
    assert sink.refused


def test_one_span_that_is_too_large_is_shortened_and_the_others_stay_whole(sink: Sink) -> None:
    sink.rule = refuse_above(20_000)
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for text in ("a", "b" * 100_000, "c", "d"):
        work(text)
    assert spanglass.flush() == Receipt(sent=4, spooled=0, dropped=0, pending=0)
    short, long = sorted(outputs(sink), key=len)[:3], max(outputs(sink), key=len)
    assert short == ["A", "C", "D"]
    assert long.startswith("BBB")
    assert long.endswith(" more bytes]")
    assert len(long) < 20_000


@pytest.mark.usefixtures("forgiving")
def test_a_server_that_finds_everything_too_large_costs_the_spans_and_no_more(sink: Sink) -> None:
    sink.rule = refuse_above(0)
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for _ in range(5):
        work()
    assert spanglass.flush() == Receipt(sent=0, spooled=0, dropped=5, pending=0)


@pytest.mark.usefixtures("forgiving")
def test_one_unreadable_score_costs_only_itself(sink: Sink) -> None:
    sink.rule = lambda request: 400 if b"bad" in request.body else 200
    spanglass.init(endpoint=sink.url, tracer_provider=new_provider())
    for name in ("one", "bad", "two"):
        spanglass.score(name, 1, trace_id="0" * 31 + "1")
    assert spanglass.flush() == Receipt(sent=2, spooled=0, dropped=1, pending=0)
    assert [score["name"] for score in sink.scores()] == ["one", "two"]
