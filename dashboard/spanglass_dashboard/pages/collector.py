"""The collector: what became of everything it received, what waits, what it refused, and whether all is well."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from spanglass_dashboard import charts, collector_api, panels
from spanglass_dashboard.charts import Line
from spanglass_dashboard.collector_state import (
    PLACES,
    Status,
    drawn_window,
    ledger_frame,
    rate_now,
    rates,
    troubles,
)
from spanglass_dashboard.plain import plain
from spanglass_store.numbers import format_bytes, format_count, format_seconds

ROW_PIXELS: Final = 33
CHART_PIXELS: Final = 220
MOST_ROWS: Final = 8
TABLE_PIXELS: Final = ROW_PIXELS * (MOST_ROWS + 1)
REFRESH_SECONDS: Final = 5


def page() -> None:
    """One collector; where there are several, the one that is chosen."""
    found = collector_api.addresses()
    address = found[0]
    if len(found) > 1:
        address = st.segmented_control("Collector", found, default=found[0], required=True, key="collector_address")
    _of(address)


@st.fragment(run_every=REFRESH_SECONDS, key="collector")
def _of(address: str) -> None:
    try:
        status = collector_api.status(address)
    except collector_api.CollectorError as error:
        _away(str(error))
        return
    _head(status, address)
    _figures(status)
    _ledger(status)
    _last_hour(status)
    for place, draw in zip(st.columns(2, gap="small"), (_refused, _aside), strict=True):
        with place:
            draw(status, address)


def _away(sentence: str) -> None:
    with st.container(border=True, horizontal_alignment="center", gap="small", key="collector_away"):
        st.space("small")
        panels.nothing(plain(sentence, 300), icon="cloud_off")
        st.caption(
            "Applications keep what they cannot send, and send it when the collector is back. If it runs, set "
            "`SPANGLASS_COLLECTOR_API_URL` to where this page can reach it.",
            text_alignment="center",
            width=620,
        )
        st.button("Try again", key="collector_retry", type="tertiary", icon=":material/refresh:")
        st.space("small")


def _head(status: Status, address: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="collector_head"):
        if status.ready:
            st.badge("Receives and stores", icon=":material/check_circle:", color="green")
        else:
            st.badge("Needs attention", icon=":material/warning:", color="orange")
        st.caption(f"{plain(address, 100)} · queue {status.collector[:8]} · filters do not apply here", width="content")
    for problem in status.problems:
        st.warning(plain(problem, 400), icon=":material/warning:")


def _figures(status: Status) -> None:
    queue = status.queue
    aside = sum(counts.get("set_aside", 0) for counts in status.ledger.values())
    oldest = "–" if queue.oldest_seconds is None else format_seconds(queue.oldest_seconds)
    limit = (
        f"Bytes that wait, of at most {format_bytes(queue.max_bytes)}; past that clients are told to come back later. "
        f"The files take {format_bytes(queue.file_bytes)}."
    )
    shown = (
        ("Received", _per_second(rate_now(status, "received")), "Records a second, mean of the last minute"),
        ("Stored", _per_second(rate_now(status, "stored")), "Records a second, mean of the last minute"),
        ("Waiting", format_count(queue.rows), "Records on disk that are not stored yet"),
        ("Oldest waits for", oldest, "How long the oldest of them has waited"),
        (
            "Queue",
            format_bytes(queue.bytes),
            limit,
        ),
        ("Set aside", format_count(aside), "Records the database will never accept as they are"),
    )
    grid = st.grid(6, min_column_width=150, gap="small")
    for label, value, about in shown:
        grid.metric(label, value, help=about, border=True, height="stretch")


def _per_second(rate: float | None) -> str:
    if rate is None:
        return "–"
    return f"{rate:,.0f} /s" if rate >= 100 or not rate else f"{rate:.1f} /s"


def _ledger(status: Status) -> None:
    frame = ledger_frame(status.ledger)
    with st.container(border=True, gap="xsmall", key="collector_ledger"):
        st.markdown(
            "**Ledger**",
            help="What became of every record since the queue was made. Each row adds up: received = stored + waiting + "
            "duplicate + rejected + set aside.",
        )
        if frame.empty:
            panels.nothing("Nothing was received yet.", icon="inbox")
            return
        number = st.column_config.NumberColumn
        about = {
            "stored": "In ClickHouse, once",
            "queued": "On disk, not in ClickHouse yet",
            "duplicate": "Sent again, and known already",
            "rejected": "Refused because of what they hold: spans without valid ids, for one",
            "set_aside": "Refused by ClickHouse for good; kept on disk",
        }
        labels = {"queued": "Waiting", "set_aside": "Set aside"}
        signs = ("=", *"+" * (len(PLACES) - 1))
        adds_up = frame["missing"].map(lambda missing: "✓" if not missing else f"{missing:+,} missing")
        st.dataframe(
            frame.drop(columns="missing").assign(adds_up=adds_up),
            hide_index=True,
            height="content",
            row_height=ROW_PIXELS,
            key="collector_ledger_table",
            column_config={
                "table": st.column_config.TextColumn("Table", width=110),
                "received": number("Received", format="localized"),
                **{
                    place: number(
                        f"{sign} {labels.get(place, place.capitalize())}", format="localized", help=about[place]
                    )
                    for sign, place in zip(signs, PLACES, strict=True)
                },
                "adds_up": st.column_config.TextColumn("Adds up", width=90),
            },
            alt="The ledger: for each table, what was received and where it is.",
        )


def _last_hour(status: Status) -> None:
    frame, window = rates(status), drawn_window(status)
    drawn = (
        ("Throughput", [Line("received", "Received", "primary"), Line("stored", "Stored", "good")], "per_second"),
        ("Waiting", [Line("rows", "Records that wait", "warning")], "calls"),
    )
    for place, (title, lines, unit) in zip(st.columns(2, gap="small"), drawn, strict=True):
        with place, st.container(border=True, gap="xsmall", key=f"collector_{title.lower()}"):
            st.markdown(f"**{title}** :gray[last hour]")
            if len(frame) < 2:
                panels.nothing("Drawn once the collector has run for a moment.", icon="hourglass_top")
                continue
            option = charts.time_chart(frame, lines, window, panels.palette(), unit=unit)
            st.echarts_chart(option, height=CHART_PIXELS, key=f"collector_chart_{title}", alt=title)


def _refused(status: Status, _address: str) -> None:
    with st.container(border=True, gap="xsmall", height="stretch", key="collector_refused"):
        st.markdown("**Refused and put off** :gray[since the start]")
        found = troubles(status.counters)
        if not found:
            panels.nothing("Nothing was refused, and nothing had to wait.", icon="check_circle")
            return
        st.dataframe(
            pd.DataFrame(
                [(each.what, each.count, each.meaning) for each in found], columns=["what", "count", "meaning"]
            ),
            hide_index=True,
            height="content" if len(found) <= MOST_ROWS else TABLE_PIXELS,
            row_height=ROW_PIXELS,
            key="collector_refused_table",
            column_config={
                "what": st.column_config.TextColumn("What", width=250),
                "count": st.column_config.NumberColumn("Times", format="localized", width=70),
                "meaning": st.column_config.TextColumn("Meaning", width=330),
            },
            alt="What was refused or put off, how often, and what it means.",
        )


def _aside(_status: Status, address: str) -> None:
    with st.container(border=True, gap="xsmall", height="stretch", key="collector_aside"):
        st.markdown(
            "**Set aside**", help="Requests that ClickHouse refused for good, newest first. They are kept on disk."
        )
        try:
            told = collector_api.set_aside(address)
        except collector_api.KeyNeeded:
            panels.nothing(
                "Reasons may hold parts of what was sent: set `SPANGLASS_COLLECTOR_API_KEY` to a key with the scope admin.",
                icon="key",
            )
            return
        except collector_api.CollectorError as error:
            panels.nothing(plain(str(error), 300), icon="cloud_off")
            return
        if not told.items:
            panels.nothing("Nothing is set aside.", icon="check_circle")
            return
        when = pd.to_datetime([each.at_ns for each in told.items], utc=True).tz_convert(panels.timezone())
        rows = [(each.id, each.table, each.rows, each.cause) for each in told.items]
        frame = pd.DataFrame(rows, columns=["id", "table", "rows", "reason"]).assign(at=when.tz_localize(None))
        st.dataframe(
            frame,
            hide_index=True,
            height="content" if len(frame) <= MOST_ROWS else TABLE_PIXELS,
            row_height=ROW_PIXELS,
            key="collector_aside_table",
            column_order=("id", "at", "table", "rows", "reason"),
            column_config={
                "id": st.column_config.TextColumn("Id", width=60),
                "at": st.column_config.DatetimeColumn("When", format="MMM D, HH:mm", width=110, help=panels.timezone()),
                "table": st.column_config.TextColumn("Table", width=70),
                "rows": st.column_config.NumberColumn("Records", format="localized", width=75),
                "reason": st.column_config.TextColumn("Why", width=400),
            },
            alt="Requests that were set aside, with the reason of each.",
        )
        more = f", the newest {len(frame)} of {told.count}" if told.count > len(frame) else ""
        st.caption(f"Once the cause is gone: `spanglass queue replay ID`, or `--all`{more}.")


page()
