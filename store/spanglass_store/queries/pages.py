"""Which page of a list: an ordered sub-query of ids, from a cursor on. Pure.

A list is asked for in two steps: a page of ids, found by few columns, then what is shown of those alone. In the order
of time the page is read from the newest (oldest) minute on, and no further than it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spanglass_store.condition import Condition, Window, between, every
from spanglass_store.cursor import ORDER_KEY, Cursor
from spanglass_store.filters import Filters
from spanglass_store.query import Asked, alternatives, attribute_place, query, spans_where

READ_IN_ORDER: Final = "read_in_order_use_buffering = 0, max_block_size = 8192"
"""Settings of a query that stops early. By default each part of the table is read ahead as a whole: three million rows
for a page of a hundred, and a tenth of them so."""


COPIES: Final = 3
"""How often a span may have been stored and still leave a page of spans full: asking for each once before sorting costs
five times as much."""


_TRACE_ID: Final = "FixedString(16)"
_DAY_NS: Final = 86_400 * 10**9
_INDEXED: Final = ("user_id", "session_id")


@dataclass(frozen=True, slots=True)
class Listed:
    """What is listed: the ``columns`` of its id with their ``types``, and the SQL and the parameters of an id in a cursor.
    ``not_in`` says what is not among what was listed before; None where each row is listed by itself.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    places: tuple[str, ...]
    bound: Callable[[str], tuple[tuple[str, Any], ...]]
    id_pattern: str = r"(?s).*"
    not_in: str | None = "GLOBAL NOT IN"  # its spans may be on several shards

    @property
    def ids(self) -> str:
        """The columns as a list."""
        return ", ".join(self.columns)


TRACES: Final = Listed(
    ("trace_id",),
    (_TRACE_ID,),
    ("unhex({after_id:String})",),
    lambda text: (("after_id", text),),
    "[0-9a-f]{32}",
    "NOT IN",
)
SESSIONS: Final = Listed(("session_id",), ("String",), ("{after_id:String}",), lambda text: (("after_id", text),))
USERS: Final = Listed(("user_id",), ("String",), ("{after_id:String}",), lambda text: (("after_id", text),))
SPANS: Final = Listed(
    ("trace_id", "span_id"),
    (_TRACE_ID, "UInt64"),
    ("unhex({after_trace:String})", "{after_span:UInt64}"),
    lambda text: (("after_trace", text[:32]), ("after_span", int(text[32:], 16))),
    "[0-9a-f]{48}",
    None,
)


@dataclass(frozen=True, slots=True)
class Order:
    """By ``key`` (SQL of a whole or decimal number of ``type``), by time where it is empty; then by id, the same way."""

    label: str
    key: str = ""
    type: str = "Int64"
    descending: bool = True

    @property
    def direction(self) -> str:
        """For ORDER BY."""
        return "DESC" if self.descending else "ASC"


NEWEST: Final = Order("Newest first")
OLDEST: Final = Order("Oldest first", descending=False)


def chosen(orders: Mapping[str, Order], name: str) -> Order:
    """The order called ``name``. Raises ValueError for one that does not exist."""
    if name not in orders:
        msg = f"unknown order {name!r}; known: {', '.join(orders)}"
        raise ValueError(msg)
    return orders[name]


def windows(
    window: Window, order: Order, place: Cursor | None, filters: Filters, *, whole: bool = False
) -> list[Window]:
    """Where to look for a page, until it is full. Newest first, most often the last day has enough, and of a month all
    parts are opened: so that day is looked at before. Not for what an index finds, which is rare; but for what is asked of
    ``whole`` traces, which an index does not find.
    """
    end_ns = min(window.end_ns, int(place.key) + 1) if place and order is NEWEST else window.end_ns
    last_day = Window(end_ns - _DAY_NS, window.end_ns)
    of_index = any(attribute_place(key)[0] == "attributes" for key, _ in filters.attributes)
    is_found = filters.search or of_index or any(map(filters.get, _INDEXED))
    is_long = last_day.start_ns > window.start_ns + 2 * _DAY_NS
    return [last_day, window] if order is NEWEST and is_long and (whole or not is_found) else [window]


