"""The list of traces; with ``?trace=`` in the address, one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import address, data, empty, filter_bar, panels, trace_view
from spanglass_dashboard.address import Scope
from spanglass_store.queries import traces as queries

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ButtonColumnResult, ColumnConfig

PAGE_ROWS: Final = 100
ROW_PIXELS: Final = 33
MAX_PIXELS: Final = 640
COLUMNS: Final = (
    "start_time",
    "status",
    "name",
    "input_preview",
    "models",
    "duration_seconds",
    "total_tokens",
    "cost_usd",
    "score",
    "user_id",
)


def _list() -> None:
    scope = filter_bar.scope()
    counted = data.load(queries.count(scope.project, scope.window, scope.filters, bounds=scope.bounds)).iloc[0]
    total = int(counted["traces"])
    if not total:
        empty.show(scope, waiting_for="traces")
        return
    pages = -(-total // PAGE_ROWS)
    count, table, turning = st.empty(), st.container(), st.container(horizontal=True, horizontal_alignment="right")
    with turning:
        page = min(st.pagination(pages, key="traces_page"), pages) if pages > 1 else 1
    offset = (page - 1) * PAGE_ROWS
    shown = data.load(
        queries.find(scope.project, scope.window, scope.filters, bounds=scope.bounds, limit=PAGE_ROWS, offset=offset)
    )
    count.caption(_count_line(total, offset, len(shown), scope, more=bool(counted["more"])))
    with table:
        _table(shown)


def _count_line(total: int, offset: int, shown: int, scope: Scope, *, more: bool) -> str:
    what = (
        f"{'More than ' * more}{total:,} {'trace' if total == 1 else 'traces'} in the last {scope.range.preset.label}"
    )
    return what if shown == total else f"{what} · {offset + 1:,} to {offset + shown:,}, newest first"


def _table(traces: pd.DataFrame) -> None:
    ids: list[str] = traces["trace_id"].tolist()

    def opened() -> None:
        """A callback, not the script: it runs on a click only, so Back to the list does not open the trace again."""
        rows = st.session_state["traces_table"].selection.rows
        if rows and rows[0] < len(ids):
            trace_view.open_in_address(ids[rows[0]])

    local = pd.to_datetime(traces["start_time"], utc=True).dt.tz_convert(panels.timezone()).dt.tz_localize(None)
    rows = traces.assign(
        start_time=local,
        status=traces["status"].map(lambda status: [status]),
        models=traces["models"].map(", ".join),
    )
    st.dataframe(
        rows,
        hide_index=True,
        height=min(MAX_PIXELS, ROW_PIXELS * (len(rows) + 1) + 4),
        row_height=ROW_PIXELS,
        key="traces_table",
        on_select=opened,
        selection_mode="single-row",
        column_order=COLUMNS,
        placeholder="–",
        column_config=_columns(traces),
        alt="Traces, newest first. Selecting a row opens the trace.",
    )


def _columns(traces: pd.DataFrame) -> Mapping[str, ColumnConfig | ButtonColumnResult | str | None]:
    config = st.column_config
    longest = float(traces["duration_seconds"].max() or 0) or 1.0
    return {
        "start_time": config.DatetimeColumn("Time", format="MMM D, HH:mm:ss", width=118, help=panels.timezone()),
        "status": config.MultiselectColumn("Status", options=["ok", "error"], color=["green", "red"], width=64),
        "name": config.TextColumn("Name", width=95),
        "input_preview": config.TextColumn("Input", width=205),
        "models": config.TextColumn("Models", width=150),
        "duration_seconds": config.ProgressColumn(
            "Duration", min_value=0, max_value=longest, format="%.2f s", width=112
        ),
        "total_tokens": config.NumberColumn("Tokens", format="localized", width=64),
        "cost_usd": config.NumberColumn("Cost", format="$%.4g", width=76, help="Empty: the price is unknown"),
        "score": config.NumberColumn("Score", format="%.2f", width=52, help="Mean of the trace's scores"),
        "user_id": config.TextColumn("User", width=76),
    }


asked_for = st.query_params.get("trace", "")
if asked_for:
    trace_id = address.trace_from_text(asked_for) or ""
    panels.guarded(lambda: trace_view.show(filter_bar.scope().project, trace_id, asked_for), key="trace")
else:
    panels.guarded(_list, key="traces")
