"""Is it alive, can it work, what became of everything, and the numbers for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from spanglass_collector.api.answers import Json
from spanglass_collector.ledger import COUNTERS
from spanglass_collector.services import Services

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def health_routes(services: Services) -> APIRouter:
    """Open to everyone who can connect: they say nothing of what was observed."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def healthz() -> Response:
        """Alive."""
        return Json({"status": "ok"})

    @routes.get("/readyz")
    async def readyz() -> Response:
        """Whether spans can be accepted and stored now, or what is in the way."""
        problems = await services.problems()
        return Json({"ready": not problems, "problems": problems}, 503 if problems else 200)

    @routes.get("/metrics")
    async def metrics() -> Response:
        """Everything counted, in Prometheus' text format."""
        notice = await services.notice()
        services.metrics.set("spanglass_queue_bytes", notice.size)
        services.metrics.set("spanglass_queue_rows", notice.rows)
        services.metrics.set("spanglass_queue_file_bytes", notice.file_bytes)
        services.metrics.set("spanglass_queue_oldest_seconds", notice.oldest_seconds(services.clock()) or 0.0)
        services.metrics.set("spanglass_body_bytes", services.memory.held_bytes)
        return Response(services.metrics.text(), media_type=PROMETHEUS)

    @routes.get("/api/v1/ledger")
    async def ledger() -> Response:
        """What became of every record: received = duplicate + rejected + queued + stored + set_aside."""
        tables = (await services.notice()).ledger
        sums = {name: sum(table[name] for table in tables.values()) for name in COUNTERS}
        return Json(sums | {"tables": tables})

    return routes
