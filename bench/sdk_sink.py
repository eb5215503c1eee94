"""A collector that throws away what it gets, in a process of its own so that its CPU time is nobody's.

``sdk_sink.py STATUS DELAY_SECONDS``: what it answers, and how long after the request; status 0 never answers.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
STATUS, DELAY_SECONDS = (int(sys.argv[1]), float(sys.argv[2])) if __name__ == "__main__" else (200, 0.0)
ANSWER = b"HTTP/1.1 %d -\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n" % STATUS


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            if length:
                await reader.readexactly(int(length[1]))
            if DELAY_SECONDS:
                await asyncio.sleep(DELAY_SECONDS)
            if STATUS:
                writer.write(ANSWER)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def sink(status: int = 200, delay_seconds: float = 0.0) -> Iterator[str]:
    """Its address, while it runs."""
    command = [sys.executable, __file__, str(status), str(delay_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(main())
