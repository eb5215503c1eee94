"""One question to the collector over HTTP, asked again where the answer is "later"."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import urllib3

from spanglass.query.errors import NotAllowed, QueryError, Rejected, TooMuch, Unavailable
from spanglass.settings import from_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ARROW: Final = "application/vnd.apache.arrow.stream"
JSON: Final = "application/json"
TRIES: Final = 3
MAX_WAIT_SECONDS: Final = 5.0

_LATER: Final = frozenset({408, 425, 429, 502, 503, 504})
_BY_STATUS: Final[Mapping[int, type[QueryError]]] = {401: NotAllowed, 403: NotAllowed, 413: TooMuch, 422: TooMuch}


class Collector:
    """Where questions go. Arguments that are ``None`` come from the environment, as the SDK's do. Thread-safe."""

    def __init__(
        self, endpoint: str | None, api_key: str | None, project: str | None, *, timeout_seconds: float
    ) -> None:
        settings, _ = from_environment(endpoint=endpoint, api_key=api_key, project=project)
        trusted: dict[str, Any] = {"ca_certs": settings.certificate} if settings.certificate else {}
        self.url = settings.base_url
        self._headers = settings.request_headers
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=10, read=timeout_seconds), **trusted)

    def get(
        self, path: str, params: Mapping[str, Sequence[str]], accept: str = JSON
    ) -> tuple[bytes, Mapping[str, str]]:
        """(body, headers) of what is at ``path`` below ``/api/v1``. Raises QueryError."""
        pairs = [(name, value) for name, values in params.items() for value in values]
        return self._ask("GET", path, accept, fields=pairs)

    def post(self, path: str, document: Any, accept: str = JSON) -> tuple[bytes, Mapping[str, str]]:
        """The same for a question in JSON. Nothing changes by it, so it may be asked again."""
        return self._ask("POST", path, accept, body=json.dumps(document).encode(), kind=JSON)

    def _ask(
        self, method: str, path: str, accept: str, *, kind: str = "", **sent: Any
    ) -> tuple[bytes, Mapping[str, str]]:
        headers = {**self._headers, "accept": accept, **({"content-type": kind} if kind else {})}
        url = f"{self.url}/api/v1/{path}"
        for left in reversed(range(TRIES)):
            try:
                answer = self._pool.request(method, url, headers=headers, retries=False, **sent)
            except urllib3.exceptions.HTTPError as error:
                trouble: QueryError = Unavailable(f"The collector at {self.url} does not answer: {error}")
                wait_seconds = 0.5
            else:
                if answer.status == 200:
                    return answer.data, answer.headers
                trouble = _trouble(answer.status, answer.data)
                wait_seconds = float(answer.headers.get("retry-after") or 1)
            if not left or not isinstance(trouble, Unavailable):
                raise trouble
            time.sleep(min(wait_seconds, MAX_WAIT_SECONDS))
        raise AssertionError  # the last turn raises


def _trouble(status: int, body: bytes) -> QueryError:
    try:
        said = str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        said = body[:200].decode(errors="replace")
    kind = Unavailable if status in _LATER or status >= 500 else _BY_STATUS.get(status, Rejected)
    return kind(f"{said} (HTTP {status})")
