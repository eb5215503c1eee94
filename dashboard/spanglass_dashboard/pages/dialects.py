"""Dialects: which attribute names each instrumentation sends, and what becomes of them here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import data, empty, filter_bar, panels
from spanglass_dashboard.name_fates import BY_INTEREST, GROUP, by_group, chosen, in_order
from spanglass_store import attribute_names
from spanglass_store.attribute_names import VERDICTS

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

ROW_PIXELS: Final = 33
GROUP_PIXELS: Final = 250
NAME_PIXELS: Final = 560
COLORS: Final[Mapping[str, str]] = {"understood": "green", "contradictory": "orange", "ignored": "gray"}
ABOUT: Final = (
    "Names of attributes, from a sample of the spans and GenAI log records that arrived. Understood ones become fields "
    "of the span. A contradictory one tells a field that another attribute had told first, otherwise. Whatever is "
    "not understood stays on its span as an attribute, so nothing is lost. Filters other than service and search "
    "do not apply here."
)


def page() -> None:
    """The instrumentations first; then the names of those that are selected, or of all."""
    scope = filter_bar.scope()
    found = chosen(
        data.load(attribute_names.seen(scope.project, scope.window)),
        services=scope.filters.get("service"),
        search=scope.filters.search,
    )
    if found.empty:
        empty.show(scope, waiting_for="attribute names")
        return
    groups = by_group(found)
    st.caption(ABOUT)
    with st.container(border=True, gap="xsmall", key="dialects_groups"):
        st.markdown(f"**Instrumentations** :gray[{len(groups)}]", help="Select one or more to see its names alone.")
        rows = _groups(groups)
    _names(found.merge(groups.iloc[rows][GROUP], on=GROUP) if rows else found)


def _groups(groups: pd.DataFrame) -> list[int]:
    """Draw the instrumentations; which rows are selected."""
    config = st.column_config
    counts: dict[str, ColumnConfig | None] = {
        verdict: config.NumberColumn(verdict.capitalize(), width=100, help=f"Names that are {verdict}")
        for verdict in VERDICTS
    }
    drawn = st.dataframe(
        _local(groups),
        hide_index=True,
        height=min(GROUP_PIXELS, ROW_PIXELS * (len(groups) + 1) + 4),
        row_height=ROW_PIXELS,
        key="dialects_groups_table",
        on_select="rerun",
        selection_mode="multi-row",
        column_order=(*GROUP, "scope_version", *VERDICTS, "last_seen"),
        placeholder="–",
        column_config={
            "service": config.TextColumn("Service", width=150),
            "scope_name": config.TextColumn("Instrumentation", width=330, help="The name of the instrumentation scope"),
            "scope_version": config.TextColumn("Version", width=80),
            **counts,
            "last_seen": _time("Last seen"),
        },
        alt="Services and their instrumentations, with how many of their names are understood, contradictory and ignored.",
    )
    return [row for row in drawn.selection.rows if row < len(groups)]


def _names(found: pd.DataFrame) -> None:
    config = st.column_config
    with st.container(border=True, gap="xsmall", key="dialects_names"):
        counts = found["verdict"].value_counts()
        present = [verdict for verdict in BY_INTEREST if verdict in counts]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Names**", width="content")
            st.space("stretch")
            shown = st.pills(
                "Show",
                present,
                selection_mode="multi",
                key="dialects_verdicts",
                format_func=lambda verdict: f"{verdict.capitalize()} {counts[verdict]}",
                label_visibility="collapsed",
            )
        rows = in_order(found[found["verdict"].isin(shown or present)])
        st.dataframe(
            _local(rows.assign(verdict=rows["verdict"].map(lambda verdict: [verdict]))),
            hide_index=True,
            height=min(NAME_PIXELS, ROW_PIXELS * (len(rows) + 1) + 4),
            row_height=ROW_PIXELS,
            key="dialects_names_table",
            column_order=("name", "verdict", "field", "dialect", "won_by", *GROUP, "last_seen"),
            placeholder="–",
            column_config={
                "name": config.TextColumn("Name", width=330, help="N stands for any number"),
                "verdict": config.MultiselectColumn(
                    "Fate", options=list(COLORS), color=list(COLORS.values()), width=110
                ),
                "field": config.TextColumn("Field", width=150, help="What it tells; of an ignored one, what it would"),
                "dialect": config.TextColumn("Dialect", width=100, help="The convention that knows the name"),
                "won_by": config.TextColumn("Lost to", width=200, help="What told the field first, and otherwise"),
                "service": config.TextColumn("Service", width=130),
                "scope_name": config.TextColumn("Instrumentation", width=240),
                "last_seen": _time("Last seen"),
            },
            alt="Attribute names and what becomes of each.",
        )


def _time(label: str) -> ColumnConfig:
    return st.column_config.DatetimeColumn(label, format="MMM D, HH:mm", width=110, help=panels.timezone())


def _local(frame: pd.DataFrame) -> pd.DataFrame:
    """Times as the viewer's clock shows them; what is empty as nothing, which is drawn as a dash."""
    seen = pd.to_datetime(frame["last_seen"], utc=True).dt.tz_convert(panels.timezone()).dt.tz_localize(None)
    return frame.assign(last_seen=seen).replace("", None)


panels.guarded(page, key="dialects")
