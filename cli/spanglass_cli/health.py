"""Does an HTTP address answer? Standard library only: `up` asks often and should stay small."""

from __future__ import annotations

import http.client
import json
from typing import Any, Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 2.0


def get(url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> tuple[int, bytes]:
    """Status and body of a GET. Proxy variables are not followed: the services are ours.

    Raises OSError when nothing answers in time, or what answers is not HTTP.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"{url} does not speak HTTP ({error!r})") from error
    finally:
        connection.close()


def is_ready(url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> bool:
    """True for a 200."""
    try:
        return get(url, timeout_seconds)[0] == 200
    except OSError:
        return False


def get_json(url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> dict[str, Any]:
    """The JSON object at the address. Raises OSError as `get` does, and for another status or another body."""
    status, body = get(url, timeout_seconds)
    if status != 200:
        raise ConnectionError(f"{url} answered {status}")
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ConnectionError(f"{url} did not answer with JSON") from error
    if not isinstance(document, dict):
        raise ConnectionError(f"{url} did not answer with a JSON object")
    return document
