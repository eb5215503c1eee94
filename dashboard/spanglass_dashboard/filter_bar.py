"""The bar above every page: time range, search, filters. The only place with widgets bound to the address.

Measured rules (Streamlit 1.67): a bound widget keeps its value over page switches, Back and reload only when the
entry script draws it, visibly, on every page. In a page script or a closed popover its parameter is lost.
"""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from spanglass_dashboard import address, data, panels
from spanglass_dashboard.address import FIELD_OF_PARAM, NS, PRESETS, Scope
from spanglass_store.errors import StoreError
from spanglass_store.queries import facets
from spanglass_store.query import Window

LABELS: Final = {
    "service": "Service",
    "model": "Model",
    "env": "Environment",
    "status": "Status",
    "prompt": "Prompt",
    "release": "Release",
    "tag": "Tag",
    "user": "User",
    "session": "Session",
}
ALWAYS: Final = ("service", "model", "env", "status")
ON_DEMAND: Final = tuple(param for param in LABELS if param not in ALWAYS)
FACET_WINDOW_SECONDS: Final = 7 * address.DAY
FACET_STEP_SECONDS: Final = 5 * address.MINUTE
_MORE: Final = "more_filters"


def scope() -> Scope:
    """What the page is about, as of now. Cheap: pages, panels and their refreshes each ask again."""
    state = {param: st.session_state.get(param) for param in ("project", "t", "q", "live", *LABELS)}
    return address.scope_from_state(state, time.time_ns())


def bar(title: str) -> None:
    """Draw the page's title, the time range and the filters. Call once, in the entry script, before the page."""
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
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="filters"):
        st.text_input(
            "Search",
            key="q",
            bind="query-params",
            type="search",
            placeholder="Search text, name, user, trace id",
            label_visibility="collapsed",
            icon=":material/search:",
            live="400ms",
            width=270,
        )
        extra = ON_DEMAND if st.session_state.get(_MORE) or any(map(_chosen, ON_DEMAND)) else ()
        for param in (*ALWAYS, *extra):
            _choice(param)
        if not extra:
            st.button("More", icon=":material/add:", type="tertiary", key="show_more_filters", on_click=_show_more)
        if scope().is_filtered:
            st.button("Clear", icon=":material/close:", type="tertiary", key="clear_filters", on_click=clear)


def project_choice() -> None:
    """Draw the project's selector; nothing where there is only one project and none was asked for."""
    chosen = st.session_state.get("project") or st.query_params.get("project") or address.DEFAULT_PROJECT
    options = sorted({*_projects(), chosen, address.DEFAULT_PROJECT})
    if len(options) == 1:
        return
    # The default is not written into the address, so it must be the same for everybody.
    default = options.index(address.DEFAULT_PROJECT)
    st.selectbox("Project", options, index=default, key="project", bind="query-params")


def clear() -> None:
    """Take away every filter and the search. For callbacks."""
    for param in LABELS:
        st.session_state[param] = []
    st.session_state["q"] = ""
    st.session_state[_MORE] = False


def narrow(param: str, value: str) -> None:
    """Show only what has ``value`` for the filter ``param``. For callbacks."""
    st.session_state[param] = [value]


def widen(range_key: str) -> None:
    """Look at the range called ``range_key``. For callbacks."""
    st.session_state["t"] = range_key


def _show_more() -> None:
    st.session_state[_MORE] = True


def _choice(param: str) -> None:
    st.multiselect(
        LABELS[param],
        _options(param),
        key=param,
        bind="query-params",
        placeholder=LABELS[param],
        label_visibility="collapsed",
        accept_new_options=param != "status",
        width=150,
        wrap=False,
    )


def _chosen(param: str) -> list[str]:
    """Values of a filter; before its widget is drawn for the first time, those in the address."""
    if param in st.session_state:
        return list(st.session_state[param] or ())
    return st.query_params.get_all(param)


def _options(param: str) -> list[str]:
    """What can be chosen: the values of the last week, and those already chosen."""
    if param == "status":
        return list(address.STATUSES)
    seen: list[str] = []
    try:
        project = scope().project
        seen = data.load(facets.values(project, _week(), FIELD_OF_PARAM[param]))["value"].astype(str).tolist()
    except (StoreError, KeyError):
        pass  # suggestions only: the page itself says that the database is away
    return list(dict.fromkeys([*seen, *_chosen(param)]))


def _projects() -> list[str]:
    try:
        return data.load(facets.projects(_week()))["project"].astype(str).tolist()
    except (StoreError, KeyError):
        return []


def _week() -> Window:
    step_ns = FACET_STEP_SECONDS * NS
    end_ns = -(-time.time_ns() // step_ns) * step_ns
    return Window(end_ns - FACET_WINDOW_SECONDS * NS, end_ns)
