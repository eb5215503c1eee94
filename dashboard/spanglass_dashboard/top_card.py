"""The card of the overview that says who and what leads: models, users, prompts, tags, services by cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import data, filter_bar, list_place, panels
from spanglass_dashboard.kpis import change
from spanglass_store.measures import MEASURES
from spanglass_store.queries import overview, top

SHOWN: Final = 50
ROW_PIXELS: Final = 32
MAX_PIXELS: Final = 330
BY_CALLS: Final = ("cost_usd", "calls", "total_tokens", "error_ratio", "latency_p95_seconds")
BY_TRACES: Final = ("cost_usd", "traces", "total_tokens", "trace_error_ratio", "trace_latency_p95_seconds")
_CHOICE: Final = "top_of"
_NARROWED: Final = "top_narrowed"


@dataclass(frozen=True, slots=True)
class Leaders:
    """What is listed: a ``field`` of ``top.top``, the filter it leads to, and the measures of a row."""

    field: str
    label: str
    param: str
    measures: tuple[str, ...] = BY_CALLS


OF: Final[Mapping[str, Leaders]] = {
    "Models": Leaders("model", "Model", "model"),
    "Users": Leaders("user_id", "User", "user", BY_TRACES),
    "Prompts": Leaders(top.PROMPT, "Prompt", "prompt"),
    "Tags": Leaders("tag", "Tag", "tag", BY_TRACES),
    "Services": Leaders("service", "Service", "service", BY_TRACES),
}
HEADINGS: Final = {
    "calls": "Calls",
    "traces": "Traces",
    "total_tokens": "Tokens",
    "error_ratio": "Errors",
    "trace_error_ratio": "Errors",
    "latency_p95_seconds": "p95",
    "trace_latency_p95_seconds": "p95",
}
FORMATS: Final = {"seconds": "%.2f s", "ratio": "percent"}


def body() -> None:
    """Draw the choice and the table; a selected row narrows the page."""
    if st.session_state.pop(_NARROWED, False):
        st.rerun()  # the whole page: the bar above has changed
    name = st.segmented_control(
        "Of", list(OF), default="Models", required=True, key=_CHOICE, label_visibility="collapsed"
    )
    leaders, scope = OF[name], filter_bar.scope()
    asked = top.top(leaders.field, leaders.measures, scope.project, scope.window, scope.filters, limit=SHOWN + 1)
    frame = data.load(asked)
    if frame.empty:
        panels.nothing(f"No {leaders.label.lower()} was named in this time.", icon="label_off")
        return
    is_cut = len(frame) > SHOWN
    _table(leaders, frame.head(SHOWN), key=f"top_{list_place.mark(scope, 'top', leaders.field)}")
    if is_cut:
        st.caption(f"The {SHOWN} with the highest cost. There are more: filter by {leaders.label.lower()} above.")


def shown(leaders: Leaders, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``top.top`` with their ``change`` of cost against the time before in words, and versions in the name."""
    versions = frame["version"] if "version" in frame else pd.Series("", index=frame.index)
    columns = ("cost_usd", f"cost_usd{overview.BEFORE}", f"{leaders.measures[1]}{overview.BEFORE}")
    told = zip(*(frame[name].astype(float) for name in columns), strict=True)
    return frame.assign(
        group=(frame["group"].astype(str) + " " + versions.astype(str)).str.strip(),
        change=["new" if math.isnan(counted_before) else _words(now, before) for now, before, counted_before in told],
    )


def _words(now: float, before: float) -> str:
    told = change(now, before)
    return "–" if told is None else str(told) if told else "0 %"


def _table(leaders: Leaders, frame: pd.DataFrame, *, key: str) -> None:
    def selected() -> None:
        rows = st.session_state[key].selection.rows
        if rows and rows[0] < len(frame):
            row = frame.iloc[rows[0]]
            filter_bar.narrow(leaders.param, str(row["group"]))
            if row.get("version"):
                filter_bar.narrow("version", str(row["version"]))
            st.session_state[_NARROWED] = True

    config, number = st.column_config, st.column_config.NumberColumn
    table = shown(leaders, frame)
    columns: dict[str, Any] = {
        "group": config.TextColumn(leaders.label, width=230),
        "cost_usd": number("Cost", format="$%.4f", width=90, help=MEASURES["cost_usd"].help),
        "change": config.TextColumn("Change", width=86, alignment="right", help="Of the cost, against the time before"),
        "share": config.ProgressColumn("Share of cost", min_value=0, max_value=1, format="percent", width=130),
    }
    columns |= {
        name: number(
            HEADINGS[name],
            format=FORMATS.get(MEASURES[name].unit, "localized"),
            width=80,
            help=MEASURES[name].help,
        )
        for name in leaders.measures[1:]
    }
    st.dataframe(
        table,
        hide_index=True,
        height=min(MAX_PIXELS, ROW_PIXELS * (len(table) + 1) + 2),
        row_height=ROW_PIXELS,
        placeholder="–",
        key=key,
        on_select=selected,
        selection_mode="single-row",
        column_order=list(columns),
        column_config=columns,
        alt=f"{leaders.label}s by cost. Selecting a row narrows the page to it.",
    )
