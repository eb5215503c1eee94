"""Plain values to OTLP log records, for tests."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from collector.wire import pairs, value_to_proto
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord


def record(name: str = "", attributes: Mapping[str, Any] | None = None, body: Any = None, **fields: Any) -> LogRecord:
    """A record of now; ids are hex: ``trace_id=``, ``span_id=``."""
    ids = {key: bytes.fromhex(fields.pop(key)) for key in ("trace_id", "span_id") if key in fields}
    return LogRecord(
        event_name=name,
        attributes=pairs(attributes or {}),
        body=value_to_proto(body),
        **{"observed_time_unix_nano": time.time_ns(), "trace_id": os.urandom(16), "span_id": os.urandom(8)}
        | ids
        | fields,
    )


def logs_request(*records: LogRecord, service: str = "shop", scope: str = "test") -> ExportLogsServiceRequest:
    """One request of one service and scope."""
    request = ExportLogsServiceRequest()
    of_resource = request.resource_logs.add()
    of_resource.resource.attributes.extend(pairs({"service.name": service}))
    of_scope = of_resource.scope_logs.add()
    of_scope.scope.name = scope
    of_scope.log_records.extend(records)
    return request


def logs_body(*records: LogRecord, **of: str) -> bytes:
    """The same as protobuf."""
    return logs_request(*records, **of).SerializeToString()
