"""What a person is told when an alert fires or resolves. Pure."""

from __future__ import annotations

from urllib.parse import quote

from spanglass_store.alerting.evaluate import NS
from spanglass_store.alerting.send import Notice
from spanglass_store.alerting.words import condition_text, duration_text, scope_text, transition_text
from spanglass_store.rules import Rule, Transition


def is_told(transition: Transition) -> bool:
    """Whether people hear of this change: of an alert that fires and of one that resolves."""
    return transition.to_state in ("firing", "resolved") and transition.from_state != transition.to_state


def notice_from(rule: Rule, transition: Transition, dashboard_url: str) -> Notice:
    """The notice of ``transition``, with the value, the condition, where it was measured and a link to the page."""
    lasted = duration_text((transition.at_ns - transition.since_ns) // NS)
    fired = transition.to_state == "firing"
    lines = [
        f"{transition_text(rule, transition)}.",
        f"Condition: {condition_text(rule)}",
        f"Where: {where}" if (where := scope_text(rule.filters)) else "",
        "" if fired else f"It began {lasted} earlier.",
        f"Project: {rule.project}",
        f"{dashboard_url.rstrip('/')}/alerts?project={quote(rule.project, safe='')}",
    ]
    return Notice(
        title=f"{rule.severity.capitalize()}: {rule.name}" if fired else f"Resolved: {rule.name}",
        body="\n".join(line for line in lines if line),
        kind="success" if not fired else "failure" if rule.severity == "critical" else "warning",
    )
