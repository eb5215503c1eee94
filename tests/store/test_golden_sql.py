"""Every query's text, kept in ``golden/``: a reviewer sees what will run. ``make golden`` writes them anew."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from spanglass_store import annotations as notes
from spanglass_store import (
    attribute_names,
    claims,
    deletion,
    keys,
    measures,
    prices,
    prompts,
    retention,
    roll_ups,
    rules,
    saved_views,
)
from spanglass_store import cursor as cursors
from spanglass_store.alerting import history
from spanglass_store.cluster import Cluster
from spanglass_store.native import Block
from spanglass_store.queries import (
    answers,
    attributes,
    attribution,
    export,
    facets,
    mutations,
    of_traces,
    outliers,
    overview,
    quality,
    reprice,
    scores,
    sessions,
    spans,
    top,
    trace,
    traces,
    users,
)
from spanglass_store.queries import prices as applied_prices
from spanglass_store.queries.trace_filters import TraceBounds
from spanglass_store.query import Filters, Query, Window

GOLDEN = Path(__file__).parent / "golden"
WINDOW = Window(1, 2)
LONG = Window(1, 30 * 86_400 * 10**9 + 1)  # days, hours and edges
FILTERS = Filters.of("lost parcel", model=["m"], status=["error"], tag=["a", "b"])
NARROW = Filters.of(model=["m"], tag=["a", "b"])
SCORED = Filters.of(score_name=["quality"], model=["m"])
KEPT = retention.Retention("p", 30)
CLUSTER = Cluster("c", "d", has_keeper=True)
DOOMED = deletion.Doomed("p", ("0" * 32,), ("s",), before_ns=1)
RULE = rules.Rule("p", "r", "slow", "latency_p95_seconds", "above", 2.0, filters=FILTERS)

ASKED = (
    Filters.of('parcel "late 返品"', user_id=["u"])
    .excluding(service=["s"], status=["error"])
    .with_attributes({"http.route": ["/a", "/b"], "resource.host.name": ["h"]})
)
BOUNDS = TraceBounds(0.5, 1.0, 2.0, 10, 1, "quality", 0.1, 0.9)
PLACE = cursors.Cursor("newest", WINDOW, "9000000000000000000", "ab" * 16)  # later than anything: all rows come after
NEWEST_CURSOR = cursors.encode(PLACE)
SPAN_CURSOR = cursors.encode(replace(PLACE, id="ab" * 24))

QUERIES: dict[str, Query] = {
    "measures_series": measures.series(["calls", "cost_usd", "latency_p95_seconds"], "p", WINDOW, FILTERS, 60, "model"),
    "measures_totals": measures.totals(
        [m.name for m in measures.MEASURES.values() if m.table == "spans"], "p", WINDOW, Filters()
    ),
    "measures_series_put_together": measures.series(["cost_usd"], "p", LONG, Filters(), 7200, "model"),
    "measures_totals_put_together": measures.totals(
        ["traces", "latency_p95_seconds"], "p", LONG, Filters.of(service=["s"])
    ),
    "measures_totals_by_tag": measures.totals(["calls"], "p", WINDOW, Filters(), "tag"),
    "measures_scores": measures.totals(["score_mean", "score_count"], "p", WINDOW, SCORED, "source"),
    "overview_compared": overview.compared(["calls", "cost_usd"], "p", WINDOW, NARROW),
    "overview_compared_put_together": overview.compared(["calls"], "p", LONG, Filters()),
    "overview_compared_scores": overview.compared(["score_mean"], "p", WINDOW, SCORED),
    "top_models": top.top("model", ["cost_usd", "calls"], "p", WINDOW, NARROW),
    "top_models_put_together": top.top("model", ["cost_usd"], "p", LONG, Filters()),
    "top_prompts": top.top("prompt", ["calls", "latency_p95_seconds"], "p", WINDOW, Filters(), order_by="calls"),
    "top_tags": top.top("tag", ["cost_usd"], "p", WINDOW, Filters()),
    "attribution_by_model": attribution.by_model("p", WINDOW, NARROW),
    "outliers_values": outliers.values("p", WINDOW, NARROW, outliers.Selection(Filters.of(user_id=["u"]), 2.0, 0.1)),
    "traces_find": traces.find("p", WINDOW, FILTERS, limit=100, offset=200),
    "traces_count": traces.count("p", WINDOW, FILTERS),
    "trace_spans": trace.spans("p", "0" * 32),
    "trace_details": trace.details("p", "0" * 32),
    "trace_scores": trace.scores("p", "0" * 32),
    "answers_due": answers.due(until=4_000_000_000),
    "answers_copied": answers.copied(until=2, after=("p", "n", "a"), last=("p", "n", "b")),
    "quality_names": quality.names("p", WINDOW),
    "quality_trend_by_model": quality.trend("p", WINDOW, SCORED, "quality", 3600, "model"),
    "quality_totals": quality.totals("p", WINDOW, Filters(), "quality"),
    "quality_distribution": quality.distribution("p", WINDOW, Filters(), "quality"),
    "quality_coverage": quality.coverage("p", WINDOW, FILTERS, "quality"),
    "alerting_history": history.history(RULE, WINDOW, 60),
    "alerting_nothing": history.nothing(RULE),
    "export_spans": export.rows("spans", "p", WINDOW, FILTERS),
    "export_scores": export.rows("scores", "p", WINDOW, SCORED),
    "export_details": export.rows("span_details", "p", WINDOW, Filters(), ["trace_id", "tags", "input"], flat=True),
    "export_extent": export.extent("span_details", "p", WINDOW, NARROW),
    "scores_find": scores.find(
        "p", WINDOW, SCORED, cursor=cursors.after([{"order_key": "2", "order_id": "i n"}], WINDOW, "newest", "order_id")
    ),
    "of_traces_details": of_traces.details("p", ["0" * 32]),
    "of_traces_scores": of_traces.scores("p", ["0" * 32]),
    "traces_find_after": traces.find("p", WINDOW, Filters(), bounds=BOUNDS, cursor=NEWEST_CURSOR),
    "traces_find_by_cost_after": traces.find(
        "p", WINDOW, ASKED, order="cost", bounds=BOUNDS, cursor=cursors.encode(replace(PLACE, order="cost"))
    ),
    "spans_find_after": spans.find("p", WINDOW, ASKED, columns=["name", "cost_usd"], cursor=SPAN_CURSOR),
    "spans_find_as_it_stands": spans.find("p", WINDOW, Filters.of('"arce" "lost"'), columns=["name"]),
    "spans_find_by_duration": spans.find("p", WINDOW, Filters(), columns=["name"], order="duration"),
    "sessions_find_after": sessions.find("p", WINDOW, Filters(), cursor=NEWEST_CURSOR),
    "sessions_find_by_cost": sessions.find("p", WINDOW, SCORED, order="cost"),
    "sessions_traces_of": sessions.traces_of("p", "s"),
    "users_find": users.find("p", WINDOW, Filters(), order="traces"),
    "facets_values": facets.values("p", WINDOW, "model"),
    "facets_values_typed": facets.values("p", WINDOW, "tag", filters=ASKED, contains="be"),
    "facets_all_values": facets.all_values("p", WINDOW, ASKED),
    "attributes_keys": attributes.keys("p", WINDOW, ASKED),
    "attributes_values": attributes.values("p", WINDOW, Filters(), "metadata.plan", contains="pr"),
    "facets_projects": facets.projects(WINDOW),
    "rules_all": rules.all_rules("p"),
    "rules_transitions": rules.transitions("p", rule_id="r"),
    "rules_last_transitions": rules.last_transitions(),
    "keys_all": keys.all_keys(),
    "attribute_names_seen": attribute_names.seen("p", WINDOW),
    "prices_all": prices.all_prices(),
    "prices_of_project": prices.all_prices("p"),
    "prices_unpriced": applied_prices.unpriced("p", WINDOW),
    "prices_unpriced_everywhere": applied_prices.unpriced(None, WINDOW),
    "prices_applied": applied_prices.applied("p", WINDOW),
    "reprice_partitions": reprice.partitions("p", WINDOW),
    "reprice_calls": reprice.calls("20261124", None, WINDOW),
    "reprice_update": reprice.update("repriced_0", "20261124", database="d"),
    "reprice_left_behind": reprice.left_behind(),
    "prompts_all": prompts.all_prompts("p", "n"),
    "saved_views_for": saved_views.views_for("p", "o"),
    "annotations_of_trace": notes.of_trace("p", "0" * 32),
    "annotations_of_session": notes.of_session("p", "s"),
    "annotations_latest": notes.latest("p", label="l"),
    "retention_all": retention.all_retention(),
    "retention_projects": retention.projects(),
    "retention_stored": retention.stored("scores", KEPT, now_ns=1),
    "retention_update": retention.update("spans", KEPT, "20261124", marker="m").statement,
    "deletion_all": deletion.all_deletions(),
    "deletion_traces_of": deletion.traces_of("p", "user", ["u"]),
    "deletion_sessions_of": deletion.sessions_of(DOOMED),
    "deletion_shared_sessions": deletion.shared_sessions(DOOMED),
    "deletion_found_spans": deletion.found("spans", DOOMED),
    "deletion_found_scores": deletion.found("scores", DOOMED),
    "deletion_rows_details": deletion.rows("span_details", DOOMED),
    "deletion_rows_scores": deletion.rows("scores", DOOMED),
    "deletion_delete": deletion.delete(
        "scores", DOOMED, "202611", DOOMED.traces, DOOMED.sessions, marker="m"
    ).statement,
    "roll_ups_groups": roll_ups.groups(),
    "roll_ups_lacking": roll_ups.lacking(["spans"], 4, age_seconds=21_600, most_days=3),
    "mutations_progress": mutations.progress("spans", "m"),
    "mutations_progress_on_a_cluster": mutations.progress("spans_local", "m", cluster=CLUSTER),
    "mutations_kill": mutations.kill("spans", "m"),
    "mutations_old_parts": mutations.old_parts("spans", before=1),
    "mutations_server_time": mutations.server_time(),
    "mutations_clean_up": mutations.clean_up("spans"),
    "claims_of_others": claims.claims_of_others([b"d" * 16], collector="c"),
    "claims_own": claims.own_claims("g", [b"d" * 16], collector="c"),
    "claims_verdicts": claims.verdicts([b"d" * 16]),
    "claims_presence": claims.presence(Block("spans", b"", 0)),
    "claims_absent": claims.absent(Block("spans", b"", 0)),
}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_text_is_the_one_that_was_reviewed(name: str) -> None:
    query = QUERIES[name]
    first = [(table.name, each) for table in query.asked for each in table.queries]
    text = "\n".join(
        f"-- {place}\n-- {dict(each.params)}\n{each.sql}\n" for place, each in [*first, (query.name, query)]
    )
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("SPANGLASS_REGENERATE"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text, "the query changed: look at it, then run make golden"


def test_no_golden_file_is_left_behind() -> None:
    assert {p.stem for p in GOLDEN.glob("*.sql")} == set(QUERIES)


_TOKEN = re.compile(
    r"'(?:[^'\\\\]|\\\\.)*'|[(),]|"
    r"\b(?:AND|OR|SELECT|FROM|WHERE|HAVING|GROUP|ORDER|LIMIT|UNION|SETTINGS|ON|USING|THEN|ELSE|WHEN|AS)\b"
)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_no_or_stands_beside_an_and(name: str) -> None:
    """``project = … AND input LIKE … OR output LIKE …`` would look into every project."""
    for each in (QUERIES[name], *(each for table in QUERIES[name].asked for each in table.queries)):
        open_: list[set[str]] = [set()]
        for token in _TOKEN.findall(each.sql):
            if token in ("AND", "OR"):
                open_[-1].add(token)
                assert len(open_[-1]) == 1, each.sql
            elif token == "(":
                open_.append(set())
            elif token == ")":
                open_.pop()
            elif not token.startswith("'"):
                open_[-1] = set()
        assert len(open_) == 1
