"""The process that becomes the embedded ClickHouse server. Run as a script by ``embedded``, never imported.

    python -I embedded_child.py EXTENSION DATA_PATH PARENT_PID PROTOCOL...

EXTENSION is the engine's library, inside the chdb-core wheel. Its static query reads ``config.xml`` from the working
directory; ``SYSTEM START LISTEN`` opens the ports, and a query that never ends keeps them open. The library is
loaded by its path because ``import chdb`` would open a session of its own first, with this configuration, and pull in
pandas: half a second and 60 MB for nothing. This call is not part of chdb's public interface: the version is pinned.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import select
import signal
import sys
import threading
from importlib.machinery import ExtensionFileLoader
from typing import Any

RTLD_DEEPBIND = 8  # dlfcn.h, glibc only: the library's own allocator must win over libstdc++'s


def load_engine(extension: str) -> Any:
    """The ``_chdb`` extension module. Raises ImportError or OSError where the wheel does not fit this machine."""
    if sys.platform == "linux":
        ctypes.CDLL(extension, mode=sys.getdlopenflags() | RTLD_DEEPBIND)
    loader = ExtensionFileLoader("_chdb", extension)
    spec = importlib.util.spec_from_loader("_chdb", loader)
    if spec is None:
        raise ImportError(extension)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def die_with_parent(parent_pid: int) -> None:
    """Return when the parent is gone, then take this process along: nothing else would end it.

    Standard input is a pipe whose other end only the parent holds. A fork of the parent may hold it too, so the
    parent's id is looked at as well.
    """
    while os.getppid() == parent_pid:
        readable, _, _ = select.select([0], [], [], 1.0)
        if readable and not os.read(0, 1):
            break
    os.kill(os.getpid(), signal.SIGKILL)


def main(extension: str, data_path: str, parent_pid: str, *protocols: str) -> str:
    """Serve until killed. Returns only where the engine could not start or listen: its reason, in one line."""
    threading.Thread(target=die_with_parent, args=(int(parent_pid),), daemon=True).start()
    listen = "".join(f"SYSTEM START LISTEN {protocol};\n" for protocol in protocols)
    wait = "SELECT count() FROM system.numbers WHERE sleepEachRow(3) = 1 SETTINGS max_block_size = 1"
    result = load_engine(extension).query(listen + wait, "CSV", path=data_path)
    return " ".join(str(result.error_message()).partition(", Stack trace")[0].split())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
