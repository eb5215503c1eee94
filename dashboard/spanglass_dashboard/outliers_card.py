"""What the spans that pass the filters have that the others do not. On demand: it reads every column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import data, filter_bar, list_place, panels
from spanglass_dashboard.address import Scope
from spanglass_dashboard.comparison import sentence, sides, table
from spanglass_store.queries import outliers

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

ROW_PIXELS: Final = 32
MAX_PIXELS: Final = 360
HELP: Final = (
    "Values that are more frequent among the spans that pass the filters than among the others, the clearest first. "
    "A difference that chance explains (95 %, all values together) is left out. It says where to look first, not what "
    "caused what."
)
_ASKED: Final = "outliers_asked"


def button() -> None:
    """Draw the question, or how to put its answer away; nothing where no filter tells some spans from others."""
    scope = filter_bar.scope()
    if sides(scope) is None:
        return
    is_asked = _is_asked(scope)
    st.button(
        "Hide what sets these apart" if is_asked else "What sets these apart?",
        key="ask_outliers",
        icon=":material/close:" if is_asked else ":material/compare_arrows:",
        type="tertiary",
        help=None if is_asked else "Compare the spans that pass the filters with all others",
        on_click=_turn,
    )


def card() -> None:
    """Draw the answer to what was asked of these filters; nothing after a change of them."""
    if _is_asked(filter_bar.scope()):
        panels.panel("What sets these spans apart", _body, key="outliers", help=HELP, height="content")


def _turn() -> None:
    scope = filter_bar.scope()
    st.session_state[_ASKED] = "" if _is_asked(scope) else _mark(scope)


def _is_asked(scope: Scope) -> bool:
    return st.session_state.get(_ASKED) == _mark(scope)


def _mark(scope: Scope) -> str:
    return list_place.mark(scope, "outliers", "")


def _body() -> None:
    scope = filter_bar.scope()
    compared = sides(scope)
    if compared is None:
        return
    rows = data.load(outliers.values(scope.project, scope.window, *compared)).to_dict("records")
    found = outliers.compared({str(name): value for name, value in row.items()} for row in rows)
    st.caption(sentence(found, f"in the last {scope.range.preset.label}"))
    if scope.is_bounded:
        st.caption("Cost and duration bounds are asked of each span here, the other bounds of none.")
    if not found.selected_spans or not found.other_spans:
        side = "other span to compare with" if found.selected_spans else "span that passes the filters"
        panels.nothing(f"There is no {side}: a longer time range or other filters will help.")
    elif not found.distinctions:
        panels.nothing("Nothing sets them apart: no value is clearly more frequent among them.", icon="balance")
    else:
        _table(table(found))


def _table(rows: pd.DataFrame) -> None:
    config = st.column_config

    def share(label: str) -> ColumnConfig:
        return config.ProgressColumn(label, min_value=0.0, max_value=1.0, format="percent", width=140)

    st.dataframe(
        rows,
        hide_index=True,
        height=min(MAX_PIXELS, ROW_PIXELS * (len(rows) + 1) + 2),
        row_height=ROW_PIXELS,
        key="outliers_table",
        column_config={
            "what": config.TextColumn("What", width=120),
            "value": config.TextColumn("Value", width=190),
            "selected": share("Of these spans"),
            "others": share("Of the others"),
            "least": config.NumberColumn(
                "Apart by at least",
                format="percent",
                width=110,
                help="The nearer end of the interval of the difference",
            ),
        },
        alt="Values that are more frequent among the spans that pass the filters",
    )
