"""Notices that are owed: a channel that failed is tried again at every look until it answers or an hour has passed.

What is owed is read back from the stored transitions after a restart, so an alert is told at least once; a stop in
the middle of sending can tell it twice.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from spanglass_monitor.notice import is_told, notice_from
from spanglass_monitor.notify import outcome_text, send_all
from spanglass_monitor.readings import RuleKey, key_of
from spanglass_store.alerting.evaluate import NS
from spanglass_store.alerting.send import SENT
from spanglass_store.alerting.words import duration_text
from spanglass_store.rules import Rule, Transition

RETRY_FOR_SECONDS: Final = 3600
DEADLINE_SECONDS: Final = 10.0  # Apprise gives a channel 4 s to connect and 4 s to answer


@dataclass(frozen=True, slots=True)
class Owed:
    """The newest change of a rule that not every channel has heard of yet."""

    transition: Transition
    delivered: frozenset[str] = frozenset()


class Outbox:
    """Sends the notices of a look, and those still owed from earlier ones."""

    def __init__(self, dashboard_url: str, stop: threading.Event) -> None:
        self._dashboard_url = dashboard_url
        self._stop = stop
        self._owed: dict[RuleKey, Owed] = {}

    @property
    def owed(self) -> int:
        """How many rules have a notice that some channel has not taken."""
        return len(self._owed)

    def restore(self, last: Iterable[Transition]) -> None:
        """Owe again what the newest stored transition of a rule says was not delivered."""
        for transition in last:
            if transition.notified.startswith("failed") and is_told(transition):
                self._owed[transition.project, transition.rule_id] = Owed(transition)

    def deliver(
        self, changes: Iterable[tuple[Rule, Transition]], rules: Mapping[RuleKey, Rule], now_ns: int
    ) -> list[Transition]:
        """The rows to store: every change with what became of its notice, and one for each older notice settled now.

        A notice settled late is stored as a transition of a state to itself. The newer change of a rule replaces what
        was owed of the older one; a rule that is paused or gone owes nothing.
        """
        fresh = {key_of(rule): transition for rule, transition in changes}
        new = {key: Owed(transition) for key, transition in fresh.items() if is_told(transition)}
        late = {key: owed for key, owed in self._owed.items() if key not in fresh}
        owed = {key: owed for key, owed in (new | late).items() if key in rules and rules[key].enabled}
        outcomes = self._send({key: (rules[key], owed[key]) for key in owed})
        rows = [
            replace(transition, notified=outcome_text(outcomes[key]) if key in outcomes else "")
            for key, transition in fresh.items()
        ]
        self._owed = {}
        for key, told in outcomes.items():
            settled = _settled(owed[key], told, now_ns)
            if isinstance(settled, Owed):
                self._owed[key] = settled
            elif key in late:
                rows.append(settled)
        return rows

    def _send(self, owed: Mapping[RuleKey, tuple[Rule, Owed]]) -> dict[RuleKey, dict[str, str]]:
        letters = [
            (key, channel, notice_from(rule, each.transition, self._dashboard_url))
            for key, (rule, each) in owed.items()
            for channel in rule.channels
            if channel not in each.delivered
        ]
        outcomes = send_all(
            [(channel, notice) for _, channel, notice in letters], deadline_seconds=DEADLINE_SECONDS, stop=self._stop
        )
        told: dict[RuleKey, dict[str, str]] = {
            key: dict.fromkeys(each.delivered & set(rule.channels), SENT) for key, (rule, each) in owed.items()
        }
        for (key, channel, _), outcome in zip(letters, outcomes, strict=True):
            told[key][channel] = outcome
        return told


def _settled(owed: Owed, told: Mapping[str, str], now_ns: int) -> Owed | Transition:
    """What is still owed after the channels answered ``told``, or the row that closes it."""
    delivered = owed.delivered | {channel for channel, outcome in told.items() if outcome == SENT}
    waited_seconds = (now_ns - owed.transition.at_ns) // NS
    if len(delivered & told.keys()) < len(told) and waited_seconds < RETRY_FOR_SECONDS:
        return Owed(owed.transition, delivered)
    late = f"Told {duration_text(waited_seconds)} later" if outcome_text(told) == SENT else "Gave up telling"
    transition = owed.transition
    return replace(transition, from_state=transition.to_state, at_ns=now_ns, notified=outcome_text(told), message=late)
