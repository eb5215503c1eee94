"""Is a service well? Asked by `up`, by `doctor` and by containers. Standard library only: it is asked often.

::

    python -m spanglass_cli.health http://127.0.0.1:4318/readyz     # exit code 0 for a 200
    python -m spanglass_cli.health /tmp/monitor.heartbeat           # exit code 0 for a fresh file
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 2.0
HEARTBEAT_SECONDS: Final = 180.0
"""Three rounds of a monitor at its default interval."""


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
        msg = f"{url} does not speak HTTP ({error!r})"
        raise ConnectionError(msg) from error
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
        msg = f"{url} answered {status}"
        raise ConnectionError(msg)
    try:
        document = json.loads(body)
    except ValueError as error:
        msg = f"{url} did not answer with JSON"
        raise ConnectionError(msg) from error
    if not isinstance(document, dict):
        msg = f"{url} did not answer with a JSON object"
        raise ConnectionError(msg)
    return document


def is_fresh(file: Path, age_seconds: float) -> bool:
    """True for a file written within the last ``age_seconds``."""
    try:
        return time.time() - file.stat().st_mtime <= age_seconds
    except OSError:
        return False


def main(target: str) -> int:
    """0 for an address that answers 200, or a heartbeat file that is fresh; else 1. For containers' health checks."""
    return 0 if (is_ready(target) if "://" in target else is_fresh(Path(target), HEARTBEAT_SECONDS)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
