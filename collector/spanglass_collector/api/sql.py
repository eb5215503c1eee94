"""``POST /api/v1/sql``: read-only SQL, for the project of the key alone (``spanglass_store.analyst``)."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from spanglass_collector.api.answers import ERRORS, Json
from spanglass_collector.api.arrow import FORM, ArrowStream, answered, wants_arrow
from spanglass_collector.errors import Forbidden, Rejected
from spanglass_collector.services import Services
from spanglass_store.errors import StoreRejected

Value = str | int | float | bool | None
EXAMPLE: Any = {
    "sql": "SELECT name, count() AS spans FROM spans WHERE kind = {kind:String} GROUP BY name ORDER BY spans DESC LIMIT 10",
    "parameters": {"kind": "tool"},
}

FOUND: Any = {
    "columns": [{"name": "name", "type": "LowCardinality(String)"}, {"name": "spans", "type": "UInt64"}],
    "rows": [{"name": "find parcel", "spans": 1250}],
}


class SqlBody(BaseModel):
    """One SELECT over ``spans``, ``scores`` and ``span_details``, and what goes to its ``{name:Type}``."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    sql: str = Field(min_length=1, max_length=65_536)
    parameters: dict[str, Value | list[Value]] = Field(default_factory=dict)


def sql_routes(services: Services) -> APIRouter:
    """SQL for those who want it. Needs the scope ``read``, and that the collector allows it."""
    routes = APIRouter(prefix="/api/v1", tags=["read"], responses=ERRORS)

    @routes.post("/sql", responses=answered(FOUND))
    async def sql(request: Request, asked: SqlBody) -> Response:
        """The rows of one SELECT: ``{columns: [{name, type}], rows: [{…}]}``, or Arrow.

        At most 100,000 rows or 128 MB, 30 seconds; beyond it 422. 403 where SQL is switched off.
        """
        project = await services.gate.project_of(request.headers, "read")
        if services.analyst is None:
            msg = "SQL is switched off here: SPANGLASS_SQL_URL and SPANGLASS_ALLOW_SQL switch it on."
            raise Forbidden(msg)
        form = FORM if wants_arrow(request.headers) else "JSON"
        try:
            body = await services.readers.run(services.analyst.answer, project, asked.sql, asked.parameters, form=form)
        except StoreRejected as error:
            raise Rejected(str(error)) from error
        if form == FORM:
            return ArrowStream(body)
        told: dict[str, Any] = await services.readers.run(orjson.loads, body)
        return Json({"columns": told["meta"], "rows": told["data"]})

    return routes
