"""The messages of OTLP's trace and log export requests, with attributes and texts left as bytes.

protobuf's parser makes an object for each attribute and each value in it, and reading those from Python is most of
what decoding costs. Here the fields that hold them are declared ``bytes``, which is the same on the wire
(https://protobuf.dev/programming-guides/encoding/), and ``attributes`` reads the bytes. Texts are declared ``bytes``
too: text that is no UTF-8 is then the trouble of one span and not of its request.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE: Final = "spanglass.wire"
_BYTES: Final = FieldDescriptorProto.TYPE_BYTES
_FIXED64: Final = FieldDescriptorProto.TYPE_FIXED64
_MESSAGE: Final = FieldDescriptorProto.TYPE_MESSAGE
_MANY: Final = FieldDescriptorProto.LABEL_REPEATED
_ONE: Final = FieldDescriptorProto.LABEL_OPTIONAL
_EITHER: Final = -1  # one, and of all such fields of a message at most one
_PERHAPS: Final = -2  # one, and ABSENT where there is none
ABSENT: Final = b"\xff"
"""What no message can be."""

_Field: TypeAlias = tuple[int, str, Any, Any]
_SPAN: Final[tuple[_Field, ...]] = (
    (1, "trace_id", _BYTES, _ONE),
    (2, "span_id", _BYTES, _ONE),
    (4, "parent_span_id", _BYTES, _ONE),
    (5, "name", _BYTES, _ONE),
    (7, "start_time_unix_nano", _FIXED64, _ONE),
    (8, "end_time_unix_nano", _FIXED64, _ONE),
    (9, "attributes", _BYTES, _MANY),
    (15, "status", _BYTES, _ONE),
)
_MESSAGES: Final[dict[str, tuple[_Field, ...]]] = {
    "Status": ((2, "message", _BYTES, _ONE), (3, "code", FieldDescriptorProto.TYPE_INT32, _ONE)),
    "Span": (*_SPAN, (11, "events", _BYTES, _PERHAPS), (13, "links", _BYTES, _PERHAPS)),
    "WholeSpan": (*_SPAN, (11, "events", "Event", _MANY), (13, "links", "Link", _MANY)),
    "Event": ((1, "time_unix_nano", _FIXED64, _ONE), (2, "name", _BYTES, _ONE), (3, "attributes", _BYTES, _MANY)),
    "Link": ((1, "trace_id", _BYTES, _ONE), (2, "span_id", _BYTES, _ONE), (4, "attributes", _BYTES, _MANY)),
    "Resource": ((1, "attributes", _BYTES, _MANY),),
    "Scope": ((1, "name", _BYTES, _ONE), (2, "version", _BYTES, _ONE)),
    "ScopeSpans": ((1, "scope", "Scope", _ONE), (2, "spans", "Span", _MANY)),
    "ResourceSpans": ((1, "resource", "Resource", _ONE), (2, "scope_spans", "ScopeSpans", _MANY)),
    "WholeScopeSpans": ((1, "scope", "Scope", _ONE), (2, "spans", "WholeSpan", _MANY)),
    "WholeResourceSpans": ((1, "resource", "Resource", _ONE), (2, "scope_spans", "WholeScopeSpans", _MANY)),
    "AnyValue": (
        (1, "string_value", _BYTES, _EITHER),
        (2, "bool_value", FieldDescriptorProto.TYPE_BOOL, _EITHER),
        (3, "int_value", FieldDescriptorProto.TYPE_INT64, _EITHER),
        (4, "double_value", FieldDescriptorProto.TYPE_DOUBLE, _EITHER),
        (5, "array_value", "ArrayValue", _EITHER),
        (6, "kvlist_value", "KeyValueList", _EITHER),
        (7, "bytes_value", _BYTES, _EITHER),
    ),
    "ArrayValue": ((1, "values", "AnyValue", _MANY),),
    "KeyValueList": ((1, "values", "KeyValue", _MANY),),
    "KeyValue": ((1, "key", _BYTES, _ONE), (2, "value", "AnyValue", _ONE)),
    "Request": ((1, "resource_spans", "ResourceSpans", _MANY),),
    "WholeRequest": ((1, "resource_spans", "WholeResourceSpans", _MANY),),
    "LogRecord": (
        (1, "time_unix_nano", _FIXED64, _ONE),
        (5, "body", _BYTES, _ONE),
        (6, "attributes", _BYTES, _MANY),
        (9, "trace_id", _BYTES, _ONE),
        (10, "span_id", _BYTES, _ONE),
        (11, "observed_time_unix_nano", _FIXED64, _ONE),
        (12, "event_name", _BYTES, _ONE),
    ),
    "ScopeLogs": ((1, "scope", "Scope", _ONE), (2, "log_records", "LogRecord", _MANY)),
    "ResourceLogs": ((1, "resource", "Resource", _ONE), (2, "scope_logs", "ScopeLogs", _MANY)),
    "LogsRequest": ((1, "resource_logs", "ResourceLogs", _MANY),),
}
"""Numbers and names as in opentelemetry-proto v1 (``trace.proto``, ``logs.proto``); a text for a type is another of these
messages."""


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="spanglass/wire.proto", package=_PACKAGE, syntax="proto2")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for number, name, type_, label in fields:
            field = described.field.add(name=name, number=number, label=_ONE if label < 0 else label)
            if label == _EITHER:
                field.oneof_index = 0
                if not described.oneof_decl:
                    described.oneof_decl.add(name="value")
            if label == _PERHAPS:
                field.default_value = "\\377"  # ABSENT, as descriptors write bytes
            if isinstance(type_, str):
                field.type, field.type_name = _MESSAGE, f".{_PACKAGE}.{type_}"
            else:
                field.type = type_
    return file


_POOL: Final = DescriptorPool()
_POOL.Add(_file())


def _class(name: str) -> Any:
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


Request: Final = _class("Request")
"""An ``ExportTraceServiceRequest``. Of events and links it says only whether a span has any: else they are ABSENT."""
WholeRequest: Final = _class("WholeRequest")
"""The same, with events and links."""
LogsRequest: Final = _class("LogsRequest")
"""An ``ExportLogsServiceRequest``."""
Status: Final = _class("Status")
AnyValue: Final = _class("AnyValue")
KeyValue: Final = _class("KeyValue")
"""An attribute, whose texts are bytes."""
