"""Collectors for the applications: one that wants keys, one that does not, on one database."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from collector.forked import Collector
from collector.serving import settings
from command import spanglass
from dropin.recording import Recorded, record
from dropin.vendors import VENDORS, Address
from ports import free_port

from spanglass_store.connection import Store
from spanglass_store.embedded import EmbeddedClickHouse
from spanglass_store.migrate import migrate


@pytest.fixture(scope="session")
def database(clickhouse: EmbeddedClickHouse) -> str:
    """The address of a database with tables."""
    url = clickhouse.url(database="dropin")
    with Store(url) as store:
        migrate(store)
    return url


@dataclass(frozen=True)
class Guarded:
    """A collector that wants keys, as an application and as a reader know it."""

    address: Address
    read_key: str


@pytest.fixture(scope="session")
def guarded(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    told = settings(tmp_path_factory.mktemp("guarded"), database, grpc_port=free_port(), require_keys=True)
    keys = {scope: created(scope, database) for scope in ("ingest", "read")}
    with Collector(told) as collector:
        yield Guarded(Address(collector.url, told.grpc_port, keys["ingest"]), keys["read"])


def created(scope: str, database: str) -> str:
    made = spanglass("keys", "create", scope, "--scope", scope, "--project", "shop", SPANGLASS_CLICKHOUSE_URL=database)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture(scope="session")
def unguarded(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Collector(settings(tmp_path_factory.mktemp("unguarded"), database)) as collector:
        yield collector.url


@pytest.fixture(scope="session")
def recorded(guarded: Guarded) -> Callable[[str], Recorded]:
    """What the collector knows of a vendor's application, which is run once."""
    may = {"authorization": f"Bearer {guarded.read_key}"}

    @functools.cache
    def of(name: str) -> Recorded:
        with httpx.Client(base_url=guarded.address.url, headers=may, timeout=60) as client:
            return record(VENDORS[name], guarded.address, client)

    return of
