"""Which hosts may be told where a request belongs and whom it is for."""

from __future__ import annotations

from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from spanglass.guard import guarded
from spanglass.propagation import inject, w3c

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping


class Hosts:
    """This machine, and hosts by name or pattern: ``api.internal``, ``*.svc.cluster.local``."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = frozenset(pattern.lower() for pattern in patterns)

    def __contains__(self, host: object) -> bool:
        name = str(host or "").lower().rstrip(".")
        return is_loopback(name) or any(fnmatchcase(name, pattern) for pattern in self._patterns)

    def tell(self, host: str | None, headers: MutableMapping[str, Any]) -> None:
        """Add to the headers of a request to ``host`` where it belongs, or take that back.

        Taking back is for a redirect from one of these hosts to another one, which the clients send the same headers.
        """
        with guarded("propagation.hosts"):
            if host in self:
                inject(headers)
            else:
                withdraw(headers)


def is_loopback(name: str) -> bool:
    """Whether the name of a host means this machine."""
    if name == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def withdraw(headers: MutableMapping[str, Any]) -> None:
    """Take out what ``inject`` would put in here: what the application has set itself stays."""
    ours = inject()
    for field in w3c.FIELDS:
        if field in headers and headers[field] == ours.get(field):
            del headers[field]
