"""Clients of model providers: ``spanglass.wrap``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from spanglass.guard import guarded, warn_once

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def _wrap_openai(client: object) -> None:
    from spanglass.clients.openai import wrap_client  # noqa: PLC0415

    wrap_client(client)


_WRAPPERS: Final[dict[tuple[str, str], Callable[[object], None]]] = {
    ("openai", "OpenAI"): _wrap_openai,
    ("openai", "AsyncOpenAI"): _wrap_openai,
}
"""Package and class of a client, its subclasses included, and who wraps it. No provider's package is imported."""


def wrap(client: T) -> T:
    """Record every model call made with this client, and return the same client.

    Known: ``openai.OpenAI``, ``openai.AsyncOpenAI`` and what is made of them (Azure; any compatible server by its
    ``base_url``). Wrapping twice does nothing more; clients that ``with_options`` makes of a wrapped one are wrapped.
    """
    with guarded("wrap"):
        for kind in type(client).__mro__:
            if wrapper := _WRAPPERS.get((kind.__module__.partition(".")[0], kind.__name__)):
                wrapper(client)
                return client
        warn_once(f"wrap {type(client)}", "spanglass: no way to wrap a %s is known", type(client).__qualname__)
    return client