def asked(listed: Listed, order: Order, attempts: Sequence[Condition], limit: int, offset: int = 0) -> Asked:
    """The table ``page``: the ids of one page, as the first of ``attempts`` (see ``by_time``) finds them that fills it.

    Columns: place (1 is the first), order_key (text), at (the start of the span it was found by), the id.
    """
    by = ", ".join(f"{column} {order.direction}" for column in ("key", *listed.columns))
    queries = [
        query(
            "page of a list",
            f"""
            SELECT row_number() OVER (ORDER BY {by}) AS place, toString(key) AS {ORDER_KEY},
            toUnixTimestamp64Nano(at) AS at_ns, {listed.ids}
            FROM ({each.sql})
            SETTINGS {READ_IN_ORDER}
            """,
            each,
            **bounds(limit, offset),
        )
        for each in attempts
    ]
    ids = zip(listed.columns, listed.types, strict=True)
    columns = (("place", "UInt64"), (ORDER_KEY, "String"), ("at", "DateTime64(9, 'UTC')"), *ids)
    return Asked("page", columns, tuple(queries), enough=limit + 1)


def by_time(listed: Listed, found: Sequence[Condition], order: Order, place: Cursor | None) -> Condition:
    """A page of ids by their newest (oldest) span for which one of ``found`` holds. Columns: key (nanoseconds),
    at (that span's start), the id. Bound besides: ``upto``, ``page``, ``offset`` (see ``bounds``).
    """
    seek = _after_time(listed, found, order, place)
    way = order.direction
    by = f"start_time {way}, " + ", ".join(f"{column} {way}" for column in listed.columns)
    parts = [
        f"SELECT {listed.ids}, start_time FROM spans WHERE {each.sql}{seek.sql}\n"
        f"ORDER BY toStartOfMinute(start_time) {way}, {by}\nLIMIT 1 BY {listed.ids} LIMIT {{upto:UInt32}}"
        for each in found
    ]
    sql = (
        f"SELECT toUnixTimestamp64Nano(start_time) AS key, start_time AS at, {listed.ids} FROM (\n"
        + "\nUNION ALL\n".join(parts)
        + f")\nORDER BY {by} LIMIT 1 BY {listed.ids} LIMIT {{page:UInt32}} OFFSET {{offset:UInt32}}"
    )
    return Condition(sql, every([*found, seek]).params)


def by_value(listed: Listed, found: Sequence[Condition], order: Order, place: Cursor | None) -> Condition:
    """A page of ids by ``order.key``, a value of each span for which one of ``found`` holds. As ``by_time``."""
    way = order.direction
    by = ", ".join(f"{column} {way}" for column in ("key", *listed.columns))
    seek = _after(("key", *listed.columns), order, listed, place)
    parts = [
        f"SELECT {order.key} AS key, start_time AS at, {listed.ids} FROM spans WHERE {every([each, *seek]).sql}\n"
        f"ORDER BY {by} LIMIT {COPIES} * {{upto:UInt32}}"
        for each in found
    ]
    sql = (
        "SELECT * FROM (\n"
        + "\nUNION ALL\n".join(parts)
        + f")\nORDER BY {by} LIMIT 1 BY {listed.ids} LIMIT {{page:UInt32}} OFFSET {{offset:UInt32}}"
    )
    return Condition(sql, every([*found, *seek]).params)


def by_total(
    listed: Listed, where: Condition, order: Order, place: Cursor | None, having: Sequence[Condition] = ()
) -> Condition:
    """A page of ids by ``order.key``, an aggregate over the spans ``where`` holds for. Columns: key, at (the newest
    span's start), the id. Bound besides: ``page``, ``offset``.
    """
    tests = [*having, *_after(("key", *listed.columns), order, listed, place)]
    way = order.direction
    by = ", ".join(f"{column} {way}" for column in ("key", *listed.columns))
    sql = f"""SELECT {order.key} AS key, max(start_time) AS at, {listed.ids} FROM spans WHERE {where.sql}
        GROUP BY {listed.ids}{f" HAVING {every(tests).sql}" if tests else ""}
        ORDER BY {by} LIMIT {{page:UInt32}} OFFSET {{offset:UInt32}}"""
    return Condition(sql, every([where, *tests]).params)


