"""The demo's history: the same visits leave the same spans, whether they are lived now or written down afterwards."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from dataclasses import replace

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from ports import free_port

from spanglass import semconv, testing
from spanglass_cli.demo import model, otlp
from spanglass_cli.demo.history import PastTrace, relive
from spanglass_cli.demo.provider import ProviderThread
from spanglass_cli.demo.shop import Assistant
from spanglass_cli.demo.traffic import CHANGE_AFTER_NS, WEEK_NS, Stored, past_traces
from spanglass_cli.demo.visits import SECOND_NS, busyness, visits_between, visits_now

MONDAY_NS = 1_793_577_600 * SECOND_NS  # 2026-11-02 00:00 UTC
DAY_NS = 86_400 * SECOND_NS
moments = st.integers(0, 3 * DAY_NS)

ONLY_LIVE = {semconv.SERVER_ADDRESS, semconv.SERVER_PORT}


@given(st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_adjoining_spans_of_time_give_what_the_whole_gives(at: list[int]) -> None:
    start, middle, end = (MONDAY_NS + offset for offset in at)
    parts = [*visits_between(start, middle), *visits_between(middle, end)]
    whole = list(visits_between(start, end))
    assert Counter(parts) == Counter(whole)
    assert all(start <= visit.at_ns < end for visit in whole)


def test_a_week_has_days_and_nights() -> None:
    hours = Counter(
        (visit.at_ns - MONDAY_NS) // (3600 * SECOND_NS) % 24 for visit in visits_between(MONDAY_NS, MONDAY_NS + WEEK_NS)
    )
    assert 1000 < hours.total() < 4000
    assert sum(hours[hour] for hour in (11, 12, 13)) > 4 * sum(hours[hour] for hour in (2, 3, 4))
    assert busyness(12, 6) < busyness(12, 2)


@pytest.fixture(scope="module")
def week() -> list[PastTrace]:
    return list(past_traces(None, MONDAY_NS + WEEK_NS))


def test_a_restart_repeats_nothing_and_leaves_nothing_out(week: list[PastTrace]) -> None:
    now_ns = MONDAY_NS + WEEK_NS
    stopped_ns = MONDAY_NS + 3 * DAY_NS
    before = [trace for trace in week if trace.spans[0].start_ns < stopped_ns]
    stored = Stored(first_ns=before[0].spans[0].start_ns, last_ns=max(t.spans[0].start_ns for t in before))
    after = list(past_traces(stored, now_ns))
    ids = [trace.trace_id for trace in (*before, *after)]
    assert len(ids) == len(set(ids))
    assert set(ids) == {trace.trace_id for trace in week}


def test_the_model_changes_once_and_quality_falls_with_it(week: list[PastTrace]) -> None:
    first_ns = week[0].spans[0].start_ns
    served: dict[bool, set[str]] = {False: set(), True: set()}
    quality: dict[bool, list[float]] = {False: [], True: []}
    for trace in week:
        late = trace.spans[0].start_ns >= first_ns + CHANGE_AFTER_NS + DAY_NS // 100
        calls = [span.attributes for span in trace.spans if span.name == "chat gpt-4o"]
        served[late] |= {call[semconv.RESPONSE_MODEL] for call in calls if semconv.RESPONSE_MODEL in call}
        if calls:
            quality[late] += [float(score.value) for score in trace.scores if score.name == "quality"]
    assert served[True] == {model.REPLACEMENTS["gpt-4o"].served_as}
    assert model.MODELS["gpt-4o"].served_as in served[False]
    assert sum(quality[False]) / len(quality[False]) > 0.8
    assert sum(quality[True]) / len(quality[True]) < 0.65


def test_spans_lie_within_their_parents(week: list[PastTrace]) -> None:
    for trace in week:
        by_id = {span.span_id: span for span in trace.spans}
        assert len(by_id) == len(trace.spans)
        for span in trace.spans:
            assert span.start_ns < span.end_ns
            if span.parent_id:
                parent = by_id[span.parent_id]
                assert parent.start_ns <= span.start_ns
                assert span.end_ns <= parent.end_ns


def test_there_are_errors_tools_and_fallbacks_in_it(week: list[PastTrace]) -> None:
    names = Counter(span.name for trace in week for span in trace.spans)
    errors = Counter(span.attributes.get(semconv.ERROR_TYPE) for trace in week for span in trace.spans)
    assert {"find_order", "check_stock", "chat gpt-4o", "chat gpt-4o-mini", "chat gpt-4.1-mini"} <= set(names)
    assert {"openai.RateLimitError", "openai.InternalServerError", "LookupError"} <= set(errors)
    roots = [trace.spans[0] for trace in week]
    assert 0 < sum(root.error_message is not None for root in roots) < 0.1 * len(roots)
    assert {score.name for trace in week for score in trace.scores} == {"quality", "helpful"}


def test_what_is_sent_can_be_read_back(week: list[PastTrace]) -> None:
    traces = week[:50]
    request = ExportTraceServiceRequest.FromString(otlp.to_request(traces, {semconv.SERVICE_NAME: "shop"}))
    (scope,) = request.resource_spans[0].scope_spans
    assert scope.scope.name == semconv.SDK_NAME
    assert len(scope.spans) == sum(len(trace.spans) for trace in traces)
    first = traces[0].spans[0]
    assert scope.spans[0].start_time_unix_nano == first.start_ns
    assert scope.spans[0].trace_id.hex() == traces[0].trace_id
    scores = otlp.to_scores(traces)
    assert len({score["id"] for score in scores}) == len(scores) == sum(len(trace.scores) for trace in traces)
    assert otlp.to_request(traces, {}) == otlp.to_request([relive_again(trace) for trace in traces], {})


def relive_again(trace: PastTrace) -> PastTrace:
    root = trace.spans[0]
    visit = next(
        visit
        for visit in visits_between(root.start_ns, root.start_ns + 1)
        if relive(visit, changed=False).trace_id == trace.trace_id
    )
    return relive(visit, changed=False)


Shape = tuple[str, str, str, str, frozenset[str]]


def test_the_live_application_leaves_the_same_spans() -> None:
    """Each kind of span that both ways make has the same name, parent, status and attributes."""
    live: set[Shape] = set()
    chosen = list(itertools.islice(visits_now(seed=11), 60))
    with (
        ProviderThread(free_port(), seed=11, speed=1000) as server,
        openai.OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client,
        testing.captured() as seen,
    ):
        assistant = Assistant(client)
        for visit in chosen:
            assistant.serve(visit)
    names = {span.span_id: span.name for span in seen.spans}
    for span in seen.spans:
        keys = frozenset(span.attributes) - ONLY_LIVE
        live.add((span.name, span.kind, names.get(span.parent_span_id, ""), span.error_type, keys))

    past: set[Shape] = set()
    now_ns = time.time_ns()
    for visit in itertools.islice(visits_now(seed=12), 1500):
        trace = relive(replace(visit, at_ns=now_ns), changed=True)
        by_id = {span.span_id: span.name for span in trace.spans}
        for written in trace.spans:
            error_type = str(written.attributes.get(semconv.ERROR_TYPE, ""))
            parent = by_id.get(written.parent_id, "")
            past.add((written.name, written.kind.value, parent, error_type, frozenset(written.attributes)))

    assert len(live) >= 10
    assert live - past == set()
    assert {score["name"] for score in seen.scores} == {"quality", "helpful"}
