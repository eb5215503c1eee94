"""The address bar: whatever it says, a page gets a range and filters that exist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanglass_dashboard import address, narrowing
from spanglass_dashboard.address import NS, PRESETS, range_from_text, scope_from_state, trace_from_text
from spanglass_store.days_and_hours import HOUR_SECONDS, pieces
from spanglass_store.queries.trace_filters import TraceBounds
from spanglass_store.query import Filters

NOW_NS = 1_795_000_123_456_789_012
texts = st.text(max_size=20)
states = st.dictionaries(
    st.sampled_from(["t", "project", "live", *narrowing.PARAMS]),
    st.none() | texts | st.floats() | st.lists(texts | st.sampled_from(["model!=a", "metadata.plan=pro"]), max_size=3),
)


@given(states, st.integers(10**18, 2 * 10**18))
def test_any_state_gives_a_scope(state: dict[str, object], now_ns: int):
    scope = scope_from_state(state, now_ns)
    assert scope.range.key in PRESETS
    assert scope.window.start_ns < now_ns <= scope.window.end_ns
    assert scope.project
    assert set(scope.filters.get("status")) <= {"ok", "unset", "error"}
    hash(scope)


@pytest.mark.parametrize("key", PRESETS)
def test_a_range_is_as_long_as_it_says_and_ends_within_a_step(key: str):
    found = range_from_text(key, NOW_NS)
    assert found.window.duration_ns == PRESETS[key].seconds * NS
    assert 0 <= found.window.end_ns - NOW_NS < PRESETS[key].step_seconds * NS


@pytest.mark.parametrize("key", ["7d", "30d"])
def test_weeks_are_whole_hours_and_so_answered_from_roll_ups(key: str):
    found = range_from_text(key, NOW_NS)
    for window in (found.window, found.window.previous()):
        assert "start_time" not in {piece.time for piece in pieces(window, found.interval_seconds, "")}
        assert pieces(window, HOUR_SECONDS, "")


@pytest.mark.parametrize("key", PRESETS)
def test_a_chart_has_at_most_a_hundred_buckets(key: str):
    assert 30 <= PRESETS[key].seconds / PRESETS[key].interval_seconds <= 100


def test_within_a_step_everybody_asks_the_same():
    step_ns = PRESETS["24h"].step_seconds * NS
    end_ns = range_from_text("24h", NOW_NS).window.end_ns
    assert range_from_text("24h", end_ns - step_ns + 1) == range_from_text("24h", end_ns)


@pytest.mark.parametrize("text", [None, "", "1y", "24H", "<script>"])
def test_an_unknown_range_is_the_default(text: str | None):
    assert range_from_text(text, NOW_NS).key == address.DEFAULT_RANGE


def test_parameters_become_fields():
    scope = scope_from_state({"env": ["production"], "user": "ann", "q": " tent ", "status": ["error", "odd"]}, NOW_NS)
    assert scope.filters == Filters.of(search="tent", environment=["production"], user_id=["ann"], status=["error"])
    assert scope.is_filtered


def test_what_is_left_out_attributes_and_bounds():
    state = {
        "not": ["model!=gpt-4o", "env!=staging", "model!=a!=b", "nonsense", "colour!=red", "model!="],
        "attr": ["metadata.plan=pro", "query=a=b", "key alone"],
        "min_cost": 0.01,
        "min_tokens": ["1000"],
        "max_duration": "inf",
        "score": "helpful",
        "score_below": [0.0],
    }
    scope = scope_from_state(state, NOW_NS)
    expected = Filters().excluding(model=["gpt-4o", "a!=b"], environment=["staging"])
    assert scope.filters == expected.with_attributes({"metadata.plan": ["pro"], "query": ["a=b"]})
    assert scope.bounds == TraceBounds(min_cost_usd=0.01, min_tokens=1000, score_name="helpful", score_below=0.0)
    assert narrowing.not_understood(state) == ("nonsense", "colour!=red", "model!=", "key alone")


def test_a_bound_of_no_score_bounds_nothing():
    assert not scope_from_state({"score_below": 0.5}, NOW_NS).is_filtered


@given(st.text(max_size=30), st.integers(0, 10**9))
def test_a_count_is_taken_off_again(value: str, count: int):
    assert narrowing.uncounted(narrowing.counted(value, count)) == value


def test_nothing_asked_is_nothing_filtered():
    scope = scope_from_state({}, NOW_NS)
    assert not scope.is_filtered
    assert scope.project == "default"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab" * 16, "ab" * 16),
        (" " + "AB" * 16, "ab" * 16),
        ("0" * 32, None),
        ("ab" * 15, None),
        ("zz" * 16, None),
        ("", None),
        (None, None),
    ],
)
def test_a_trace_id_is_32_hex_digits(text: str | None, expected: str | None):
    assert trace_from_text(text) == expected
