"""A provider on loopback that answers what a test has written down, in the framing of any protocol."""

from __future__ import annotations

import json
import struct
from binascii import crc32
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sdk.servers import Json, Request, _Handler, serving


@dataclass(frozen=True)
class Reply:
    """One answer. ``cut``: the connection ends before the body does."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class Scripted:
    """``replies`` are given in turn, and the last one again and again."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)

    def bodies(self) -> list[Json]:
        return [json.loads(request.body) for request in self.requests]

    def next_reply(self) -> Reply:
        return self.replies.popleft() if len(self.replies) > 1 else self.replies[0]


@contextmanager
def scripted(*replies: Reply) -> Iterator[Scripted]:
    script = Scripted(replies=deque(replies))

    class Handler(_Handler):
        def do_POST(self) -> None:  # noqa: N802  http.server finds it by this name
            script.requests.append(self.received())
            reply = script.next_reply()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-type", reply.content_type)
            self.send_header("content-length", str(len(reply.body) + reply.cut))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.cut

    with serving(Handler) as script.url:
        yield script


def answer(body: Any, status: int = 200, **headers: str) -> Reply:
    """JSON."""
    return Reply(json.dumps(body).encode(), status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def event_stream(events: Iterable[Json], *, cut: bool = False, **headers: str) -> Reply:
    """Server-sent events, each named by its ``type``."""
    body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    return Reply(body.encode(), content_type="text/event-stream", headers=named, cut=cut)


def aws_event_stream(events: Iterable[tuple[str, Json]], *, cut: bool = False, **headers: str) -> Reply:
    """AWS's binary framing (application/vnd.amazon.eventstream); names that end in Exception are errors."""
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    body = b"".join(aws_message(name, event) for name, event in events)
    return Reply(body, content_type="application/vnd.amazon.eventstream", headers=named, cut=cut)


def aws_message(name: str, event: Json) -> bytes:
    """Prelude (two lengths and their CRC), headers (name, type 7, text), payload, CRC of everything before it."""
    failed = name.endswith("Exception")
    told = {
        ":exception-type" if failed else ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "exception" if failed else "event",
    }
    headers = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in told.items()
    )
    payload = json.dumps(event).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return message + struct.pack(">I", crc32(message))
