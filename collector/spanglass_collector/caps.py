"""How much one span may hold. What is beyond it is cut off, and the span says so. Pure.

Nothing is looked at that cannot be too much: no text is longer than its request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from spanglass_collector.decode import Alike, Attributes, Decoded, Value, WireEvent, WireLink, WireSpan

T = TypeVar("T", WireEvent, WireLink)

CUT_ATTRIBUTES: Final = "spanglass.cut.attributes"
CUT_EVENTS: Final = "spanglass.cut.events"
CUT_LINKS: Final = "spanglass.cut.links"
"""How many were left out, as attributes of the span; of an event's or a resource's own attributes likewise."""


@dataclass(frozen=True, slots=True)
class Caps:
    """Most attributes, events and links of a span, and bytes of one attribute's text."""

    attributes: int
    attribute_bytes: int
    events: int
    links: int


def capped(decoded: Decoded, caps: Caps, body_bytes: int) -> Decoded:
    """The same spans within their caps; the very same object where none is beyond them."""
    texts = body_bytes > caps.attribute_bytes
    alike, others = [], []
    for group in decoded.alike:
        if _group_fits(group, caps, texts=texts):
            alike.append(group)
        else:
            others += [_span(span, caps, texts=texts) for span in group.spans()]
    told = [_span(span, caps, texts=texts) for span in decoded.others]
    if len(alike) == len(decoded.alike) and all(map(_is, told, decoded.others)):
        return decoded
    return Decoded(alike, [*others, *told], decoded.rejects)


def cut_text(text: str, max_bytes: int) -> str:
    """The text, or its first bytes, as UTF-8 has them, and a mark that says how much is missing."""
    if len(text) * 4 <= max_bytes or len(encoded := text.encode("utf-8", "replace")) <= max_bytes:
        return text
    kept = encoded[:max_bytes].decode("utf-8", "ignore")
    return f"{kept}…[{len(text) - len(kept)} more characters]"


def _group_fits(group: Alike, caps: Caps, *, texts: bool) -> bool:
    if len(group.names) > caps.attributes or not _fits(group.resource, caps, texts=texts):
        return False
    return not texts or not (
        any(len(message) * 4 > caps.attribute_bytes for _, message in group.rows.statuses)
        or any(len(each) > caps.attribute_bytes for encoded in group.rows.encoded for each in encoded)
    )


def _is(one: object, other: object) -> bool:
    return one is other


def _span(span: WireSpan, caps: Caps, *, texts: bool) -> WireSpan:
    """The span itself where it is within its caps."""
    whole = (
        len(span.events) <= caps.events
        and len(span.links) <= caps.links
        and _fits(span.attributes, caps, texts=texts)
        and _fits(span.resource, caps, texts=texts)
        and not (texts and _is_long(span.status_message, caps))
        and all(_fits(event.attributes, caps, texts=texts) for event in span.events)
        and all(_fits(link.attributes, caps, texts=texts) for link in span.links)
    )
    if whole:
        return span
    attributes = _cut(span.attributes, caps)
    for name, parts, most in ((CUT_EVENTS, span.events, caps.events), (CUT_LINKS, span.links, caps.links)):
        if len(parts) > most:
            attributes[name] = len(parts) - most
    return replace(
        span,
        attributes=attributes,
        resource=_cut(span.resource, caps),
        status_message=cut_text(span.status_message, caps.attribute_bytes),
        events=tuple(_parts(span.events[: caps.events], caps)),
        links=tuple(_parts(span.links[: caps.links], caps)),
    )


def _parts(parts: Sequence[T], caps: Caps) -> Iterator[T]:
    for part in parts:
        yield replace(part, attributes=_cut(part.attributes, caps))


def _fits(attributes: Attributes, caps: Caps, *, texts: bool) -> bool:
    return len(attributes) <= caps.attributes and not (
        texts and any(_is_long(value, caps) for value in attributes.values())
    )


def _is_long(value: Value, caps: Caps) -> bool:
    """Whether it may be too long: bytes are counted only where the letters leave a doubt."""
    match value:
        case str():
            return len(value) * 4 > caps.attribute_bytes
        case bytes():
            return len(value) > caps.attribute_bytes
        case list():
            return any(_is_long(item, caps) for item in value)
        case dict():
            return any(_is_long(item, caps) for item in value.values())
    return False


def _cut(attributes: Mapping[str, Value], caps: Caps) -> dict[str, Value]:
    """A copy with the first attributes, each with the beginning of its text."""
    kept = {
        name: _cut_value(attributes[name], caps) for name, _ in zip(attributes, range(caps.attributes), strict=False)
    }
    if len(attributes) > caps.attributes:
        kept[CUT_ATTRIBUTES] = len(attributes) - caps.attributes
    return kept


def _cut_value(value: Value, caps: Caps) -> Value:
    match value:
        case str():
            return cut_text(value, caps.attribute_bytes)
        case bytes():
            return value[: caps.attribute_bytes]
        case list():
            return [_cut_value(item, caps) for item in value]
        case dict():
            return {name: _cut_value(item, caps) for name, item in value.items()}
    return value
