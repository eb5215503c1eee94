"""What ``make bench-queries`` asks: a row a question, with the queries of the product that answer it.

A question is what a person or the monitor waits for, so it may be several queries, asked one after another. A new query
function is one more row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import queries_peer
from queries_data import PROJECT, SERVICES, TASKS, Plan, last
from queries_otel import PEER as OTEL
from queries_peer import Peer
from queries_text import words

from spanglass_monitor.readings import Reading, query_of, readings_of
from spanglass_store.connection import Store
from spanglass_store.measures import series, totals
from spanglass_store.queries import facets, overview, quality, top, trace, traces
from spanglass_store.query import Filters, Query, Window
from spanglass_store.rules import Rule

DAY: Final = last(1)
WEEK: Final = last(7)
MONTH: Final = last(30)
INTERVALS: Final = {DAY: 20 * 60, WEEK: 2 * 3600, MONTH: 8 * 3600}

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
    """

    ours: Callable[[Facts], Sequence[Query]]
    bar_ms: float | None = None
    theirs: Callable[[Peer, Facts], Sequence[Query]] | None = None
    grows: bool = False


def facts(store: Store, plan: Plan) -> Facts:
    """Ids of a user, a session, traces and a ticket that are there."""
    number = plan.traces // 2
    ids = (
        "SELECT lower(hex(sipHash128(toUInt64({trace:UInt64}), 'trace'))) AS trace_id, "
        "lower(hex(sipHash128(toUInt64({large:UInt64}), 'trace'))) AS large_trace_id"
    )
    (row,) = store.fetch_rows(Query("ids", ids, (("trace", number), ("large", plan.large_trace))))
    seen = (
        "SELECT session_id, extract(input, '(TKT[0-9]+)') AS ticket, attributes['tenant'] AS tenant, "
        "extract(input, '[a-z]{3} [a-z]{4,} [a-z]{4,} [a-z]{3}') AS phrase FROM spans "
        "WHERE project = {project:String} AND start_time > fromUnixTimestamp64Nano({start:Int64}, 'UTC') "
        "AND ticket != '' AND kind = 'llm' AND attributes['tenant'] LIKE '%00' AND environment = 'production' ORDER BY start_time LIMIT 1"
    )
    (found,) = store.fetch_rows(Query("seen", seen, (("project", PROJECT), ("start", last(12).start_ns))))
    known = words()
    return Facts(
        **row,
        **found,
        user_id="user-120",
        word=known[1200],
        two_words=f"{known[150]} {known[400]}",
    )


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
        queries_peer.compared(peer, KPIS, window),
        queries_peer.series(peer, OVER_TIME, window, interval),
        queries_peer.series(peer, ["cost_usd"], window, interval, "model"),
        queries_peer.totals(peer, BY_GROUP, window, everything, "model", TOP),
        queries_peer.totals(peer, BY_SERVICE, window, everything, "service", TOP),
        queries_peer.totals(peer, BY_GROUP, window, everything, "prompt_name", TOP),
    ]


def rules() -> list[Rule]:
    """A hundred rules as a team may have them: services, environments and prompts, short windows and long ones."""
    places = [
        *({"service": (service,)} for service in SERVICES),
        *({"service": (service,), "environment": ("production",)} for service in SERVICES),
        *({"prompt_name": (task,)} for task in TASKS),
        {},
    ]
    watched = list(queries_peer.measures(OTEL))
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
        return queries_peer.totals(peer, sorted({rule.measure for rule in grouped}), window, reading.filters)

    return looked(ask)


def overview_part(window: Window, at: int) -> Question:
    """One query of the overview page."""
    return Question(lambda _: [page(window)[at]], theirs=lambda peer, _: [page_of(peer, window)[at]], grows=True)


def listed(
    window: Window,
    bar_ms: float,
    filters: Callable[[Facts], Filters] = lambda _: Filters(),
    text: Callable[[Peer, Facts], str] = lambda *_: "",
) -> Question:
    """A page of the trace list. ``text``: how another schema says what ours searches for."""

    def theirs(peer: Peer, known: Facts) -> list[Query]:
        return [queries_peer.listed(peer, window, replace(filters(known), search=""), PAGE, text(peer, known))]

    return Question(
        lambda known: [traces.find(PROJECT, window, filters(known), limit=PAGE)], bar_ms, theirs, grows=True
    )


def counted(window: Window) -> Question:
    """How many traces the list says there are."""
    return Question(
        lambda _: [traces.count(PROJECT, window, Filters())],
        100,
        lambda peer, _: [queries_peer.count(peer, window, Filters(), traces.COUNTED)],
        grows=True,
    )


def opened(trace_id: Callable[[Facts], str]) -> Question:
    """A trace with its scores, from its id alone."""
    parts = (trace.spans, trace.scores, trace.details)
    return Question(
        lambda known: [part(PROJECT, trace_id(known)) for part in parts],
        50,
        lambda peer, known: peer.trace(trace_id(known)),
    )


