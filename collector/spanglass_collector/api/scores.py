"""``POST /api/v1/scores``: through the same durable queue as spans."""

from __future__ import annotations

import asyncio
import uuid

from fastapi import APIRouter, Request
from starlette.responses import Response

from spanglass.semconv import SCORES_PATH
from spanglass_collector.api.answers import Json
from spanglass_collector.api.scores_body import ScoreBody, scores_from_body
from spanglass_collector.receive.body import decompressed, read_body
from spanglass_collector.services import Services
from spanglass_store.scores import block_from_scores

_BODY = {"requestBody": {"content": {"application/json": {"schema": ScoreBody.model_json_schema()}}}}


def score_routes(services: Services) -> APIRouter:
    """Judgements in. A score sent again with its id replaces the older one, so a retry does no harm."""
    routes = APIRouter(tags=["scores"])

    @routes.post(SCORES_PATH, openapi_extra=_BODY)
    async def post_scores(request: Request) -> Response:
        """One score, a list, or ``{"scores": […]}``; answers their ids, in order, once they are on disk."""
        headers, limits = request.headers, services.limits
        project = await services.gate.project_of(headers, "ingest")
        sent = await read_body(request.receive, headers.get("content-length", ""), max_bytes=limits.body_bytes)
        body = decompressed(sent, headers.get("content-encoding", ""), max_bytes=limits.decompressed_bytes)
        scores = scores_from_body(body, project=project, now_ns=services.clock(), new_id=lambda: uuid.uuid4().hex)
        await asyncio.wrap_future(services.queue.submit(block_from_scores(scores)))
        services.metrics.add("spanglass_received_total", len(scores), signal="scores")
        return Json({"ids": [score.score_id for score in scores]})

    return routes
