"""What Langfuse's SDKs ask beside sending spans, so that they need nothing but another host and key.

Scores are taken, ``auth_check`` is answered, everything else is 404: the SDKs go on without it. Spans come to
``/api/public/otel/v1/traces`` (``receive``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from spanglass_collector.api.answers import Json
from spanglass_collector.api.langfuse_scores import Read, Told, told_events, told_scores
from spanglass_collector.api.scores import keep_scores, new_score_id, posted
from spanglass_collector.api.scores_body import InvalidField, json_from_body, scores_from_json
from spanglass_collector.services import Services

PREFIX: Final = "/api/public"
"""Where Langfuse's own server has its API."""
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def langfuse_routes(services: Services) -> APIRouter:
    """Routes by Langfuse's names. A key with the scope ``ingest`` is enough."""
    routes = APIRouter(prefix=PREFIX, tags=["langfuse"])

    async def kept(request: Request, tell: Callable[[Any, Read], Told]) -> tuple[Any, Told]:
        async with posted(request, services) as (project, body):
            sent = json_from_body(body)
            read = partial(scores_from_json, project=project, now_ns=services.clock(), new_id=new_score_id)
            told = tell(sent, read)
        if told.scores:
            await keep_scores(told.scores, project, services)
        return sent, told

    @routes.post("/scores")
    async def scores(request: Request) -> Response:
        """A list of scores, or one."""
        sent, told = await kept(request, told_scores)
        if isinstance(sent, list):
            return _batch_answer(told)
        if told.refused:
            raise InvalidField(told.refused[0].reason)
        return Json({"id": told.scores[0].score_id})

    @routes.post("/ingestion")
    async def ingestion(request: Request) -> Response:
        """Events, of which scores are taken."""
        _, told = await kept(request, told_events)
        return _events_answer(told)

    @routes.get("/projects")
    async def projects(request: Request) -> Response:
        """The project of the key: what ``auth_check`` wants to see."""
        project = await services.gate.project_of(request.headers, "ingest")
        organization = {"id": "spanglass", "name": "spanglass"}
        return Json({"data": [{"id": project, "name": project, "organization": organization, "metadata": {}}]})

    @routes.api_route("/{path:path}", methods=[*METHODS], include_in_schema=False)
    async def elsewhere(path: str) -> Response:
        """Prompts, media, data sets: not here, which is no reason to ask again."""
        sentence = f"spanglass takes spans and scores of Langfuse's SDKs; it has no {PREFIX}/{path}."
        return Json({"error": "NotFound", "message": sentence}, HTTPStatus.NOT_FOUND)

    return routes


def _batch_answer(told: Told) -> Response:
    if not told.refused:
        return Json({"message": "Accepted"}, HTTPStatus.ACCEPTED)
    errors = [{"message": each.reason} for each in told.refused]
    counts = {"accepted": len(told.scores), "rejected": len(told.refused), "errors": errors}
    return Json(counts, HTTPStatus.MULTI_STATUS)


def _events_answer(told: Told) -> Response:
    taken: list[dict[str, Any]] = [{"id": each, "status": HTTPStatus.CREATED} for each in told.accepted]
    refused = [
        {"id": each.id, "status": HTTPStatus.BAD_REQUEST, "message": each.reason, "error": each.reason}
        for each in told.refused
    ]
    return Json({"successes": taken, "errors": refused}, HTTPStatus.MULTI_STATUS)
