"""Real servers on loopback for the tests of the SDK: a collector that keeps what it gets, and a model provider."""

from __future__ import annotations

import base64
import gzip
import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

try:
    from compression import zstd
except ImportError:  # before Python 3.14
    from backports import zstd

Json = dict[str, Any]


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Sink:
    """What a collector received. ``statuses`` are answered first, one a request; then as ``rule`` says: 200."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)  # those that it took
    refused: list[Request] = field(default_factory=list)
    statuses: deque[int] = field(default_factory=deque)
    rule: Callable[[Request], int] = lambda _: 200
    refusal_headers: Json = field(default_factory=dict)
    hangs: threading.Event | None = None  # set: answer; unset: keep the client waiting

    def spans(self) -> list[Json]:
        """Every span that was acknowledged, attributes as a plain dict."""
        found: list[Json] = []
        for request in self._of("/v1/traces"):
            message = ExportTraceServiceRequest.FromString(request.body)
            for resource in message.resource_spans:
                for scope in resource.scope_spans:
                    found += [
                        {
                            "name": span.name,
                            "trace_id": span.trace_id.hex(),
                            "span_id": span.span_id.hex(),
                            "parent_span_id": span.parent_span_id.hex(),
                            "start_ns": span.start_time_unix_nano,
                            "end_ns": span.end_time_unix_nano,
                            "span_kind": span.kind,
                            "status": span.status.code,
                            "status_message": span.status.message,
                            "attributes": plain(span.attributes),
                            "events": [(event.name, plain(event.attributes)) for event in span.events],
                            "resource": plain(resource.resource.attributes),
                            "scope": scope.scope.name,
                        }
                        for span in scope.spans
                    ]
        return found

    def span(self, name: str) -> Json:
        (found,) = [span for span in self.spans() if span["name"] == name]
        return found

    def scores(self) -> list[Json]:
        return [score for request in self._of("/api/v1/scores") for score in json.loads(request.body)]

    def _of(self, path: str) -> list[Request]:
        return [request for request in list(self.requests) if request.path == path]


def plain(attributes: Any) -> Json:
    return {each.key: _value(MessageToDict(each.value, preserving_proto_field_name=True)) for each in attributes}


def _value(told: Json) -> Any:
    match told:
        case {"int_value": number}:
            return int(number)
        case {"array_value": items}:
            return [_value(item) for item in items.get("values", [])]
        case {"kvlist_value": pairs}:
            return {each["key"]: _value(each["value"]) for each in pairs.get("values", [])}
        case {"bytes_value": encoded}:
            return base64.b64decode(encoded)
        case {"string_value": found} | {"bool_value": found} | {"double_value": found}:
            return found
    raise AssertionError(told)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: object) -> None:
        """Quiet."""

    def received(self) -> Request:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        elif headers.get("content-encoding") == "zstd":
            body = zstd.decompress(body)
        return Request(self.path, headers, body)

    def answer(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away before its answer is what some tests are about; anything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(handler: type[_Handler]) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def collecting() -> Iterator[Sink]:
    sink = Sink()

    class Handler(_Handler):
        def do_POST(self) -> None:
            request = self.received()
            if sink.hangs is not None:
                sink.hangs.wait(15)
            status = sink.statuses.popleft() if sink.statuses else sink.rule(request)
            (sink.requests if status == 200 else sink.refused).append(request)
            headers = {} if status == 200 else sink.refusal_headers
            self.answer(status, b"" if request.path == "/v1/traces" else b'{"ids": []}', **headers)

    with serving(Handler) as sink.url:
        try:
            yield sink
        finally:
            if sink.hangs is not None:
                sink.hangs.set()


COMPLETION: Json = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1760000000,
    "model": "gpt-4o-mini-2024-07-18",
    "system_fingerprint": "fp_1",
    "service_tier": "default",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "logprobs": None,
            "message": {"role": "assistant", "content": "Blue.", "refusal": None, "annotations": []},
        }
    ],
    "usage": {
        "prompt_tokens": 120,
        "completion_tokens": 45,
        "total_tokens": 165,
        "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 0},
    },
}


def chunk(delta: Json, finish_reason: str | None = None, **more: Any) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return {**_CHUNK, "choices": [choice], **more}


_CHUNK: Json = {
    "id": "chatcmpl-2",
    "object": "chat.completion.chunk",
    "created": 1760000000,
    "model": "gpt-4o-mini-2024-07-18",
    "system_fingerprint": "fp_2",
    "service_tier": "default",
    "usage": None,
}
USAGE_CHUNK: Json = {**_CHUNK, "choices": [], "usage": COMPLETION["usage"]}
CHUNKS: list[Json] = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Bl"}),
    chunk({"content": "ue."}),
    chunk({}, "stop"),
]


@dataclass
class Provider:
    """A server that speaks OpenAI's protocol. ``replies`` are given in turn, after them a standard answer.

    A reply is a body, or a status and a body, or a list of chunks. A stream tells its usage only when asked.
    """

    url: str = ""
    requests: list[Json] = field(default_factory=list)
    replies: deque[Any] = field(default_factory=deque)

    def reply_to(self, body: Json) -> tuple[int, Any]:
        self.requests.append(body)
        standard = CHUNKS if body.get("stream") else COMPLETION
        reply = self.replies.popleft() if self.replies else standard
        status, content = reply if isinstance(reply, tuple) else (200, reply)
        if isinstance(content, list) and (body.get("stream_options") or {}).get("include_usage"):
            content = [*content, USAGE_CHUNK]
        return status, content


@contextmanager
def providing() -> Iterator[Provider]:
    provider = Provider()

    class Handler(_Handler):
        def do_POST(self) -> None:
            status, content = provider.reply_to(json.loads(self.received().body))
            if not isinstance(content, list):
                self.answer(status, json.dumps(content).encode())
                return
            events = [f"data: {json.dumps(each)}\n\n" for each in content] + ["data: [DONE]\n\n"]
            self.answer(status, "".join(events).encode(), "text/event-stream")

    with serving(Handler) as provider.url:
        yield provider
