"""Where Traceloop's SDK takes images out of messages to.

It asks for an address, puts the image there, and writes the address into the message. Where that fails it drops the
messages of the call, so both are answered. Images are not kept: what a message has is a name.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from spanglass_collector.api.answers import Json
from spanglass_collector.api.scores import posted
from spanglass_collector.api.scores_body import InvalidField, json_from_body
from spanglass_collector.services import Services

IMAGES: Final = "/v2/traces/{trace_id}/spans/{span_id}/images"


def traceloop_routes(services: Services) -> APIRouter:
    """Two routes by Traceloop's names. A key with the scope ``ingest`` is enough."""
    routes = APIRouter(tags=["traceloop"])

    @routes.post(IMAGES)
    async def address(request: Request) -> Response:
        """Where an image is to be put: ``{"image_name": …}`` to ``{"url": …}``."""
        async with posted(request, services) as (_, body):
            sent = json_from_body(body)
        name = sent.get("image_name") if isinstance(sent, dict) else None
        if not isinstance(name, str) or not name:
            msg = "image_name: a text is needed."
            raise InvalidField(msg, field="image_name")
        here = request.url.replace(scheme=request.headers.get("x-forwarded-proto", request.url.scheme), query="")
        return Json({"url": f"{here}/{quote(name, safe='')}"})

    @routes.post(IMAGES + "/{name}")
    async def image(request: Request) -> Response:
        """An image, read and dropped."""
        async with posted(request, services):
            return Json({})

    return routes
