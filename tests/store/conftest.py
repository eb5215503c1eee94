"""What tests of the lists share: one database, filled once. Who writes to it does so in a project of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from store import listed


@pytest.fixture(scope="session")
def lists(clickhouse: EmbeddedClickHouse) -> Iterator[Store]:
    """The data set ``listed`` on the real engine."""
    with Store(clickhouse.url(database=f"t_lists_{secrets.token_hex(6)}")) as store:
        listed.fill(store)
        yield store
        store.execute("DROP DATABASE {name:Identifier} SYNC", {"name": store.database}, use_database=False)
