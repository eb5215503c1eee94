"""The card of the overview that says what changed the cost."""

from __future__ import annotations

from typing import Final

import streamlit as st

from spanglass_dashboard import cost_change, data, filter_bar, panels
from spanglass_dashboard.plain import plain
from spanglass_store.numbers import format_count
from spanglass_store.queries import attribution

TITLE: Final = "What changed the cost"
HELP: Final = (
    "The difference to the time before, split among its causes: the parts add up. A cause counts with the others "
    "as they were on average over both times (LMDI). Calls without a known price are left out."
)
CHART_PIXELS: Final = 192
NOTE_PIXELS: Final = 30
TABLE_PIXELS: Final = 330
TABLE_WIDTH: Final = 580
ROW_PIXELS: Final = 32


def body() -> None:
    """Draw the causes, and the change of each model."""
    scope = filter_bar.scope()
    frame = data.load(attribution.by_model(scope.project, scope.window, scope.filters))
    rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    changes = attribution.attributed(rows)
    whole = attribution.total(changes.values())
    before = f"the {scope.range.preset.label} before"
    if not whole.before_usd and not whole.after_usd:
        panels.nothing(
            f"No call with a known price, neither now nor in {before}.", icon="money_off", height=CHART_PIXELS
        )
        return
    if not whole.before_usd:
        panels.nothing(
            f"Nothing to compare with: no call with a known price in {before}.",
            icon="history_toggle_off",
            height=CHART_PIXELS,
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(plain(cost_change.sentence(whole, before)), width="content")
        st.space("stretch")
        with st.popover("By model", icon=":material/table_rows:", type="tertiary", key="cost_models_open"):
            _models(changes)
    option = cost_change.causes_chart(whole, panels.palette())
    unpriced = sum(row["unpriced_calls"] for row in rows)
    height = CHART_PIXELS - NOTE_PIXELS * bool(unpriced)
    st.echarts_chart(option, height=height, key="cost_causes", alt="Change of the cost by cause")
    if unpriced:
        calls = f"{format_count(unpriced)} {'call' if unpriced == 1 else 'calls'}"
        st.caption(f":orange[:material/money_off:] {calls} without a known price: in neither figure.")


def _models(changes: dict[str, attribution.Change]) -> None:
    table, number = cost_change.by_model(changes), st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        width=TABLE_WIDTH,
        height=min(TABLE_PIXELS, ROW_PIXELS * (len(table) + 1) + 2),
        row_height=ROW_PIXELS,
        key="cost_models",
        column_config={
            "model": st.column_config.TextColumn("Model", width=170),
            "before": number("Before", format="$%.4f", width=80),
            "now": number("Now", format="$%.4f", width=80),
            "change": number("Change ($)", format="%+.4f", width=90),
            "cause": st.column_config.TextColumn("Mostly by", width=150),
        },
    )
