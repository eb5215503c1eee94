"""Where a client sends its requests, as attributes. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from spanglass import semconv


def server_attributes(url: object) -> dict[str, Any]:
    """Host and port of a base URL; the scheme's own port where it names none, nothing of what is no address."""
    try:
        address = urlsplit(str(url or ""))
        host, port = address.hostname, address.port
    except ValueError:
        return {}
    if not host:
        return {}
    return {
        semconv.SERVER_ADDRESS: host,
        semconv.SERVER_PORT: port or (80 if address.scheme in {"http", "ws"} else 443),
    }
