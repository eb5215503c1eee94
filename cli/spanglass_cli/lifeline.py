"""A process that cannot outlive its parent.

`spanglass up` starts each role as ``python -m spanglass_cli.lifeline <role> …`` with a pipe for standard input and
holds the other end. However the parent ends, `kill -9` included, the kernel closes that end, the read below returns
nothing, and the role is asked to finish. This needs no polling and works on Linux and macOS alike.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Final

GRACE_SECONDS: Final = 6.0
"""Time to finish properly once the parent is gone; afterwards the whole process group is killed."""


def hold(descriptor: int, grace_seconds: float = GRACE_SECONDS) -> threading.Thread:
    """Start the watch on ``descriptor`` and return its (daemon) thread."""
    thread = threading.Thread(target=_watch, args=(descriptor, grace_seconds), name="lifeline", daemon=True)
    thread.start()
    return thread


def _watch(descriptor: int, grace_seconds: float) -> None:
    while os.read(descriptor, 1024):
        pass  # the parent never writes; whatever arrives is not the end
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    # The parent made this process the leader of its group. Without that, the group is somebody else's.
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    hold(sys.stdin.fileno())
    from spanglass_cli.main import main  # after the watch: importing takes longer than a parent may live

    main()
