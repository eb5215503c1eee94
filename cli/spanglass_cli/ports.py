"""Is a port free? Asked before anything starts, so that a clash is one line and not a log to read."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from spanglass_cli.errors import PortInUse, SettingsRefused


@dataclass(frozen=True, slots=True)
class Port:
    """A port to listen on, what listens there, and the flag that moves it."""

    host: str
    number: int
    purpose: str
    flag: str


def require_free(ports: Iterable[Port]) -> None:
    """Return if every port can be bound now.

    Raises PortInUse for the first one that another process listens on, and SettingsRefused for an address
    this machine does not have, a port that needs more rights, or one number given twice.
    """
    seen: dict[int, Port] = {}
    for port in ports:
        if port.number in seen:
            msg = f"{port.flag} and {seen[port.number].flag} are both {port.number}: give each its own"
            raise SettingsRefused(msg)
        seen[port.number] = port
        _require_free(port)


def _require_free(port: Port) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(port.host, port.number, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        msg = f"--host {port.host}: no such address ({error.strerror})"
        raise SettingsRefused(msg) from error
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: a port in TIME_WAIT after a restart is free, one with a listener is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(port.number, port.purpose, port.flag) from error
            msg = f"cannot listen on {port.host}:{port.number} ({error.strerror})"
            raise SettingsRefused(msg) from error


def is_loopback(host: str) -> bool:
    """True where only this machine can connect: ``localhost``, 127.0.0.0/8, ::1."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def reachable_host(host: str) -> str:
    """The host to connect to for a listener bound to ``host``: a wildcard is reached on loopback, and an
    IPv6 address gets its brackets.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return f"[{address}]" if address.version == 6 else host
