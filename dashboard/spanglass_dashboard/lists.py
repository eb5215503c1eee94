"""The lists that the store has: traces, single spans, sessions, users. What each shows, and where a row leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import pandas as pd

from spanglass_dashboard import filter_bar, trace_view
from spanglass_dashboard.address import NS, Scope
from spanglass_store.queries import sessions, spans, traces, users
from spanglass_store.queries.pages import Order
from spanglass_store.query import Query, Window

Kind = Literal["time", "status", "text", "bar", "seconds", "count", "usd", "score"]
Row = Mapping[str, Any]
VIEW: Final = "view"
ORDER: Final = "order"
PLACE: Final = "after"
DEFAULT: Final = "traces"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list's frame, called ``label``; ``kind`` says how it is written. ``width`` in pixels."""

    name: str
    label: str
    kind: Kind
    width: int
    help: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A list. ``find`` asks for a page in an order from a cursor on,
    ``after`` gives the cursor behind some rows, ``shown`` makes what its ``columns`` show, ``open``
    is a callback for a row that was selected. ``hint`` says how an application names what is listed here.
    """

    one: str
    many: str
    orders: Mapping[str, Order]
    find: Callable[[Scope, str, str, int], Query]
    after: Callable[[Sequence[Row], Window, str, str], str]
    columns: tuple[Column, ...]
    open: Callable[[Row], None]
    leads_to: str
    shown: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame
    hint: str = ""


def _narrowed(param: str, column: str) -> Callable[[Row], None]:
    """Leads to the traces of what a row names."""
    return lambda row: filter_bar.narrow(param, row[column], {VIEW: DEFAULT})


def _asking(find: Callable[..., Query], *, bounded: bool = False) -> Callable[[Scope, str, str, int], Query]:
    """A page of ``find``, which knows bounds of traces where it is ``bounded``."""

    def ask(scope: Scope, order: str, cursor: str, limit: int) -> Query:
        bounds = {"bounds": scope.bounds} if bounded else {}
        return find(scope.project, scope.window, scope.filters, order=order, limit=limit, cursor=cursor, **bounds)

    return ask


def _shown_spans(frame: pd.DataFrame) -> pd.DataFrame:
    tokens = frame[["input_tokens", "output_tokens"]].astype("Float64").sum(axis=1, min_count=1)
    return frame.assign(
        start_time=pd.to_datetime(frame["start_ns"].astype("int64"), utc=True),
        duration_seconds=frame["duration_ns"].astype("float64") / NS,
        first_token_seconds=frame["time_to_first_token_ns"].astype("Float64") / NS,
        model=frame["response_model"].where(frame["response_model"] != "", frame["request_model"]),
        prompt=(frame["prompt_name"] + " " + frame["prompt_version"]).str.strip(),
        total_tokens=tokens,
        cost_usd=frame["cost_usd"].astype("Float64"),
    )


_TIME: Final = Column("start_time", "Time", "time", 118)
_STATUS: Final = Column("status", "Status", "status", 64)
_TOKENS: Final = Column("total_tokens", "Tokens", "count", 64)
_COST: Final = Column("cost_usd", "Cost", "usd", 76, "Empty: the price is unknown")
_USER: Final = Column("user_id", "User", "text", 76)

VIEWS: Final[Mapping[str, View]] = MappingProxyType(
    {
        "traces": View(
            "trace",
            "traces",
            traces.ORDERS,
            _asking(traces.find, bounded=True),
            traces.after,
            (
                _TIME,
                _STATUS,
                Column("name", "Name", "text", 95),
                Column("input_preview", "Input", "text", 205),
                Column("models", "Models", "text", 150),
                Column("duration_seconds", "Duration", "bar", 112),
                _TOKENS,
                _COST,
                Column("score", "Score", "score", 52, "Mean of the trace's scores"),
                _USER,
            ),
            lambda row: trace_view.open_in_address(row["trace_id"]),
            "Selecting a row opens the trace.",
            lambda frame: frame.assign(models=frame["models"].map(", ".join)),
        ),
        "spans": View(
            "span",
            "spans",
            spans.ORDERS,
            _asking(spans.find),
            spans.after,
            (
                _TIME,
                _STATUS,
                Column("kind", "Kind", "text", 66),
                Column("name", "Name", "text", 120),
                Column("model", "Model", "text", 130),
                Column("duration_seconds", "Duration", "bar", 112),
                Column("first_token_seconds", "First token", "seconds", 76, "Wait for the first token of a stream"),
                _TOKENS,
                _COST,
                Column("prompt", "Prompt", "text", 84),
                _USER,
            ),
            lambda row: trace_view.open_in_address(row["trace_id_hex"], row["span_id_hex"]),
            "Selecting a row opens its trace, at this span.",
            _shown_spans,
        ),
        "sessions": View(
            "session",
            "sessions",
            sessions.ORDERS,
            _asking(sessions.find),
            sessions.after,
            (
                Column("last_time", "Last seen", "time", 118),
                Column("session_id", "Session", "text", 130),
                _USER,
                Column("input_preview", "Latest input", "text", 240),
                Column("traces", "Traces", "count", 64),
                Column("errors", "Errors", "count", 60, "Spans that failed"),
                _TOKENS,
                _COST,
                Column("score", "Score", "score", 52, "Mean of the scores of the session and its traces"),
            ),
            _narrowed("session", "session_id"),
            "Selecting a row shows the traces of the session.",
            hint='with spanglass.context(session_id="chat-17", user_id="ann"):\n    ...',
        ),
        "users": View(
            "user",
            "users",
            users.ORDERS,
            _asking(users.find),
            users.after,
            (
                Column("user_id", "User", "text", 190),
                Column("last_time", "Last seen", "time", 118),
                Column("first_time", "First seen", "time", 118, "In this range"),
                Column("traces", "Traces", "count", 84),
                Column("sessions", "Sessions", "count", 84),
                Column("trace_errors", "Failed", "count", 84, "Traces in which a span failed"),
                _TOKENS,
                _COST,
            ),
            _narrowed("user", "user_id"),
            "Selecting a row shows the traces of the user.",
            hint='with spanglass.context(user_id="ann"):\n    ...',
        ),
    }
)
