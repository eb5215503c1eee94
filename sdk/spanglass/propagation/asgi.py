"""Requests that an ASGI application gets: FastAPI, Starlette, and whatever else speaks ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanglass import current
from spanglass.propagation import incoming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Message, Receive, Send], Awaitable[None]]


class Middleware:
    """Work on a request is below the span and has the facts that its headers tell of.

    ``app.add_middleware(Middleware)``. It lasts until the last piece of the response is sent, background tasks of the
    response included.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] not in {"http", "websocket"}:
            return await self.app(scope, receive, send)
        token = current.attach(incoming(scope["headers"]))
        try:
            return await self.app(scope, receive, send)
        finally:
            current.leave(token)
