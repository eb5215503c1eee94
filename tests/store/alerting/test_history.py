"""The past of a measure is what the monitor would have measured: compared tick by tick on the real engine."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from alert_history import MINUTE_NS, RULE
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.alerting.evaluate import NS
from spanglass_store.alerting.history import MAX_OVERLAP, extremes, history, known, nothing, points, step_seconds
from spanglass_store.connection import Store
from spanglass_store.measures import MEASURES, totals
from spanglass_store.query import Filters, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.rules import Rule
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Cost, Span, Usage

NOW_NS = 1_900_000_000 * NS // MINUTE_NS * MINUTE_NS
HOUR = Window(NOW_NS - 60 * MINUTE_NS, NOW_NS)


def spans(seed: int) -> list[Span]:
    """Calls of two services in bursts, some of them on the very second a tick falls on."""
    chance = random.Random(seed)
    starts = [NOW_NS - chance.randrange(80) * MINUTE_NS - chance.choice([0, 1, 30 * NS]) for _ in range(120)]
    return [
        Span(
            project=RULE.project,
            trace_id=f"{index + 1:032x}",
            span_id=f"{index + 1:016x}",
            parent_span_id="",
            start_ns=start,
            end_ns=start + chance.randrange(1, 9) * NS,
            name="chat",
            kind="llm",
            status=chance.choice(["ok", "ok", "error"]),
            service=chance.choice(["shop", "desk"]),
            user_id=chance.choice(["", "ann", "bob"]),
            usage=Usage(input_tokens=chance.randrange(900), output_tokens=chance.choice([None, 7])),
            cost=Cost(total_usd=chance.choice([None, Decimal("0.0125")])),
        )
        for index, start in enumerate(starts)
    ]


def scores(seed: int) -> list[Score]:
    chance = random.Random(seed)
    return [
        Score(RULE.project, f"s{index}", "helpful", NOW_NS - chance.randrange(60 * 60) * NS, value=chance.random())
        for index in range(60)
    ]


@pytest.mark.clickhouse
@pytest.mark.parametrize("window_seconds", [60, 300, 3600])
def test_every_tick_of_every_measure_is_what_the_monitor_would_have_seen(store: Store, window_seconds: int) -> None:
    store.insert(block_from_spans(spans(1)), token="spans")
    store.insert(block_from_scores(scores(1)), token="scores")
    ticks = random.Random(2)
    for measure in MEASURES.values():
        filters = Filters.of(score_name=["helpful"]) if measure.table == "scores" else Filters.of(service=["shop"])
        rule = replace(RULE, measure=measure.name, window_seconds=window_seconds, filters=filters)
        step = step_seconds(rule, HOUR)
        (none,) = store.fetch_rows(nothing(rule))
        past = points(store.fetch_rows(history(rule, HOUR, step)), known(none["value"]), HOUR, step)
        assert len(past) == 60 * 60 // step
        for at_ns, value in ticks.sample(past, 6):
            window = Window(at_ns - window_seconds * NS, at_ns)
            (row,) = store.fetch_rows(totals([measure.name], rule.project, window, filters))
            assert value == pytest.approx(known(row[measure.name])), (measure.name, at_ns)


@pytest.mark.clickhouse
def test_a_past_that_begins_and_ends_with_an_hour_is_read_to_the_nanosecond_too(store: Store) -> None:
    """Roll-ups are of whole hours, and would be taken for it."""
    store.insert(block_from_spans(spans(1)), token="spans")
    end_ns = (NOW_NS // (3600 * NS) + 1) * 3600 * NS
    week = Window(end_ns - 7 * 24 * 3600 * NS, end_ns)
    rule = replace(RULE, measure="calls", window_seconds=3600, filters=Filters())
    at_ns = NOW_NS // (300 * NS) * 300 * NS
    past = dict(points(store.fetch_rows(history(rule, week, 300)), 0.0, week, 300))
    (row,) = store.fetch_rows(totals(["calls"], rule.project, Window(at_ns - 3600 * NS, at_ns), Filters()))
    assert past[at_ns] == row["calls"] > 0


@pytest.mark.clickhouse
@pytest.mark.parametrize(("measure", "value"), [("calls", 0.0), ("error_ratio", None), ("latency_p95_seconds", None)])
def test_no_calls_are_zero_calls_but_no_latency(store: Store, measure: str, value: float | None) -> None:
    rule = replace(RULE, measure=measure)
    (row,) = store.fetch_rows(nothing(rule))
    past = points(store.fetch_rows(history(rule, HOUR, 60)), known(row["value"]), HOUR, 60)
    assert {seen for _, seen in past} == {value}


def test_ticks_lie_on_multiples_of_the_step_after_the_start_and_up_to_the_end() -> None:
    window = Window(90 * NS, 240 * NS)
    assert points([{"tick": 120 * NS, "value": 2.0}], None, window, 60) == [
        (120 * NS, 2.0),
        (180 * NS, None),
        (240 * NS, None),
    ]


@pytest.mark.parametrize(
    ("window_seconds", "days", "step"), [(60, 7, 60), (300, 7, 60), (3600, 7, 300), (86_400, 7, 7200), (60, 30, 240)]
)
def test_long_windows_and_long_pasts_move_in_longer_steps(window_seconds: int, days: int, step: int) -> None:
    window = Window(NOW_NS - days * 86_400 * NS, NOW_NS)
    rule = replace(RULE, window_seconds=window_seconds)
    assert step_seconds(rule, window) == step
    assert window_seconds / step <= MAX_OVERLAP


VALUES = st.lists(st.one_of(st.none(), st.floats(-5, 5)), max_size=60)


@given(VALUES, st.integers(1, 20), st.sampled_from([RULE, replace(RULE, comparison="below")]))
def test_a_thinned_past_is_short_and_keeps_the_worst_value(values: list[float | None], most: int, rule: Rule) -> None:
    past = [(tick * MINUTE_NS, value) for tick, value in enumerate(values)]
    thinned = extremes(past, rule, most)
    seen, kept = [v for v in values if v is not None], [v for _, v in thinned if v is not None]
    worst = max if rule.comparison == "above" else min
    assert len(thinned) <= most
    assert set(thinned) <= set(past)
    assert worst(kept, default=None) == worst(seen, default=None)
