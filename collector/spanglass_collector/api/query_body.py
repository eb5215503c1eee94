"""What the reading routes are asked: windows, filters, measures."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from spanglass_collector.errors import Rejected
from spanglass_store.query import Filters, Window

HOUR_NS = 3600 * 10**9
Nanoseconds = Annotated[int, Field(ge=0, lt=2**63)]


class QueryBody(BaseModel):
    """Measures over a window, whole or by interval, for all or by group."""

    model_config = ConfigDict(extra="forbid")

    measures: list[str] = Field(min_length=1, max_length=20)
    start_ns: Nanoseconds | None = Field(None, description="Default: an hour before end_ns")
    end_ns: Nanoseconds | None = Field(None, description="Default: now")
    filters: dict[str, list[str]] = Field(default_factory=dict, description="Field to accepted values")
    search: str = ""
    group_by: str | None = None
    interval_seconds: int | None = Field(None, gt=0, description="Leave out for one number over the window")
    limit: int = Field(100, gt=0, le=10_000, description="Groups, where there is no interval")


def window_of(start_ns: int | None, end_ns: int | None, now_ns: int) -> Window:
    """The window asked for; the last hour where nothing was. Raises Rejected where it ends before it starts."""
    end = now_ns if end_ns is None else end_ns
    start = max(0, end - HOUR_NS) if start_ns is None else start_ns
    if start >= end:
        msg = "start_ns must be before end_ns."
        raise Rejected(msg)
    return Window(start, end)


def filters_of(filters: dict[str, list[str]], search: str) -> Filters:
    """The filters asked for. Raises Rejected for a field that does not exist."""
    try:
        return Filters.of(search, **filters)
    except ValueError as error:
        msg = f"{error}."
        raise Rejected(msg) from error
