"""The bar above every page: time range, search, filters. The only place with widgets bound to the address.

Measured rules (Streamlit 1.67): a bound widget keeps its value over page switches, Back and reload only when the
entry script draws it, visibly, on every page. In a page script or a closed popover its parameter is lost. So what is
set stands in the bar; everything else waits behind "More filters".
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from spanglass_dashboard import address, filter_inputs, narrowing, panels, suggestions
from spanglass_dashboard.address import PRESETS, Scope
from spanglass_dashboard.filter_inputs import Offered
from spanglass_dashboard.narrowing import BOUNDS, FIELDS, LISTS, OF_THE_API, PARAMS, SCORE, SEARCH
from spanglass_dashboard.plain import plain

ALWAYS: Final = ("service", "model", "env", "status")
ON_DEMAND: Final = tuple(param for param in FIELDS if param not in ALWAYS)
_MORE: Final = "more_filters"


def scope() -> Scope:
    """What the page is about, as of now. Cheap: pages, panels and their refreshes each ask again."""
    return address.scope_from_state(_state(), time.time_ns())


def bar(title: str) -> None:
    """Draw the page's title, the time range and the filters. Call once, in the entry script, before the page."""
    _translate_address()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="header"):
        st.subheader(title, anchor=False, width="content")
        st.space("stretch")
        st.segmented_control(
            "Time range",
            list(PRESETS),
            key="t",
            default=address.DEFAULT_RANGE,
            required=True,
            bind="query-params",
            label_visibility="collapsed",
        )
        st.toggle("Live", key="live", bind="query-params", help=f"Refresh every {panels.LIVE_SECONDS} seconds")
    is_open = bool(st.session_state.get(_MORE))
    offered = _offered(is_open=is_open)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="filters"):
        st.text_input(
            "Search",
            key=SEARCH,
            bind="query-params",
            type="search",
            placeholder="Search text, name, user, trace id",
            label_visibility="collapsed",
            icon=":material/search:",
            live="400ms",
            width=230,
        )
        for param in ALWAYS:
            filter_inputs.field(param, offered, width=filter_inputs.INLINE_PIXELS)
        label, icon = ("Fewer filters", "expand_less") if is_open else ("More filters", "tune")
        st.button(label, icon=f":material/{icon}:", type="tertiary", key="show_more_filters", on_click=_turn_more)
        if scope().is_filtered:
            st.button("Clear", icon=":material/close:", type="tertiary", key="clear_filters", on_click=clear)
    (filter_inputs.everything if is_open else filter_inputs.those_set)(ON_DEMAND, offered)
    if odd := narrowing.not_understood(_state()):
        named = ", ".join(plain(each, 60) for each in odd[:3])
        st.warning(
            f"Not understood, so not filtered by: {named}. "
            r"Exclude reads `model!=gpt-4o`, Attributes reads `metadata.plan=pro`.",
            icon=":material/filter_alt_off:",
        )


def bounds_note() -> None:
    """Say on a page about anything but traces that bounds of traces do not narrow it; nothing where none are set."""
    if scope().is_bounded:
        st.caption(":material/info: Cost, tokens, duration and score bounds narrow the list of traces only.")


def project_choice() -> None:
    """Draw the project's selector; nothing where there is only one project and none was asked for."""
    chosen = st.session_state.get("project") or st.query_params.get("project") or address.DEFAULT_PROJECT
    options = sorted({*suggestions.projects(time.time_ns()), chosen, address.DEFAULT_PROJECT})
    if len(options) == 1:
        return
    # The default is not written into the address, so it must be the same for everybody.
    default = options.index(address.DEFAULT_PROJECT)
    st.selectbox("Project", options, index=default, key="project", bind="query-params")


def clear() -> None:
    """Take away every filter and the search. For callbacks."""
    for param in LISTS:
        st.session_state[param] = []
    for param in (*BOUNDS, SCORE):
        st.session_state[param] = None
    st.session_state[SEARCH] = ""


def narrow(param: str, value: str, also: Mapping[str, str] | None = None) -> None:
    """Show only what has ``value`` for the filter ``param``, and put ``also`` into the address. For callbacks.

    An input that was not there before does not write its own value into the address (Streamlit 1.67).
    """
    is_drawn = param in ALWAYS or st.session_state.get(_MORE) or filter_inputs.is_set(param)
    st.session_state[param] = [value]
    if put := {**({} if is_drawn else {param: value}), **(also or {})}:
        st.query_params.update(put)


def widen(range_key: str) -> None:
    """Look at the range called ``range_key``. For callbacks."""
    st.session_state["t"] = range_key


def _translate_address() -> None:
    """Names that the API has for filters, as somebody may have typed them, become those of the bar."""
    said = OF_THE_API.keys() & set(st.query_params)
    for name in said:
        st.query_params[OF_THE_API[name]] = st.query_params.get_all(name)
        del st.query_params[name]
    if said:
        st.rerun()  # inputs read the address as it was when the run began


def _turn_more() -> None:
    st.session_state[_MORE] = not st.session_state.get(_MORE)


def _state() -> dict[str, Any]:
    """The address as Streamlit has it now; before a widget is drawn for the first time, as the URL has it."""
    state = {param: st.session_state.get(param) for param in ("project", "t", "live")}
    return state | {param: filter_inputs.chosen(param) for param in PARAMS}


def _offered(*, is_open: bool) -> Offered:
    """What the inputs offer: one question for all fields that are drawn."""
    here = scope()
    drawn = [param for param in FIELDS if is_open or param in ALWAYS or filter_inputs.is_set(param)]
    return Offered(here, suggestions.of_fields(here, drawn))