def by_cost(field: str) -> Question:
    """What cost most in a month, beside the month before."""
    names = ("cost_usd", "calls", "total_tokens")
    return Question(
        lambda _: [top.top(field, names, PROJECT, MONTH, Filters(), limit=TOP)],
        None,
        lambda peer, _: [queries_peer.top(peer, field, names, MONTH, TOP)],
    )


def suggested(fields: Sequence[str]) -> Question:
    """What the filters of a page offer."""
    return Question(
        lambda _: [facets.values(PROJECT, WEEK, field) for field in fields],
        200,
        lambda peer, _: [queries_peer.facet(peer, field, WEEK) for field in fields],
    )


def judged(seconds: int | None, group: str | None) -> Question:
    """A score by day, or by what answered."""

    def ours(_: Facts) -> list[Query]:
        if seconds is None:
            return [quality.totals(PROJECT, MONTH, Filters(), "quality", group)]
        return [quality.trend(PROJECT, MONTH, Filters(), "quality", seconds, group)]

    return Question(ours, 150, lambda peer, _: [queries_peer.quality(peer, MONTH, "quality", seconds, group)])


FILTERS: Final[Mapping[str, Callable[[Facts], Filters]]] = {
    "user": lambda known: Filters.of(user_id=[known.user_id]),
    "session": lambda known: Filters.of(session_id=[known.session_id]),
    "model": lambda _: Filters.of(model=["gemini-2.5-pro"]),
    "tag": lambda _: Filters.of(tag=["canary"]),
    "error": lambda _: Filters.of(status=["error"]),
    "ok": lambda _: Filters.of(status=["ok"]),
    "attribute": lambda known: Filters().with_attributes({"tenant": [known.tenant]}),
    "metadata": lambda _: Filters().with_attributes({"metadata.plan": ["pro"]}),
    "service": lambda _: Filters.of(service=["reports"]),
    "environment": lambda _: Filters.of(environment=["staging"]),
    "release": lambda _: Filters.of(release=["1.3"]),
    "name": lambda _: Filters.of(name=["tool plan"]),
    "kind": lambda _: Filters.of(kind=["embedding"]),
    "prompt": lambda _: Filters.of(prompt_name=["translate"]),
    "prompt_version": lambda _: Filters.of(prompt_name=["translate"], prompt_version=["2"]),
    "error_type": lambda _: Filters.of(error_type=["ToolError"]),
    "without_service": lambda _: Filters().excluding(service=["assistant", "triage", "search"]),
}

WORDS: Final[Sequence[tuple[str, float, Callable[[Facts], str]]]] = (
    ("word", 300, lambda known: known.word),
    ("two_words", 300, lambda known: known.two_words),
    ("rare_id", 300, lambda known: known.ticket.lower()),
    ("nothing", 300, lambda _: "notawordofanytext"),
)
SUBSTRINGS: Final[Sequence[tuple[str, Callable[[Facts], str]]]] = (
    ("substring", lambda known: known.ticket[5:11]),
    ("phrase", lambda known: known.phrase),
)

QUESTIONS: Final[Mapping[str, Question]] = {
    "overview_24h": Question(lambda _: page(DAY), 100, grows=True),
    "overview_7d": Question(lambda _: page(WEEK), 150, grows=True),
    "overview_30d": Question(lambda _: page(MONTH), 250, grows=True),
    **{
        f"overview_{days}_{part}": overview_part(window, at)
        for days, window in (("24h", DAY), ("7d", WEEK), ("30d", MONTH))
        for at, part in enumerate(PARTS)
    },
    "list_24h": listed(DAY, 100),
    "list_30d": listed(MONTH, 100),
    "count_24h": counted(DAY),
    "count_30d": counted(MONTH),
    **{f"list_by_{name}": listed(MONTH, 200, filters) for name, filters in FILTERS.items()},
    "trace": opened(lambda known: known.trace_id),
    "trace_5000": opened(lambda known: known.large_trace_id),
    **{
        f"search_{name}": listed(MONTH, bar_ms, lambda known, find=find: Filters.of(find(known)), lambda peer, known, find=find: peer.words(find(known)))
        for name, bar_ms, find in WORDS
    },
    **{
        f"search_{name}": listed(MONTH, 1000, lambda known, find=find: Filters.of(f'"{find(known)}"'), lambda peer, known, find=find: peer.substring(find(known)))
        for name, find in SUBSTRINGS
    },
    "quality_trend": judged(86_400, None),
    "quality_trend_by_model": judged(86_400, "model"),
    "quality_by_prompt_version": judged(None, "prompt_version"),
    "alerts_100": Question(
        lambda _: looked(lambda reading, grouped: query_of(reading, grouped, DAY.end_ns)), 1000, lambda peer, _: looked_of(peer)
    ),
    "facets_7d": suggested(FACETS),
    "facets_7d_model": suggested(["model"]),
    "facets_7d_user": suggested(["user_id"]),
    **{f"top_{name}": by_cost(field) for name, field in (("models", "model"), ("users", "user_id"), ("prompts", "prompt"), ("tags", "tag"))},
}  # fmt: skip
