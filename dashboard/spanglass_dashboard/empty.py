"""What a page says when it has nothing to show: how to begin, or how to find more."""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from spanglass_dashboard import data, filter_bar, panels, settings
from spanglass_dashboard.address import DAY, DEFAULT_PROJECT, NS, PRESETS, Scope
from spanglass_store.queries import traces as queries
from spanglass_store.query import Filters, Window

POLL_SECONDS: Final = 3
LOOKBACK_SECONDS: Final = 400 * DAY
WIDEST: Final = "30d"

SNIPPET: Final = """\
import spanglass
from openai import OpenAI

spanglass.init(service="my-app")
client = spanglass.wrap(OpenAI())

@spanglass.observe
def answer(question: str) -> str:
    reply = client.chat.completions.create(
        model="gpt-5.1-mini",
        messages=[{"role": "user", "content": question}],
    )
    return reply.choices[0].message.content
"""


def show(scope: Scope, *, waiting_for: str, hint: str = "") -> None:
    """Explain why there are no ``waiting_for``: nothing ever came, or nothing passes the filters. ``hint`` is how an
    application names them.
    """
    if _has_any(scope.project):
        _no_match(scope, waiting_for, hint)
    else:
        _first_steps(scope.project)


def _has_any(project: str) -> bool:
    end_ns = -(-time.time_ns() // (DAY * NS)) * DAY * NS
    ever = Window(end_ns - LOOKBACK_SECONDS * NS, end_ns)
    return bool(data.fetch_rows(queries.find(project, ever, Filters(), limit=1)))


def _no_match(scope: Scope, waiting_for: str, hint: str) -> None:
    with st.container(border=True, horizontal_alignment="center", gap="small", key="no_match"):
        st.space("small")
        panels.nothing(f"No {waiting_for} in the last {scope.range.preset.label} match.")
        with st.container(horizontal=True, horizontal_alignment="center"):
            if scope.is_filtered:
                st.button(
                    "Clear filters", key="clear_from_empty", on_click=filter_bar.clear, icon=":material/filter_alt_off:"
                )
            if scope.range.key != WIDEST:
                label = f"Widen to {PRESETS[WIDEST].label}"
                st.button(label, key="widen", on_click=filter_bar.widen, args=(WIDEST,), icon=":material/date_range:")
        if hint:
            st.markdown(":gray[Your application says whose calls they are:]", text_alignment="center")
            with st.container(horizontal=True, horizontal_alignment="center"):
                st.code(hint, language="python", width="content")
        st.space("small")


def _first_steps(project: str) -> None:
    with st.container(border=True, key="first_steps", gap="small"):
        st.subheader("Send your first trace", anchor=False)
        st.markdown("Install the SDK in your application, point it here, and call a model.")
        st.code(_setup(project), language="bash")
        st.code(SNIPPET, language="python")
        st.caption("Any OpenTelemetry exporter works too: send OTLP over HTTP to the same address.")
        _waiting(project)


def _setup(project: str) -> str:
    lines = ["pip install spanglass", f"export SPANGLASS_ENDPOINT={settings.current().collector_url}"]
    if project != DEFAULT_PROJECT:
        lines.append(f"export SPANGLASS_PROJECT={project}")
    return "\n".join(lines)


@st.fragment(run_every=POLL_SECONDS, key="waiting_for_first_trace")
def _waiting(project: str) -> None:
    """Look every POLL_SECONDS, and turn the page over when the first trace is there."""
    if _has_any(project):
        data.forget()
        st.rerun()
    st.markdown(":gray[:material/hourglass_top: Waiting for the first trace …]")
