"""`spanglass demo`, started once: full pages, live traffic, an alert that fires."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator

import pytest
from command import Up
from ports import free_port

from spanglass_cli import health
from spanglass_cli.database import find_clickhouse_url
from spanglass_cli.demo.traffic import RULE, SERVICE, ensure_rule
from spanglass_store import rules
from spanglass_store.connection import Store
from spanglass_store.query import query

pytestmark = pytest.mark.clickhouse

Row = dict[str, object]


class Demo:
    """The running demo and its database. It was started twice in one folder: ``sent`` has the traces of each start."""

    def __init__(self, up: Up, store: Store, provider_port: int, sent: list[int]) -> None:
        self.up = up
        self.store = store
        self.provider_port = provider_port
        self.sent = sent

    def rows(self, sql: str) -> list[Row]:
        return self.store.fetch_rows(query("demo", sql, service=SERVICE))

    def eventually(self, sql: str, holds: Callable[[Row], bool]) -> Row:
        while not (rows := self.rows(sql)) or not holds(rows[0]):  # pytest's own time limit ends this
            time.sleep(0.3)
        return rows[0]


def traces_sent(up: Up) -> int:
    line = up.wait_for("The shop's past")
    return int(line.split("past: ")[1].split(" traces")[0].replace(",", ""))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    provider_port = free_port()
    folder = tmp_path_factory.mktemp("demo")
    arguments = ("--no-dashboard", "--provider-port", str(provider_port))
    with Up(folder, command="demo", arguments=arguments) as up:
        sent = [traces_sent(up)]
        family = up.family()
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(timeout=10) == 0
        assert not [process for process in family if process.is_running()]
    with Up(folder, command="demo", arguments=arguments) as up:
        sent.append(traces_sent(up))
        with Store.open(find_clickhouse_url(None, folder)) as store:
            yield Demo(up, store, provider_port, sent)


def test_a_week_is_there_when_it_says_so(demo: Demo) -> None:
    row = demo.eventually(
        "SELECT uniqExact(trace_id) AS traces, uniqExact(toDate(start_time)) AS days, uniqExact(user_id) AS users, "
        "uniqExactIf(response_model, kind = 'llm') AS models, countIf(status = 'error') AS errors, "
        "uniqExactIf(prompt_version, prompt_version != '') AS prompts, uniqExact(kind) AS kinds "
        "FROM spans WHERE service = {service:String}",
        lambda row: int(str(row["traces"])) > 1200,
    )
    assert int(str(row["days"])) >= 7
    assert int(str(row["models"])) >= 4
    assert int(str(row["errors"])) > 20
    assert row["prompts"] == 2
    assert int(str(row["kinds"])) == 5


def test_every_call_that_succeeded_has_a_price(demo: Demo) -> None:
    (row,) = demo.rows(
        "SELECT countIf(cost_usd IS NULL) AS unpriced, count() AS calls FROM spans "
        "WHERE service = {service:String} AND kind IN ('llm', 'embedding') AND status != 'error'"
    )
    assert row["unpriced"] == 0
    assert int(str(row["calls"])) > 2000


def test_live_traffic_follows_through_the_sdk(demo: Demo) -> None:
    live = "FROM spans WHERE service = {service:String} AND startsWith(session_id, 'live-')"
    demo.eventually(f"SELECT count() AS roots {live} AND parent_span_id = 0", lambda row: int(str(row["roots"])) >= 3)
    row = demo.eventually(
        f"SELECT countIf(time_to_first_token_ns > 0) AS streamed, uniqExact(scope_name) AS scopes {live}",
        lambda row: int(str(row["streamed"])) >= 2,
    )
    assert row["scopes"] == 1
    demo.eventually(
        f"SELECT count() AS scores FROM scores FINAL WHERE trace_id IN (SELECT trace_id {live})",
        lambda row: int(str(row["scores"])) >= 2,
    )


def test_the_alert_fires(demo: Demo) -> None:
    (rule,) = [rules.rule_from_row(row) for row in demo.store.fetch_rows(rules.all_rules(RULE.project))]
    assert rule == RULE
    ensure_rule(demo.store)
    assert len(demo.store.fetch_rows(rules.all_rules(RULE.project))) == 1
    while not (found := demo.store.fetch_rows(rules.transitions(RULE.project, rule_id=RULE.rule_id))):
        time.sleep(0.5)
    transition = rules.transition_from_row(found[-1])
    assert transition.to_state in {"pending", "firing"}
    assert transition.value is not None
    assert transition.value < RULE.threshold


def test_the_provider_is_there_for_examples(demo: Demo) -> None:
    assert f"http://127.0.0.1:{demo.provider_port}/v1" in demo.up.text
    assert health.is_ready(f"http://127.0.0.1:{demo.provider_port}/healthz")


def test_a_restart_goes_on_where_it_stopped(demo: Demo) -> None:
    assert demo.sent[0] > 1000
    assert demo.sent[1] < 20
    (row,) = demo.rows(
        "SELECT count() - uniqExact(trace_id, span_id) AS doubles, {service:String} AS service FROM spans"
    )
    assert row["doubles"] == 0
    assert health.get_json(f"{demo.up.collector}/api/v1/ledger")["tables"]["spans"]["rejected"] == 0
