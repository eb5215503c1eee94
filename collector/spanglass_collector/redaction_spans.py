"""Redaction of decoded spans: of every attribute and every message, wherever it stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from spanglass_collector.decode import Attributes, Decoded, WireSpan


class Redact(Protocol):
    """What is applied to each set of attributes, and to texts without a name."""

    def __call__(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """A redacted copy."""

    def text(self, text: str) -> str:
        """The text, redacted."""


def redacted(decoded: Decoded, redact: Redact) -> Decoded:
    """The same spans without what the rules find, each by itself. A resource that many share is looked at once."""
    resources: dict[int, Attributes] = {}

    def resource_of(span: WireSpan) -> Attributes:
        key = id(span.resource)  # they all live as long as ``decoded``
        if key not in resources:
            resources[key] = redact(span.resource)
        return resources[key]

    spans = [
        replace(
            span,
            attributes=redact(span.attributes),
            status_message=redact.text(span.status_message),
            events=tuple(replace(event, attributes=redact(event.attributes)) for event in span.events),
            links=tuple(replace(link, attributes=redact(link.attributes)) for link in span.links),
            resource=resource_of(span),
        )
        for span in decoded.spans
    ]
    return Decoded((), spans, decoded.rejects)
