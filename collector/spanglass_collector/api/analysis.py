"""What spans come to: measures, what changed the cost, what sets some spans apart."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from spanglass_collector.api.answers import ERRORS, Json
from spanglass_collector.api.arrow import FORM, ArrowStream, answered, wants_arrow
from spanglass_collector.api.documents import plain
from spanglass_collector.api.query_body import (
    FILTER_PARAMETERS,
    Narrowed,
    NarrowedBody,
    QueryBody,
    Values,
    filters_of,
    rejecting,
)
from spanglass_collector.services import Services
from spanglass_store import measures
from spanglass_store.queries import attribution, outliers
from spanglass_store.queries.overview import compared
from spanglass_store.queries.top import top
from spanglass_store.query import FIELDS, Filters, Query, Window


class SelectionBody(BaseModel):
    """Which of the spans are to be set apart: all that is given holds."""

    model_config = ConfigDict(extra="forbid")

    filters: Values = Field(default_factory=dict)
    excluded: Values = Field(default_factory=dict)
    attributes: Values = Field(default_factory=dict)
    search: str = ""
    min_duration_seconds: float | None = Field(None, ge=0, lt=1e9)
    min_cost_usd: float | None = Field(None, ge=0, lt=1e9)


class OutliersBody(NarrowedBody):
    """Spans, and which of them to set apart."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"filters": {"kind": ["llm"]}, "selected": {"min_duration_seconds": 5}},
                         {"selected": {"filters": {"status": ["error"]}}, "limit": 5}]
        }
    )  # fmt: skip

    selected: SelectionBody
    limit: int = Field(20, gt=0, le=200)


def analysis_routes(services: Services) -> APIRouter:
    """Everything here needs the scope ``read``."""
    routes = APIRouter(prefix="/api/v1", tags=["read"], responses=ERRORS)

    async def rows(query: Query) -> list[dict[str, Any]]:
        return await services.readers.run(services.store.fetch_rows, query)

    @routes.get("/measures")
    async def all_measures(request: Request) -> Response:
        """What can be measured, and what can be filtered and grouped by."""
        await services.gate.project_of(request.headers, "read")
        told = ("name", "label", "unit", "table", "better", "help")
        found = [{name: getattr(each, name) for name in told} for each in measures.MEASURES.values()]
        return Json({"measures": found, "fields": list(FIELDS)})

    @routes.post("/query", responses=answered({"rows": [{"group": "gpt-4o", "calls": 512.0, "cost_usd": 1.25}]}))
    async def query(request: Request, asked: QueryBody) -> Response:
        """Measures over a window: ``{rows}``, one row, or one for each interval (``bucket``) and ``group``.

        Unknown is null. As Arrow on ``Accept: application/vnd.apache.arrow.stream``.
        """
        project = await services.gate.project_of(request.headers, "read")
        with rejecting():
            wanted = measured(asked, project, asked.window(services.clock()), asked.narrowed())
        if wants_arrow(request.headers):
            return ArrowStream(await services.readers.run(services.store.raw, wanted, form=FORM))
        return Json({"rows": plain(await rows(wanted))})

    @routes.get("/attribution", openapi_extra={"parameters": FILTER_PARAMETERS})
    async def attributed(request: Request, asked: Annotated[Narrowed, Depends()]) -> Response:
        """What changed the cost since the window of the same length before: ``{before_usd, after_usd, parts, models}``.

        The parts (volume, model mix, tokens a call, cache share, price) add up to the difference.
        """
        project = await services.gate.project_of(request.headers, "read")
        found = await rows(attribution.by_model(project, asked.window(services.clock()), asked.filters))
        changes = attribution.attributed(found)
        models = [{"model": model, **asdict(change)} for model, change in changes.items()]
        return Json({**asdict(attribution.total(changes.values())), "models": models})

    @routes.post("/outliers")
    async def outlying(request: Request, asked: OutliersBody) -> Response:
        """What the selected spans have that the others do not: the values with the clearest difference of shares."""
        project = await services.gate.project_of(request.headers, "read")
        told = asked.selected
        filters = filters_of(told.filters, told.search, excluded=told.excluded, attributes=told.attributes)
        selection = outliers.Selection(filters, told.min_duration_seconds, told.min_cost_usd)
        window = asked.window(services.clock())
        found = outliers.compared(
            await rows(outliers.values(project, window, asked.narrowed(), selection)), limit=asked.limit
        )
        return Json({**asdict(found), "is_sampled": found.is_sampled})

    return routes


def measured(asked: QueryBody, project: str, window: Window, filters: Filters) -> Query:
    """The query that answers ``asked``. Raises ValueError for what does not exist or does not go together."""
    names = asked.measures
    if asked.interval_seconds is not None:
        if asked.compare or asked.order_by:
            msg = "compare and order_by are for figures of the whole window: leave interval_seconds out"
            raise ValueError(msg)
        return measures.series(names, project, window, filters, asked.interval_seconds, group_by=asked.group_by)
    if not asked.compare:
        return measures.totals(
            names, project, window, filters, group_by=asked.group_by, order_by=asked.order_by, limit=asked.limit
        )
    if asked.group_by is None:
        return compared(names, project, window, filters)
    return top(asked.group_by, names, project, window, filters, order_by=asked.order_by, limit=asked.limit)
