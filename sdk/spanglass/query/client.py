"""The client: what is stored, as pandas frames or as documents."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypedDict, Unpack

from spanglass.query.asking import ARROW, Collector
from spanglass.query.frames import frame_from_tables, table_from_stream
from spanglass.query.times import Length, Moment, moment_ns, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pandas as pd
    import pyarrow as pa

PAGE_ROWS: Final = 1000
"""How many rows are asked for at a time, so many as the collector gives."""
Values: TypeAlias = "str | Iterable[str]"


class Narrowed(TypedDict, total=False):
    """Which spans, scores or traces: a window, and what they have. Of a list of values any; all fields must hold.

    ``start`` and ``end``: see ``times.Moment`` (default: the last 24 hours). ``search``: words in the text, or an id.
    ``excluded``: fields and values they must not have. ``attributes``: keys and values; ``metadata.plan`` is of the
    metadata, ``resource.host.name`` of the resource.
    """

    start: Moment
    end: Moment
    search: str
    excluded: Mapping[str, Values]
    attributes: Mapping[str, Values]
    service: Values
    environment: Values
    release: Values
    name: Values
    kind: Values
    status: Values
    provider: Values
    model: Values
    request_model: Values
    response_model: Values
    user_id: Values
    session_id: Values
    prompt_name: Values
    prompt_version: Values
    tag: Values
    error_type: Values
    score_name: Values


WINDOW: Final = ("start", "end", "search", "excluded", "attributes")
DEFAULT_START: Final = "24h"


class Client:
    """A collector to ask. Without arguments: that of ``SPANGLASS_ENDPOINT``, ``_API_KEY`` and ``_PROJECT``.

    Frames have UTC times and money as floats; ``exact_money=True`` keeps decimals. Everything raises QueryError.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        api_key: str | None = None,
        *,
        project: str | None = None,
        timeout_seconds: float = 60.0,
        exact_money: bool = False,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._collector = Collector(endpoint, api_key, project, timeout_seconds=timeout_seconds)
        self._exact_money = exact_money
        self._clock = clock

    def traces(
        self, *, limit: int | None = PAGE_ROWS, order: str = "newest", **narrowed: Unpack[Narrowed]
    ) -> pd.DataFrame:
        """One row a trace, newest first, or by ``order``: ``oldest``, ``duration``, ``cost``, ``tokens``, ``errors``.
        ``limit=None`` for all. Columns: docs/api.md.
        """
        return self._listed("traces", limit, _params(narrowed, self._clock(), order=order))

    def spans(
        self, *, limit: int | None = PAGE_ROWS, order: str = "newest", **narrowed: Unpack[Narrowed]
    ) -> pd.DataFrame:
        """One row a span, newest first, or by ``order``: ``oldest``, ``duration``, ``cost``, ``tokens``. The columns are
        those of docs/reference/columns.md, ids in hex.
        """
        return self._listed("spans", limit, _params(narrowed, self._clock(), order=order))

    def sessions(
        self, *, limit: int | None = PAGE_ROWS, order: str = "newest", **narrowed: Unpack[Narrowed]
    ) -> pd.DataFrame:
        """One row a session, the latest first, or by ``order``: ``oldest``, ``traces``, ``cost``, ``tokens``, ``errors``."""
        return self._listed("sessions", limit, _params(narrowed, self._clock(), order=order))

    def users(
        self, *, limit: int | None = PAGE_ROWS, order: str = "newest", **narrowed: Unpack[Narrowed]
    ) -> pd.DataFrame:
        """One row a user, the latest first, or by ``order`` as ``sessions``."""
        return self._listed("users", limit, _params(narrowed, self._clock(), order=order))

    def scores(self, *, limit: int | None = PAGE_ROWS, **narrowed: Unpack[Narrowed]) -> pd.DataFrame:
        """One row a score, newest first."""
        return self._listed("scores", limit, _params(narrowed, self._clock()))

    def documents(
        self, what: str, *, limit: int | None = PAGE_ROWS, **narrowed: Unpack[Narrowed]
    ) -> Iterator[dict[str, Any]]:
        """``traces``, ``spans``, ``sessions``, ``users`` or ``scores`` as the JSON documents of the API, one after the
        other: needs neither pandas nor pyarrow. A page is asked for when it is reached.
        """
        params = _params(narrowed, self._clock())
        left = limit
        while left is None or left > 0:
            body, _ = self._collector.get(what, _paged(params, left))
            told = json.loads(body)
            yield from told[what]
            left = None if left is None else left - len(told[what])
            if not told.get("next_cursor"):
                return
            params = {**params, "cursor": [told["next_cursor"]]}

    def trace(self, trace_id: str) -> dict[str, Any]:
        """One trace: its spans, scores and totals, as the API writes them."""
        found: dict[str, Any] = json.loads(self._collector.get(f"traces/{trace_id}", {})[0])
        return found

    def attribution(self, **narrowed: Unpack[Narrowed]) -> dict[str, Any]:
        """What changed the cost since the window of the same length before: ``before_usd``, ``after_usd``, ``parts`` (which
        add up to the difference), ``models``.
        """
        body, _ = self._collector.get("attribution", _params(narrowed, self._clock()))
        found: dict[str, Any] = json.loads(body)
        return found

    def outliers(self, selected: Mapping[str, Any], *, limit: int = 20, **narrowed: Unpack[Narrowed]) -> dict[str, Any]:
        """What the ``selected`` spans have that the others do not: ``{"min_duration_seconds": 5}``, ``{"min_cost_usd": 0.1}``,
        ``{"filters": {"status": ["error"]}}``.
        """
        asked = _document(narrowed, self._clock()) | {"selected": dict(selected), "limit": limit}
        found: dict[str, Any] = json.loads(self._collector.post("outliers", asked)[0])
        return found

    def measure(
        self,
        *measures: str,
        group_by: str | None = None,
        interval: Length | None = None,
        compare: bool = False,
        order_by: str | None = None,
        limit: int = 100,
        **narrowed: Unpack[Narrowed],
    ) -> pd.DataFrame:
        """Measures (``Client.measures`` lists them) over the window: one row, or one for each ``interval`` (``bucket``,
        its start) and ``group``. ``compare`` adds ``…_before``, of the window of the same length before.
        """
        asked = _document(narrowed, self._clock()) | {"measures": measures, "group_by": group_by, "limit": limit}
        asked |= {"interval_seconds": None if interval is None else seconds(interval)}
        asked |= {"compare": compare, "order_by": order_by}
        return self._framed([self._collector.post("query", asked, ARROW)[0]])

    def measures(self) -> list[dict[str, Any]]:
        """What can be measured: name, label, unit, table, better, help."""
        found: list[dict[str, Any]] = json.loads(self._collector.get("measures", {})[0])["measures"]
        return found

    def sql(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """The rows of one SELECT over ``spans``, ``scores`` and ``span_details``, where the collector allows it.
        ``parameters`` go to ``{name:Type}`` in the text.
        """
        return self._framed([self._collector.post("sql", {"sql": sql, "parameters": parameters}, ARROW)[0]])

    def _listed(self, path: str, limit: int | None, params: Mapping[str, list[str]]) -> pd.DataFrame:
        return frame_from_tables(list(self._pages(path, limit, params)), exact_money=self._exact_money, limit=limit)

    def _pages(self, path: str, limit: int | None, params: Mapping[str, list[str]]) -> Iterator[pa.Table]:
        left = limit
        while True:
            body, headers = self._collector.get(path, _paged(params, left), ARROW)
            table = table_from_stream(body)
            yield table
            left = None if left is None else left - table.num_rows
            cursor = headers.get("x-next-cursor")
            if not cursor or (left is not None and left <= 0):
                return
            params = {**params, "cursor": [cursor]}

    def _framed(self, bodies: list[bytes]) -> pd.DataFrame:
        return frame_from_tables([table_from_stream(body) for body in bodies], exact_money=self._exact_money)


def _paged(params: Mapping[str, list[str]], left: int | None) -> dict[str, list[str]]:
    return {**params, "limit": [str(PAGE_ROWS if left is None else min(left, PAGE_ROWS))]}


def _document(narrowed: Narrowed, now_ns: int) -> dict[str, Any]:
    """Window and filters as ``POST /api/v1/query`` reads them."""
    end = narrowed.get("end")
    fields = {name: values for name, values in narrowed.items() if name not in WINDOW}
    return {
        "start_ns": moment_ns(narrowed.get("start", DEFAULT_START), now_ns),
        "end_ns": None if end is None else moment_ns(end, now_ns),
        "search": narrowed.get("search", ""),
        "filters": _lists(fields),
        "excluded": _lists(narrowed.get("excluded", {})),
        "attributes": _lists(narrowed.get("attributes", {})),
    }


def _params(narrowed: Narrowed, now_ns: int, **more: str) -> dict[str, list[str]]:
    """The same as the parameters of a GET."""
    asked = _document(narrowed, now_ns)
    maps = ("metadata.", "resource.", "attributes.")
    single = {
        name: str(asked[name]) for name in ("start_ns", "end_ns", "search") if asked[name] not in {None, ""}
    } | more
    return {
        **{name: [value] for name, value in single.items() if value},
        **asked["filters"],
        **{f"not.{name}": values for name, values in asked["excluded"].items()},
        **{key if key.startswith(maps) else f"attributes.{key}": values for key, values in asked["attributes"].items()},
    }


def _lists(values: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [each] if isinstance(each, str) else list(each) for name, each in values.items()}
