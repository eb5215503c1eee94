"""Which web pages may talk to the collector (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

REMEMBERED_SECONDS: Final = 7200
"""How long a browser need not ask again; Chromium takes no more."""


def cors(origins: Sequence[str]) -> list[Middleware]:
    """What lets pages of these origins send spans and ask the API, with any header; nothing for no origin.

    Cookies are not taken from them: a key in a header says who they are.
    """
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["retry-after"],
            max_age=REMEMBERED_SECONDS,
        )
    ]
