"""The one door to ClickHouse: over HTTP, whether the server is our own child, a container or a cluster.

Foreign errors are mapped to this room's errors here and nowhere else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final, Self, cast
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import urllib3
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from clickhouse_connect.driver.external import ExternalData
from clickhouse_connect.driver.query import QueryResult

from spanglass_store.errors import (
    REJECTED_CODES,
    TOO_EXPENSIVE,
    QueryTooExpensive,
    StoreError,
    StoreRejected,
    StoreUnavailable,
)
from spanglass_store.limits import BULK, Limits, allowed, within
from spanglass_store.native import Block
from spanglass_store.pieces import Pieces
from spanglass_store.query import Query
from spanglass_store.server_settings import QUERY_SETTINGS, of_insert
from spanglass_store.sheet import Sheet
from spanglass_store.tables_sent import tables_of

if TYPE_CHECKING:
    import pandas as pd  # half a second and 60 MB that only pages need

DEFAULT_DATABASE: Final = "spanglass"

# Both log each failed attempt (the driver with a traceback) before raising what is mapped below: say it once.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

MAX_MESSAGE: Final = 400  # characters of a server's message that are worth repeating
SERVER_LIMITS: Final = f"SELECT name, value, max FROM system.settings WHERE name IN {tuple(Limits().settings())}"


class Store:
    """A lazy, thread-safe connection. Opening does no I/O; the first use does."""

    def __init__(self, url: str, *, insert_settings: Mapping[str, Any] | None = None) -> None:
        self._insert_settings = insert_settings or {}
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = "a ClickHouse URL looks like http://user:password@host:8123/database"
            raise StoreError(msg)
        self.host = parts.hostname
        self.secure = parts.scheme == "https"
        self.port = parts.port or (8443 if self.secure else 8123)
        self.database = parts.path.strip("/") or DEFAULT_DATABASE
        self._user = unquote(parts.username or "default")
        self._password = unquote(parts.password or "")
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._allowed: Mapping[str, float] = {}
        self._pool: urllib3.PoolManager | None = None

    @classmethod
    def open(cls, url: str, *, insert_settings: Mapping[str, Any] | None = None) -> Self:
        """A store at ``http(s)://user:password@host:port/database``, whose inserts have these settings of ClickHouse too.

        Raises StoreError for a URL of another form.
        """
        return cls(url, insert_settings=insert_settings)

    def __repr__(self) -> str:
        """The address, without the secret."""
        return f"Store({self.host}:{self.port}/{self.database})"

    def __enter__(self) -> Self:
        """The store itself; closed on leaving."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def fetch(self, query: Query) -> pd.DataFrame:
        """The rows of ``query``; without rows, a frame that still has its columns. ``attrs["cut"]`` says whether there
        are more than its ``row_limit``.

        Raises StoreUnavailable, QueryTooExpensive or StoreRejected, naming the query.
        """
        with self._mapped(query.name, expensive=QueryTooExpensive):
            client = self._connected()
            table = client.query_arrow(
                query.sql,
                parameters=_bound(query),
                settings={**self._settings(query.limits), "database": self.database},
                use_strings=True,
                external_data=self._sent(client, query),
            )
        frame: pd.DataFrame = table.slice(0, query.row_limit).to_pandas()
        frame.attrs["cut"] = table.num_rows > len(frame)
        return frame

    def fetch_rows(self, query: Query) -> Rows:
        """The rows of ``query`` as dictionaries. Raises as ``fetch`` does."""
        with self._mapped(query.name, expensive=QueryTooExpensive):
            client = self._connected()
            result = client.query(
                query.sql,
                parameters=_bound(query),
                settings=self._settings(query.limits),
                external_data=self._sent(client, query),
            )
            return Rows(result.named_results(), query.row_limit)

    def sheets(self, query: Query, *, timeout_seconds: float = 3600.0) -> Iterator[Sheet]:
        """The rows of ``query`` as they come, some ten thousand at a time, column by column: for more of them than there
        is memory. The server gives up after ``timeout_seconds``. Raises as ``fetch`` does, in the middle too.
        """
        with self._mapped(query.name, expensive=QueryTooExpensive):
            client = self._connected()
            settings = self._settings(replace(BULK, seconds=timeout_seconds))
            blocks = client.query_column_block_stream(
                query.sql, parameters=_bound(query), settings=settings, external_data=self._sent(client, query)
            )
            with blocks:
                names = cast("QueryResult", blocks.source).column_names
                for block in blocks:
                    yield Sheet(len(block[0]), dict(zip(names, block, strict=True)))

    def raw(self, query: Query, *, form: str, settings: Mapping[str, Any] | None = None) -> bytes:
        """The rows of ``query`` as the server writes them in its format ``form``, all or an error. ``settings`` take the
        place of what a query is sent with. Raises as ``fetch`` does.
        """
        with self._mapped(query.name, expensive=QueryTooExpensive):
            client = self._connected()
            return client.raw_query(
                query.sql,
                parameters=_bound(query),
                settings=self._settings(query.limits) if settings is None else dict(settings),
                fmt=form,
                external_data=self._sent(client, query),
            )

    def chunks(self, query: Query, *, form: str, timeout_seconds: float = 3600.0) -> Generator[bytes, None, None]:
        """What the server writes of the rows of ``query`` in its format ``form``, as it comes: for more than there is
        memory. The server gives up after ``timeout_seconds``. Raises as ``fetch`` does, in the middle too.
        """
        with self._mapped(query.name, expensive=QueryTooExpensive):
            client = self._connected()
            settings = self._settings(replace(BULK, seconds=timeout_seconds))
            stream = client.raw_stream(query.sql, parameters=_bound(query), settings=settings, fmt=form)
            with cast("IO[bytes]", stream) as file:
                while chunk := file.read(1024 * 1024):
                    yield chunk

    def insert(self, block: Block, *, token: str, timeout_seconds: float | None = None) -> None:
        """All rows of ``block`` in one insert, stored once however often it is repeated with the same ``token``.

        The server gives up after ``timeout_seconds``: what is not stored by then will not be.
        Raises StoreRejected where these rows will never be accepted, StoreUnavailable for anything else.
        """
        if not block.rows:
            return
        body = cast("Any", block.body)  # any buffer can be sent, and any iterable
        headers = {"Content-Length": str(len(body))} if isinstance(body, Pieces) else None
        settings = {**self._insert_settings, **of_insert(token, timeout_seconds)}
        with self._mapped(f"insert into {block.table}", expensive=StoreUnavailable):
            table = f"`{block.table}`"
            self._connected().raw_insert(
                table, insert_block=body, settings=settings, fmt="Native", transport_settings=headers
            )

    def insert_from(self, query: Query, *, token: str, timeout_seconds: float | None = None) -> None:
        """Carry out an ``INSERT … SELECT``, as ``insert`` does with a block. Raises StoreUnavailable, StoreRejected."""
        with self._mapped(query.name, expensive=StoreUnavailable):
            client = self._connected()
            settings = {**self._insert_settings, **of_insert(token, timeout_seconds)}
            client.command(query.sql, _bound(query), settings=settings, external_data=self._sent(client, query))

    def execute(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        use_database: bool = True,
    ) -> None:
        """Run a statement that returns nothing. Raises as ``fetch`` does.

        ``use_database=False`` runs it outside any database: how the database itself is created.
        """
        with self._mapped(sql.split("(", maxsplit=1)[0].strip()[:60], expensive=QueryTooExpensive):
            bound = _as_lists((params or {}).items())
            self._connected().command(sql, parameters=bound, settings=dict(settings or {}), use_database=use_database)

    def ping(self) -> str:
        """The server's version. Raises StoreUnavailable when it does not answer, StoreRejected when it refuses."""
        with self._mapped("ping", expensive=StoreUnavailable):
            return str(self._connected().command("SELECT version()", use_database=False))

    def close(self) -> None:
        """Close every connection; the store can be used again afterwards."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            if self._pool is not None:
                self._pool.clear()
            self._client = self._pool = None

    def _connected(self) -> Client:
        """The client, made on first use, outside any database: the one in the URL may not exist yet."""
        with self._lock:
            if self._client is None:
                self._pool = clickhouse_connect.driver.httputil.get_pool_manager(maxsize=16, num_pools=2)
                client = clickhouse_connect.get_client(
                    host=self.host,
                    port=self.port,
                    username=self._user,
                    password=self._password,
                    secure=self.secure,
                    connect_timeout=5,
                    send_receive_timeout=120,
                    autogenerate_session_id=False,
                    compress=self.host not in {"127.0.0.1", "localhost", "::1"},
                    pool_mgr=self._pool,
                    client_name="spanglass",
                    query_retries=1,
                    tz_mode="aware",
                )
                self._allowed = allowed(client.query(SERVER_LIMITS).result_rows)
                client.database = self.database
                self._client = client
            return self._client

    def _sent(self, client: Client, query: Query) -> ExternalData | None:
        """The tables that travel with ``query``. Only once connected."""

        def ask(before: Query, sent: ExternalData | None) -> Sequence[Sequence[Any]]:
            settings = self._settings(before.limits)
            found = client.query(before.sql, parameters=_bound(before), settings=settings, external_data=sent)
            return found.result_columns

        return tables_of(query, ask)

    def _settings(self, limits: Limits) -> dict[str, Any]:
        """What a read is sent with. Only once connected: the limits are those that this server allows."""
        return {**QUERY_SETTINGS, **within(limits, self._allowed)}

    @contextmanager
    def _mapped(self, doing: str, *, expensive: type[StoreError]) -> Iterator[None]:
        """Turn what the driver raises into this room's errors. Without a server's code nobody has answered."""
        try:
            yield
        except ClickHouseError as error:
            code = getattr(error, "code", None)
            if code is None and isinstance(error, OperationalError):
                raise StoreUnavailable(self._no_answer(doing)) from error
            if limit := TOO_EXPENSIVE.get(code or 0):
                message = f"{doing}: {limit} A shorter window or more filters can succeed."
                raise expensive(message) from error
            message = f"{doing}: {str(error)[:MAX_MESSAGE]}"
            raise (StoreRejected if code in REJECTED_CODES else StoreUnavailable)(message) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise StoreUnavailable(self._no_answer(doing)) from error

    def _no_answer(self, doing: str) -> str:
        return f"{doing}: ClickHouse at {self.host}:{self.port} does not answer"


class Rows(list[dict[str, Any]]):
    """Rows as dictionaries, at most ``row_limit``; ``cut`` says that there were more."""

    def __init__(self, rows: Iterable[dict[str, Any]], row_limit: int | None = None) -> None:
        left = iter(rows)
        super().__init__(islice(left, row_limit))
        self.cut = next(left, None) is not None


def _bound(query: Query) -> dict[str, Any]:
    return _as_lists(query.params)


def _as_lists(params: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in params}
