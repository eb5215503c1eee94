"""What a person is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alert_history import MINUTE_NS, RULE

from spanglass_monitor.notice import is_told, notice_from
from spanglass_store.query import Filters
from spanglass_store.rules import State, Transition

FIRED = Transition(
    project="shop & co",
    rule_id="r1",
    at_ns=5 * MINUTE_NS,
    from_state="pending",
    to_state="firing",
    value=3.214,
    threshold=2.0,
    since_ns=2 * MINUTE_NS,
)
SHOP = replace(RULE, project="shop & co", for_seconds=180, filters=Filters.of(service=["shop"]))


def test_a_fired_alert_says_what_where_and_leads_to_the_page() -> None:
    notice = notice_from(SHOP, FIRED, "http://dash.example/")
    assert (notice.title, notice.kind) == ("Warning: slow", "warning")
    assert notice.body.splitlines() == [
        "Latency p95 at 3.21 s, above 2.00 s.",
        "Condition: Latency p95 above 2.00 s over 5 min, for 3 min",
        "Where: service shop",
        "Project: shop & co",
        "http://dash.example/alerts?project=shop%20%26%20co",
    ]


def test_a_resolved_alert_says_how_long_it_lasted() -> None:
    notice = notice_from(SHOP, replace(FIRED, from_state="firing", to_state="resolved", value=1.0), "http://d")
    assert (notice.title, notice.kind) == ("Resolved: slow", "success")
    assert "It began 3 min earlier." in notice.body


def test_a_critical_alert_is_a_failure() -> None:
    notice = notice_from(replace(SHOP, severity="critical"), FIRED, "http://d")
    assert (notice.title, notice.kind) == ("Critical: slow", "failure")


@pytest.mark.parametrize(
    ("from_state", "to_state", "told"),
    [
        ("inactive", "pending", False),
        ("pending", "inactive", False),
        ("inactive", "firing", True),
        ("pending", "firing", True),
        ("firing", "resolved", True),
        ("firing", "inactive", False),
        ("firing", "firing", False),
    ],
)
def test_people_hear_of_firing_and_of_resolving_only(from_state: State, to_state: State, told: bool) -> None:
    assert is_told(replace(FIRED, from_state=from_state, to_state=to_state)) is told
