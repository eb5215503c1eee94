"""The list of traces on the real engine: its orders, its pages, its filters."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store.listed import PROJECT, SCORES, SECOND_NS, SPANS, WINDOW, by_trace, cost, ordered, read_by_page, tokens

from spanglass_store.connection import Store
from spanglass_store.queries import traces
from spanglass_store.queries.trace_filters import TraceBounds
from spanglass_store.query import Filters, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Span, Usage

pytestmark = pytest.mark.clickhouse

TRACES = by_trace()
DURATION = {one: max(s.end_ns for s in spans) - min(s.start_ns for s in spans) for one, spans in TRACES.items()}
COST = {one: sum(map(cost, spans), Decimal(0)) for one, spans in TRACES.items()}
TOKENS = {one: sum(map(tokens, spans)) for one, spans in TRACES.items()}
ERRORS = {one: sum(s.status == "error" for s in spans) for one, spans in TRACES.items()}
TOTAL = {"duration": DURATION, "cost": COST, "tokens": TOKENS, "errors": ERRORS}
JUDGED = {s.trace_id: s.value for s in SCORES if s.value is not None and s.trace_id}


def in_order(order: str, passes: Callable[[Span], bool] = lambda _: True) -> list[str]:
    """Traces with a span that passes, as ``order`` lists them."""
    starts = {one: [s.start_ns for s in spans if passes(s)] for one, spans in TRACES.items()}
    ids = [one for one in TRACES if starts[one]]
    if order in TOTAL:
        return ordered(ids, TOTAL[order].__getitem__)  # type: ignore[attr-defined]
    if order == "newest":
        return ordered(ids, lambda one: max(starts[one]))
    return ordered(ids, lambda one: min(starts[one]), descending=False)


NOTHING = Filters()


def found(store: Store, filters: Filters = NOTHING, **asked: object) -> list[str]:
    rows = store.fetch_rows(traces.find(PROJECT, WINDOW, filters, limit=1000, **asked))  # type: ignore[arg-type]
    assert not rows.cut
    counted = {name: value for name, value in asked.items() if name == "bounds"}
    (count,) = store.fetch_rows(traces.count(PROJECT, WINDOW, filters, **counted))  # type: ignore[arg-type]
    assert count == {"traces": len(rows), "more": False}
    return [row["trace_id"] for row in rows]


@pytest.mark.parametrize("order", traces.ORDERS)
@pytest.mark.parametrize("kind", [None, "llm"])
def test_every_order_is_the_same_from_page_to_page(lists: Store, order: str, kind: str | None) -> None:
    filters = Filters.of(kind=[kind] if kind else [])
    expected = in_order(order, lambda span: kind in {None, span.kind})
    paged = read_by_page(
        lists,
        lambda cursor: traces.find(PROJECT, WINDOW, filters, order=order, limit=150, cursor=cursor),
        lambda rows, cursor: traces.after(rows, WINDOW, order, cursor),
        "trace_id",
    )
    assert found(lists, filters, order=order) == paged == expected


def test_an_offset_counts_rows_of_the_same_list(lists: Store) -> None:
    rows = lists.fetch_rows(traces.find(PROJECT, WINDOW, Filters(), limit=20, offset=30))
    assert [row["trace_id"] for row in rows] == in_order("newest")[30:50]
    assert rows.cut
    assert lists.fetch_rows(traces.count(PROJECT, WINDOW, Filters(), most=100)) == [{"traces": 100, "more": True}]


def test_what_is_shown_is_what_it_is_ordered_by(lists: Store) -> None:
    for row in lists.fetch_rows(traces.find(PROJECT, WINDOW, Filters(), order="cost", limit=200)):
        one = row["trace_id"]
        assert Decimal(row["order_key"]) == COST[one]
        assert row["duration_seconds"] == pytest.approx(DURATION[one] / 1e9)
        assert (row["total_tokens"], row["errors"], row["spans"]) == (TOKENS[one], ERRORS[one], len(TRACES[one]))
        priced = any(s.usage_counted and s.cost.total_usd is not None for s in TRACES[one])
        assert row["cost_usd"] == (pytest.approx(float(COST[one])) if priced else None)


def having(test: Callable[[Span], bool]) -> set[str]:
    return {span.trace_id for span in SPANS if test(span)}


FAILED = having(lambda s: s.status == "error")
FILTERS = {
    "service": (Filters.of(service=["shop"]), having(lambda s: s.service == "shop")),
    "model": (Filters.of(model=["m-2"]), having(lambda s: s.response_model == "m-2")),
    "two fields of one span": (
        Filters.of(kind=["tool"], status=["ok"]),
        having(lambda s: s.kind == "tool") - FAILED,
    ),
    "tag": (Filters.of(tag=["a", "b"]), having(lambda s: bool({"a", "b"} & set(s.tags)))),
    "failed": (Filters.of(status=["error"]), FAILED),
    "failed, with a tool": (
        Filters.of(status=["error"], kind=["tool"]),
        FAILED & having(lambda s: s.kind == "tool"),
    ),
    "not failed": (Filters().excluding(status=["error"]), set(TRACES) - FAILED),
    "neither": (Filters().excluding(status=["error", "ok"]), set()),
    "not a user": (Filters().excluding(user_id=["u1"]), set(TRACES) - having(lambda s: s.user_id == "u1")),
    "no embedding, not of a": (
        Filters().excluding(kind=["embedding"], tag=["a"]),
        set(TRACES) - having(lambda s: s.kind == "embedding" or "a" in s.tags),
    ),
    "attribute": (
        Filters().with_attributes({"region": ["eu"], "n": ["1", "2"]}),
        having(lambda s: s.attributes["region"] == "eu" and s.attributes["n"] in {"1", "2"}),
    ),
    "attribute by its whole name": (
        Filters().with_attributes({"attributes.n": ["3"]}),
        having(lambda s: s.attributes["n"] == "3"),
    ),
    "metadata and resource": (
        Filters().with_attributes({"metadata.plan": ["pro"], "resource.host.name": ["h1"]}),
        having(lambda s: s.metadata["plan"] == "pro" and s.resource["host.name"] == "h1"),
    ),
    "no such attribute": (Filters().with_attributes({"none": [""], "metadata.none": [""]}), set()),
}


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_chooses_traces(lists: Store, name: str) -> None:
    filters, expected = FILTERS[name]
    assert set(found(lists, filters)) == expected
    assert set(found(lists, filters, order="cost")) == expected


BOUNDS = {
    "cost": (TraceBounds(min_cost_usd=0.01), {one for one in TRACES if COST[one] >= Decimal("0.01")}),
    "duration": (
        TraceBounds(min_duration_seconds=3, max_duration_seconds=7.5),
        {one for one in TRACES if 3e9 <= DURATION[one] <= 7.5e9},
    ),
    "tokens": (TraceBounds(min_tokens=150), {one for one in TRACES if TOKENS[one] >= 150}),
    "errors": (TraceBounds(min_errors=2), {one for one in TRACES if ERRORS[one] >= 2}),
    "a score": (TraceBounds(score_name="quality"), set(JUDGED)),
    "no such score": (TraceBounds(score_name="luck"), set()),
    "a low score": (
        TraceBounds(score_name="quality", score_below=0.3),
        {s.trace_id for s in SCORES if s.trace_id and s.value is not None and s.value < 0.3},
    ),
    "between": (
        TraceBounds(score_name="quality", score_above=0.2, score_below=0.4),
        {s.trace_id for s in SCORES if s.trace_id and s.value is not None and 0.2 < s.value < 0.4},
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_each_bound_chooses_traces(lists: Store, name: str) -> None:
    bounds, expected = BOUNDS[name]
    newest = found(lists, bounds=bounds)
    assert newest == [one for one in in_order("newest") if one in expected]
    assert found(lists, bounds=bounds, order="tokens") == [one for one in in_order("tokens") if one in expected]


def test_bounds_and_filters_hold_together(lists: Store) -> None:
    bounds, dear = BOUNDS["cost"]
    filters, expected = FILTERS["failed, with a tool"]
    for order in ("oldest", "duration"):
        assert set(found(lists, filters, bounds=bounds, order=order)) == dear & expected


def test_an_unknown_order_and_a_strange_cursor_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown order 'luck'"):
        traces.find(PROJECT, WINDOW, Filters(), order="luck")
    with pytest.raises(ValueError, match="the cursor is none"):
        traces.find(PROJECT, WINDOW, Filters(), cursor="x")


def test_a_span_that_was_stored_twice_is_shown_once(lists: Store) -> None:
    spans = [replace(span, project="twice") for span in TRACES[in_order("newest")[0]]]
    for token in ("once", "again"):
        lists.insert(block_from_spans(spans), token=token)
    (row,) = lists.fetch_rows(traces.find("twice", WINDOW, Filters()))
    assert (row["spans"], row["total_tokens"]) == (len(spans), sum(map(tokens, spans)))


HOUR_NS = 3600 * SECOND_NS


@pytest.mark.parametrize("order", ["newest", "oldest", "tokens"])
def test_the_totals_of_a_long_trace_are_those_of_all_its_spans(lists: Store, order: str) -> None:
    """With a root that lasts, without a root, with a root that ended long before, and a short one beside them."""
    told = {
        "1": [(0, 5, ""), (2, 1, "1"), (4.9, 0.1, "1")],
        "2": [(0.5, 0, "9"), (3, 0, "9"), (4.8, 0.1, "9")],
        "3": [(0, 0.1, ""), (4, 0, "1")],
        "4": [(4.7, 0.1, ""), (4.75, 0.01, "1")],
    }
    spans = [
        Span(
            "long",
            trace * 32,
            f"{trace}{number}".rjust(16, "0"),
            parent.rjust(16, "0") if parent else "",
            start_ns := WINDOW.start_ns + int(hours * HOUR_NS),
            start_ns + int(lasting * HOUR_NS),
            "step",
            usage=Usage(1, 1),
        )
        for trace, steps in told.items()
        for number, (hours, lasting, parent) in enumerate(steps)
    ]
    lists.insert(block_from_spans(spans), token="long")
    window = Window(WINDOW.start_ns, WINDOW.start_ns + 5 * HOUR_NS)
    rows = lists.fetch_rows(traces.find("long", window, Filters(), order=order))
    assert {row["trace_id"][0]: (row["spans"], row["total_tokens"]) for row in rows} == {
        trace: (len(steps), 2 * len(steps)) for trace, steps in told.items()
    }
    shown = {row["trace_id"][0]: row["duration_seconds"] / 3600 for row in rows}
    assert shown == pytest.approx({"1": 5, "2": 4.4, "3": 4, "4": 0.1})


NOW_NS = WINDOW.start_ns
HOUR = Window(NOW_NS, NOW_NS + 3600 * SECOND_NS)
PROJECTS = itertools.count()
DOTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), min_size=1, max_size=20)


def dots(project: str, places: list[tuple[int, int]], *, later: int = 0) -> list[Span]:
    """A span for each (trace, time): times are a minute and a half apart, so many are equal."""
    return [
        Span(project, f"{trace + 1:032x}", f"{number + 1 + 1000 * later:016x}", "1" * 16, start_ns, start_ns, "dot")
        for number, (trace, minute) in enumerate(places)
        for start_ns in [NOW_NS + (minute + later) * 90 * SECOND_NS]
    ]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=DOTS, arriving=DOTS, limit=st.integers(1, 4), order=st.sampled_from(["newest", "oldest"]))
def test_what_arrives_between_two_pages_moves_nothing(
    lists: Store, places: list[tuple[int, int]], arriving: list[tuple[int, int]], limit: int, order: str
) -> None:
    project = f"dots-{next(PROJECTS)}"
    lists.insert(block_from_spans(dots(project, places)), token=project)

    def whole() -> list[str]:
        rows = lists.fetch_rows(traces.find(project, HOUR, Filters(), order=order))
        return [row["trace_id"] for row in rows]

    def after(rows: list[dict[str, object]], cursor: str) -> str:
        if not cursor:  # behind the first page: more spans, of old traces too
            lists.insert(block_from_spans(dots(project, arriving, later=6)), token=f"{project} later")
        return traces.after(rows, HOUR, order, cursor)

    before = whole()
    paged = read_by_page(
        lists,
        lambda cursor: traces.find(project, HOUR, Filters(), order=order, limit=limit, cursor=cursor),
        after,
        "trace_id",
    )
    assert paged == (before if order == "newest" else whole())
