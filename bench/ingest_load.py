"""The load of ``bench/ingest.py``, in a process of its own: ``ingest_load.py URL REQUESTS CONNECTIONS SPANS_PER_SECOND``.

Requests of 256 spans of some 1.8 KB: traces of five spans, two of which are model calls with messages, usage and
parameters. A rate of 0 is as fast as the connections go. Ids are new in every request. Each request is told on standard
output once it is answered: its status, a trace of it, when it was sent (seconds since 1970) and how long that took.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue

SPANS = 256
TEMPLATES = 80
MODELS = ("gpt-4o-2024-08-06", "gpt-4o-mini", "claude-3-5-sonnet-20241022", "gemini-1.5-pro", "gpt-4.1")
STEPS = ("handle_question", "retrieve", "chat gpt-4o", "rerank", "chat gpt-4o")
RESOURCE = {
    "service.name": "shop-bot",
    "deployment.environment.name": "prod",
    "telemetry.sdk.language": "python",
    "host.name": "h1",
}
choose = random.Random(7)
WORDS = ["".join(choose.choices("etaoinshrdlu", k=choose.randint(2, 9))) for _ in range(5000)]


def text(characters: int) -> str:
    return " ".join(choose.choices(WORDS, k=max(1, characters // 6)))


def message(role: str, characters: int, **more: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text(characters)}], **more}


def model_call() -> dict[str, Any]:
    model = choose.choice(MODELS)
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": model,
        "gen_ai.usage.input_tokens": choose.randint(100, 3000),
        "gen_ai.usage.output_tokens": choose.randint(10, 600),
        "gen_ai.usage.cache_read.input_tokens": choose.randint(0, 100),
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.max_tokens": 512,
        "gen_ai.response.id": f"chatcmpl-{choose.getrandbits(64):016x}",
        "gen_ai.response.finish_reasons": ["stop"],
        "server.address": "api.openai.com",
        "gen_ai.input.messages": json.dumps([message("system", 300), message("user", 1200)]),
        "gen_ai.output.messages": json.dumps([message("assistant", 800, finish_reason="stop")]),
    }


def step() -> dict[str, Any]:
    return {"input.value": json.dumps({"q": text(200)}), "output.value": json.dumps({"a": text(300)})}


def of_everybody() -> dict[str, Any]:
    return {
        "session.id": f"sess-{choose.randint(0, 10_000)}",
        "user.id": f"u-{choose.randint(0, 2000)}",
        "prompt.version": "v3",
        "tag.env": "prod",
    }


def add(attributes: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        made = attributes.add(key=key).value
        match value:
            case str():
                made.string_value = value
            case int():
                made.int_value = value
            case float():
                made.double_value = value
            case _:
                made.array_value.CopyFrom(ArrayValue(values=[AnyValue(string_value=each) for each in value]))


class Template:
    """A request, and where its ids are."""

    def __init__(self) -> None:
        request = ExportTraceServiceRequest()
        of_resource = request.resource_spans.add()
        add(of_resource.resource.attributes, RESOURCE)
        of_scope = of_resource.scope_spans.add()
        of_scope.scope.name, of_scope.scope.version = "spanglass", "1"
        now_ns = time.time_ns()
        ids: list[bytes] = []
        for at in range(SPANS):
            kind = at % len(STEPS)
            if not kind:
                trace_id, root = os.urandom(16), os.urandom(8)
                ids += (trace_id, root)
            span = of_scope.spans.add(
                name=STEPS[kind], trace_id=trace_id, kind=3 if kind in {2, 4} else 1, start_time_unix_nano=now_ns + 1000 * at
            )  # fmt: skip
            span.end_time_unix_nano = span.start_time_unix_nano + choose.randint(10**7, 3 * 10**9)
            span.span_id = os.urandom(8) if kind else root
            if kind:
                ids.append(span.span_id)
                span.parent_span_id = root
            add(span.attributes, (model_call() if kind in {2, 4} else step()) | of_everybody())
            span.status.code = 1
        self._body = request.SerializeToString()
        self._places = [(len(each), self._found(each)) for each in ids]

    def _found(self, wanted: bytes) -> list[int]:
        found, at = [], self._body.find(wanted)
        while at >= 0:
            found.append(at)
            at = self._body.find(wanted, at + 1)
        return found

    def fresh(self) -> tuple[bytes, str]:
        """The request with new ids, and the first trace's."""
        body = bytearray(self._body)
        for size, places in self._places:
            new = os.urandom(size)
            for at in places:
                body[at : at + size] = new
        first = self._places[0][1][0]
        return bytes(body), body[first : first + 16].hex()


def send(address: Any, templates: list[Template], turns: list[int], start: float, pause_seconds: float) -> None:
    """Send until nothing is left to send; again later whatever is told to come again."""
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    path = address.path.rstrip("/") + "/v1/traces"
    while turns:
        turn = turns.pop()
        body, trace_id = templates[turn % len(templates)].fresh()
        if pause_seconds:
            time.sleep(max(0.0, start + turn * pause_seconds - time.time()))
        status = 0
        while status != 200:
            sent, began = time.time(), time.perf_counter()
            connection.request("POST", path, body, {"content-type": "application/x-protobuf"})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
            took = time.perf_counter() - began
            sys.stdout.write(json.dumps([status, trace_id, sent, took]) + "\n")
            if status in {429, 503}:
                time.sleep(float(answer.headers.get("retry-after") or 1))
    connection.close()


def main() -> None:
    url, requests, connections, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    templates = [Template() for _ in range(TEMPLATES)]
    turns = [*range(requests)][::-1]
    pause_seconds = SPANS / rate if rate else 0.0
    print("ready", flush=True)
    sys.stdin.readline()
    arguments = (urlsplit(url), templates, turns, time.time(), pause_seconds)
    threads = [threading.Thread(target=send, args=arguments) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
