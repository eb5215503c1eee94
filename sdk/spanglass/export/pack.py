"""Ended spans -> parcels: masked, bounded, encoded, a few megabytes at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanglass import semconv
from spanglass.export import wire
from spanglass.export.parcel import Goods, Parcel
from spanglass.frameworks_content import is_a_frameworks, without_content
from spanglass.guard import swallow
from spanglass.live import LiveSpan
from spanglass.stats import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    from spanglass.mask import Mask
    from spanglass.settings import Settings

_LEAST_TEXT_BYTES: Final = 1_024
_MAX_HEADS: Final = 256  # resources or scopes that are remembered: an application may name tracers as it goes
_ENVELOPE_BYTES: Final = 2_048  # what stands around the first span of a request: resource, scope, lengths


class Packer:
    """Collects spans until they make a parcel. For one thread at a time."""

    def __init__(self, settings: Settings, mask: Mask | None, max_bytes: int | None = None) -> None:
        self._settings = settings
        self._mask = mask
        self._max_bytes = min(max_bytes or settings.max_batch_bytes, settings.max_batch_bytes)
        self._resources: dict[int, tuple[Resource, bytes]] = {}
        self._scopes: dict[int, tuple[InstrumentationScope | None, bytes]] = {}
        self._request = wire.Request()

    def add(self, ended: ReadableSpan, weight: float = 1.0) -> Parcel | None:
        """Take a span with its sampling weight. Returns the parcel it has no room in any more, if there is one.

        One that cannot be encoded is counted as dropped; the others go.
        """
        try:
            encoded = self.encoded(ended, weight)
            where = (self._resource(ended.resource), self._scope(ended.instrumentation_scope))
        except Exception as error:  # noqa: BLE001
            COUNTERS.add("spans_taken")
            COUNTERS.add("spans_dropped")
            swallow("export.encode", error)
            return None
        full = None
        size = self._request.size_bytes + len(encoded) + _ENVELOPE_BYTES
        if self._request.count and (size > self._max_bytes or self._request.count >= self._settings.max_batch_spans):
            full = self.rest()
        self._request.add(*where, encoded)
        return full

    @property
    def count(self) -> int:
        """Spans collected so far."""
        return self._request.count

    def rest(self) -> Parcel | None:
        """What has been collected, if anything; the next parcel begins empty."""
        done, self._request = self._request, wire.Request()
        return Parcel(Goods.SPANS, done.body(), done.count) if done.count else None

    def encoded(self, ended: ReadableSpan, weight: float = 1.0) -> bytearray:
        """The span as it is sent. When it is too large for a request its texts are shortened until it is not."""
        own = wire.Ids(*ended.ids()) if isinstance(ended, LiveSpan) else wire.ids(ended)
        attributes: Mapping[str, Any]
        if isinstance(ended, LiveSpan) and self._mask is None:
            attributes, is_text = ended.encoded_attributes(), True
        else:
            attributes, is_text = ended.attributes or {}, False
        if weight != 1.0:
            attributes = {**attributes, semconv.SAMPLING_WEIGHT: weight}
        if not self._settings.capture_content and not is_text and is_a_frameworks(ended):
            ended, attributes = masked(ended, attributes, without_content())
        if self._mask is not None:
            ended, attributes = masked(ended, attributes, self._mask)
        limit = self._settings.max_content_bytes
        encoded = wire.span(ended, own, attributes, limit, is_text=is_text)
        while len(encoded) > self._max_bytes - _ENVELOPE_BYTES and limit > _LEAST_TEXT_BYTES:
            limit //= 4
            encoded = wire.span(ended, own, attributes, limit, is_text=is_text)
        return encoded

    def _resource(self, resource: Resource) -> bytes:
        found = self._resources.get(id(resource))
        if found is None:
            if len(self._resources) >= _MAX_HEADS:
                self._resources.clear()
            found = self._resources[id(resource)] = (resource, wire.resource_head(resource, 65_536))
        return found[1]

    def _scope(self, scope: InstrumentationScope | None) -> bytes:
        found = self._scopes.get(id(scope))
        if found is None:
            if len(self._scopes) >= _MAX_HEADS:
                self._scopes.clear()
            found = self._scopes[id(scope)] = (scope, wire.scope_head(scope, 65_536))
        return found[1]


def masked(ended: ReadableSpan, attributes: Mapping[str, Any], mask: Mask) -> tuple[ReadableSpan, Mapping[str, Any]]:
    """A copy of the span and of its attributes without what must not leave. Events and the status are masked too.

    When masking goes wrong content is left out altogether, and the span is counted.
    """
    from opentelemetry.sdk.trace import Event, ReadableSpan  # noqa: PLC0415  the module is loaded by now
    from opentelemetry.trace import Link, Status  # noqa: PLC0415

    told, failed = mask.attributes(attributes)
    events = []
    for event in ended.events:
        inner, wrong = mask.attributes(event.attributes or {})
        events.append(Event(mask.name(event.name), inner, event.timestamp))
        failed = failed or wrong
    links = []
    for link in ended.links:
        inner, wrong = mask.attributes(link.attributes or {})
        links.append(Link(link.context, inner))
        failed = failed or wrong
    said = ended.status.description
    status = Status(ended.status.status_code, mask.text(said)) if said else ended.status
    if failed:
        COUNTERS.add("mask_failures")
        events, status = [Event(event.name, {}, event.timestamp) for event in events], Status(ended.status.status_code)
    copy = ReadableSpan(
        mask.name(ended.name),
        ended.get_span_context(),
        ended.parent,
        ended.resource,
        {},
        events,
        links,
        ended.kind,
        status=status,
        start_time=ended.start_time,
        end_time=ended.end_time,
        instrumentation_scope=ended.instrumentation_scope,
    )
    return copy, told
