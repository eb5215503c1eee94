"""Answers as Arrow: the rows as the database wrote them, never Python objects on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from spanglass_store.cursor import ORDER_KEY

if TYPE_CHECKING:
    import pyarrow as pa  # 60 MB: imported when the first list is asked for as Arrow

MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
FORM: Final = "ArrowStream"
"""What ClickHouse calls it."""
TIMES: Final[Mapping[str, str]] = {
    "start_ns": "start_time",
    "timestamp_ns": "timestamp",
    "updated_at_ns": "updated_at",
}
"""Nanoseconds of a row that a document is made of, and what a table calls the time."""


OF_CURSOR: Final = frozenset({ORDER_KEY, "order_id"})
"""Columns that only the cursor is made of."""


def wants_arrow(headers: Mapping[str, str]) -> bool:
    """Whether ``Accept`` names Arrow."""
    accepted = (each.partition(";")[0].strip().lower() for each in headers.get("accept", "").split(","))
    return MEDIA_TYPE in accepted


def answered(example: Any) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: an answer as JSON, such as ``example``, or as Arrow."""
    return {200: {"description": "Found", "content": {"application/json": {"example": example}, MEDIA_TYPE: {}}}}


class ArrowStream(Response):
    """An Arrow IPC stream."""

    media_type = MEDIA_TYPE


def cut_to(body: bytes, row_limit: int | None) -> tuple[pa.Table, bool]:
    """(the first ``row_limit`` rows of a stream, whether there were more)."""
    import pyarrow as pa  # noqa: PLC0415 - see above

    with pa.ipc.open_stream(body) as reader:
        table = reader.read_all()
    return table.slice(0, row_limit), row_limit is not None and table.num_rows > row_limit


def ends(table: pa.Table) -> list[dict[str, Any]]:
    """The first and the last row."""
    found: list[dict[str, Any]] = []
    if table.num_rows:
        found = table.take([0, table.num_rows - 1]).to_pylist()
    return found


def shown(table: pa.Table) -> bytes:
    """The stream of a table as people know it: ids without ``_hex``, times as times, nothing of the cursor."""
    import pyarrow as pa  # noqa: PLC0415 - see above

    columns: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in TIMES and TIMES[name] not in table.column_names:
            columns[TIMES[name]] = column.cast(pa.timestamp("ns", "UTC"))
        elif name not in OF_CURSOR:
            columns[name.removesuffix("_hex")] = column
    told = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, told.schema) as writer:
        writer.write_table(told)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
