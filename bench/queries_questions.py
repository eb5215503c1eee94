"""What ``make bench-queries`` asks: a row a question. A new query function of the product is one more row.

A question is what a person or the monitor waits for, so it may be several queries, asked as the product asks them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from queries_data import PROJECT, Plan, last
from queries_kinds import (
    DAY,
    LIVE,
    MONTH,
    MONTH_TO_THE_HOUR,
    PARTS,
    WEEK,
    WEEK_TO_THE_HOUR,
    Facts,
    Question,
    alerts,
    attribute_values,
    by_cost,
    counted,
    judged,
    listed,
    members,
    offered,
    one_session,
    opened,
    page_part,
    searched,
    single,
    suggested,
    whole_page,
)
from queries_peer import Found
from queries_peer_asks import judged_below
from queries_text import words

from spanglass_store.connection import Store
from spanglass_store.queries import attributes
from spanglass_store.queries.trace_filters import TraceBounds
from spanglass_store.query import Filters, Query


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
        "AND start_time < fromUnixTimestamp64Nano({end:Int64}, 'UTC') AND kind = 'llm' AND ticket != '' "
        "ORDER BY endsWith(tenant, '00') DESC, start_time LIMIT 1"
    )
    days = (("start", last(12).start_ns), ("end", last(10).start_ns))
    (found,) = store.fetch_rows(Query("seen", seen, (("project", PROJECT), *days)))
    known = words()
    return Facts(
        **row,
        **found,
        user_id="user-120",
        word=known[1200],
        two_words=f"{known[150]} {known[400]}",
    )


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

PAGES: Final = {
    "24h": (DAY, 100),
    "24h_until_now": (LIVE, 100),
    "7d": (WEEK_TO_THE_HOUR, 150),
    "30d": (MONTH_TO_THE_HOUR, 250),
}
"""The overview page: its window, and the most it may take, ms."""

QUESTIONS: Final[Mapping[str, Question]] = {
    **{f"overview_{days}": whole_page(window, bar_ms) for days, (window, bar_ms) in PAGES.items()},
    **{
        f"overview_{days}_{part}": page_part(window, at)
        for days, (window, _) in PAGES.items()
        for at, part in enumerate(PARTS)
    },
    "list_24h": listed(DAY, 100),
    "list_30d": listed(MONTH, 100),
    "count_24h": counted(DAY),
    "count_30d": counted(MONTH),
    **{f"list_by_{name}": listed(MONTH, 200, filters) for name, filters in FILTERS.items()},
    "list_by_min_cost": listed(
        MONTH,
        200,
        bounds=TraceBounds(min_cost_usd=0.05),
        found=lambda peer, _: Found(having=f"sum({peer['cost']}) >= 0.05"),
    ),
    "list_by_score": listed(
        MONTH,
        200,
        bounds=TraceBounds(score_name="quality", score_below=0.55),
        found=lambda peer, _: Found(also=judged_below(peer, MONTH, "quality", 0.55)),
    ),
    "list_dearest_first": listed(MONTH, 200, order="cost", found=lambda peer, _: Found(order=f"sum({peer['cost']})")),
    "spans_30d": single("newest", lambda _: ""),
    "spans_dearest_first": single("cost", lambda peer: peer["cost"]),
    "users_30d": members("user_id", "newest"),
    "users_dearest_first": members("user_id", "cost"),
    "sessions_30d": members("session_id", "newest"),
    "sessions_dearest_first": members("session_id", "cost"),
    "session": one_session(lambda known: known.session_id),
    "trace": opened(lambda known: known.trace_id),
    "trace_5000": opened(lambda known: known.large_trace_id),
    "search_word": searched(300, lambda known: known.word),
    "search_two_words": searched(300, lambda known: known.two_words),
    "search_rare_id": searched(300, lambda known: known.ticket.lower()),
    "search_nothing": searched(300, lambda _: "notawordofanytext"),
    "search_substring": searched(1000, lambda known: known.ticket[5:11], substring=True),
    "search_phrase": searched(1000, lambda known: known.phrase, substring=True),
    "quality_trend": judged(86_400, None),
    "quality_trend_by_model": judged(86_400, "model"),
    "quality_by_prompt_version": judged(None, "prompt_version"),
    "alerts_100": alerts(),
    "facets_7d": offered(),
    "facets_7d_model": suggested("model"),
    "facets_7d_user": suggested("user_id"),
    "attribute_values_7d": attribute_values("tenant"),
    "attribute_keys_7d": Question(lambda _: [attributes.keys(PROJECT, WEEK, Filters())], 200),
    "top_models": by_cost("model"),
    "top_users": by_cost("user_id"),
    "top_prompts": by_cost("prompt"),
    "top_tags": by_cost("tag"),
}
