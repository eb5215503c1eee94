"""Roll-ups of days and hours: questions about long windows are answered from them, and the same as without them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from spanglass_store import days_and_hours, measures, sources
from spanglass_store.aggregates import AGGREGATES
from spanglass_store.connection import Store
from spanglass_store.days_and_hours import ending, pieces
from spanglass_store.queries import facets, overview, top
from spanglass_store.query import Filters, Query, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Span, Usage

HOUR_NS = 3600 * 10**9
START_NS = 496_000 * HOUR_NS
WINDOW = Window(START_NS + 1, START_NS + 120 * HOUR_NS + HOUR_NS // 3)
"""An edge, hours, three days and more (where three are enough), hours, an edge."""
ROLLED_UP = sorted(
    name
    for name, measure in measures.BUILT_IN.items()
    if measure.table == "spans" and name not in {"users", "sessions"}
)
OF_CALLS = [name for name in ROLLED_UP if "trace" not in name]
GROUPS = {None: ROLLED_UP, "service": ROLLED_UP, "environment": ROLLED_UP, "model": OF_CALLS, "prompt_name": OF_CALLS}
ROWS_READ = "SELECT count() AS parts, sum(rows) AS rows FROM system.projection_parts WHERE active AND database = currentDatabase() AND table = 'spans'"


def spans(first: int, count: int) -> list[Span]:
    """Calls of five days, four to an hour: models, prompts, errors and weights differ."""
    return [
        Span(
            project="default",
            trace_id=f"{number // 2:032x}",
            span_id=f"{number + 1:016x}",
            parent_span_id="" if number % 2 == 0 else f"{number:016x}",
            name="chat",
            kind="llm",
            status="error" if number % 7 == 0 else "ok",
            start_ns=START_NS + number * HOUR_NS // 4,
            end_ns=START_NS + number * HOUR_NS // 4 + (number % 13 + 1) * 10**9,
            service=f"s{number % 2}",
            environment=f"e{number % 3}",
            request_model=f"m{number % 3}",
            prompt_name=f"p{number % 4}",
            usage=Usage(number % 5, number % 11),
            time_to_first_token_ns=number * 10**6 if number % 3 else None,
            sampling_weight=1.0 + number % 2,
        )
        for number in range(first, first + count)
    ]


@pytest.fixture
def rolled_up(store: Store) -> Store:
    """Spans of which most are in one merged part a day, with roll-ups, and some in parts that have none yet."""
    for first in (0, 200):
        store.insert(block_from_spans(spans(first, 200)), token=str(first))
    store.execute("OPTIMIZE TABLE spans FINAL")
    store.insert(block_from_spans(spans(400, 90)), token="late")
    return store


def asked() -> list[Query]:
    """Each measure by each group, in all, over time, and beside the time before."""
    return [
        query
        for group, names in GROUPS.items()
        for query in (
            measures.totals(names, "default", WINDOW, Filters(), group),
            measures.totals(
                names, "default", WINDOW, Filters(), group, order_by="traces" if "traces" in names else None
            ),
            measures.series(names, "default", WINDOW, Filters(), 3600 * 6, group),
            measures.series(names, "default", WINDOW, Filters(), 86_400, group),
            *([top.top(group, names, "default", WINDOW, Filters())] if group else []),
        )
    ]


@pytest.mark.clickhouse
def test_every_measure_is_told_from_roll_ups_as_without_them(rolled_up: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days_and_hours, "LEAST_DAYS", 3)
    (kept,) = rolled_up.fetch_rows(Query("roll-ups", ROWS_READ))
    assert kept["rows"] > 0
    narrowed = Filters.of(environment=["e1", "e2"])
    put_together = [*asked(), overview.compared(ROLLED_UP, "default", WINDOW, Filters())]
    put_together += [measures.totals(OF_CALLS, "default", WINDOW, narrowed.with_("model", ["m1"]), "model")]
    put_together += [facets.values("default", WINDOW, field) for field in GROUPS if field]
    for query in put_together:
        plan = "\n".join(row["explain"] for row in rolled_up.fetch_rows(replace(query, sql=f"EXPLAIN {query.sql}")))
        grains = ["hourly"] if dict(query.params).get("interval_seconds") == 21_600 else ["hourly", "daily"]
        assert all(f"ReadFromMergeTree ({grain}" in plan for grain in grains), query.sql
    monkeypatch.setattr(sources, "pieces", lambda *_: ())
    as_they_are = [*asked(), overview.compared(ROLLED_UP, "default", WINDOW, Filters())]
    as_they_are += [measures.totals(OF_CALLS, "default", WINDOW, narrowed.with_("model", ["m1"]), "model")]
    as_they_are += [facets.values("default", WINDOW, field) for field in GROUPS if field]
    for query, bare in zip(put_together, as_they_are, strict=True):
        assert "UNION ALL" in query.sql
        assert bare.sql != query.sql
        told, wanted = rolled_up.fetch_rows(query), rolled_up.fetch_rows(bare)
        assert len(told) == len(wanted) > 0
        for row, right in zip(told, wanted, strict=True):
            for name, value in right.items():
                is_number = isinstance(value, float)  # of which the sums are made in another order
                assert row[name] == (pytest.approx(value, rel=1e-6, nan_ok=True) if is_number else value), (name, query)


@pytest.mark.clickhouse
def test_roll_ups_follow_deletions(rolled_up: Store) -> None:
    rolled_up.execute("DELETE FROM spans WHERE request_model = 'm1'")
    (row,) = rolled_up.fetch_rows(measures.totals(["calls"], "default", WINDOW, Filters()))
    assert row["calls"] == sum(
        span.sampling_weight
        for span in spans(0, 490)
        if WINDOW.start_ns <= span.start_ns < WINDOW.end_ns and span.request_model != "m1"
    )


DAY_NS = 24 * HOUR_NS
DAY, HOUR, SPAN = "toStartOfDay(start_time)", "toStartOfHour(start_time)", "start_time"
MIDNIGHT_NS = 20_000 * DAY_NS


@pytest.mark.parametrize(
    ("from_ns", "to_ns", "interval_seconds", "told"),
    [
        (0, DAY_NS, 3600, [HOUR]),
        (0, DAY_NS, 600, []),
        (0, DAY_NS - 1, 3600, []),
        (1, DAY_NS + 1, 7200, [HOUR, SPAN]),
        (0, 9 * DAY_NS, 86_400, [DAY]),
        (0, 9 * DAY_NS, 7200, [HOUR]),
        (0, 7 * DAY_NS, 86_400, [HOUR]),
        (HOUR_NS, 9 * DAY_NS + HOUR_NS, 86_400, [DAY, HOUR]),
        (HOUR_NS + 1, 9 * DAY_NS + HOUR_NS + 1, 86_400, [DAY, HOUR, SPAN]),
    ],
)
def test_a_window_is_told_from_days_hours_and_edges(
    from_ns: int, to_ns: int, interval_seconds: int, told: list[str]
) -> None:
    window = Window(MIDNIGHT_NS + from_ns, MIDNIGHT_NS + to_ns)
    found = pieces(window, interval_seconds, "_by_model")
    assert [piece.time for piece in found] == told
    assert sum(p.around.duration_ns - (p.hole.duration_ns if p.hole else 0) for p in found) in {0, window.duration_ns}
    assert all(outer.hole == inner.around for inner, outer in pairwise(found))


@pytest.mark.parametrize(
    ("group_by", "filters", "fits"),
    [
        (None, Filters(), ""),
        ("environment", Filters.of(environment=["production"]), ""),
        ("service", Filters(), "_by_service"),
        (None, Filters.of(service=["shop"]), "_by_service"),
        ("model", Filters().excluding(model=["m"]), None),
        ("service", Filters.of(model=["m"]), None),
        ("user_id", Filters(), None),
        (None, Filters.of("word"), None),
        (None, Filters().with_attributes({"tenant": ["a"]}), None),
    ],
)
def test_the_roll_up_is_the_one_that_has_what_is_asked(
    group_by: str | None, filters: Filters, fits: str | None
) -> None:
    assert ending({"calls_weight", "different_traces"}, {group_by} - {None}, filters) == fits


def test_models_have_no_whole_traces_but_calls() -> None:
    assert ending({"calls_weight"}, ["model"], Filters()) == "_by_model"


def test_no_measure_is_called_as_a_column_of_the_pieces_that_it_could_be_ordered_by() -> None:
    assert not AGGREGATES.keys() & measures.BUILT_IN.keys()
