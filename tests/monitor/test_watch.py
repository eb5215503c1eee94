"""One look after another at real rules on real data, with a real webhook: fires, resolves, restarts, survives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from alert_history import MINUTE_NS
from webhook import Webhook, webhook

from spanglass_monitor.watch import Tally, Watch
from spanglass_store.alerting.evaluate import NS
from spanglass_store.connection import Store
from spanglass_store.errors import StoreRejected, StoreUnavailable
from spanglass_store.native import Block, block_from_columns
from spanglass_store.query import Filters
from spanglass_store.rows import block_from_spans
from spanglass_store.rules import Rule, Transition, block_from_rule, transition_from_row, transitions
from spanglass_store.span import Span

NOW_NS = 1_900_000_000 * NS // MINUTE_NS * MINUTE_NS
RULE = Rule("shop", "r1", "Too many failures", "errors", "above", 2.0, window_seconds=60, severity="critical")

pytestmark = pytest.mark.clickhouse


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


def watching(store: Store, *, delay_seconds: int = 0) -> Watch:
    return Watch(store, dashboard_url="http://dash", delay_ns=delay_seconds * NS, stop=threading.Event())


def save(store: Store, rule: Rule, *, version: int = 1) -> None:
    store.insert(block_from_rule(rule, version=version), token=f"{rule.project} {rule.rule_id} {version}")


def fail(store: Store, count: int, *, minute: int, project: str = "shop", service: str = "") -> None:
    """``count`` failed model calls in the minute before ``NOW_NS + minute``."""
    start_ns = NOW_NS + minute * MINUTE_NS - 30 * NS
    spans = [
        Span(
            project=project,
            trace_id=f"{start_ns + n:032x}",
            span_id=f"{n + 1:016x}",
            parent_span_id="",
            start_ns=start_ns + n,
            end_ns=start_ns + n + NS,
            name="chat",
            kind="llm",
            status="error",
            service=service,
        )
        for n in range(count)
    ]
    store.insert(block_from_spans(spans), token=f"{project} {minute}")


def look(watch: Watch, minute: int) -> Tally:
    return watch.look(NOW_NS + minute * MINUTE_NS)


def past(store: Store) -> list[Transition]:
    """Every stored change, oldest first."""
    return [transition_from_row(row) for row in store.fetch_rows(transitions("shop"))][::-1]


def told(store: Store) -> list[tuple[str, str, int, str]]:
    return [(t.from_state, t.to_state, (t.at_ns - NOW_NS) // MINUTE_NS, t.notified) for t in past(store)]


def test_a_rule_fires_posts_to_its_webhook_and_resolves(store: Store, hook: Webhook) -> None:
    save(store, replace(RULE, for_seconds=60, channels=(hook.url,)))
    fail(store, 3, minute=1)
    fail(store, 5, minute=2)
    watch = watching(store)
    assert [look(watch, minute).firing for minute in range(4)] == [0, 0, 1, 0]
    assert told(store) == [
        ("inactive", "pending", 1, ""),
        ("pending", "firing", 2, "sent"),
        ("firing", "resolved", 3, "sent"),
    ]
    assert [(t.value, t.message) for t in past(store)] == [
        (3.0, "Failed calls at 3, above 2"),
        (5.0, "Failed calls at 5, above 2"),
        (0.0, "Failed calls at 0, no longer above 2"),
    ]
    assert hook.titles == ["Critical: Too many failures", "Resolved: Too many failures"]
    assert "Failed calls at 5, above 2." in hook.bodies[0]["message"]
    assert "http://dash/alerts?project=shop" in hook.bodies[0]["message"]
    assert [body["type"] for body in hook.bodies] == ["failure", "success"]


def test_a_restarted_monitor_goes_on_and_tells_nothing_twice(store: Store, hook: Webhook) -> None:
    save(store, replace(RULE, channels=(hook.url,)))
    for minute in (1, 2):
        fail(store, 3, minute=minute)
    assert look(watching(store), 1).firing == 1
    restarted = watching(store)
    assert look(restarted, 2) == Tally(rules=1, firing=1)
    assert look(restarted, 3).firing == 0
    assert hook.titles == ["Critical: Too many failures", "Resolved: Too many failures"]


def test_the_window_ends_the_delay_before_the_look(store: Store) -> None:
    save(store, RULE)
    fail(store, 3, minute=1)
    late = watching(store, delay_seconds=60)
    assert look(late, 1).firing == 0
    assert look(late, 2).firing == 1


def test_rules_of_several_projects_and_filters_see_only_their_own(store: Store) -> None:
    save(store, RULE)
    save(store, replace(RULE, rule_id="r2", filters=Filters.of(service=["desk"])))
    save(store, replace(RULE, rule_id="r3", measure="calls"))
    save(store, replace(RULE, rule_id="r1", project="other"))
    fail(store, 3, minute=1, service="desk")
    fail(store, 9, minute=1, project="third")
    assert look(watching(store), 1) == Tally(rules=4, firing=3, changes=3)
    assert {t.rule_id for t in past(store)} == {"r1", "r2", "r3"}


def test_a_rule_that_cannot_be_measured_keeps_its_state_and_stops_no_other(store: Store) -> None:
    save(store, RULE)
    save(store, replace(RULE, rule_id="r2", measure="score_mean", filters=Filters.of(score_name=["helpful"])))
    fail(store, 3, minute=1)
    store.execute("RENAME TABLE scores TO scores_away")
    assert look(watching(store), 1) == Tally(rules=2, firing=1, changes=1, unmeasured=1)


def test_a_firing_rule_stays_firing_while_it_cannot_be_measured(store: Store) -> None:
    save(store, RULE)
    fail(store, 3, minute=1)
    watch = watching(store)
    look(watch, 1)
    store.execute("RENAME TABLE spans TO spans_away")
    assert look(watch, 2) == Tally(rules=1, firing=1, unmeasured=1)
    store.execute("RENAME TABLE spans_away TO spans")
    assert look(watch, 3) == Tally(rules=1, firing=0, changes=1)


def test_a_definition_of_another_version_is_skipped_and_counted(store: Store) -> None:
    save(store, RULE)
    columns: list[tuple[str, str, list[object]]] = [
        ("project", "String", ["shop"]),
        ("rule_id", "String", ["new"]),
        ("version", "UInt64", [1]),
        ("definition", "String", ['{"measure": "of the future"}']),
        ("updated_at", "DateTime64(9, 'UTC')", [1]),
    ]
    store.insert(block_from_columns("alert_rules", columns), token="new")
    assert look(watching(store), 1) == Tally(rules=1, unreadable=1)


def test_without_the_database_a_look_says_so_and_changes_nothing(store: Store) -> None:
    save(store, RULE)
    fail(store, 3, minute=2)
    watch = watching(store)
    look(watch, 1)
    host, store.host = store.host, "127.0.0.2"
    store.close()
    with pytest.raises(StoreUnavailable):
        look(watch, 2)
    store.host = host
    store.close()
    assert look(watch, 2) == Tally(rules=1, firing=1, changes=1)


def test_a_change_that_could_not_be_stored_is_stored_by_the_next_look_and_told_once(
    store: Store, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store, replace(RULE, channels=(hook.url,)))
    fail(store, 3, minute=1)
    watch = watching(store)
    insert = store.insert

    def refused(_: Block, *, token: str) -> None:
        raise StoreUnavailable(token)

    with monkeypatch.context() as broken:
        broken.setattr(store, "insert", refused)
        assert look(watch, 1).firing == 1
    assert store.insert == insert
    assert told(store) == []
    look(watch, 2)
    assert told(store) == [("inactive", "firing", 1, "sent"), ("firing", "resolved", 2, "sent")]
    assert hook.titles == ["Critical: Too many failures", "Resolved: Too many failures"]


def test_a_change_that_will_never_be_stored_holds_up_no_later_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store, RULE)
    fail(store, 3, minute=1)
    watch = watching(store)

    def rejected(_: Block, *, token: str) -> None:
        raise StoreRejected(token)

    with monkeypatch.context() as broken:
        broken.setattr(store, "insert", rejected)
        look(watch, 1)
    look(watch, 2)
    assert told(store) == [("firing", "resolved", 2, "no channel")]


def test_a_webhook_that_fails_is_told_again_at_the_next_look(store: Store, hook: Webhook) -> None:
    save(store, replace(RULE, channels=(hook.url,)))
    for minute in (1, 2, 3):
        fail(store, 3, minute=minute)
    hook.answer = 503
    watch = watching(store)
    assert look(watch, 1).undelivered == 1
    hook.answer = 200
    assert look(watch, 2).undelivered == 0
    look(watch, 3)
    assert told(store) == [
        ("inactive", "firing", 1, f"failed: http://127.0.0.1:{hook.port}/… HTTP 503"),
        ("firing", "firing", 2, "sent"),
    ]
    assert past(store)[1].message == "Told 1 min later"
    assert len(hook.bodies) == 2


def test_what_was_not_delivered_before_a_restart_is_delivered_after_it(store: Store, hook: Webhook) -> None:
    save(store, replace(RULE, channels=(hook.url,)))
    for minute in (1, 2):
        fail(store, 3, minute=minute)
    hook.answer = 500
    look(watching(store), 1)
    hook.answer = 200
    look(watching(store), 2)
    assert [row[3] for row in told(store)][1:] == ["sent"]


def test_a_webhook_is_given_up_after_an_hour(store: Store, hook: Webhook) -> None:
    save(store, replace(RULE, window_seconds=7200, channels=(hook.url,)))
    fail(store, 3, minute=1)
    hook.answer = 500
    watch = watching(store)
    assert [look(watch, minute).undelivered for minute in (1, 60, 61, 62)] == [1, 1, 0, 0]
    assert past(store)[-1].message == "Gave up telling"
    assert len(hook.bodies) == 3


def test_pausing_ends_an_alert_without_a_notice_and_deleting_forgets_it(store: Store, hook: Webhook) -> None:
    rule = replace(RULE, channels=(hook.url,))
    save(store, rule)
    for minute in (1, 2, 3):
        fail(store, 3, minute=minute)
    watch = watching(store)
    look(watch, 1)
    save(store, replace(rule, enabled=False), version=2)
    assert look(watch, 2) == Tally(rules=1, firing=0, changes=1)
    assert told(store)[-1] == ("firing", "inactive", 2, "")
    store.insert(block_from_rule(rule, version=3, deleted=True), token="gone")
    assert look(watch, 3) == Tally()
    assert len(hook.bodies) == 1


def test_an_alert_without_a_channel_says_so(store: Store) -> None:
    save(store, RULE)
    fail(store, 3, minute=1)
    look(watching(store), 1)
    assert told(store) == [("inactive", "firing", 1, "no channel")]
