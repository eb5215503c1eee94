"""OTLP/JSON to the protobuf bytes of the same request, so that what comes after knows one form. Pure.

The rules are those of protobuf's JSON mapping (https://protobuf.dev/programming-guides/json/) with OTLP's changes
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids are hexadecimal, not base64, enumerations are
numbers, and unknown fields are ignored. Names are taken in camelCase and as the ``.proto`` files have them. How each
field is written is read from the descriptors, once for each message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanglass_collector.errors import Rejected
from spanglass_collector.receive.json_values import BYTES, SCALARS, Encode, hexadecimal, of_enum, varint

CONTAINER_BYTES, ELEMENT_BYTES = 72, 64
"""What Python takes for an object or a list, and for an element of one, at the least."""


def parsed_bytes(body: bytes) -> int:
    """A bound of the memory that the parsed body takes: ``[{},{},…]`` takes twenty times its text."""
    containers = body.count(b"{") + body.count(b"[")
    return len(body) + CONTAINER_BYTES * containers + ELEMENT_BYTES * body.count(b",")


def protobuf_from_json(body: bytes, signal: str) -> bytes:
    """The export request of a signal as protobuf bytes. Raises Rejected, with a sentence that names the field.

    An id that is no hexadecimal number is the trouble of its record, not of the request: it comes out empty.
    """
    try:
        return _REQUESTS[signal](_parsed(body))
    except RecursionError as error:
        msg = "The body is nested too deeply."
        raise Rejected(msg) from error
    except (ValueError, TypeError, OverflowError) as error:
        msg = f"The body is not an OTLP/JSON {signal} export request: {error}"
        raise Rejected(msg) from error


def _parsed(body: bytes) -> Any:
    """The JSON value. What JavaScript makes of an emoji cut in half (a lone surrogate) is read, and becomes U+FFFD."""
    if not body:
        return {}
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body.decode("utf-8", "replace"))


def _message(descriptor: Descriptor) -> Encode:
    """What encodes this message; remembered, as messages hold each other and themselves."""
    encode = _MESSAGES.get(descriptor.full_name)
    if encode is None:
        fields: dict[str, Encode] = {}

        def encode(document: Any) -> bytes:
            if not isinstance(document, dict):
                msg = f"{descriptor.name} must be an object"
                raise TypeError(msg)
            return b"".join(
                [fields[name](value) for name, value in document.items() if value is not None and name in fields]
            )

        _MESSAGES[descriptor.full_name] = encode
        for field in descriptor.fields:
            fields[field.name] = fields[field.json_name] = _field(field)
    return encode


_MESSAGES: Final[dict[str, Encode]] = {}
_IDS: Final = frozenset({"trace_id", "span_id", "parent_span_id"})
_PLACED: Final = "field "


def _field(field: FieldDescriptor) -> Encode:
    """What encodes a field with its tag, once or repeated."""
    wire_type, write = _value(field)
    tag = varint(field.number << 3 | wire_type)

    def tagged(value: Any) -> bytes:
        try:
            encoded = write(value)
        except (ValueError, TypeError, OverflowError) as error:
            if error.args and str(error.args[0]).startswith(_PLACED):
                raise
            msg = f"{_PLACED}{field.json_name}: {error}"
            raise ValueError(msg) from error
        return tag + varint(len(encoded)) + encoded if wire_type == BYTES else tag + encoded

    def repeated(values: Any) -> bytes:
        if not isinstance(values, list):
            msg = f"{_PLACED}{field.json_name} must be a list"
            raise TypeError(msg)
        return b"".join(map(tagged, values))

    return repeated if field.is_repeated else tagged


def _value(field: FieldDescriptor) -> tuple[int, Encode]:
    if field.message_type is not None:
        return BYTES, _message(field.message_type)
    if field.enum_type is not None:
        return 0, of_enum({name: value.number for name, value in field.enum_type.values_by_name.items()})
    return (BYTES, hexadecimal) if field.name in _IDS else SCALARS[field.type]


_REQUESTS: Final[Mapping[str, Encode]] = {
    "traces": _message(ExportTraceServiceRequest.DESCRIPTOR),
    "logs": _message(ExportLogsServiceRequest.DESCRIPTOR),
    "metrics": _message(ExportMetricsServiceRequest.DESCRIPTOR),
}
"""Signal to what encodes the message that a client sends."""
