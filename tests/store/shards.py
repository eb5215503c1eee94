"""A cluster of two embedded engines: two shards called ``two``, without Keeper, of one replica each."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from ports import free_port

from spanglass_store import embedded_config
from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse

SHARD = "<shard><replica><host>127.0.0.1</host><port>{}</port></replica></shard>"


@dataclass(frozen=True, slots=True)
class Shards:
    """Each shard is a server, with a store of its own."""

    servers: Sequence[EmbeddedClickHouse]
    stores: Sequence[Store]


@contextlib.contextmanager
def two_shards(folders: Sequence[Path]) -> Iterator[Shards]:
    """Both, running, in a folder each."""
    ports = [(free_port(), free_port()) for _ in folders]
    members = "".join(SHARD.format(tcp) for _, tcp in ports)
    sections = {"remote_servers": f"<two><secret>{secrets.token_hex(16)}</secret>{members}</two>"}
    servers = [
        EmbeddedClickHouse(folder, http_port=http, tcp_port=tcp, sections=sections)
        for folder, (http, tcp) in zip(folders, ports, strict=True)
    ]
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded_config, "WRITER_GRANTS", (*embedded_config.WRITER_GRANTS, "READ ON REMOTE"))
        for server in servers:
            stack.callback(server.stop)
            server.start()
        for server in servers:
            server.wait_ready()
        yield Shards(servers, [stack.enter_context(Store(server.url())) for server in servers])
