"""What the selected spans have that the others do not."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.connection import Store
from spanglass_store.queries.outliers import Comparison, Selection, compared, difference, values
from spanglass_store.query import Filters, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Cost, Span

NOW_NS = 1_790_000_000 * 10**9
WINDOW = Window(NOW_NS - 3600 * 10**9, NOW_NS)
CALLS = Filters.of(kind=["llm"])


def history() -> list[Span]:
    """400 calls. Every tenth is slow, dear and failed; those are of pod-7, mostly of user bob, and have a tag and a
    large basket. Half of all use m-1, whatever else they are.
    """
    spans = []
    for n in range(400):
        odd = n % 10 == 0
        start_ns = NOW_NS - (n + 1) * 10**9
        spans.append(
            Span(
                "default",
                f"{n // 2 + 1:032x}",
                f"{n + 1:016x}",
                "",
                start_ns,
                start_ns + (9 if odd else 1) * 10**9,
                "chat",
                "llm",
                status="error" if odd else "ok",
                error_type="Timeout" if odd else "",
                user_id="bob" if odd and n % 30 else f"u{n % 7}",
                response_model=f"m-{n // 10 % 2}",
                tags=("beta", "x") if odd else ("x",),
                metadata={"basket": "large"} if odd else {},
                parameters={"temperature": "0.9" if odd else "0.1"},
                attributes={"id": f"only-{n}", "name": "chat"},
                resource={"pod": "pod-7" if odd else f"pod-{n % 3}"},
                cost=Cost(Decimal(5 if odd else 1)),
            )
        )
    return spans


def of(store: Store, selection: Selection, population: Filters = CALLS, limit: int = 20) -> Comparison:
    return compared(store.fetch_rows(values("default", WINDOW, population, selection)), limit=limit)


@pytest.mark.clickhouse
@pytest.mark.parametrize(
    ("selection", "told_by"),
    [
        (Selection(Filters.of(status=["error"])), ("field", "status", "error")),
        (Selection(min_duration_seconds=5.0), None),
        (Selection(min_cost_usd=4.5), None),
        (Selection(Filters.of(tag=["beta"])), ("tag", "", "beta")),
        (Selection(Filters(attributes=(("metadata.basket", ("large",)),))), ("metadata", "basket", "large")),
    ],
)
def test_whatever_selects_them_the_same_things_stand_out(
    store: Store, selection: Selection, told_by: tuple[str, str, str] | None
) -> None:
    other = Span("default", "f" * 32, "f" * 16, "", NOW_NS - 5, NOW_NS, "t", "tool", metadata={"basket": "large"})
    store.insert(block_from_spans([*history(), other]), token="history")
    found = of(store, selection)
    assert (found.selected_spans, found.other_spans, found.is_sampled) == (40, 360, False)
    always = {
        ("field", "status", "error"),
        ("field", "error_type", "Timeout"),
        ("tag", "", "beta"),
        ("metadata", "basket", "large"),
        ("parameter", "temperature", "0.9"),
        ("resource", "pod", "pod-7"),
    }
    told = [(each.source, each.key, each.value) for each in found.distinctions]
    assert set(told[:-1]) == always - {told_by}
    assert told[-1] == ("field", "user_id", "bob")
    assert {(each.selected_share, each.other_share) for each in found.distinctions[:-1]} == {(1.0, 0.0)}
    assert found.distinctions[-1].selected_share == pytest.approx(26 / 40)
    assert len(of(store, selection, limit=2).distinctions) == 2


@pytest.mark.clickhouse
def test_nothing_stands_out_where_there_is_nothing_or_nothing_else(store: Store) -> None:
    assert of(store, Selection(min_duration_seconds=5.0)) == Comparison((), 0, 0, 0, 0)
    store.insert(block_from_spans(history()), token="history")
    assert of(store, Selection()) == Comparison((), 400, 0, 400, 0)
    assert of(store, Selection(min_duration_seconds=99.0)).distinctions == ()
    assert of(store, Selection(Filters.of(model=["m-1"]))).distinctions == ()


FAILED = Selection(Filters.of(status=["error"]))


def sampled(store: Store, window: Window, sample: int) -> Comparison:
    query = values("default", window, CALLS, FAILED)
    params = tuple((name, sample if name == "sample" else value) for name, value in query.params)
    first, again = (compared(store.fetch_rows(replace(query, params=params))) for _ in range(2))
    assert first == again
    return first


@pytest.mark.clickhouse
def test_many_spans_are_compared_by_a_sample_that_says_so(store: Store) -> None:
    store.insert(block_from_spans(history()), token="history")
    found = sampled(store, WINDOW, 60)
    assert (found.selected_spans, found.other_spans, found.sampled_selected) == (40, 360, 40)
    assert 30 < found.sampled_others < 100
    assert found.is_sampled
    assert found.distinctions[0].selected_share == 1.0


@pytest.mark.clickhouse
def test_of_a_long_window_some_hours_are_read_for_both_sides(store: Store) -> None:
    hour_ns = 3600 * 10**9
    spread = [
        replace(span, start_ns=NOW_NS - (n + 1) * hour_ns, end_ns=NOW_NS - (n + 1) * hour_ns + span.duration_ns)
        for n, span in enumerate(history())
    ]
    store.insert(block_from_spans(spread), token="history")
    found = sampled(store, Window(NOW_NS - 720 * hour_ns, NOW_NS), 20)
    assert (found.selected_spans, found.other_spans) == (40, 360)
    assert 8 < found.sampled_selected < 32
    assert 5 < found.sampled_others < 40
    assert found.distinctions[0].selected_share == 1.0


@pytest.mark.parametrize(
    ("counts", "expected"),
    [  # Newcombe 1998, table II, method 10: the examples (a), (c), (g) and (h)
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_intervals_are_those_of_the_paper(counts: tuple[int, int, int, int], expected: tuple[float, float]) -> None:
    assert difference(*counts, 1.959963985) == pytest.approx(expected, abs=5e-5)


@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_intervals_hold_the_difference_and_turn_round(of_1: int, of_2: int, data: st.DataObject) -> None:
    with_1, with_2 = data.draw(st.integers(0, of_1)), data.draw(st.integers(0, of_2))
    low, high = difference(with_1, of_1, with_2, of_2, 2.5)
    assert -1 - 1e-9 <= low <= with_1 / of_1 - with_2 / of_2 + 1e-9
    back = difference(with_2, of_2, with_1, of_1, 2.5)
    assert all(math.isclose(a, -b, abs_tol=1e-9) for a, b in zip((low, high), reversed(back), strict=True))
