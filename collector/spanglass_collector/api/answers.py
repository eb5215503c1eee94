"""How the API answers: JSON by orjson, and errors as ``{"error": sentence}`` with the status of what to do next."""

from __future__ import annotations

from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from spanglass_collector.api.scores_body import InvalidField
from spanglass_collector.errors import Busy, CollectorError, Rejected
from spanglass_store.errors import QueryTooExpensive, StoreError

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": about, "content": {"application/json": {"example": {"error": example}}}}
    for status, about, example in (
        (
            400,
            "Ask something else: the sentence says what is wrong",
            "unknown filter 'colour'; known: service, model, …",
        ),
        (401, "No key, or one that is not known", "An API key is needed: Authorization: Bearer sg_…"),
        (403, "Another key, or a switch", "This key has the scope 'ingest'; 'read' is needed here."),
        (422, "Ask for less", "Ask for less, by a shorter window, more filters or a lower limit. traces: …"),
        (503, "The same again, after Retry-After", "traces: ClickHouse at 127.0.0.1:8123 does not answer"),
    )
}
"""What a reading route may answer besides, for OpenAPI."""


class Json(JSONResponse):
    """JSON of plain values; dates as ISO text."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)


def answer_errors(api: FastAPI) -> None:
    """Teach ``api`` to answer this house's errors."""
    api.add_exception_handler(CollectorError, _of_collector)
    api.add_exception_handler(StoreError, _of_store)
    api.add_exception_handler(RequestValidationError, _of_parameters)
    api.add_exception_handler(HTTPException, _of_http)


async def _of_collector(_: Request, error: Exception) -> Json:
    document: dict[str, Any] = {"error": str(error)}
    headers: dict[str, str] = {}
    if isinstance(error, InvalidField) and error.field:
        document["field"] = error.field
    status = error.status if isinstance(error, Rejected | Busy) else 503
    if not isinstance(error, Rejected):
        headers["retry-after"] = str(getattr(error, "retry_after_seconds", 2))
    return Json(document, int(status), headers)


async def _of_store(_: Request, error: Exception) -> Json:
    said = str(error).partition(" (for url ")[0]
    if isinstance(error, QueryTooExpensive):
        return Json({"error": f"Ask for less, by a shorter window, more filters or a lower limit. {said}"}, 422)
    # What a client asks without sense is Rejected before it gets there: a refusal is about the database's own state.
    return Json({"error": said}, 503, {"retry-after": "2"})


async def _of_parameters(_: Request, error: Exception) -> Json:
    if not isinstance(error, RequestValidationError):
        return Json({"error": str(error)}, 400)
    first = error.errors()[0]
    place = [str(step) for step in first["loc"][1:]]
    return Json({"error": f"{'.'.join(place) or 'The body'}: {first['msg']}.", "field": ".".join(place)}, 400)


async def _of_http(_: Request, error: Exception) -> Json:
    if isinstance(error, HTTPException):
        return Json({"error": f"{error.detail}."}, error.status_code, dict(error.headers or {}))
    return Json({"error": str(error)}, 500)
