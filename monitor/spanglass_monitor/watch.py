"""One look at every rule: measure, step, tell, store. The clock is an argument; the loop brings it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

from spanglass_monitor.outbox import Outbox
from spanglass_monitor.readings import RuleKey, key_of, query_of, readings_of, values_of
from spanglass_store.alerting.evaluate import INACTIVE, Standing, standing_from, step
from spanglass_store.alerting.words import transition_text
from spanglass_store.connection import Store
from spanglass_store.errors import StoreError, StoreRejected
from spanglass_store.native import Block
from spanglass_store.rules import (
    Rule,
    Transition,
    all_rules,
    block_from_transitions,
    last_transitions,
    rule_from_row,
    transition_from_row,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one look came to. ``unmeasured``: rules whose query failed; ``unreadable``: definitions not understood."""

    rules: int = 0
    firing: int = 0
    changes: int = 0
    undelivered: int = 0
    unmeasured: int = 0
    unreadable: int = 0


class Watch:
    """Where every rule stands, kept between looks and read back from the stored transitions at the first one."""

    def __init__(self, store: Store, *, dashboard_url: str, delay_ns: int, stop: threading.Event) -> None:
        self._store = store
        self._delay_ns = delay_ns
        self._outbox = Outbox(dashboard_url, stop)
        self._standings: dict[RuleKey, Standing] | None = None
        self._unstored: list[tuple[str, Block]] = []

    def look(self, now_ns: int) -> Tally:
        """Evaluate every rule at ``now_ns``. Raises StoreError when rules cannot be read: nothing changed then.

        A rule whose own query fails keeps its state; the others go on. Transitions that could not be stored are kept
        and stored by the next look, so a state once told is never told again.
        """
        self._store_rows([])
        standings = self._restored()
        rules, unreadable = self._rules()
        values, unmeasured = self._values(rules.values(), now_ns - self._delay_ns)
        changes = []
        for key, rule in rules.items():
            if rule.enabled and key not in values:
                continue
            standings[key], transition = step(rule, standings.get(key, INACTIVE), values.get(key), now_ns)
            if transition is not None:
                changes.append((rule, replace(transition, message=transition_text(rule, transition))))
        self._standings = {key: standing for key, standing in standings.items() if key in rules}
        rows = self._outbox.deliver(changes, rules, now_ns)
        for row in rows:
            _log(rules[row.project, row.rule_id], row)
        self._store_rows(rows)
        return Tally(
            rules=len(rules),
            firing=sum(standing.status == "firing" for standing in self._standings.values()),
            changes=len(changes),
            undelivered=self._outbox.owed,
            unmeasured=unmeasured,
            unreadable=unreadable,
        )

    def _restored(self) -> dict[RuleKey, Standing]:
        if self._standings is None:
            last = [transition_from_row(row) for row in self._store.fetch_rows(last_transitions())]
            self._outbox.restore(last)
            self._standings = {(each.project, each.rule_id): standing_from(each) for each in last}
        return dict(self._standings)

    def _rules(self) -> tuple[dict[RuleKey, Rule], int]:
        rules, unreadable = {}, 0
        for row in self._store.fetch_rows(all_rules()):
            try:
                rule = rule_from_row(row)
            except ValueError as error:
                unreadable += 1
                log.warning("a rule is skipped: %s", error)
            else:
                rules[key_of(rule)] = rule
        return rules, unreadable

    def _values(self, rules: Iterable[Rule], end_ns: int) -> tuple[dict[RuleKey, float | None], int]:
        values: dict[RuleKey, float | None] = {}
        unmeasured = 0
        for reading, readers in readings_of(rules).items():
            try:
                (row,) = self._store.fetch_rows(query_of(reading, readers, end_ns))
            except StoreError as error:
                unmeasured += len(readers)
                log.warning("not measured: %s: %s", ", ".join(rule.rule_id for rule in readers), error)
            else:
                values |= values_of(readers, row)
        return values, unmeasured

    def _store_rows(self, rows: list[Transition]) -> None:
        if rows:
            first = rows[0]
            token = f"transitions {first.at_ns} {first.project} {first.rule_id} {len(rows)}"
            self._unstored.append((token, block_from_transitions(rows)))
        while self._unstored:
            token, block = self._unstored[0]
            try:
                self._store.insert(block, token=token)
            except StoreRejected as error:
                log.error("%d transitions are lost: %s", block.rows, error)  # noqa: TRY400 - the message says it all
            except StoreError as error:
                log.warning("%d transitions wait to be stored: %s", block.rows, error)
                return
            self._unstored.pop(0)


def _log(rule: Rule, row: Transition) -> None:
    log.info(
        "%s (%s): %s -> %s, %s%s",
        rule.name,
        rule.rule_id,
        row.from_state,
        row.to_state,
        row.message,
        f", notice {row.notified}" if row.notified else "",
    )