def by_group(
    listed: Listed, project: str, window: Window, filters: Filters, order: Order, place: Cursor | None
) -> list[Condition]:
    """Attempts at a page of sessions or users with a span in ``window`` that passes ``filters``, by their newest such span,
    or by ``order.key``, an aggregate over all their spans in the window.
    """
    named = Condition(f"{listed.ids} != ''", ())

    def found(window: Window) -> list[Condition]:
        return [every([each, named]) for each in alternatives(project, window, filters)]

    if not order.key:
        return [by_time(listed, found(each), order, place) for each in windows(window, order, place, filters)]
    whole = every([spans_where(project, window, Filters()), named])
    if filters != Filters():
        among = found(window)
        chosen = Condition(f"{listed.ids} GLOBAL IN ({found_in(among, listed.ids)})", every(among).params)
        whole = every([whole, chosen])
    return [by_total(listed, whole, order, place)]


def bounds(limit: int, offset: int = 0) -> dict[str, int]:
    """What ``by_time`` and ``by_total`` want bound for ``limit`` rows after ``offset``, and one to see whether more come."""
    return {"page": limit + 1, "offset": offset, "upto": limit + 1 + offset}


def found_in(found: Sequence[Condition], column: str, more: str = "") -> str:
    """A sub-query: ``column`` of the spans for which one of ``found`` holds."""
    return " UNION ALL ".join(f"SELECT {column} FROM spans WHERE {each.sql}{more}" for each in found)


def around(margin_ns: int) -> str:
    """Spans that started at most ``margin_ns`` before or after those that the ids of ``page`` were found by."""
    return (
        f"start_time >= (SELECT subtractNanoseconds(min(at), {margin_ns}) FROM page) "
        f"AND start_time <= (SELECT addNanoseconds(max(at), {margin_ns}) FROM page)"
    )


def in_window(window: Window) -> Condition:
    """Whether a group has a span in ``window``."""
    time = between("start_time", window)
    return Condition(f"countIf({time.sql}) > 0", time.params)


def _after_time(listed: Listed, found: Sequence[Condition], order: Order, place: Cursor | None) -> Condition:
    """Spans beyond the cursor, of what has none before it: what has was listed on an earlier page."""
    if place is None:
        return Condition("", ())
    (beyond,) = _after(("start_time", *listed.columns), order, listed, place)
    time = _TIME_PLACE
    inner, outer = ("<=", ">=") if order.descending else (">=", "<=")
    listed_before = found_in(found, listed.ids, f" AND start_time {outer} {time} AND NOT {beyond.sql}")
    once = f" AND {listed.ids} {listed.not_in} ({listed_before})" if listed.not_in else ""
    return Condition(f" AND start_time {inner} {time} AND {beyond.sql}{once}", beyond.params)


_TIME_PLACE: Final = "fromUnixTimestamp64Nano({after_key:Int64}, 'UTC')"


def _after(columns: tuple[str, ...], order: Order, listed: Listed, place: Cursor | None) -> list[Condition]:
    """Rows that come after the cursor's in ``order``: the first of ``columns`` decides, then the next."""
    if place is None:
        return []
    key = f"{{after_key:{order.type}}}" if order.key else _TIME_PLACE
    sign = "<" if order.descending else ">"
    *firsts, last = zip(columns, (key, *listed.places), strict=True)
    sql = f"{last[0]} {sign} {last[1]}"
    for column, value in reversed(firsts):
        sql = f"{column} {sign} {value} OR ({column} = {value} AND ({sql}))"
    return [Condition(f"({sql})", (("after_key", place.key), *listed.bound(place.id)))]
