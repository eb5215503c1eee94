"""One of several processes that receive: ``python -m spanglass_collector.worker FILE``, started by ``workers`` only.

FILE is the number of the listening socket it inherits. Settings come from the environment. Standard input is a pipe
that closes when the process that started it is gone, however it went: then this one ends too.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

from spanglass_collector.app import serve
from spanglass_collector.logs import start_logging
from spanglass_collector.settings import Settings


def main(file: int) -> None:
    """Receive until told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches all; the first process ends us in order
    threading.Thread(target=_watch_parent, name="parent", daemon=True).start()
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    start_logging(settings.log_format)
    with socket.socket(fileno=file) as listener:
        serve(settings, listener, is_worker=True)


def _watch_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass  # nothing is ever sent
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(int(sys.argv[1]))
