"""Requests of a ``requests`` session."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from spanglass.propagation.hosts import Hosts

if TYPE_CHECKING:
    from collections.abc import Iterable

S = TypeVar("S")


def propagate(session: S, hosts: Iterable[str] = ()) -> S:
    """Have every request of this session to one of ``hosts`` tell its span and facts; returns the session.

    This machine is always one of the hosts. Patterns such as ``*.internal`` will do; ``*`` means everybody, and tells
    everybody your users' ids. Called again it sets the hosts anew.
    """
    allowed = Hosts(hosts)
    sending: Any = session
    send = getattr(sending.send, "__wrapped__", sending.send)

    @wraps(send)
    def told(request: Any, **options: Any) -> Any:  # each hop of a redirect comes through here too
        allowed.tell(urlsplit(request.url or "").hostname, request.headers)
        return send(request, **options)

    sending.send = told
    return session
