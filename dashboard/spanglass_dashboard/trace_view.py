"""One trace: what it was, what it cost, its tree in time, and the span one looks at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from spanglass_dashboard import filter_bar, panels, span_pane, trace_data
from spanglass_dashboard.address import NS
from spanglass_dashboard.components.waterfall import waterfall
from spanglass_dashboard.plain import plain
from spanglass_dashboard.trace_data import Totals, Trace
from spanglass_store.numbers import format_count, format_seconds, format_usd

HEIGHT: Final = 660
MAX_MODELS: Final = 2
_OPENED_WITH: Final = "trace_opened_with"


def open_in_address(trace_id: str, span_id: str = "") -> None:
    """Open a trace, at a span. For callbacks: it makes one entry of the browser's history, so Back closes it."""
    st.session_state.pop(_OPENED_WITH, None)
    st.query_params.update({"trace": trace_id, "span": span_id} if span_id else {"trace": trace_id})


def close() -> None:
    """Back to the list. For callbacks."""
    for name in ("trace", "span"):
        st.query_params.pop(name, None)


def show(project: str, trace_id: str, asked_for: str) -> None:
    """Draw the trace, or say that it is not there. ``asked_for`` is what the address said."""
    trace = trace_data.open_trace(project, trace_id) if trace_id else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="trace_header"):
        st.button(
            "All traces",
            icon=":material/arrow_back:",
            type="tertiary",
            key="close_trace",
            on_click=close,
            shortcut="Esc",
        )
        if trace is not None:
            _header(trace)
    if trace is None:
        not_found(asked_for)
        return
    _totals(trace)
    if trace.is_cut:
        st.warning(f"This trace has more spans. Only the first {trace.totals.spans:,} are shown and summed here.")
    if trace.placed.is_partial:
        _partial()
    _body(project, trace)


def not_found(asked_for: str) -> None:
    """Say that there is no such trace in this project, and what may be the reason."""
    st.subheader("Trace not found", anchor=False)
    st.warning(
        f"There is no trace `{plain(asked_for, 64)}` in this project. "
        "It may be older than the retention, belong to another project, or be still on its way.",
        icon=":material/search_off:",
    )
    st.button("Look again", icon=":material/refresh:", on_click=trace_data.forget)


def _header(trace: Trace) -> None:
    root, sums = trace.root, trace.totals
    st.subheader(plain(root.name) or "trace", anchor=False, width="content")
    failed = sums.errors > 0
    label = f"{sums.errors} failed" if failed else "ok"
    st.badge(label, color="red" if failed else "green", icon=f":material/{'error' if failed else 'check'}:")
    for model in sums.models[:MAX_MODELS]:
        st.badge(plain(model, 40), color="violet")
    if more := sums.models[MAX_MODELS:]:
        st.badge(f"+{len(more)}", color="violet", help=plain(", ".join(more)))
    for value in (root.environment, root.service, root.release):
        if value:
            st.badge(plain(value, 40), color="gray")


def _totals(trace: Trace) -> None:
    root, sums = trace.root, trace.totals
    started = datetime.fromtimestamp(trace.placed.start_ns / NS, tz=UTC).astimezone(ZoneInfo(panels.timezone()))
    facts = [
        ("Started", f"{started:%b %-d, %H:%M:%S}"),
        ("Duration", format_seconds(sums.duration_ns / NS)),
        ("Spans", f"{sums.spans:,}"),
        ("Tokens", "–" if sums.tokens is None else format_count(sums.tokens)),
        ("Cost", _cost_text(sums)),
    ]
    facts += [(score.name, span_pane.score_text(score)) for score in trace.scores[:3]]
    if root.tags:
        facts.append(("Tags", ", ".join(root.tags)))
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="trace_totals"):
        for label, value in facts:
            with st.container(width="content", gap=None):
                st.caption(plain(label, 40))
                st.markdown(f"**{plain(value, 60)}**")
        for param, label, value in (("user", "User", root.user_id), ("session", "Session", root.session_id)):
            if value:
                _linked(param, label, value)
        st.space("stretch")
        st.code(trace.trace_id, language=None, width="content")


def _cost_text(sums: Totals) -> str:
    if sums.cost_usd is None:
        return "unknown" if sums.calls else "–"
    known = format_usd(float(sums.cost_usd))
    missing = sums.unpriced_calls
    return f"{known} + {missing} {'call' if missing == 1 else 'calls'} unknown" if missing else known


def _linked(param: str, label: str, value: str) -> None:
    """A fact that leads to the list of everything it holds for."""

    def follow() -> None:
        filter_bar.narrow(param, value)
        close()

    with st.container(width="content", gap=None):
        st.caption(label)
        st.button(
            f":primary[**{plain(value, 40)}**]",
            key=f"narrow_{param}",
            type="tertiary",
            on_click=follow,
            help=f"All traces of this {param}",
        )


def _partial() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            "This trace is not complete: a span names a parent that is not here. It may still be on its way.",
            icon=":material/hourglass_top:",
        )
        st.button("Look again", icon=":material/refresh:", on_click=trace_data.forget, key="reload_trace")


@st.fragment(key="trace_body")
def _body(project: str, trace: Trace) -> None:
    opened_with = _selected_at_first(trace)
    tree, pane = st.columns([3, 2], gap="small")
    with tree:
        picture = trace_data.picture(project, trace.trace_id, opened_with, HEIGHT)
        clicked = waterfall(picture, key=f"waterfall_{trace.trace_id}", height=HEIGHT)
    span = trace.by_id.get(clicked or opened_with, trace.root)
    with pane, st.container(height=HEIGHT, border=True, key="span_pane", gap="small"):
        span_pane.show(trace, span)


def _selected_at_first(trace: Trace) -> str:
    """The span of the address when this trace was opened, else the root.

    It stays the same while the trace is open, so that the picture does and is not sent again.
    """
    opened: tuple[str, str] | None = st.session_state.get(_OPENED_WITH)
    if opened is None or opened[0] != trace.trace_id:
        asked = st.query_params.get("span", "")
        span_id = asked if asked in trace.by_id else trace.root.span_id
        opened = st.session_state[_OPENED_WITH] = (trace.trace_id, span_id)
    return opened[1]
