"""The lists of spans, sessions and users on the real engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from store.listed import (
    PROJECT,
    SCORES,
    SPANS,
    TOLD_BY_RECORD,
    WINDOW,
    cost,
    ordered,
    read_by_page,
    tokens,
)

from spanglass_store.connection import Store
from spanglass_store.queries import sessions, spans, users
from spanglass_store.query import Filters
from spanglass_store.rows import block_from_spans, span_from_row
from spanglass_store.span import Span

pytestmark = pytest.mark.clickhouse

BY_ID = {span.span_id: span for span in SPANS}
KEYS: dict[str, Callable[[Span], Any]] = {
    "newest": lambda span: span.start_ns,
    "oldest": lambda span: span.start_ns,
    "duration": lambda span: span.end_ns - span.start_ns,
    "cost": lambda span: span.cost.total_usd or 0,
    "tokens": lambda span: (span.usage.input_tokens or 0) + (span.usage.output_tokens or 0),
}


def ids(store: Store, filters: Filters, *, order: str = "newest") -> list[str]:
    rows = store.fetch_rows(spans.find(PROJECT, WINDOW, filters, order=order, limit=5000, columns=["name"]))
    assert not rows.cut
    return [row["span_id_hex"] for row in rows]


def passing(test: Callable[[Span], bool]) -> set[str]:
    return {span.span_id for span in SPANS if test(span)}


@pytest.mark.parametrize("order", spans.ORDERS)
def test_every_order_of_spans_is_the_same_from_page_to_page(lists: Store, order: str) -> None:
    chosen = [span for span in SPANS if span.service == "shop"]
    expected = sorted(
        chosen, key=lambda span: (KEYS[order](span), span.trace_id, span.span_id), reverse=order != "oldest"
    )
    filters = Filters.of(service=["shop"])
    paged = read_by_page(
        lists,
        lambda cursor: spans.find(
            PROJECT, WINDOW, filters, order=order, limit=300, cursor=cursor, columns=["name", "cost_usd"]
        ),
        lambda rows, cursor: spans.after(rows, WINDOW, order, cursor),
        "span_id_hex",
    )
    assert ids(lists, filters, order=order) == paged == [span.span_id for span in expected]


def test_a_whole_span_is_read_as_it_was_written(lists: Store) -> None:
    rows = lists.fetch_rows(spans.find(PROJECT, WINDOW, Filters(), columns=spans.WHOLE, limit=50))
    assert [BY_ID[row["span_id_hex"]] for row in rows] == [span_from_row(row) for row in rows]


def test_a_span_stored_twice_is_listed_once_and_fills_its_page(lists: Store) -> None:
    few = [replace(span, project="twice listed") for span in SPANS[:30]]
    for token in ("listed once", "listed again"):
        lists.insert(block_from_spans(few), token=token)
    for order in spans.ORDERS:
        rows = lists.fetch_rows(spans.find("twice listed", WINDOW, Filters(), order=order, limit=20))
        assert len({row["span_id_hex"] for row in rows}) == 20
        assert rows.cut


def test_columns_are_those_asked_for(lists: Store) -> None:
    (row,) = lists.fetch_rows(spans.find(PROJECT, WINDOW, Filters(), columns=["cost_usd", "tags"], limit=1))
    assert set(row) == {"trace_id_hex", "span_id_hex", "tags", "cost_usd", "order_key"}
    with pytest.raises(ValueError, match="unknown column 'password'"):
        spans.find(PROJECT, WINDOW, Filters(), columns=["password"])


@pytest.mark.parametrize(
    ("filters", "test"),
    [
        (Filters.of(status=["error"]), lambda s: s.status == "error"),
        (Filters().excluding(status=["error"], tag=["a"]), lambda s: s.status != "error" and "a" not in s.tags),
        (Filters().excluding(model=["m", ""]), lambda s: s.response_model == "m-2"),
        (Filters().with_attributes({"n": ["1"]}), lambda s: s.attributes["n"] == "1"),
        (Filters.of("REFUND lost"), lambda _: False),
        (Filters.of("Lost parcel"), lambda s: "lost" in s.input or "lost" in s.output),
        (Filters.of('"lost parcel"'), lambda s: "lost parcel" in s.input or "lost parcel" in s.output),
        (Filters.of('"arcel lo"'), lambda s: "arcel lo" in s.input),
        (Filters.of("tool 1"), lambda s: s.name == "tool 1"),
        (Filters.of("u7"), lambda s: s.user_id == "u7"),
        (Filters.of("s7", kind=["llm"]), lambda s: s.session_id == "s7" and s.kind == "llm"),
        (Filters.of("record alone"), lambda s: s is TOLD_BY_RECORD),
        (Filters.of('"by a record"'), lambda s: s is TOLD_BY_RECORD),
        (Filters.of(TOLD_BY_RECORD.trace_id.upper()), lambda s: s.trace_id == TOLD_BY_RECORD.trace_id),
    ],
)
def test_each_filter_chooses_spans(lists: Store, filters: Filters, test: Callable[[Span], bool]) -> None:
    assert set(ids(lists, filters)) == passing(test)
    assert set(ids(lists, filters, order="cost")) == passing(test)


SAID = {
    "1": "返品したいのですが、どうすればいいですか",
    "2": "배송은 언제 도착하나요?",
    "3": "50% off_today \\ C:\\new",
    "4": "Größe and naïve",
    "5": "The END",
}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("返品", "1"),
        ("どう 返品", "1"),
        ("배송", "2"),
        ("언제 返品", ""),
        ('"50%"', "3"),
        ('"5_%"', ""),
        ('"f_t"', "3"),
        ('"f-t"', ""),
        ('"\\ C:\\n"', "3"),
        ('"\\\\"', ""),
        ("?", "2"),
        ("Größe", "4"),
        ('"aïv"', "4"),
        ("the end", "5"),
        ("en", ""),
        ('"he en"', "5"),
        ("' OR 1=1 --", ""),
    ],
)
def test_text_is_found_as_it_stands(lists: Store, search: str, found: str) -> None:
    made = [
        Span("said", f"{number:0>32}", f"{number:0>16}", "", WINDOW.start_ns, WINDOW.start_ns, "chat", output=text)
        for number, text in SAID.items()
    ]
    lists.insert(block_from_spans(made), token="said")  # stored the first time, known by its token later
    rows = lists.fetch_rows(spans.find("said", WINDOW, Filters.of(search), columns=["name"]))
    assert {row["span_id_hex"].lstrip("0") for row in rows} == set(found)


def grouped(field: str) -> dict[str, list[Span]]:
    groups: dict[str, list[Span]] = defaultdict(list)
    for span in SPANS:
        groups[getattr(span, field)].append(span)
    groups.pop("", None)
    return groups


def failures(of: list[Span]) -> int:
    return sum(span.status == "error" for span in of)


SESSIONS = grouped("session_id")
SESSION_KEYS: dict[str, Callable[[list[Span]], Any]] = {
    "newest": lambda of: max(s.start_ns for s in of),
    "oldest": lambda of: min(s.start_ns for s in of),
    "traces": lambda of: len({s.trace_id for s in of}),
    "cost": lambda of: sum(map(cost, of), Decimal(0)),
    "tokens": lambda of: sum(map(tokens, of)),
    "errors": failures,
}


@pytest.mark.parametrize("order", sessions.ORDERS)
def test_every_order_of_sessions_is_the_same_from_page_to_page(lists: Store, order: str) -> None:
    expected = ordered(SESSIONS, lambda one: SESSION_KEYS[order](SESSIONS[one]), descending=order != "oldest")
    paged = read_by_page(
        lists,
        lambda cursor: sessions.find(PROJECT, WINDOW, Filters(), order=order, limit=70, cursor=cursor),
        lambda rows, cursor: sessions.after(rows, WINDOW, order, cursor),
        "session_id",
    )
    assert paged == expected


@pytest.mark.parametrize("order", ["newest", "cost"])
def test_a_session_is_told_whole_whichever_span_it_was_found_by(lists: Store, order: str) -> None:
    rows = lists.fetch_rows(sessions.find(PROJECT, WINDOW, Filters.of(kind=["tool"]), order=order, limit=500))
    assert {row["session_id"] for row in rows} == {n for n, of in SESSIONS.items() if any(s.kind == "tool" for s in of)}
    for row in rows:
        of = SESSIONS[row["session_id"]]
        scores = [
            s.value for s in SCORES if s.session_id == row["session_id"] or s.trace_id in {x.trace_id for x in of}
        ]
        assert (row["spans"], row["traces"]) == (len(of), len({s.trace_id for s in of}))
        assert (row["total_tokens"], row["errors"]) == (sum(map(tokens, of)), failures(of))
        assert row["cost_usd"] is None or row["cost_usd"] == pytest.approx(float(sum(map(cost, of))))
        assert row["score"] == (pytest.approx(sum(scores) / len(scores)) if scores else None)  # type: ignore[arg-type]
        assert int(row["last_time"].timestamp()) == max(s.start_ns for s in of) // 10**9


def test_the_traces_of_one_session_come_in_their_order(lists: Store) -> None:
    rows = lists.fetch_rows(sessions.traces_of(PROJECT, "s7"))
    starts = {
        trace: min(s.start_ns for s in SESSIONS["s7"] if s.trace_id == trace)
        for trace in {s.trace_id for s in SESSIONS["s7"]}
    }
    assert [row["trace_id"] for row in rows] == ordered(starts, starts.__getitem__, descending=False)


USERS = grouped("user_id")


@pytest.mark.parametrize("order", users.ORDERS)
def test_every_order_of_users_is_the_same_from_page_to_page(lists: Store, order: str) -> None:
    whole = lists.fetch_rows(users.find(PROJECT, WINDOW, Filters(), order=order, limit=500))
    paged = read_by_page(
        lists,
        lambda cursor: users.find(PROJECT, WINDOW, Filters(), order=order, limit=4, cursor=cursor),
        lambda rows, cursor: users.after(rows, WINDOW, order, cursor),
        "user_id",
    )
    assert paged == [row["user_id"] for row in whole]
    assert set(paged) == set(USERS)
    keys = [Decimal(row["order_key"]) for row in whole]
    assert keys == sorted(keys, reverse=order != "oldest")


def test_what_is_told_of_a_user(lists: Store) -> None:
    filters = Filters().excluding(user_id=["u"])
    rows = lists.fetch_rows(users.find(PROJECT, WINDOW, filters, order="cost", limit=500))
    assert {row["user_id"] for row in rows} == set(USERS) - {"u"}
    for row in rows:
        of = USERS[row["user_id"]]
        assert row["spans"] == len(of)
        assert row["sessions"] == len({s.session_id for s in of if s.session_id})
        assert row["total_tokens"] == sum(tokens(s) * s.sampling_weight for s in of)
        assert row["cost_usd"] == pytest.approx(float(sum(float(cost(s)) * s.sampling_weight for s in of)))
