"""SQL written by others, for reading: as a ClickHouse user of its own, in one project, within limits.

Three things hold, none of them the text of the query:

- the user may SELECT from three tables, and row policies show it the rows of the project that stands in the setting
  ``log_comment``; ``readonly = 1`` travels with it, so the query can change neither this nor a limit;
- the server is asked each time whether without a project it shows nothing: policies that are missing are noticed;
- what is called is held against a list (``sql_words``).

For a server of your own the user is made by the statements in ``deploy/clickhouse/analyst.sql``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any, Final

import orjson

from spanglass_store.connection import Store
from spanglass_store.errors import QueryTooExpensive, StoreRejected, StoreUnavailable
from spanglass_store.query import Query
from spanglass_store.sql_words import Names, names_from_rows, refusal

AGAIN_LATER_CODES: Final = frozenset({201, 202, 203, 209, 210, 236, 242, 279, 319, 394, 425, 999})
"""ClickHouse error codes that are not the query's fault. Any other is: it was written by a person."""

FORM: Final = Query(
    "form of a query",
    """SELECT formatQuery({sql:String}) AS text, (SELECT count() FROM (
    SELECT 1 FROM spans LIMIT 1 UNION ALL SELECT 1 FROM scores LIMIT 1 UNION ALL SELECT 1 FROM span_details LIMIT 1
    )) AS seen""",
)
"""Asked without a project. Columns: text, seen (tables of which a row is shown: must be 0)."""

FUNCTIONS: Final = Query(
    "functions", "SELECT name, alias_to, categories, toString(origin) AS origin FROM system.functions"
)
TABLE_FUNCTIONS: Final = Query("table functions", "SELECT name FROM system.table_functions")

_SERVER_SAID: Final = re.compile(r"DB::Exception: (.*?)(?: \(version [^)]*\).*)?$", re.DOTALL)


class Analyst:
    """``url`` is that of the ClickHouse user for SQL. Thread-safe; opening does no I/O."""

    def __init__(self, url: str) -> None:
        self.store = Store.open(url)
        self._lock = threading.Lock()
        self._names: Names | None = None

    def answer(self, project: str, sql: str, parameters: Mapping[str, Any], *, form: str) -> bytes:
        """The rows of ``sql`` in ``project`` in ClickHouse's format ``form``. ``parameters`` are bound to ``{name:Type}``.

        Raises StoreRejected with a sentence for what is not allowed or not understood, QueryTooExpensive,
        StoreUnavailable.
        """
        try:
            text = self._harmless(sql, parameters)
            asked = Query("your query", text, tuple(parameters.items()))
            return self.store.raw(asked, form=form, settings={"log_comment": project, "readonly": 1})
        except QueryTooExpensive as error:
            raise QueryTooExpensive(_said(error)) from error
        except (StoreUnavailable, StoreRejected) as error:
            code = getattr(error.__cause__, "code", None)  # None: said by us, or by nobody
            if code is None or code in AGAIN_LATER_CODES:
                raise
            raise StoreRejected(_said(error)) from error

    def close(self) -> None:
        """Close its connections."""
        self.store.close()

    def _harmless(self, sql: str, parameters: Mapping[str, Any]) -> str:
        """The query as the server writes it: what was looked at is what is run."""
        (row,) = self._rows(Query(FORM.name, FORM.sql, (("sql", sql),)))
        if row["seen"]:
            msg = (
                "The ClickHouse user for SQL sees rows without a project: its row policies are missing. Nothing is run."
            )
            raise StoreRejected(msg)
        if reason := refusal(row["text"], self._known(), parameters):
            raise StoreRejected(reason)
        return str(row["text"])

    def _known(self) -> Names:
        with self._lock:
            if self._names is None:
                tables = [row["name"] for row in self._rows(TABLE_FUNCTIONS)]
                self._names = names_from_rows(self._rows(FUNCTIONS), tables)
            return self._names

    def _rows(self, query: Query) -> list[dict[str, Any]]:
        """Rows of a query of ours, asked in no project."""
        lines = self.store.raw(query, form="JSONEachRow", settings={"log_comment": "", "readonly": 1})
        return [orjson.loads(line) for line in lines.splitlines()]


def _said(error: Exception) -> str:
    """What the server said, without where it was asked."""
    found = _SERVER_SAID.search(str(error.__cause__))
    return (found[1] if found else str(error)).partition(": In scope ")[0].strip()[:600]
