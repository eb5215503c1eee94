"""The past through the state machine: what would have fired, and that it is what did."""

from __future__ import annotations

from dataclasses import replace

from alert_history import MINUTE_NS, RULE, RULES, VALUES, run
from hypothesis import given

from spanglass_store.alerting.backtest import Firing, firings_of, replay
from spanglass_store.rules import Rule, Transition


def points(values: list[float | None]) -> list[tuple[int, float | None]]:
    return [(tick * MINUTE_NS, value) for tick, value in enumerate(values)]


def test_each_alert_has_a_start_and_an_end() -> None:
    told = replay(replace(RULE, for_seconds=60), points([1, 3, 3, 1, 3, 1, 3, 3, 3, 1]))
    assert told.firings == (Firing(2 * MINUTE_NS, 3 * MINUTE_NS), Firing(7 * MINUTE_NS, 9 * MINUTE_NS))


def test_an_alert_that_still_fires_has_no_end() -> None:
    assert replay(RULE, points([1, 3])).firings == (Firing(MINUTE_NS, None),)


def test_no_history_fires_nothing() -> None:
    told = replay(RULE, [])
    assert (told.firings, told.transitions) == ((), ())


def test_a_paused_rule_is_judged_as_if_it_had_watched() -> None:
    history = points([1, 3, 1])
    assert replay(replace(RULE, enabled=False), history) == replay(RULE, history)


def test_a_pause_ends_an_alert_and_a_notice_told_later_does_not_start_one() -> None:
    fired = Transition(
        project="shop", rule_id="r1", at_ns=1, from_state="inactive", to_state="firing",
        value=3.0, threshold=2.0, since_ns=1,
    )  # fmt: skip
    told = replace(fired, at_ns=2, from_state="firing")
    paused = replace(fired, at_ns=3, from_state="firing", to_state="inactive")
    assert firings_of([fired, told, paused]) == (Firing(1, 3),)


@given(RULES, VALUES)
def test_the_backtest_is_what_the_monitor_would_have_stored(rule: Rule, values: list[float | None]) -> None:
    assert list(replay(rule, points(values)).transitions) == run(rule, values)[1]
