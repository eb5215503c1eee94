"""The kinds of questions of ``make bench-queries``: the product's queries, and another schema's for the same answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import queries_peer_asks as peers
from queries_data import PROJECT, SERVICES, TASKS, last
from queries_otel import PEER as OTEL
from queries_peer import Found, Peer, measures

from spanglass_monitor.readings import Reading, query_of, readings_of
from spanglass_store.cursor import NEWEST
from spanglass_store.measures import series, totals
from spanglass_store.queries import attributes, facets, overview, quality, sessions, spans, top, trace, traces, users
from spanglass_store.queries.trace_filters import TraceBounds
from spanglass_store.query import Filters, Query, Window
from spanglass_store.rules import Rule

DAY: Final = last(1)
WEEK: Final = last(7)
MONTH: Final = last(30)
EVER: Final = Window(0, 2**62)
LIVE: Final = Window(DAY.start_ns - 20 * 60 * 10**9, DAY.end_ns - 20 * 60 * 10**9)
"""A day that ends within an hour, as now does: its edges are read from the spans."""
NINE_HOURS_NS: Final = 9 * 3600 * 10**9
WEEK_TO_THE_HOUR: Final = Window(WEEK.start_ns - NINE_HOURS_NS, WEEK.end_ns - NINE_HOURS_NS)
MONTH_TO_THE_HOUR: Final = Window(MONTH.start_ns - NINE_HOURS_NS, MONTH.end_ns - NINE_HOURS_NS)
"""As the overview page asks: weeks end with the hour that has begun, and not at midnight."""
INTERVALS: Final = {DAY: 20 * 60, LIVE: 20 * 60, WEEK_TO_THE_HOUR: 2 * 3600, MONTH_TO_THE_HOUR: 8 * 3600}

# The overview page's own questions (dashboard/spanglass_dashboard/pages/overview.py, kpis.py).
KPIS: Final = (
    "traces", "calls", "error_ratio", "latency_p95_seconds", "cost_usd", "total_tokens",
    "time_to_first_token_p50_seconds", "time_to_first_token_p95_seconds",
)  # fmt: skip
OVER_TIME: Final = (*KPIS, "errors", "input_tokens", "output_tokens", "latency_p50_seconds", "latency_p99_seconds")
BY_GROUP: Final = ("calls", "error_ratio", "latency_p95_seconds", "total_tokens", "cost_usd", "unpriced_calls")
BY_SERVICE: Final = ("traces", "trace_error_ratio", "trace_latency_p95_seconds", "total_tokens", "cost_usd")
FACETS: Final = ("service", "model", "environment", "user_id", "session_id", "tag", "prompt_name", "release")
PARTS: Final = ("kpis", "series", "cost_by_model", "models", "services", "prompts")
RULES: Final = 100
TOP: Final = 50
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Facts:
    """What is looked for: it is in the data, some days before its end."""

    trace_id: str
    large_trace_id: str
    user_id: str
    session_id: str
    tenant: str
    ticket: str
    word: str
    two_words: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Question:
    """``ours`` are the product's queries, ``theirs`` those of another schema that give the same answers, in the same
    order; what is left of ours has no answer there. None: measured with ours only. ``bar_ms``: the most it may take at
    ten million spans on two cores; None: not decided. ``grows``: its time is also taken with a tenth of the spans.
    ``at_once``: whoever asks it asks all of it side by side.
    """

    ours: Callable[[Facts], Sequence[Query]]
    bar_ms: float | None = None
    theirs: Callable[[Peer, Facts], Sequence[Query]] | None = None
    grows: bool = False
    at_once: bool = False


def page(window: Window) -> list[Query]:
    """All that the overview page asks."""
    everything = Filters()
    interval = INTERVALS[window]
    return [
        overview.compared(KPIS, PROJECT, window, everything),
        series(OVER_TIME, PROJECT, window, everything, interval),
        series(["cost_usd"], PROJECT, window, everything, interval, group_by="model"),
        totals(BY_GROUP, PROJECT, window, everything, "model", limit=TOP),
        totals(BY_SERVICE, PROJECT, window, everything, "service", limit=TOP),
        totals(BY_GROUP, PROJECT, window, everything, "prompt_name", limit=TOP),
    ]


def page_of(peer: Peer, window: Window) -> list[Query]:
    """The same of another schema."""
    everything = Filters()
    interval = INTERVALS[window]
    return [
        peers.compared(peer, KPIS, window),
        peers.series(peer, OVER_TIME, window, interval),
        peers.series(peer, ["cost_usd"], window, interval, "model"),
        peers.totals(peer, BY_GROUP, window, everything, "model", TOP),
        peers.totals(peer, BY_SERVICE, window, everything, "service", TOP),
        peers.totals(peer, BY_GROUP, window, everything, "prompt_name", TOP),
    ]


def whole_page(window: Window, bar_ms: float) -> Question:
    """The overview page. Of other schemas its parts are measured, and their sum is told."""
    return Question(lambda _: page(window), bar_ms, grows=True, at_once=True)


def page_part(window: Window, at: int) -> Question:
    """One query of the overview page."""
    return Question(lambda _: [page(window)[at]], theirs=lambda peer, _: [page_of(peer, window)[at]], grows=True)


def rules() -> list[Rule]:
    """A hundred rules as a team may have them: services, environments and prompts, short windows and long ones."""
    places = [
        *({"service": (service,)} for service in SERVICES),
        *({"service": (service,), "environment": ("production",)} for service in SERVICES),
        *({"prompt_name": (task,)} for task in TASKS),
        {},
    ]
    watched = list(measures(OTEL))
    return [
        Rule(
            project=PROJECT,
            rule_id=str(number),
            name=f"rule {number}",
            measure=watched[number * 7 % len(watched)],
            comparison="above",
            threshold=0.0,
            window_seconds=(300, 300, 900, 3600)[number % 4],
            filters=Filters.of(**places[number % len(places)]),
        )
        for number in range(RULES)
    ]


def looked(ask: Callable[[Reading, Sequence[Rule]], Query]) -> list[Query]:
    """All that the monitor asks in one look at the rules: those that look at the same spans share a query."""
    return [ask(reading, grouped) for reading, grouped in readings_of(rules()).items()]


def looked_of(peer: Peer) -> list[Query]:
    """The same of another schema."""

    def ask(reading: Reading, grouped: Sequence[Rule]) -> Query:
        window = Window(DAY.end_ns - reading.window_seconds * 10**9, DAY.end_ns)
        return peers.totals(peer, sorted({rule.measure for rule in grouped}), window, reading.filters)

    return looked(ask)


def alerts() -> Question:
    """What the monitor asks in one look at a hundred rules."""
    return Question(
        lambda _: looked(lambda reading, grouped: query_of(reading, grouped, DAY.end_ns)),
        1000,
        lambda peer, _: looked_of(peer),
    )


def nothing(_: Facts) -> Filters:
    """No filter."""
    return Filters()


def listed(
    window: Window,
    bar_ms: float,
    filters: Callable[[Facts], Filters] = nothing,
    *,
    found: Callable[[Peer, Facts], Found] = lambda *_: Found(),
    order: str = NEWEST,
    bounds: TraceBounds = TraceBounds(),  # noqa: B008 - frozen
) -> Question:
    """A page of the trace list. ``found``: how another schema says what is not a plain filter of ours."""
    return Question(
        lambda known: [traces.find(PROJECT, window, filters(known), order=order, bounds=bounds, limit=PAGE)],
        bar_ms,
        lambda peer, known: [peers.listed(peer, window, filters(known), PAGE, found(peer, known))],
        grows=True,
    )


def searched(bar_ms: float, text: Callable[[Facts], str], *, substring: bool = False) -> Question:
    """A page of the trace list for something typed into the search box."""
    return listed(
        MONTH,
        bar_ms,
        lambda known: Filters.of(f'"{text(known)}"' if substring else text(known)),
        found=lambda peer, known: Found(text=(peer.substring if substring else peer.words)(text(known))),
    )


def counted(window: Window) -> Question:
    """How many traces the list says there are."""
    return Question(
        lambda _: [traces.count(PROJECT, window, Filters())],
        100,
        lambda peer, _: [peers.count(peer, window, Filters(), traces.COUNTED)],
        grows=True,
    )


def single(order: str, key: Callable[[Peer], str]) -> Question:
    """A page of the list of single spans."""
    return Question(
        lambda _: [spans.find(PROJECT, MONTH, Filters(), order=order, limit=PAGE)],
        200,
        lambda peer, _: [peers.single(peer, MONTH, key(peer), PAGE)],
        grows=True,
    )


def one_session(session_id: Callable[[Facts], str]) -> Question:
    """The traces of one session, whenever they were."""
    return Question(
        lambda known: [sessions.traces_of(PROJECT, session_id(known))],
        100,
        lambda peer, known: [peers.listed(peer, EVER, Filters.of(session_id=[session_id(known)]), 1000, Found())],
        grows=True,
    )


def members(field: Literal["user_id", "session_id"], order: str) -> Question:
    """A page of the list of users or of sessions."""
    find = {"user_id": users.find, "session_id": sessions.find}[field]
    return Question(
        lambda _: [find(PROJECT, MONTH, Filters(), order=order, limit=PAGE)],
        200,
        lambda peer, _: [peers.members(peer, field, MONTH, order == "cost", PAGE)],
        grows=True,
    )


def attribute_values(key: str) -> Question:
    """Which values an attribute has."""
    return Question(
        lambda _: [attributes.values(PROJECT, WEEK, Filters(), key, limit=100)],
        200,
        lambda peer, _: [peers.attribute_values(peer, key, WEEK, 100)],
    )


def opened(trace_id: Callable[[Facts], str]) -> Question:
    """A trace with its scores, from its id alone."""
    parts = (trace.spans, trace.scores, trace.details)
    return Question(
        lambda known: [part(PROJECT, trace_id(known)) for part in parts],
        50,
        lambda peer, known: peer.trace(trace_id(known)),
        at_once=True,
    )


def by_cost(field: str) -> Question:
    """What cost most in a month, beside the month before."""
    names = ("cost_usd", "calls", "total_tokens")
    return Question(
        lambda _: [top.top(field, names, PROJECT, MONTH, Filters(), limit=TOP)],
        None,
        lambda peer, _: [peers.top(peer, field, names, MONTH, TOP)],
    )


def offered() -> Question:
    """What the filters of a page offer: eight fields in one reading, which nobody else has."""
    return Question(lambda _: [facets.all_values(PROJECT, WEEK, Filters(), fields=FACETS)], 200)


def suggested(field: str) -> Question:
    """What one filter offers."""
    return Question(
        lambda _: [facets.values(PROJECT, WEEK, field)], 200, lambda peer, _: [peers.facet(peer, field, WEEK)]
    )


def judged(seconds: int | None, group: str | None) -> Question:
    """A score by day, or by what answered."""

    def ours(_: Facts) -> list[Query]:
        if seconds is None:
            return [quality.totals(PROJECT, MONTH, Filters(), "quality", group)]
        return [quality.trend(PROJECT, MONTH, Filters(), "quality", seconds, group)]

    return Question(ours, 150, lambda peer, _: [peers.quality(peer, MONTH, "quality", seconds, group)])
