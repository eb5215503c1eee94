"""The benchmark of queries: its data is the same each time, its comparison of answers sees what differs, and on a small
scale all of it runs and agrees. Figures are not looked at.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from spanglass_store.query import Query

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module", autouse=True)
def modules() -> dict[str, ModuleType]:
    """The benchmark's modules, which import each other by bare names; its folder is on the path only meanwhile."""
    sys.path.append(str(BENCH))
    try:
        import queries_answers  # noqa: PLC0415
        import queries_data  # noqa: PLC0415
        import queries_kinds  # noqa: PLC0415
        import queries_langfuse  # noqa: PLC0415
        import queries_otel  # noqa: PLC0415
        import queries_questions  # noqa: PLC0415
        import queries_text  # noqa: PLC0415
        import queries_timing  # noqa: PLC0415
    finally:
        sys.path.remove(str(BENCH))
    found = (
        queries_answers,
        queries_data,
        queries_kinds,
        queries_langfuse,
        queries_otel,
        queries_questions,
        queries_text,
        queries_timing,
    )
    return {module.__name__.removeprefix("queries_"): module for module in found}


def known(modules: dict[str, ModuleType]) -> object:
    return modules["kinds"].Facts(
        "a" * 32, "b" * 32, "user-1", "s-1", "tenant-1", "TKT0123456789", "word", "two words", "x y"
    )


def test_the_text_is_the_same_each_time_and_its_common_words_are_the_first(modules):
    text = modules["text"]
    assert len(set(text.words(2_000))) == 2_000
    corpus = text.corpus(200_000)
    assert corpus == text.corpus(200_000)
    assert len(corpus) == 200_000
    counts = [corpus.split().count(word) for word in text.words()[:400:100]]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 20 * counts[-1]


def test_pieces_reach_beyond_the_next_ones_start(modules):
    text = modules["text"]
    corpus = "".join(chr(97 + n % 26) for n in range(10_500))
    pieces = text.pieces(corpus)
    assert all(len(piece) == text.REACH_BYTES for piece in pieces)
    assert [piece[: text.PIECE_BYTES] for piece in pieces[1:]] == [
        piece[text.PIECE_BYTES : 2 * text.PIECE_BYTES] for piece in pieces[:-1]
    ]


@pytest.mark.parametrize("spans", [900, 1_000_000, 10_000_000])
def test_the_stretches_are_all_the_days_once(modules, spans):
    plan = modules["data"].Plan(spans)
    days = [day + n for day, count in plan.stretches() for n in range(count)]
    assert days == list(range(modules["data"].DAYS))
    assert plan.traces % modules["data"].DAYS == 0
    assert abs(plan.traces * modules["data"].MEAN_TRACE_SPANS / spans - 1) < 0.1


def test_answers_agree_within_what_their_kind_allows(modules):
    differences = modules["answers"].differences
    ours = [{"group": "a", "calls": 10, "cost_usd": 1.0, "latency_p95_seconds": 2.0, "traces": 100.0, "share": 1}]
    theirs = [
        {"group": "a", "calls": 10, "cost_usd": Decimal("1.000000001"), "latency_p95_seconds": 2.05, "traces": 102}
    ]
    assert differences(ours, theirs) == []
    assert differences([{"users": float("nan")}], [{"users": None}]) == []
    assert differences([], []) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"calls": 11}, "calls of ('a',): 10.0 and 11.0"),
        ({"cost_usd": 1.1}, "cost_usd of ('a',): 1.0 and 1.1"),
        ({"latency_p95_seconds": 2.5}, "latency_p95_seconds of ('a',): 2.0 and 2.5"),
        ({"cost_usd": None}, "cost_usd of ('a',): 1.0 and None"),
        ({"group": "b"}, "only ours: ('a',)"),
    ],
)
def test_what_differs_is_told(modules, change, told):
    row = {"group": "a", "calls": 10, "cost_usd": 1.0, "latency_p95_seconds": 2.0}
    assert modules["answers"].differences([row], [row | change])[0] == told


def test_rows_that_cannot_be_told_apart_or_are_not_there_are_a_difference(modules):
    differences = modules["answers"].differences
    assert differences([{"calls": 1}, {"calls": 2}], [{"calls": 1}, {"calls": 2}])
    assert differences([{"calls": 1}], [{"errors": 1}])
    assert differences([{"calls": 1}], [])


def test_how_often_is_asked_depends_on_how_long_it_takes(modules):
    timing = modules["timing"]

    def runs(seconds: float, least: int = 7) -> int:
        timed = timing.Timed()
        while timed.wants_more(least):
            timed.wall_ms.append(seconds * 1e3)
        return len(timed.wall_ms)

    assert (runs(0.01), runs(0.2), runs(1), runs(20)) == (21, 10, 7, timing.SLOW_RUNS)
    assert (runs(0.01, least=1), runs(20, least=1)) == (3, 1)


def test_a_percentile_of_few_runs_is_the_longest(modules):
    timed = modules["timing"].Timed(wall_ms=[float(n) for n in range(1, 8)])
    assert (timed.p50_ms, timed.p95_ms) == (4.0, 7.0)
    assert modules["timing"].Timed(wall_ms=[float(n) for n in range(1, 101)]).p95_ms == 95.0


def test_each_question_is_put_to_each_schema(modules):
    facts = known(modules)
    for name, question in modules["questions"].QUESTIONS.items():
        ours = question.ours(facts)
        assert ours, name
        assert all(isinstance(each, Query) for each in ours)
        for schema in ("otel", "langfuse"):
            if question.theirs is not None:
                theirs = question.theirs(modules[schema].PEER, facts)
                assert 0 < len(theirs) <= len(ours), name
    parts = [f"overview_{days}_{part}" for days in ("24h", "7d", "30d") for part in modules["kinds"].PARTS]
    assert set(parts) < set(modules["questions"].QUESTIONS)
    assert len(modules["kinds"].rules()) == modules["kinds"].RULES


@pytest.mark.clickhouse
def test_all_of_it_runs_and_the_schemas_agree():
    """With few spans and few questions, in a process of its own with its own server."""
    chosen = (
        "^(overview_24h_kpis|list_24h|list_by_(user|score)|trace|search_two_words|quality_trend_by_model|top_tags)$"
    )
    asked = {"SPANS": "2000", "RUNS": "1", "GROWTH": "0", "ONLY": chosen, "MEMORY_GB": "2"}
    done = subprocess.run(
        [sys.executable, BENCH / "queries.py"], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["spans"] > 2000
    assert told["disagree"] == {}
    assert len(told["queries"]) == 8
    for figures in told["queries"].values():
        assert all(figures[f"{schema}_ms"] > 0 for schema in ("ours", "otel", "langfuse"))
    assert told["bytes_per_span"]["ours"] > told["bytes_per_span"]["ours_without_text_index"] > 0
