"""The life of an alert, as tables of (value seen, state after) and as properties over any history."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from alert_history import MINUTE_NS, RULE, RULES, VALUES, run
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.alerting.evaluate import INACTIVE, NS, holds, standing_from, step
from spanglass_store.rules import Rule


def statuses(rule: Rule, values: list[float | None]) -> str:
    """One letter a minute: i, p or f."""
    return "".join(state.status[0] for state in run(rule, values)[0])


@pytest.mark.parametrize(
    ("name", "changes", "values", "expected"),
    [
        ("fires at once without a delay", {}, [1, 3, 3, 1], "iffi"),
        ("a value on the threshold does not hold", {}, [2.0, 2.0], "ii"),
        ("below looks the other way", {"comparison": "below"}, [3, 1, 2, 3], "ifii"),
        ("is pending until it held long enough", {"for_seconds": 120}, [3, 3, 3, 3], "ppff"),
        ("one clear minute starts the delay again", {"for_seconds": 120}, [3, 3, 1, 3, 3, 3], "ppippf"),
        ("a delay between two minutes ends at the later one", {"for_seconds": 90}, [3, 3, 3], "ppf"),
        ("keeps firing after it cleared", {"keep_firing_seconds": 120}, [3, 1, 1, 1, 1], "fffii"),
        ("holding again forgets the clearing", {"keep_firing_seconds": 120}, [3, 1, 1, 3, 1, 1, 1], "ffffffi"),
        ("no data is fine", {"no_data": "ok"}, [3, None, 3], "fif"),
        ("no data keeps a firing alert firing", {"no_data": "keep"}, [3, None, None, 1], "fffi"),
        ("no data keeps a quiet alert quiet", {"no_data": "keep"}, [None, None], "ii"),
        ("no data keeps a pending alert pending", {"no_data": "keep", "for_seconds": 60}, [3, None, 3], "ppf"),
        ("no data is what it waits for", {"no_data": "firing"}, [1, None, 1], "ifi"),
        ("no data waits like any other condition", {"no_data": "firing", "for_seconds": 60}, [None, None, 1], "pfi"),
        ("NaN is no data", {"no_data": "firing"}, [math.nan, 1], "fi"),
        ("zero is a value", {"no_data": "firing", "threshold": -1.0}, [0.0, -2.0], "fi"),
        ("a paused rule does nothing", {"enabled": False}, [3, 3], "ii"),
    ],
)
def test_states_over_time(name: str, changes: dict[str, object], values: list[float | None], expected: str) -> None:
    assert statuses(replace(RULE, **changes), values) == expected, name  # type: ignore[arg-type]


def test_the_transitions_tell_when_the_condition_began_and_what_was_seen() -> None:
    rule = replace(RULE, for_seconds=60, keep_firing_seconds=60)
    _, transitions = run(rule, [1.0, 3.0, 4.0, 1.5, 1.25])
    told = [(t.from_state, t.to_state, t.at_ns // MINUTE_NS, t.since_ns // MINUTE_NS, t.value) for t in transitions]
    assert told == [
        ("inactive", "pending", 1, 1, 3.0),
        ("pending", "firing", 2, 1, 4.0),
        ("firing", "resolved", 4, 1, 1.25),
    ]
    assert {(t.project, t.rule_id, t.threshold) for t in transitions} == {("shop", "r1", 2.0)}


def test_a_transition_without_data_has_no_value() -> None:
    _, (fired,) = run(replace(RULE, no_data="firing"), [math.nan])
    assert fired.value is None


def test_pausing_a_firing_rule_ends_it_without_calling_it_resolved() -> None:
    (firing,), _ = run(RULE, [3.0])
    state, transition = step(replace(RULE, enabled=False), firing, 3.0, MINUTE_NS)
    assert state == INACTIVE
    assert transition is not None
    assert (transition.from_state, transition.to_state) == ("firing", "inactive")


def test_an_edited_threshold_is_judged_at_the_next_minute() -> None:
    (firing,), _ = run(RULE, [3.0])
    _, transition = step(replace(RULE, threshold=5.0), firing, 3.0, MINUTE_NS)
    assert transition is not None
    assert (transition.to_state, transition.threshold) == ("resolved", 5.0)


@given(RULES, VALUES)
def test_no_alert_fires_unless_the_condition_held_for_its_whole_delay(rule: Rule, values: list[float | None]) -> None:
    for fired in (t for t in run(rule, values)[1] if t.to_state == "firing"):
        first, last = fired.since_ns // MINUTE_NS, fired.at_ns // MINUTE_NS
        assert fired.at_ns - fired.since_ns >= rule.for_seconds * NS
        assert holds(rule, values[first]) is True
        assert holds(rule, values[last]) is True
        assert all(holds(rule, value) is not False for value in values[first : last + 1])


@given(RULES, VALUES)
def test_an_alert_fires_as_soon_as_its_delay_has_passed(rule: Rule, values: list[float | None]) -> None:
    since: int | None = None
    for tick, (value, state) in enumerate(zip(values, run(rule, values)[0], strict=True)):
        held = holds(rule, value)
        if held is False:
            since = None
        elif held and since is None:
            since = tick
        if held and since is not None and (tick - since) * 60 >= rule.for_seconds:
            assert state.status == "firing"


@given(RULES, VALUES)
def test_every_transition_starts_where_the_one_before_ended(rule: Rule, values: list[float | None]) -> None:
    at, last_ns = "inactive", -1
    allowed = {
        ("inactive", "pending"),
        ("inactive", "firing"),
        ("pending", "inactive"),
        ("pending", "firing"),
        ("firing", "resolved"),
    }
    for transition in run(rule, values)[1]:
        assert transition.from_state == at
        assert (transition.from_state, transition.to_state) in allowed
        assert transition.since_ns <= transition.at_ns
        assert transition.at_ns > last_ns
        at = "inactive" if transition.to_state == "resolved" else transition.to_state
        last_ns = transition.at_ns


@given(RULES, VALUES)
def test_a_resolved_alert_was_clear_for_as_long_as_it_should_be(rule: Rule, values: list[float | None]) -> None:
    ticks_kept = math.ceil(rule.keep_firing_seconds / 60)
    for resolved in (t for t in run(rule, values)[1] if t.to_state == "resolved"):
        at = resolved.at_ns // MINUTE_NS
        assert all(holds(rule, value) is not True for value in values[at - ticks_kept : at + 1])


@given(RULES, VALUES, st.integers(0, 40))
def test_a_restart_goes_on_where_the_stored_transitions_end(rule: Rule, values: list[float | None], cut: int) -> None:
    cut = min(cut, len(values))
    rule = replace(rule, keep_firing_seconds=0)
    states, transitions = run(rule, values)
    _, before = run(rule, values[:cut])
    restored = standing_from(before[-1] if before else None)
    states_after, after = run(rule, values[cut:], standing=restored, first_tick=cut)
    assert states[cut:] == states_after
    assert transitions == before + after


@given(RULES, VALUES, st.integers(0, 40))
def test_a_restart_never_ends_an_alert_early(rule: Rule, values: list[float | None], cut: int) -> None:
    cut = min(cut, len(values))
    states, _ = run(rule, values)
    _, before = run(rule, values[:cut])
    states_after, _ = run(rule, values[cut:], standing=standing_from(before[-1] if before else None), first_tick=cut)
    for whole, restarted in zip(states[cut:], states_after, strict=True):
        assert restarted.status == "firing" or whole.status != "firing"


def test_a_rule_without_a_past_is_inactive() -> None:
    assert standing_from(None) == INACTIVE
