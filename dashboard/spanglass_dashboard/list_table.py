"""A page of a list as a table, in the viewer's time zone. Texts of others are cells: drawn, never read as markup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import panels
from spanglass_dashboard.lists import Column, Row, View

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

ROW_PIXELS: Final = 33
MAX_PIXELS: Final = 640


def draw(view: View, found: pd.DataFrame) -> None:
    """Draw the rows ``found`` by ``view.find``; a selected one is opened."""
    key = f"{view.many}_table"
    rows = rows_of(found)

    def opened() -> None:
        """A callback, not the script: it runs on a click only, so Back to the list does not open the row again."""
        chosen = st.session_state[key].selection.rows
        if chosen and chosen[0] < len(rows):
            view.open(rows[chosen[0]])

    shown = view.shown(found)
    ready = {column.name: _ready(column, shown[column.name]) for column in view.columns}
    st.dataframe(
        shown.assign(**ready),
        hide_index=True,
        height=min(MAX_PIXELS, ROW_PIXELS * (len(shown) + 1) + 4),
        row_height=ROW_PIXELS,
        key=key,
        on_select=opened,
        selection_mode="single-row",
        column_order=[column.name for column in view.columns],
        placeholder="–",
        column_config={column.name: _config(column, shown[column.name]) for column in view.columns},
        alt=f"{view.many.capitalize()}. {view.leads_to}",
    )


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """The rows of a frame by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _ready(column: Column, values: pd.Series[Any]) -> pd.Series[Any]:
    if column.kind == "time":
        return pd.to_datetime(values, utc=True).dt.tz_convert(panels.timezone()).dt.tz_localize(None)
    return values.map(lambda status: [status]) if column.kind == "status" else values


def _config(column: Column, values: pd.Series[Any]) -> ColumnConfig:
    config, label, width, says = st.column_config, column.label, column.width, column.help
    match column.kind:
        case "time":
            return config.DatetimeColumn(label, format="MMM D, HH:mm:ss", width=width, help=says or panels.timezone())
        case "status":
            colors = {"ok": "green", "error": "red", "unset": "gray"}
            return config.MultiselectColumn(label, options=list(colors), color=list(colors.values()), width=width)
        case "bar":
            longest = float(values.max() or 0) or 1.0
            return config.ProgressColumn(label, min_value=0, max_value=longest, format="%.2f s", width=width, help=says)
        case "text":
            return config.TextColumn(label, width=width, help=says)
    formats = {"seconds": "%.2f s", "count": "localized", "usd": "$%.4g", "score": "%.2f"}
    return config.NumberColumn(label, format=formats[column.kind], width=width, help=says)
