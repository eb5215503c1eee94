"""Requests of an ``httpx`` client, of either generation (``httpx``, ``httpx2``), sync or async."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from spanglass.propagation.hosts import Hosts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

C = TypeVar("C")


def propagate(client: C, hosts: Iterable[str] = ()) -> C:
    """Have every request of this client to one of ``hosts`` tell its span and facts; returns the client.

    This machine is always one of the hosts. Patterns such as ``*.internal`` will do; ``*`` means everybody, and tells
    everybody your users' ids. Called again it sets the hosts anew.
    """
    allowed = Hosts(hosts)
    requesting: Any = client
    hooks: dict[str, list[Callable[[Any], Any]]] = requesting.event_hooks
    hook = _async_hook(allowed) if inspect.iscoroutinefunction(requesting.send) else _hook(allowed)
    others = [each for each in hooks.get("request", ()) if getattr(each, "__module__", "") != __name__]
    requesting.event_hooks = {**hooks, "request": [*others, hook]}
    return client


def _hook(allowed: Hosts) -> Callable[[Any], None]:
    def tell(request: Any) -> None:
        allowed.tell(request.url.host, request.headers)

    return tell


def _async_hook(allowed: Hosts) -> Callable[[Any], Awaitable[None]]:
    async def tell(request: Any) -> None:
        allowed.tell(request.url.host, request.headers)

    return tell
