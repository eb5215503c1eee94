"""What the command line says when it cannot go on. Nothing here is worth retrying by itself.

CommandError             one sentence for a person, exit code 1
├── PortInUse            names the port and the flag that moves it
├── DataDirBusy          another `spanglass up` owns the folder
├── SettingsRefused      an option or variable has a value no room accepts
└── ServiceFailed        a service ended or never became ready; carries the last lines of its log
"""

from __future__ import annotations

from collections.abc import Sequence


class CommandError(Exception):
    """One sentence that tells a person what is wrong and what to do."""


class PortInUse(CommandError):
    """Somebody else listens on the port."""

    def __init__(self, port: int, purpose: str, flag: str) -> None:
        super().__init__(f"port {port} ({purpose}) is already in use: free it, or choose another with {flag}")
        self.port = port
        self.flag = flag


class DataDirBusy(CommandError):
    """The data folder belongs to a running `spanglass up`."""


class SettingsRefused(CommandError):
    """An option or environment variable cannot be used as it is."""


class ServiceFailed(CommandError):
    """A service did not come up. ``log_tail`` holds the last lines it wrote, oldest first."""

    def __init__(self, sentence: str, log_tail: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.log_tail = tuple(log_tail)

    def __str__(self) -> str:
        return "\n".join([self.args[0], *(f"    {line}" for line in self.log_tail)])
