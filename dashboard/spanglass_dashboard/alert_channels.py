"""Whom an alert tells: the part of its form that holds secrets, and a test notice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import streamlit as st

from spanglass_dashboard import alert_fields
from spanglass_store.alerting.channels import masked
from spanglass_store.alerting.send import SENT, Notice, send
from spanglass_store.rules import Rule

CHANNEL_HELP: Final = """One address a line, for example:
- `https://example.com/hook` (a webhook, posted as JSON)
- `slack://TokenA/TokenB/TokenC/#channel`
- `discord://webhook_id/webhook_token`
- `mailto://user:password@example.com?to=team@example.com`
- `ntfy://topic`

All [Apprise addresses](https://appriseit.com/services/) work. They hold secrets: once saved they are shown masked."""

_TESTED: Final = "alert_tested"


def forget_test() -> None:
    """Show no outcome of an earlier test."""
    st.session_state[_TESTED] = {}


def choose(rule: Rule) -> None:
    """Draw the channels ``rule`` has, a place for more, and a button that tries them all."""
    if rule.channels:
        st.multiselect(
            "Channels",
            list(rule.channels),
            default=list(rule.channels),
            key=alert_fields.key(rule, "kept_channels"),
            format_func=lambda channel: f"{rule.channels.index(channel) + 1} · {masked(channel)}",
            placeholder="None kept",
        )
    st.text_area(
        "More channels" if rule.channels else "Channels",
        key=alert_fields.key(rule, "channels"),
        height=68,
        placeholder="https://example.com/hook",
        help=CHANNEL_HELP,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Send test", key="alert_test", icon=":material/send:", on_click=_test, args=(rule,))
        for channel, outcome in st.session_state[_TESTED].items():
            good = outcome == SENT
            st.badge(
                f"{channel} {outcome}",
                icon=f":material/{'check' if good else 'error'}:",
                color="green" if good else "red",
            )


def _test(rule: Rule) -> None:
    """Send a test notice to every channel of the form, all at once."""
    draft = alert_fields.draft(rule)
    channels, name = draft.channels, draft.name or "a new alert"
    notice = Notice(f"Test: {name}", f"This is a test of an alert in the project {rule.project}.", "info")
    if not channels:
        st.session_state[_TESTED] = {"No channel:": "nothing to send to"}
        return
    with ThreadPoolExecutor(max_workers=len(channels)) as pool:
        outcomes = pool.map(lambda channel: send(channel, notice), channels)
        shown = [f"{index} · {masked(channel)}" for index, channel in enumerate(channels, 1)]
        st.session_state[_TESTED] = dict(zip(shown, outcomes, strict=True))
