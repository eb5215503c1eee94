"""Rotel, the fastest collector we know that writes to ClickHouse: installed from PyPI, into the OpenTelemetry exporter's
table, with the settings it has by default (https://github.com/streamfold/rotel).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse

VERSION = "0.0.1a15"
HOME = Path(sys.prefix) / "peers" / f"rotel-{VERSION}"
DATABASE = "otel"
LOW, MAP = "LowCardinality(String)", "Map(LowCardinality(String), String)"
COLUMNS = {
    "Timestamp": "DateTime64(9) CODEC(Delta, ZSTD(1))",
    "TraceId": "String CODEC(ZSTD(1))",
    "SpanId": "String CODEC(ZSTD(1))",
    "ParentSpanId": "String CODEC(ZSTD(1))",
    "TraceState": "String CODEC(ZSTD(1))",
    "SpanName": f"{LOW} CODEC(ZSTD(1))",
    "SpanKind": f"{LOW} CODEC(ZSTD(1))",
    "ServiceName": f"{LOW} CODEC(ZSTD(1))",
    "ResourceAttributes": f"{MAP} CODEC(ZSTD(1))",
    "ScopeName": "String CODEC(ZSTD(1))",
    "ScopeVersion": "String CODEC(ZSTD(1))",
    "SpanAttributes": f"{MAP} CODEC(ZSTD(1))",
    "Duration": "UInt64 CODEC(ZSTD(1))",
    "StatusCode": f"{LOW} CODEC(ZSTD(1))",
    "StatusMessage": "String CODEC(ZSTD(1))",
    "Events": f"Nested(Timestamp DateTime64(9), Name {LOW}, Attributes {MAP}) CODEC(ZSTD(1))",
    "Links": f"Nested(TraceId String, SpanId String, TraceState String, Attributes {MAP}) CODEC(ZSTD(1))",
}
"""The table of the OpenTelemetry ClickHouse exporter."""
INDEXES = {
    "idx_trace_id": ("TraceId", "bloom_filter(0.001)"),
    "idx_res_attr_key": ("mapKeys(ResourceAttributes)", "bloom_filter(0.01)"),
    "idx_res_attr_value": ("mapValues(ResourceAttributes)", "bloom_filter(0.01)"),
    "idx_span_attr_key": ("mapKeys(SpanAttributes)", "bloom_filter(0.01)"),
    "idx_span_attr_value": ("mapValues(SpanAttributes)", "bloom_filter(0.01)"),
    "idx_duration": ("Duration", "minmax"),
}


def create_tables(store: Store) -> None:
    """The exporter's table of spans, and its table of where traces begin and end, which a view fills."""
    fields = [f"{name} {type_}" for name, type_ in COLUMNS.items()]
    fields += [f"INDEX {name} {of} TYPE {type_} GRANULARITY 1" for name, (of, type_) in INDEXES.items()]
    time_codec = "DateTime64(9) CODEC(Delta, ZSTD(1))"
    for statement in (
        f"CREATE DATABASE {DATABASE}",
        (
            f"CREATE TABLE {DATABASE}.otel_traces ({', '.join(fields)}) ENGINE = MergeTree PARTITION BY toDate(Timestamp)"
            " ORDER BY (ServiceName, SpanName, Timestamp) SETTINGS ttl_only_drop_parts = 1"
        ),
        (
            f"CREATE TABLE {DATABASE}.otel_traces_trace_id_ts (TraceId String CODEC(ZSTD(1)), Start {time_codec},"
            f" End {time_codec}, INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1)"
            " ENGINE = MergeTree PARTITION BY toDate(Start) ORDER BY (TraceId, Start)"
        ),
        (
            f"CREATE MATERIALIZED VIEW {DATABASE}.otel_traces_trace_id_ts_mv TO {DATABASE}.otel_traces_trace_id_ts"
            f" AS SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End FROM {DATABASE}.otel_traces"
            " WHERE TraceId != '' GROUP BY TraceId"
        ),
    ):
        store.execute(statement, use_database=False)


def installed() -> Path:
    """The program, installed on first use into a folder of its own."""
    if not HOME.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", HOME], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", HOME / "bin" / "python", f"rotel=={VERSION}"], check=True
        )
    return next(HOME.rglob("rotel-agent"))


@contextmanager
def rotel(server: EmbeddedClickHouse, port: int, grpc_port: int) -> Iterator[tuple[str, int]]:
    """Its address and its process id, while it runs. Raises RuntimeError if it does not start."""
    passwords = server.home.passwords()
    command = [
        str(installed()), "start",
        "--otlp-http-endpoint", f"127.0.0.1:{port}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc_port}",
        "--exporter", "clickhouse",
        "--clickhouse-exporter-endpoint", f"http://127.0.0.1:{server.http_port}",
        "--clickhouse-exporter-database", DATABASE,
        "--clickhouse-exporter-user", "writer", "--clickhouse-exporter-password", passwords["writer"],
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ) as process:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.kill()


def wait_for(port: int, seconds: float = 10) -> None:
    """Return once somebody listens there. Raises RuntimeError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    msg = f"nobody listens at port {port}"
    raise RuntimeError(msg)
