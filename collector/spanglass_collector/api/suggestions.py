"""What can be filtered by: values of fields, attributes and their values, each with how many spans have it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from spanglass_collector.api.answers import ERRORS, Json
from spanglass_collector.api.lists import FILTERED
from spanglass_collector.api.query_body import Narrowed, rejecting
from spanglass_collector.services import Services
from spanglass_store.queries import attributes, facets

Contains = Annotated[str, Query(description="Only values (or keys) with this in them, of any case")]


def suggestion_routes(services: Services) -> APIRouter:
    """Everything here needs the scope ``read``."""
    routes = APIRouter(prefix="/api/v1", tags=["read"], responses=ERRORS)

    @routes.get("/facets", openapi_extra=FILTERED)
    async def values_of_fields(
        request: Request,
        asked: Annotated[Narrowed, Depends()],
        field: Annotated[list[str] | None, Query(description="Fields; default: all")] = None,
        contains: Contains = "",
        limit: Annotated[int, Query(gt=0, le=200, description="Values of each field")] = 20,
    ) -> Response:
        """``{facets: {FIELD: {values: [{value, count}], distinct_values}}}``, the most frequent first.

        A field that is filtered by is told without its own filter.
        """
        project = await services.gate.project_of(request.headers, "read")
        fields = list(dict.fromkeys(field or facets.ALL))
        window = asked.window(services.clock())
        with rejecting():
            query = facets.all_values(project, window, asked.filters, fields=fields, contains=contains, limit=limit)
        found: dict[str, dict[str, Any]] = {name: {"values": [], "distinct_values": 0} for name in fields}
        for row in await services.readers.run(services.store.fetch_rows, query):
            found[row["field"]]["values"].append({"value": row["value"], "count": row["count"]})
            found[row["field"]]["distinct_values"] = row["distinct_values"]
        return Json({"facets": found})

    @routes.get("/attributes", openapi_extra=FILTERED)
    async def attributes_there_are(
        request: Request,
        asked: Annotated[Narrowed, Depends()],
        key: Annotated[str, Query(description="Values of this one; without it: the keys there are")] = "",
        contains: Contains = "",
        limit: Annotated[int, Query(gt=0, le=1000)] = 100,
    ) -> Response:
        """``{attributes: [{key, count}], cut}``, keys as filters take them; with ``key``: ``{values: [{value, count}], cut}``."""
        project = await services.gate.project_of(request.headers, "read")
        of = project, asked.window(services.clock()), asked.filters
        query = (
            attributes.values(*of, key, contains=contains, limit=limit)
            if key
            else attributes.keys(*of, contains=contains, limit=limit)
        )
        rows = await services.readers.run(services.store.fetch_rows, query)
        return Json({"values" if key else "attributes": list(rows), "cut": rows.cut})

    return routes
