"""Where notices go: the URLs a person gives, what they become, and how they are shown. Pure.

A channel is an Apprise URL (https://appriseit.com/services/), as ``slack://…``, ``mailto://…`` or ``json://…``. Such
URLs hold tokens and passwords in any of their parts, so only the parts listed here are ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_WEBHOOKS: Final[Mapping[str, str]] = {"http": "json", "https": "jsons"}
"""A plain web address is a webhook that is sent JSON; Apprise spells it with a scheme of its own."""

_HOST_IS_PUBLIC: Final = frozenset({"http", "https", "json", "jsons", "xml", "xmls", "form", "forms"})
"""Schemes whose host is an address. For the others the host may itself be a token (``slack://TOKEN/…``)."""


def channels_from_text(text: str) -> tuple[str, ...]:
    """The channels of a text area, one a line; blank lines and repetitions are left out."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def webhook_url(channel: str) -> str:
    """``channel`` with ``http(s)://`` replaced by the scheme Apprise posts JSON with; others as they are."""
    scheme, separator, rest = channel.partition("://")
    return _WEBHOOKS.get(scheme.lower(), scheme) + separator + rest


def masked(channel: str) -> str:
    """What may be shown and logged of a channel: ``slack://…``, ``json://hooks.example.com:8080/…``."""
    scheme, separator, _ = channel.partition("://")
    if not separator or not scheme.isalnum():
        return "…"
    scheme = scheme.lower()
    if scheme not in _HOST_IS_PUBLIC:
        return f"{scheme}://…"
    try:
        parts = urlsplit(channel)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return f"{scheme}://…"
    return f"{scheme}://{parts.hostname or ''}{port}/…"
