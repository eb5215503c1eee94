"""The lists of traces, spans, sessions and users; with ``?trace=`` in the address, one trace.

Which list, in which order, from where on: parameters of the address that callbacks set, each one step of the browser's
history. The inputs for them take a new key with each value, so that Back moves them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import (
    address,
    data,
    empty,
    filter_bar,
    list_place,
    list_table,
    lists,
    outliers_card,
    panels,
    trace_view,
)
from spanglass_dashboard.address import Scope
from spanglass_dashboard.list_place import Place
from spanglass_dashboard.lists import ORDER, PLACE, VIEW, VIEWS, View
from spanglass_store.cursor import NEWEST
from spanglass_store.queries import traces

PAGE_ROWS: Final = 100
_PLACES: Final = "places_of_lists"


def _lists() -> None:
    name = _asked(VIEW, VIEWS, lists.DEFAULT)
    view = VIEWS[name]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="list_choices"):
        _view_choice(name)
        outliers_card.button()
        st.space("stretch")
        order = _asked(ORDER, view.orders, NEWEST)
        _order_choice(view, order)
    if name != lists.DEFAULT:
        filter_bar.bounds_note()
    outliers_card.card()
    panels.guarded(lambda: _page(view, name, order), key="list")


def _page(view: View, name: str, order: str) -> None:
    scope = filter_bar.scope()
    mark = list_place.mark(scope, name, order)
    place = list_place.place_from_text(st.query_params.get(PLACE, ""), mark)
    found = data.load(view.find(scope, order, place.cursor, PAGE_ROWS))
    if found.empty:
        _nothing(view, scope, place)
        return
    st.caption(_count_line(view, scope, place, found))
    list_table.draw(view, found)
    _turning(view, scope, order, place, found, mark)


def _count_line(view: View, scope: Scope, place: Place, found: pd.DataFrame) -> str:
    """How many there are, as far as it is known, and which of them these are."""
    first = (place.page - 1) * PAGE_ROWS + 1
    last, when = first + len(found) - 1, f"in the last {scope.range.preset.label}"
    is_cut = bool(found.attrs["cut"])
    if view is VIEWS[lists.DEFAULT] and is_cut:
        counted = data.load(traces.count(scope.project, scope.window, scope.filters, bounds=scope.bounds)).iloc[0]
        total = f"{'More than ' * bool(counted['more'])}{int(counted['traces']):,}"
        return f"{total} {view.many} {when} · {first:,} to {last:,}"
    if first == 1 and not is_cut:
        return f"{last:,} {view.one if last == 1 else view.many} {when}"
    return f"{view.many.capitalize()} {first:,} to {last:,} {when}{' · more follow' * is_cut}"


def _turning(view: View, scope: Scope, order: str, place: Place, found: pd.DataFrame, mark: str) -> None:
    """Draw the ways to the next page and back; nothing where there is only one."""
    is_cut = bool(found.attrs["cut"])
    if not is_cut and place == list_place.FIRST:
        return
    known: dict[int, Place] = st.session_state.setdefault(_PLACES, {}).setdefault(mark, {})
    known[place.page] = place
    ends = list_table.rows_of(found.iloc[[0, -1]])
    following = Place(place.page + 1, view.after(ends, scope.window, order, place.cursor))
    steps = (
        ("First", "first_page", list_place.FIRST, place.page > 2),
        ("Previous", "chevron_left", known.get(place.page - 1, list_place.FIRST), place.page > 1),
        ("Next", "chevron_right", following, is_cut),
    )
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="xsmall"):
        st.caption(f"Page {place.page:,}", width="content")
        for label, icon, to, is_there in steps:
            st.button(
                label,
                key=f"list_{label.lower()}",
                icon=f":material/{icon}:",
                type="tertiary",
                disabled=not is_there,
                on_click=_go,
                args=(to, mark),
            )


def _go(to: Place, mark: str) -> None:
    if to == list_place.FIRST:
        st.query_params.pop(PLACE, None)
    else:
        st.query_params[PLACE] = list_place.text_from_place(to, mark)


def _nothing(view: View, scope: Scope, place: Place) -> None:
    if place == list_place.FIRST:
        empty.show(scope, waiting_for=view.many, hint=view.hint)
        return
    panels.nothing(f"There are no more {view.many}.")
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button("First page", key="list_first", on_click=_go, args=(list_place.FIRST, ""))


def _asked(name: str, known: Mapping[str, object], default: str) -> str:
    """What the address says of ``name``, if it is one of ``known``."""
    asked = st.query_params.get(name, default)
    return asked if asked in known else default


def _view_choice(now: str) -> None:
    key = f"list_view_{now}"
    st.segmented_control(
        "List",
        list(VIEWS),
        format_func=lambda name: VIEWS[name].many.capitalize(),
        default=now,
        required=True,
        key=key,
        on_change=_put,
        args=(VIEW, key),
        label_visibility="collapsed",
    )


def _order_choice(view: View, now: str) -> None:
    key = f"list_order_{now}"
    st.selectbox(
        "Order",
        list(view.orders),
        index=list(view.orders).index(now),
        format_func=lambda name: view.orders[name].label,
        key=key,
        on_change=_put,
        args=(ORDER, key),
        label_visibility="collapsed",
        width=190,
    )


def _put(name: str, key: str) -> None:
    """Put a choice into the address, as one step of the history. A place in another list stays there and says nothing."""
    st.query_params[name] = st.session_state[key]


asked_for = st.query_params.get("trace", "")
if asked_for:
    trace_id = address.trace_from_text(asked_for) or ""
    panels.guarded(lambda: trace_view.show(filter_bar.scope().project, trace_id, asked_for), key="trace")
else:
    _lists()
