"""What ``make bench-queries`` asks: a row a question, with the queries of the product that answer it.

A question is what a person or the monitor waits for, so it may be several queries, asked one after another. A new query
function is one more row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from queries_data import PROJECT, SERVICES, TASKS, Plan, last
from queries_text import words

from spanglass_monitor.readings import query_of, readings_of
from spanglass_store.connection import Store
from spanglass_store.measures import MEASURES, series, totals
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
RULES: Final = 100
TOP: Final = 50


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
    """``bar_ms``: the most it may take at ten million spans on two cores; None: not decided. ``grows``: its time is also
    taken with a tenth of the spans.
    """

    ours: Callable[[Facts], Sequence[Query]]
    bar_ms: float | None = None
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


def rules() -> list[Rule]:
    """A hundred rules as a team may have them: services, environments and prompts, short windows and long ones."""
    places = [
        *({"service": (service,)} for service in SERVICES),
        *({"service": (service,), "environment": ("production",)} for service in SERVICES),
        *({"prompt_name": (task,)} for task in TASKS),
        {},
    ]
    watched = [name for name, measure in MEASURES.items() if measure.table == "spans"]
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


def looked() -> list[Query]:
    """All that the monitor asks in one look at the rules."""
    return [query_of(reading, grouped, DAY.end_ns) for reading, grouped in readings_of(rules()).items()]


def listed(window: Window, filters: Callable[[Facts], Filters] = lambda _: Filters()) -> Callable[[Facts], list[Query]]:
    """A page of the trace list."""
    return lambda known: [traces.find(PROJECT, window, filters(known), limit=50)]


def by_cost(field: str) -> Callable[[Facts], list[Query]]:
    """What cost most in a month, beside the month before."""
    return lambda _: [top.top(field, ["cost_usd", "calls", "total_tokens"], PROJECT, MONTH, Filters(), limit=TOP)]


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

QUESTIONS: Final[Mapping[str, Question]] = {
    "overview_24h": Question(lambda _: page(DAY), 100, grows=True),
    "overview_7d": Question(lambda _: page(WEEK), 150, grows=True),
    "overview_30d": Question(lambda _: page(MONTH), 250, grows=True),
    **{
        f"overview_{days}_{part}": Question(lambda _, window=window, at=at: [page(window)[at]], grows=True)
        for days, window in (("24h", DAY), ("7d", WEEK), ("30d", MONTH))
        for at, part in enumerate(("kpis", "series", "cost_by_model", "models", "services", "prompts"))
    },
    "list_24h": Question(listed(DAY), 100, grows=True),
    "list_30d": Question(listed(MONTH), 100, grows=True),
    "count_24h": Question(lambda _: [traces.count(PROJECT, DAY, Filters())], 100),
    "count_30d": Question(lambda _: [traces.count(PROJECT, MONTH, Filters())]),
    **{f"list_by_{name}": Question(listed(MONTH, filters), 200, grows=True) for name, filters in FILTERS.items()},
    "trace": Question(
        lambda known: [trace.spans(PROJECT, known.trace_id), trace.details(PROJECT, known.trace_id), trace.scores(PROJECT, known.trace_id)], 50
    ),
    "trace_5000": Question(
        lambda known: [trace.spans(PROJECT, known.large_trace_id), trace.details(PROJECT, known.large_trace_id), trace.scores(PROJECT, known.large_trace_id)], 50
    ),
    "search_word": Question(listed(MONTH, lambda known: Filters.of(known.word)), 300),
    "search_two_words": Question(listed(MONTH, lambda known: Filters.of(known.two_words)), 300),
    "search_rare_id": Question(listed(MONTH, lambda known: Filters.of(known.ticket)), 300),
    "search_nothing": Question(listed(MONTH, lambda _: Filters.of("notawordofanytext")), 300),
    "search_substring": Question(listed(MONTH, lambda known: Filters.of(f'"{known.ticket[5:11]}"')), 1000),
    "search_phrase": Question(listed(MONTH, lambda known: Filters.of(f'"{known.phrase}"')), 1000),
    "quality_trend": Question(lambda _: [quality.trend(PROJECT, MONTH, Filters(), "quality", 86_400)], 150),
    "quality_trend_by_model": Question(lambda _: [quality.trend(PROJECT, MONTH, Filters(), "quality", 86_400, "model")], 150),
    "quality_by_prompt_version": Question(lambda _: [quality.totals(PROJECT, MONTH, Filters(), "quality", "prompt_version")], 150),
    "alerts_100": Question(lambda _: looked(), 1000),
    "facets_7d": Question(lambda _: [facets.values(PROJECT, WEEK, field) for field in FACETS], 200),
    "facets_7d_model": Question(lambda _: [facets.values(PROJECT, WEEK, "model")], 200),
    "facets_7d_user": Question(lambda _: [facets.values(PROJECT, WEEK, "user_id")], 200),
    **{f"top_{name}": Question(by_cost(field)) for name, field in (("models", "model"), ("users", "user_id"), ("prompts", "prompt"), ("tags", "tag"))},
}  # fmt: skip
