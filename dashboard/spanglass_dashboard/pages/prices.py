"""Prices: what own models cost, which models have no price, and what was paid for the others."""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from spanglass_dashboard import empty, filter_bar, panels, price_card, price_form, price_records, price_tables
from spanglass_store.numbers import format_count
from spanglass_store.prices import OwnPrice, standing

PAGE_CARDS: Final = 20


def page() -> None:
    """What has no price first; then the own prices; then which price was applied to what."""
    scope = filter_bar.scope()
    unpriced, applied = price_records.unpriced(scope), price_records.applied(scope)
    prices = price_records.prices_of(scope.project)
    used = {row["price_id"]: (row["calls"], row["cost_usd"]) for row in applied.to_dict("records")}
    label = scope.range.preset.label
    if not unpriced.empty:
        with st.container(border=True, gap="xsmall", key="prices_without"):
            calls = format_count(float(unpriced["calls"].sum()))
            st.markdown(f"**:orange[:material/warning:] No price is known for {calls} calls of the last {label}**")
            st.caption("They are missing from every cost. Failed calls are left out; filters do not apply here.")
            price_tables.unpriced(unpriced)
    _own(prices, used)
    if not applied.empty:
        with st.container(border=True, gap="xsmall", key="prices_applied_card"):
            st.markdown(f"**Prices of the last {label}**")
            st.caption(
                "What each model's calls were priced by when they arrived, or when `spanglass reprice` ran last."
            )
            price_tables.applied(applied)
    if unpriced.empty and applied.empty:
        empty.show(scope, waiting_for="model calls")
    price_form.show(prices)
    price_card.show_questions()


def _own(prices: list[OwnPrice], used: dict[str, tuple[float, float]]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        count = f" :gray[{len(prices)}]" if prices else ""
        st.markdown(f"**Own prices**{count}", width="content")
        st.space("stretch")
        st.button(
            "New price",
            key="price_new",
            icon=":material/add:",
            type="primary",
            shortcut="N",
            on_click=price_form.open_with,
            args=(price_records.blank(),),
        )
    if not prices:
        with st.container(border=True, key="prices_none"):
            panels.nothing(
                "No own prices. Public models are priced by themselves; set a price for models of your own, or where you "
                "pay something else.",
                icon="sell",
            )
        return
    now_ns = time.time_ns()
    ordered = price_card.in_order(prices, [standing(price, prices, now_ns) for price in prices])
    pages = -(-len(ordered) // PAGE_CARDS)
    cards, turning = st.container(), st.container(horizontal=True, horizontal_alignment="right")
    with turning:
        shown = min(st.pagination(pages, key="prices_page"), pages) if pages > 1 else 1
    with cards:
        for price, stands in ordered[(shown - 1) * PAGE_CARDS : shown * PAGE_CARDS]:
            price_card.card(price, stands, used.get(price.price_id))


panels.guarded(page, key="prices")
