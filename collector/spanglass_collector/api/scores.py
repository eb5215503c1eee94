"""``POST /api/v1/scores``: through the same durable queue as spans."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from spanglass.semconv import SCORES_PATH
from spanglass_collector.api.answers import Json
from spanglass_collector.api.scores_body import ScoreBody, scores_from_body
from spanglass_collector.receive.body import decompressed, read_body
from spanglass_collector.receive.json_body import parsed_bytes
from spanglass_collector.services import Services
from spanglass_store.scores import Score, block_from_scores

_BODY = {"requestBody": {"content": {"application/json": {"schema": ScoreBody.model_json_schema()}}}}


def score_routes(services: Services) -> APIRouter:
    """Judgements in. A score sent again with its id replaces the older one, so a retry does no harm."""
    routes = APIRouter(tags=["scores"])

    @routes.post(SCORES_PATH, openapi_extra=_BODY)
    async def post_scores(request: Request) -> Response:
        """One score, a list, or ``{"scores": […]}``; answers their ids, in order, once they are on disk."""
        async with posted(request, services) as (project, body):
            scores = scores_from_body(body, project=project, now_ns=services.clock(), new_id=new_score_id)
        await keep_scores(scores, project, services)
        return Json({"ids": [score.score_id for score in scores]})

    return routes


@contextlib.asynccontextmanager
async def posted(request: Request, services: Services) -> AsyncIterator[tuple[str, bytes]]:
    """(project, body) of a request with JSON that may be sent now. Its memory is held until the block ends.

    Raises Rejected or Busy.
    """
    headers, limits = request.headers, services.limits
    visitor = await services.gate.visitor(headers, "ingest")
    services.rates.admit(visitor.sender)
    declared, encoding = headers.get("content-length", ""), headers.get("content-encoding", "")
    with services.memory.hold() as hold:
        sent = await read_body(request.receive, declared, max_bytes=limits.body_bytes, grow=hold.grow)
        services.rates.count_bytes(visitor.sender, len(sent))
        body = decompressed(sent, encoding, max_bytes=limits.decompressed_bytes, grow=hold.grow)
        hold.grow(parsed_bytes(body))
        yield visitor.project, body


async def keep_scores(scores: list[Score], project: str, services: Services) -> None:
    """Put scores into the queue, redacted; they are on disk when this returns. Raises Busy."""
    told = _redacted(scores, project, services)
    await asyncio.wrap_future(services.queue.submit(services.limited(block_from_scores(told), project)))
    services.metrics.add("spanglass_received_total", len(scores), signal="scores")


def new_score_id() -> str:
    """An id for a score that came without one."""
    return uuid.uuid4().hex


def _redacted(scores: list[Score], project: str, services: Services) -> list[Score]:
    redact = None if services.redaction is None else services.redaction.redactor_of(project)
    if redact is None:
        return scores
    return [
        replace(score, comment=redact.text(score.comment), metadata=_texts(redact(score.metadata))) for score in scores
    ]


def _texts(metadata: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in metadata.items()}
