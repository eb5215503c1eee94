"""Requests that a WSGI application gets: Flask, Django, and whatever else speaks WSGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanglass import current
from spanglass.propagation import incoming, w3c

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.context import Context

    App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_VARIABLES = {f"HTTP_{field.upper()}": field for field in w3c.FIELDS}


class Middleware:
    """Work on a request is below the span and has the facts that its headers tell of.

    ``app.wsgi_app = Middleware(app.wsgi_app)`` for Flask. A response that is made piece by piece has them for each.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass the request on."""
        context = incoming([(field, environ.get(variable)) for variable, field in _VARIABLES.items()])
        token = current.attach(context)
        try:
            body = self.app(environ, start_response)
        finally:
            current.leave(token)
        file = environ.get("wsgi.file_wrapper")  # one that the server sends by itself must reach it as it is
        done = isinstance(body, list | tuple) or (isinstance(file, type) and isinstance(body, file))
        return body if done else _Body(body, context)


class _Body:
    """A response that is still to be made."""

    def __init__(self, body: Iterable[bytes], context: Context) -> None:
        self._body = body
        self._pieces: Iterator[bytes] | None = None
        self._context = context

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        token = current.attach(self._context)
        try:
            if self._pieces is None:
                self._pieces = iter(self._body)
            return next(self._pieces)
        finally:
            current.leave(token)

    def close(self) -> None:
        """As WSGI has it: the server calls it at the end, whatever happened."""
        close = getattr(self._body, "close", None)
        if close is None:
            return
        token = current.attach(self._context)
        try:
            close()
        finally:
            current.leave(token)
