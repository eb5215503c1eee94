"""The span one looks at: what was said, what it used and cost, what went wrong. Everything from outside is text."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Final

import streamlit as st

from spanglass_dashboard import conversation, data, facts, trace_data
from spanglass_dashboard.address import NS
from spanglass_dashboard.plain import clipped, plain, pretty
from spanglass_dashboard.trace_data import Trace
from spanglass_store.errors import StoreError
from spanglass_store.numbers import format_seconds, format_usd
from spanglass_store.scores import Score, block_from_scores
from spanglass_store.span import Event, Span

KIND_COLORS: Final[Mapping[str, str]] = {
    "agent": "violet",
    "llm": "blue",
    "tool": "green",
    "retriever": "orange",
    "rerank": "orange",
    "embedding": "orange",
    "evaluator": "yellow",
    "guardrail": "yellow",
    "prompt": "violet",
}
MAX_VALUE: Final = 500
SCORE_NAME: Final = "quality"


def show(trace: Trace, span: Span) -> None:
    """Draw ``span`` of ``trace``: a heading, its error if it has one, and the open tab."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"**{plain(span.name) or '(no name)'}**", width="content")
        color = KIND_COLORS.get(span.kind, "gray")
        st.badge(plain(span.kind, 20), color=color)  # type: ignore[arg-type]
        for text, icon in _figures(span):
            st.badge(text, color="gray", icon=f":material/{icon}:")
        if span.status == "error":
            st.badge("error", color="red", icon=":material/error:")
    if span.status == "error":
        _error(span)
    titles = list(_TABS)
    tabs = st.tabs(titles, on_change="rerun", key="span_tab")
    for tab, title in zip(tabs, titles, strict=True):
        if tab.open:
            with tab:
                _TABS[title](trace, span)


def score_text(score: Score) -> str:
    """A score's value in words."""
    if score.data_type == "boolean" and score.value is not None:
        return "yes" if score.value >= 0.5 else "no"
    return score.text_value if score.value is None else f"{score.value:.3g}"


def _figures(span: Span) -> Iterator[tuple[str, str]]:
    """What everybody asks of a span, each with an icon: how long, how many tokens, what cost."""
    yield format_seconds(span.duration_ns / NS), "timer"
    tokens = [told for told in (span.usage.input_tokens, span.usage.output_tokens) if told is not None]
    if tokens:
        yield f"{sum(tokens):,} tokens", "token"
        yield "cost unknown" if span.cost.total_usd is None else format_usd(float(span.cost.total_usd)), "payments"


def _error(span: Span) -> None:
    kind, message = span.error_type or "Error", span.error_message
    st.error(
        f"**{plain(kind)}**  \n{plain(message, 600)}" if message else f"**{plain(kind)}**", icon=":material/error:"
    )


def _messages(_trace: Trace, span: Span) -> None:
    conversation.show(span)


def _details(_trace: Trace, span: Span) -> None:
    for title, rows in facts.details(span):
        st.caption(title)
        _table(rows)


def _attributes(_trace: Trace, span: Span) -> None:
    groups = (("Attributes", span.attributes), ("Metadata", span.metadata), ("Resource", span.resource))
    for title, values in groups:
        if values:
            st.caption(f"{title} · {len(values)}")
            _table(sorted(values.items()))
    if not any(values for _, values in groups):
        st.caption("This span has no attributes besides those in Details.")


def _events(_trace: Trace, span: Span) -> None:
    exceptions = [event for event in span.events if event.name == "exception"]
    others = [event for event in span.events if event.name != "exception"]
    for event in exceptions:
        _exception(event)
    for event in others:
        offset = format_seconds((event.time_ns - span.start_ns) / NS)
        with st.expander(f"{plain(event.name)} · after {offset}", type="step", icon=":material/bolt:"):
            _table(sorted(event.attributes.items()))
    if not span.events:
        st.caption("Nothing was noted during this span.")


def _exception(event: Event) -> None:
    kind = event.attributes.get("exception.type", "exception")
    message = event.attributes.get("exception.message", "")
    st.error(f"**{plain(kind)}**  \n{plain(message, 600)}", icon=":material/error:")
    if stack := event.attributes.get("exception.stacktrace"):
        conversation.code(stack, key=f"stack_{event.time_ns}", language="python")


def _raw(_trace: Trace, span: Span) -> None:
    conversation.code(pretty(asdict(span)), key=f"raw_{span.span_id}", language="json")


def _scores(trace: Trace, span: Span) -> None:
    own = [score for score in trace.scores if score.span_id in {"", span.span_id}]
    for score in own:
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(f"**{plain(score.name)}**", width="content")
                st.badge(plain(score_text(score), 40), color="blue")
                st.badge(plain(score.source, 20), color="gray")
                st.caption("this span" if score.span_id else "whole trace", width="content")
            if score.comment:
                st.text(clipped(score.comment, MAX_VALUE))
    if not own:
        st.caption("No scores yet.")
    _give_score(trace, span)


def _give_score(trace: Trace, span: Span) -> None:
    is_root = span is trace.root
    with st.form(f"score_{span.span_id}", border=False, clear_on_submit=True):
        st.caption("Score the whole trace" if is_root else "Score this span")
        name_place, value_place = st.columns([3, 2])
        name = name_place.text_input("Name", SCORE_NAME, max_chars=100)
        value = value_place.number_input("Value, 0 to 1", 0.0, 1.0, 1.0, 0.1)
        comment = st.text_input("Comment", max_chars=2000)
        if not st.form_submit_button("Save score", icon=":material/rate_review:"):
            return
    now_ns = time.time_ns()
    score = Score(
        project=span.project,
        score_id=secrets.token_hex(16),
        name=name.strip() or SCORE_NAME,
        timestamp_ns=now_ns,
        trace_id=trace.trace_id,
        span_id="" if is_root else span.span_id,
        value=float(value),
        source="human",
        comment=comment.strip(),
    )
    try:
        data.save(block_from_scores([score]), token=score.score_id)
    except StoreError:
        st.error("The score was not saved: the database did not take it.", icon=":material/cloud_off:")
        return
    trace_data.forget()
    st.rerun()


def _table(rows: list[tuple[str, str]]) -> None:
    """Names and values, as text: cells read Markdown, so it is escaped."""
    cells = [{"name": f":gray[{plain(name)}]", "value": plain(value)} for name, value in rows]
    st.table(cells, border="horizontal", hide_header=True, hide_index=True)


_TABS: Final[Mapping[str, Callable[[Trace, Span], None]]] = {
    "Messages": _messages,
    "Details": _details,
    "Attributes": _attributes,
    "Events": _events,
    "Scores": _scores,
    "Raw": _raw,
}
