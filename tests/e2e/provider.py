"""A model provider that answers what is known: prices can then be worked out by hand."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

ANSWER: Final = "Your parcel left Lyon this morning."
FIRST_USAGE: Final = {"prompt_tokens": 120_000, "completion_tokens": 50_000, "total_tokens": 170_000}
STREAM_USAGE: Final = {"prompt_tokens": 8_000, "completion_tokens": 4_000, "total_tokens": 12_000}
SERVED: Final = "gpt-4o-2024-08-06"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if body.get("stream"):
            self._stream(body)
        else:
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}
            self._send(
                json.dumps({**_head("chat.completion"), "choices": [choice], "usage": FIRST_USAGE}), "application/json"
            )

    def _stream(self, body: dict[str, Any]) -> None:
        words = [{"content": word} for word in re.findall(r"\S+\s*", ANSWER)]
        chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in words]
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if body.get("stream_options", {}).get("include_usage"):
            chunks.append({"choices": [], "usage": STREAM_USAGE})
        lines = [f"data: {json.dumps({**_head('chat.completion.chunk'), **chunk})}\n\n" for chunk in chunks]
        self._send("".join([*lines, "data: [DONE]\n\n"]), "text/event-stream")

    def _send(self, text: str, content_type: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _head(object_: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": object_, "created": 1, "model": SERVED, "system_fingerprint": "fp_1"}


@contextmanager
def provider() -> Iterator[str]:
    """The base URL of a running provider."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()
