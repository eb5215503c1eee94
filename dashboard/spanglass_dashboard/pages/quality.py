"""Quality: how good the answers are, how sure that is, and what changed it."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import address, data, filter_bar, panels, settings
from spanglass_dashboard import quality_figures as figures
from spanglass_store.queries import quality
from spanglass_store.query import Window

GROUPS: Final = {
    "model": "Model",
    "prompt_version": "Prompt version",
    "service": "Service",
    "source": "Source",
    "": "All together",
}
VERDICT_COLORS: Final = {"better": "green", "worse": "red", "no clear change": "gray", "new": "blue"}
MEASURED: Final = ("numeric", "boolean")
DISTRIBUTION_PIXELS: Final = 250
WIDEST: Final = "30d"
_SCORE: Final = "quality_score"
_GROUP: Final = "quality_group"

SNIPPET: Final = """\
import spanglass

@spanglass.observe
def answer(question: str) -> str:
    reply = ...
    spanglass.score("helpful", 1, comment="solved in one step")  # on the current trace
    return reply
"""
HTTP: Final = """\
curl {collector}/api/v1/scores \\
  -H 'content-type: application/json' \\
  -d '{{"name": "helpful", "value": 0.9, "trace_id": "…", "source": "judge"}}'
"""


def page() -> None:
    """One score over time, by what may have changed it; or how to send one."""
    scope = filter_bar.scope()
    known = data.load(quality.names(scope.project, scope.window)).reindex(columns=["name", "data_type"])
    types = {name: kind for name, kind in zip(known["name"], known["data_type"], strict=True) if kind in MEASURED}
    if not types:
        _empty()
        return
    _choices(types)
    is_share = types[st.session_state[_SCORE]] == "boolean"
    every = panels.LIVE_SECONDS if scope.live else None
    st.fragment(
        lambda: panels.guarded(lambda: _figures(is_share=is_share), key="quality_figures"),
        parallel=True,
        key="quality_figures",
        run_every=every,
    )()
    by = GROUPS[_group() or ""].lower()
    panels.panel(
        f"Mean by {by}" if _group() else "Mean",
        lambda: _trend(is_share=is_share),
        key="quality_trend",
        help="The band is the 95 % confidence interval. Where bands overlap widely, nothing is proven.",
        live=scope.live,
    )
    table, spread = st.columns([3, 2], gap="small")
    with table:
        panels.panel(
            f"By {by}" if _group() else "Total",
            lambda: _table(is_share=is_share),
            key="quality_table",
            live=scope.live,
        )
    with spread:
        panels.panel(
            "Distribution", lambda: _distribution(is_share=is_share), key="quality_distribution", live=scope.live
        )


def _choices(types: dict[str, str]) -> None:
    if st.session_state.get(_SCORE) not in types:
        st.session_state[_SCORE] = next(iter(types))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="quality_choices"):
        st.selectbox("Score", list(types), key=_SCORE, width=260, persist_state="session")
        st.segmented_control(
            "By",
            list(GROUPS),
            key=_GROUP,
            default="model",
            required=True,
            format_func=lambda group: GROUPS[group],
            persist_state="session",
        )


def _score() -> str:
    return str(st.session_state[_SCORE])


def _group() -> str | None:
    return st.session_state[_GROUP] or None


def _totals(window: Window, group: str | None) -> pd.DataFrame:
    scope = filter_bar.scope()
    return data.load(quality.totals(scope.project, window, scope.filters, _score(), group))


def _figures(*, is_share: bool) -> None:
    scope = filter_bar.scope()
    now, before = (_totals(window, None) for window in (scope.window, scope.window.previous()))
    seen = data.load(quality.coverage(scope.project, scope.window, scope.filters, _score()))
    grid = st.grid(4, min_column_width=200, gap="small")
    for tile in figures.tiles(now, before, seen, is_share=is_share):
        grid.metric(
            tile.label,
            tile.value,
            tile.delta,
            delta_color=tile.delta_color,
            delta_description=None if tile.delta is None else f"vs previous {scope.range.preset.label}",
            help=tile.help,
            border=True,
            height="stretch",
        )


def _trend(*, is_share: bool) -> None:
    scope = filter_bar.scope()
    interval = figures.INTERVAL_SECONDS[scope.range.key]
    frame = data.load(quality.trend(scope.project, scope.window, scope.filters, _score(), interval, _group()))
    if frame.empty:
        panels.nothing("No score in this time passes the filters.")
        return
    groups = frame["group"].nunique()
    drawn = figures.trend_figure(
        frame, scope.window, interval, panels.palette(), timezone=panels.timezone(), is_share=is_share
    )
    panels.figure(drawn, key="quality_trend_chart")
    if groups > figures.MAX_LINES:
        st.caption(f"The {figures.MAX_LINES} with the most scores of {groups}. All are in the table below.")


def _table(*, is_share: bool) -> None:
    scope, group = filter_bar.scope(), _group()
    now, before = (_totals(window, group) for window in (scope.window, scope.window.previous()))
    if now.empty:
        panels.nothing("No score in this time passes the filters.")
        return
    frame = figures.compared(now, before, is_share=is_share)
    if group is None:
        frame["group"] = "all"
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        frame,
        hide_index=True,
        height=min(DISTRIBUTION_PIXELS, 38 + 32 * len(frame)),
        row_height=32,
        placeholder="–",
        key="quality_groups",
        column_config={
            "group": text(GROUPS[group] if group else "Score", pinned=True),
            "count": number("Scores", format="localized", width=75),
            "mean": number("Mean", format="percent" if is_share else "%.3f", width=75),
            "interval": text("95 % interval", width=120),
            "change": number("Change", format="%+.3f", width=80, help=f"vs previous {scope.range.preset.label}"),
            "verdict": st.column_config.MultiselectColumn(
                "Verdict",
                options=list(VERDICT_COLORS),
                color=list(VERDICT_COLORS.values()),
                width=130,
                help="Better or worse only where the 95 % interval of the change leaves zero out.",
            ),
        },
    )


def _distribution(*, is_share: bool) -> None:
    scope = filter_bar.scope()
    frame = data.load(
        quality.distribution(scope.project, scope.window, scope.filters, _score(), bins=2 if is_share else 20)
    )
    if frame.empty:
        panels.nothing("No score in this time passes the filters.")
        return
    option = figures.distribution_chart(figures.every_bin(frame), panels.palette(), is_share=is_share)
    st.echarts_chart(option, height=DISTRIBUTION_PIXELS, key="quality_spread", alt=f"Distribution of {_score()}")


def _empty() -> None:
    scope = filter_bar.scope()
    widest = address.range_from_text(WIDEST, scope.window.end_ns)
    elsewhere = data.load(quality.names(scope.project, widest.window))
    with st.container(border=True, gap="small", key="quality_empty"):
        if not elsewhere.empty and scope.range.key != WIDEST:
            panels.nothing(f"No score was given in the last {scope.range.preset.label}.", icon="verified")
            with st.container(horizontal=True, horizontal_alignment="center"):
                label = f"Widen to {widest.preset.label}"
                st.button(
                    label, key="quality_widen", icon=":material/date_range:", on_click=filter_bar.widen, args=(WIDEST,)
                )
            return
        st.subheader("Send your first score", anchor=False)
        st.markdown(
            "A score says how good an answer was: a thumb of a user, the verdict of a judge model, the result of a check "
            "in your code. Numbers and yes or no are drawn here, with what they may depend on."
        )
        st.code(SNIPPET, language="python")
        st.markdown("Or from anywhere, later, with the trace's id:")
        st.code(HTTP.format(collector=settings.current().collector_url.rstrip("/")), language="bash")


panels.guarded(page, key="quality")
