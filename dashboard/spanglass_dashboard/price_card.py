"""One own price on the page: how it stands, what it asks, what it was used for, what can be done with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

import streamlit as st

from spanglass_dashboard import dialogs, filter_bar, price_form, price_records
from spanglass_dashboard.plain import plain
from spanglass_dashboard.price_draft import EARLIEST, LATEST, minute_ns, ns_from_time, time_from_ns
from spanglass_store.numbers import format_count, format_usd
from spanglass_store.prices import EVERY_PROJECT, OwnPrice, Standing, amounts_text, day_or_time, price_problems

COLORS: Final[dict[Standing, tuple[str, Literal["green", "blue", "gray"]]]] = {
    "in force": ("check_circle", "green"),
    "to come": ("schedule", "blue"),
    "superseded": ("history", "gray"),
    "ended": ("history", "gray"),
}
"""Icon and colour of a standing, in the order of the page."""
_ENDING: Final = "price_ending"
_REMOVING: Final = "price_removing"


def card(price: OwnPrice, stands: Standing, used: tuple[float, float] | None) -> None:
    """Draw the card of a price; ``used``: calls and dollars of the time the page is about."""
    with st.container(border=True, key=f"price_card_{price.key_id}"):
        body, actions = st.columns([12, 3.2], gap="small", vertical_alignment="center")
        with body, st.container(gap="xsmall"):
            _words(price, stands, used)
        with actions, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            _actions(price, stands)


def _words(price: OwnPrice, stands: Standing, used: tuple[float, float] | None) -> None:
    icon, color = COLORS[stands]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.badge(stands.capitalize(), icon=f":material/{icon}:", color=color)
        at = f" at {plain(price.provider)}" if price.provider else ""
        st.markdown(f"**{plain(price.model)}**{at}", width="content")
    st.markdown(plain(amounts_text(price)))
    st.caption(plain(" · ".join(filter(None, [_scope(price), _time(price), _use(used), price.comment]))))


def _scope(price: OwnPrice) -> str:
    return "all projects" if price.project == EVERY_PROJECT else f"project {price.project}"


def _time(price: OwnPrice) -> str:
    since = f"from {day_or_time(price.starts_ns)}" if price.starts_ns else ""
    until = f"until {day_or_time(price.ends_ns)}" if price.ends_ns else ""
    return " ".join(filter(None, (since, until))) or "always"


def _use(used: tuple[float, float] | None) -> str:
    label = filter_bar.scope().range.preset.label
    if used is None:
        return f"not used in the last {label}"
    calls, usd = used
    return f"{format_count(calls)} calls, {format_usd(usd)} in the last {label}"


def _actions(price: OwnPrice, stands: Standing) -> None:
    def action(name: str, icon: str, label: str) -> bool:
        key = f"price_{name}_{price.key_id}"
        return st.button(label, key=key, icon=f":material/{icon}:", type="tertiary")

    if action("edit", "edit", "Edit"):
        price_form.open_with(price)
    if stands != "ended" and action("end", "event_busy", "End"):
        st.session_state[_ENDING] = price
    if action("remove", "delete", "Remove"):
        st.session_state[_REMOVING] = price


def show_questions() -> None:
    """Ask when a price is to end, or whether it is to go, if that was asked for. Call it once in every run."""
    ending, removing = st.session_state.get(_ENDING), st.session_state.get(_REMOVING)
    if ending is not None:
        _end(ending)
    elif removing is not None:
        _remove(removing)


def _leave() -> None:
    for asked in (_ENDING, _REMOVING):
        st.session_state.pop(asked, None)


@st.dialog("End this price", icon=":material/event_busy:", on_dismiss=_leave)
def _end(price: OwnPrice) -> None:
    st.markdown(f"**{plain(price.model)}** has another price, or none, from then on. Calls before it keep this one.")
    now = time_from_ns(max(price.starts_ns, minute_ns(time.time_ns())))
    at = st.datetime_input("Ends (UTC)", now, EARLIEST, LATEST, key=f"price_end_at_{price.key_id}", format="YYYY-MM-DD")
    if dialogs.answered("Keep it", "End it", leave=_leave, keys=("price_end_cancel", "price_end_confirm")):
        ended = replace(price, ends_ns=ns_from_time(at or now))
        problems = price_problems(ended)
        for _, sentence in problems:
            st.error(sentence, icon=":material/error:")
        if not problems and price_records.save(ended):
            _leave()
            st.rerun()


@st.dialog("Remove this price?", icon=":material/delete:", on_dismiss=_leave)
def _remove(price: OwnPrice) -> None:
    st.markdown(
        f"**{plain(price.model)}** will be priced as if this price had never been set. If it was right until now, end it "
        "instead. Stored calls keep their cost until you run `spanglass reprice`."
    )
    keys = ("price_remove_cancel", "price_remove_confirm")
    if dialogs.answered("Keep it", "Remove it", leave=_leave, keys=keys) and price_records.save(removed=[price]):
        _leave()
        st.rerun()


def in_order(prices: Sequence[OwnPrice], stands: Sequence[Standing]) -> list[tuple[OwnPrice, Standing]]:
    """What is in force first, then by model and start."""
    order = list(COLORS)
    pairs = zip(prices, stands, strict=True)
    return sorted(pairs, key=lambda pair: (order.index(pair[1]), pair[0].model, pair[0].provider, -pair[0].starts_ns))
