"""Answers as Arrow: the rows as the database wrote them, never Python objects on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
FORM: Final = "ArrowStream"
"""What ClickHouse calls it."""


def wants_arrow(headers: Mapping[str, str]) -> bool:
    """Whether ``Accept`` names Arrow."""
    accepted = (each.partition(";")[0].strip().lower() for each in headers.get("accept", "").split(","))
    return MEDIA_TYPE in accepted


class ArrowStream(Response):
    """An Arrow IPC stream."""

    media_type = MEDIA_TYPE
