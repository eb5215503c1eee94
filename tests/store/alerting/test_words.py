"""Sentences about alerts, and what is shown of a channel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alert_history import RULE
from hypothesis import given
from hypothesis import strategies as st

from spanglass_store.alerting.channels import channels_from_text, masked, webhook_url
from spanglass_store.alerting.words import condition_text, duration_text, scope_text, transition_text
from spanglass_store.query import Filters
from spanglass_store.rules import Transition

FIRED = Transition(
    project="shop",
    rule_id="r1",
    at_ns=2,
    from_state="pending",
    to_state="firing",
    value=3.214,
    threshold=2.0,
    since_ns=1,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (45, "45 s"), (90, "1 min 30 s"), (300, "5 min"), (5400, "1 h 30 min"), (604_800, "7 d")],
)
def test_durations_are_read_as_people_say_them(seconds: int, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_condition_names_measure_threshold_window_and_delay() -> None:
    assert condition_text(RULE) == "Latency p95 above 2.00 s over 5 min"
    assert condition_text(replace(RULE, for_seconds=600)) == "Latency p95 above 2.00 s over 5 min, for 10 min"
    ratio = replace(RULE, measure="error_ratio", threshold=0.05, comparison="below")
    assert condition_text(ratio) == "Error rate below 5.00 % over 5 min"


def test_a_scope_lists_the_filters() -> None:
    filters = Filters.of(search="refund", service=["shop"], model=["a", "b"])
    assert scope_text(filters) == "model a or b · service shop · text “refund”"
    assert scope_text(Filters()) == ""


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Latency p95 at 3.21 s, above 2.00 s"),
        ({"to_state": "resolved", "value": 1.5}, "Latency p95 at 1.50 s, no longer above 2.00 s"),
        ({"value": None}, "Latency p95 had no data"),
    ],
)
def test_a_transition_says_what_was_seen(changes: dict[str, object], text: str) -> None:
    assert transition_text(RULE, replace(FIRED, **changes)) == text  # type: ignore[arg-type]


def test_channels_come_one_a_line_without_repetition() -> None:
    assert channels_from_text(" json://a \n\nslack://b\njson://a\n") == ("json://a", "slack://b")


@pytest.mark.parametrize(
    ("channel", "shown"),
    [
        ("https://hooks.example.com/services/T0KEN?key=s3cret", "https://hooks.example.com/…"),
        ("json://user:s3cret@127.0.0.1:8080/T0KEN", "json://127.0.0.1:8080/…"),
        ("slack://T0KEN/s3cret/more/#room", "slack://…"),
        ("mailto://user:s3cret@example.com", "mailto://…"),
        ("json://host:notaport/s3cret", "json://…"),
        ("s3cret without a scheme", "…"),
        ("", "…"),
    ],
)
def test_only_what_holds_no_secret_is_shown(channel: str, shown: str) -> None:
    assert masked(channel) == shown


@given(st.text(), st.text(alphabet="0123456789abcdef", min_size=8, max_size=20))
def test_no_secret_of_a_chat_service_is_ever_shown(around: str, secret: str) -> None:
    assert secret not in masked(f"slack://{around}{secret}{around}")


@pytest.mark.parametrize(
    ("given_url", "url"),
    [
        ("https://example.com/hook", "jsons://example.com/hook"),
        ("http://127.0.0.1:80/x", "json://127.0.0.1:80/x"),
        ("slack://a/b/c", "slack://a/b/c"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_web_address_is_a_webhook(given_url: str, url: str) -> None:
    assert webhook_url(given_url) == url
