"""A list looks at the last day first: it is that of the whole window all the same."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from store.listed import SECOND_NS, WINDOW, read_by_page

from spanglass_store.connection import Rows, Store
from spanglass_store.queries import sessions, traces
from spanglass_store.queries import spans as spans_list
from spanglass_store.queries.trace_filters import TraceBounds
from spanglass_store.query import Filters, Query, Window
from spanglass_store.rows import block_from_spans
from spanglass_store.span import Cost, Span

HOUR_NS = 3600 * SECOND_NS


@pytest.mark.clickhouse
@pytest.mark.parametrize("limit", [2, 5, 6])
def test_what_the_last_day_does_not_fill_is_looked_for_in_all_of_the_month(lists: Store, limit: int) -> None:
    """Four traces of the last day, every other one costs enough; before that one a day."""
    month = Window(WINDOW.end_ns - 30 * 24 * HOUR_NS, WINDOW.end_ns)
    ago_hours = [1, 2, 3, 4, *range(30, 150, 24)]
    spans = [
        Span(
            f"month {limit}",
            f"{number + 1:032x}",
            f"{number + 1:016x}",
            "",
            start_ns := month.end_ns - hours * HOUR_NS,
            start_ns + SECOND_NS,
            "call",
            kind="llm",
            status="error" if number == 1 else "ok",
            session_id=f"s{number}",
            service="odd" if number % 2 else "even",
            cost=Cost(total_usd=Decimal(number % 2)),
        )
        for number, hours in enumerate(ago_hours)
    ]
    lists.insert(block_from_spans(spans), token=f"month {limit}")
    dear = [span.trace_id for span in spans if span.cost.total_usd]
    well = [span.trace_id for span in spans if span.status == "ok"]

    def after(rows: Rows, cursor: str) -> str:
        return traces.after(rows, month, cursor=cursor)

    everyone = [span.trace_id for span in spans]
    for wanted, asked in (
        (everyone, {}),
        (dear, {"filters": Filters.of(service=["odd"])}),
        (dear, {"bounds": TraceBounds(min_cost_usd=0.5)}),
        (well, {"filters": Filters.of(status=["ok"])}),
    ):

        def find(cursor: str, asked: Mapping[str, Any] = {"filters": Filters()} | asked) -> Query:
            return traces.find(f"month {limit}", month, limit=limit, cursor=cursor, **asked)

        rows = lists.fetch_rows(find(""))
        assert [row["trace_id"] for row in rows] == wanted[:limit]
        assert rows.cut == (len(wanted) > limit)
        paged = read_by_page(lists, find, after, "trace_id")
        assert paged == wanted

    def find_spans(cursor: str) -> Query:
        return spans_list.find(f"month {limit}", month, Filters(), limit=limit, cursor=cursor)

    def after_spans(rows: Rows, cursor: str) -> str:
        return spans_list.after(rows, month, cursor=cursor)

    assert read_by_page(lists, find_spans, after_spans, "trace_id_hex") == everyone

    def find_sessions(cursor: str) -> Query:
        return sessions.find(f"month {limit}", month, Filters.of(service=["odd"]), limit=limit, cursor=cursor)

    def after_sessions(rows: Rows, cursor: str) -> str:
        return sessions.after(rows, month, cursor=cursor)

    odd = [span.session_id for span in spans if span.service == "odd"]
    assert read_by_page(lists, find_sessions, after_sessions, "session_id") == odd
