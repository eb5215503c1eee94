"""What went into a span and what came out: chat bubbles for messages, text or JSON for everything else.

A model's words are shown as the text they are. Markdown is a choice of the reader, and even then nothing is fetched
from elsewhere: the content policy forbids it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import streamlit as st

from spanglass_dashboard.messages import Chat, Part, chat_from_text
from spanglass_dashboard.plain import as_json, plain, pretty
from spanglass_store.span import Span

MAX_CHARACTERS: Final = 20_000
View = Literal["Text", "Markdown", "Raw"]
AVATARS: Final = {
    "system": ":material/settings:",
    "developer": ":material/settings:",
    "user": ":material/person:",
    "assistant": ":material/smart_toy:",
    "tool": ":material/build:",
}
ICONS: Final = {
    "tool_call": ":material/build:",
    "tool_result": ":material/output:",
    "reasoning": ":material/psychology:",
    "other": ":material/attachment:",
}
TITLES: Final = {"tool_call": "calls", "tool_result": "result of", "reasoning": "thinks", "other": "sends"}


def show(span: Span) -> None:
    """Draw the input and the output of ``span``."""
    if not span.input and not span.output:
        st.caption("This span has no input and no output.")
        return
    view: View = st.segmented_control(
        "Show as",
        ["Text", "Markdown", "Raw"],
        default="Text",
        required=True,
        key="message_view",
        label_visibility="collapsed",
    )
    said, answered = chat_from_text(span.input), chat_from_text(span.output)
    for label, text, messages in (("Input", span.input, said), ("Output", span.output, answered)):
        if not text:
            continue
        if view == "Raw" or messages is None:
            st.caption(label)
            _body(text, view, key=f"{label}_{span.span_id}")
        else:
            _chat(messages, view, key=f"{label}_{span.span_id}")
    if not span.output and span.status == "error":
        st.caption("No output: the span ended in an error.")


def code(text: str, *, key: str, language: str | None = None) -> None:
    """Draw ``text`` as code with a button to copy it, shortened where it is very long."""
    st.code(_shortened(text, key), language=language, wrap_lines=True)


def _chat(messages: Iterable[Chat], view: View, *, key: str) -> None:
    for number, message in enumerate(messages):
        with st.chat_message(plain(message.role, 30), avatar=AVATARS.get(message.role, ":material/chat:")):
            st.caption(plain(message.role, 30))
            for position, part in enumerate(message.parts):
                _part(part, view, key=f"{key}_{number}_{position}")


def _part(part: Part, view: View, *, key: str) -> None:
    if part.kind == "text":
        _body(part.text, view, key=key)
        return
    title = " ".join(filter(None, (TITLES[part.kind], plain(part.title, 80))))
    with st.expander(title, type="step", icon=ICONS[part.kind], expanded=part.kind == "tool_call"):
        if part.kind == "reasoning":
            _body(part.text, view, key=key)
        else:
            code(part.text, key=key, language="json" if as_json(part.text) is not None else None)


def _body(text: str, view: View, *, key: str) -> None:
    if view == "Raw" or as_json(text) is not None:
        code(pretty(text), key=key, language="json" if as_json(text) is not None else None)
    elif view == "Markdown":
        st.markdown(_shortened(text, key))
    else:
        st.text(_shortened(text, key))


def _shortened(text: str, key: str) -> str:
    """``text``, or its beginning and a button that shows all of it."""
    if len(text) <= MAX_CHARACTERS or st.session_state.get(f"all_{key}"):
        return text
    st.button(
        f"Show all {len(text):,} characters",
        key=f"show_{key}",
        type="tertiary",
        icon=":material/unfold_more:",
        on_click=_show_all,
        args=(key,),
    )
    return text[:MAX_CHARACTERS]


def _show_all(key: str) -> None:
    st.session_state[f"all_{key}"] = True
