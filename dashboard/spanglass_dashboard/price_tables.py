"""The tables of the prices page: models without a price, and which prices were applied."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import panels, price_form, price_records
from spanglass_store.prices import OWN_PREFIX

ROW_PIXELS: Final = 35
MAX_PIXELS: Final = 420
SET: Final = ":material/add: Set a price"


def unpriced(found: pd.DataFrame) -> None:
    """Draw the models without a price, each with a way to set one."""
    local = {name: _local(found[name]) for name in ("first_ns", "last_ns")}
    rows = found.assign(**local, action=SET)
    asked: list[tuple[str, str]] = list(zip(found["model"].astype(str), found["provider"].astype(str), strict=True))

    def chosen() -> None:
        row = st.session_state["price_for_unpriced"]["row"]
        if row < len(asked):
            price_form.open_with(price_records.blank(*asked[row]))

    config = st.column_config
    st.dataframe(
        rows,
        hide_index=True,
        height=_height(len(rows)),
        row_height=ROW_PIXELS,
        key="prices_unpriced",
        column_order=("model", "action", "provider", "calls", "input_tokens", "output_tokens", "untold_calls",
                      "first_ns", "last_ns"),
        placeholder="–",
        column_config={
            "model": config.TextColumn("Model", width=175),
            "action": config.ButtonColumn("", width=125, type="tertiary", on_click=chosen, key="price_for_unpriced"),
            "provider": config.TextColumn("Provider", width=100),
            "calls": config.NumberColumn("Calls", format="compact", width=70),
            "input_tokens": config.NumberColumn("Input tokens", format="compact", width=95),
            "output_tokens": config.NumberColumn("Output tokens", format="compact", width=100),
            "untold_calls": config.NumberColumn(
                "Tokens not told", format="compact", width=110, help="Calls that no price for tokens can be applied to."
            ),
            "first_ns": config.DatetimeColumn("First seen", format="D MMM, HH:mm", width=110, help=panels.timezone()),
            "last_ns": config.DatetimeColumn("Last seen", format="D MMM, HH:mm", width=110, help=panels.timezone()),
        },
        alt="Models without a price, those with the most tokens first.",
    )  # fmt: skip


def applied(found: pd.DataFrame) -> None:
    """Draw which price was applied to which model."""
    config = st.column_config
    st.dataframe(
        found.assign(kind=found.apply(lambda row: [kind_of(row["cost_source"], row["price_id"])], axis=1)),
        hide_index=True,
        height=_height(len(found)),
        row_height=ROW_PIXELS,
        key="prices_applied",
        column_order=("model", "provider", "kind", "price_id", "calls", "cost_usd", "input_usd", "output_usd"),
        placeholder="–",
        column_config={
            "model": config.TextColumn("Model", width=175),
            "provider": config.TextColumn("Provider", width=100),
            "kind": config.MultiselectColumn("Price", options=list(KINDS), color=list(KINDS.values()), width=85),
            "price_id": config.TextColumn("Price id", width=300, help="What each call says it was priced by."),
            "calls": config.NumberColumn("Calls", format="compact", width=70),
            "cost_usd": config.NumberColumn("Cost", format="$%.4g", width=75),
            "input_usd": config.NumberColumn(
                "Input, $ / 1M",
                format="$%.4g",
                width=105,
                help="Paid for a million input tokens, cached ones included.",
            ),
            "output_usd": config.NumberColumn(
                "Output, $ / 1M", format="$%.4g", width=100, help="Paid for a million output tokens."
            ),
        },
        alt="Which price was applied to which model, most calls first.",
    )


KINDS: Final = {"own": "violet", "public": "blue", "reported": "gray"}


def kind_of(cost_source: str, price_id: str) -> str:
    """Whose price it was: ``own``, ``public``, or that which the application ``reported``."""
    if cost_source == "reported":
        return "reported"
    return "own" if price_id.startswith(OWN_PREFIX) else "public"


def _local(at_ns: pd.Series[Any]) -> pd.Series[Any]:
    return pd.to_datetime(at_ns, utc=True, unit="ns").dt.tz_convert(panels.timezone()).dt.tz_localize(None)


def _height(rows: int) -> int:
    return min(MAX_PIXELS, ROW_PIXELS * (rows + 1) + 4)
