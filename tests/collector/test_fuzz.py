"""Recorded requests, broken in every way, against a collector process: it answers, stays small, and goes on."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from collector.forked import Collector
from collector.payloads import payloads
from collector.serving import PROTOBUF, settings
from collector.wire import as_otlp_json, body_of, model_call, wire_span
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.clickhouse  # for the Store it opens, not for a server
NOWHERE = "http://writer:secret@127.0.0.1:1/spanglass"
MIB = 1024 * 1024
GROWTH_BYTES = 150 * MIB
FORESEEN = {200, 400, 413}
"""What a body can lead to. 415 and 401 are of headers, 429 and 503 of the moment, and 500 of nobody."""

BODIES = [body for each in payloads() if len(body := each.body) < 30_000]
PACK = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}
Edit = tuple[str, float, bytes]

edits: st.SearchStrategy[list[Edit]] = st.lists(
    st.tuples(
        st.sampled_from(["flip", "insert", "overwrite", "cut", "double", "splice"]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=12) | st.sampled_from([b"\xff" * 10, bytes(16), b"\x80" * 9 + b"\x01", b"\x7f"]),
    ),
    min_size=1,
    max_size=6,
)
odd_values = st.sampled_from(
    [None, True, -1, 2**70, 1e400, "", "NaN", "\ud800", [], {}, [[]], [None], {"a": {}}, "9" * 400, {"intValue": {}}]
)


def edited(body: bytes, todo: list[Edit], other: bytes) -> bytes:
    for what, where, data in todo:
        at = int(where * len(body))
        end = at + len(data)
        match what:
            case "flip" if body:
                body = body[:at] + bytes([body[at] ^ (data[0] or 1)]) + body[at + 1 :]
            case "insert":
                body = body[:at] + data + body[at:]
            case "overwrite":
                body = body[:at] + data + body[end:]
            case "cut":
                body = body[:at] if data[0] % 2 else body[:at] + body[end:]
            case "double":
                body = body[:at] + body[at // 2 : at] + body[at:]
            case "splice":
                body = body[:at] + other[int(where * len(other)) :]
    return body


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a JSON value with each of its keys."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    found = [(value, key) for key in keys]
    return found + [place for key in keys for place in places(value[key])]


@pytest.fixture(scope="module")
def json_bodies() -> list[bytes]:
    return [json.dumps(as_otlp_json(ExportTraceServiceRequest.FromString(body))).encode() for body in BODIES]


def test_no_body_is_too_broken_to_be_answered(tmp_path: Path, json_bodies: list[bytes]) -> None:
    seen: Counter[tuple[str, int]] = Counter()
    with Collector(settings(tmp_path, NOWHERE)) as process, httpx.Client(base_url=process.url, timeout=60) as client:
        memory = psutil.Process(process.process.pid).memory_info

        def send(body: bytes, kind: str, **headers: str) -> None:
            named = {"content-type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
            answer = client.post("/v1/traces", content=body, headers=named)
            seen[kind, answer.status_code] += 1
            assert answer.status_code in FORESEEN, answer.content

        for body, text in zip(BODIES, json_bodies, strict=True):  # whole ones, so that what is remembered is there
            send(body, "application/x-protobuf")
            send(text, "application/json")
        before_bytes = memory().rss

        few = examples(max_examples=250, suppress_health_check=[HealthCheck.too_slow], database=None)

        @few
        @given(st.sampled_from(BODIES), edits, st.sampled_from(BODIES))
        def protobuf(body: bytes, todo: list[Edit], other: bytes) -> None:
            send(edited(body, todo, other), "application/x-protobuf")

        @few
        @given(st.sampled_from(json_bodies), edits, st.sampled_from(json_bodies))
        def json_text(body: bytes, todo: list[Edit], other: bytes) -> None:
            send(edited(body, todo, other), "application/json")

        @few
        @given(
            st.sampled_from(json_bodies), st.lists(st.tuples(st.floats(0, 1, exclude_max=True), odd_values), max_size=4)
        )
        def json_values(body: bytes, todo: list[tuple[float, Any]]) -> None:
            document = json.loads(body)
            for where, value in todo:
                if found := places(document):
                    container, key = found[int(where * len(found))]
                    container[key] = deepcopy(value)
            send(json.dumps(document).encode(), "application/json")

        @few
        @given(st.sampled_from(BODIES), edits, st.sampled_from(sorted(PACK)))
        def compressed(body: bytes, todo: list[Edit], encoding: str) -> None:
            packed = PACK[encoding](body)
            send(edited(packed, todo, packed), "application/x-protobuf", content_encoding=encoding)

        for broken in (protobuf, json_text, json_values, compressed):
            broken()
        assert memory().rss - before_bytes < GROWTH_BYTES
        received = client.get("/api/v1/ledger").json()["received"]
        good = client.post("/v1/traces", content=body_of(model_call(), wire_span()), headers=PROTOBUF)
        assert (good.status_code, good.content) == (200, b"")
        ledger = client.get("/api/v1/ledger").json()
        assert ledger["received"] - received == 2
        assert ledger["received"] == sum(ledger[n] for n in ("duplicate", "rejected", "queued", "stored", "set_aside"))
    kinds = {kind for kind, _ in seen}
    assert {(kind, status) for kind in kinds for status in (200, 400)} <= set(seen)  # it was broken, and not always
