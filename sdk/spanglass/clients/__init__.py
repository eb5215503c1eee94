"""Clients of model providers: ``spanglass.wrap``."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spanglass.guard import guarded, warn_once

if TYPE_CHECKING:
    from spanglass.clients.calls import Provider

T = TypeVar("T")

PROVIDERS: Final = {
    "openai": "openai",
    "litellm": "litellm",
    "anthropic": "anthropic",
    "botocore": "bedrock",
    "cohere": "cohere",
    "google.genai": "google",
    "mistralai": "mistral",
}
"""Package -> the module in here that knows its clients; imported when one of them is met. No package is imported."""


def provider_of(package: str) -> Provider:
    """What is known of this package; ``KeyError`` when that is nothing."""
    module = importlib.import_module(f"{__name__}.{PROVIDERS[package]}")
    found: Provider = module.PROVIDER
    return found


def wrap(client: T) -> T:
    """Record every model call made with this client, and return the same client.

    Known: the clients of openai (Azure and any compatible server by its ``base_url`` included), anthropic, cohere,
    google-genai and mistralai, boto3's ``bedrock-runtime``, and litellm: the module itself, or a ``Router``. Wrapping
    twice does nothing more; clients that ``with_options`` makes of a wrapped one are wrapped.
    """
    with guarded("wrap"):
        for module, name in _names(client):
            package = next((known for known in PROVIDERS if f"{module}.".startswith(f"{known}.")), None)
            if package is not None and name in (provider := provider_of(package)).clients:
                from spanglass.clients.calls import wrap_client  # noqa: PLC0415  loads what only wrapping needs

                wrap_client(client, provider)
                return client
        warn_once(f"wrap {type(client)}", "spanglass: no way to wrap a %s is known", type(client).__qualname__)
    return client


def _names(client: Any) -> list[tuple[str, str]]:
    """Module and name of a client's class and of what it is made of; for a module its own name."""
    if isinstance(client, ModuleType):
        return [(client.__name__, client.__name__)]
    return [(kind.__module__, kind.__name__) for kind in type(client).__mro__]
