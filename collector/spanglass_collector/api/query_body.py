"""What the reading routes are asked: windows, filters, measures. As parameters of a GET and as the body of a POST."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field

from spanglass_collector.errors import Rejected
from spanglass_store.query import FIELDS, SCORE_NAME, Filters, Window

HOUR_NS: Final = 3600 * 10**9
Nanoseconds = Annotated[int, Field(ge=0, lt=2**63)]
START: Final = "Nanoseconds since 1970, UTC. Default: an hour before end_ns"
END: Final = "Nanoseconds since 1970, UTC. Default: now"
SEARCH: Final = "Words in the text, part of a word, a trace id, a user or a session"
MAPS: Final = ("attributes.", "metadata.", "resource.")
NOT: Final = "not."
FILTER_PARAMETERS: Final = [
    {
        "name": name,
        "in": "query",
        "description": f"Accepted values of {name}, one or several" if "." not in name else help_,
        "schema": {"type": "array", "items": {"type": "string"}},
    }
    for name, help_ in {
        **dict.fromkeys([*FIELDS, SCORE_NAME], ""),
        "not.FIELD": "Values that the field of this name must not have: `not.environment=test`",
        "attributes.KEY": "Accepted values of an attribute: `attributes.shop.basket=17`",
        "metadata.KEY": "Accepted values of a key of the metadata: `metadata.plan=pro`",
        "resource.KEY": "Accepted values of a resource attribute: `resource.host.name=a`",
    }.items()
]
"""For OpenAPI: filters are read from the request itself, as their names are open."""
TOTALS: Final = (
    "min_cost_usd",
    "min_duration_seconds",
    "max_duration_seconds",
    "min_tokens",
    "min_errors",
    "score_above",
    "score_below",
)
OWN: Final = frozenset(
    {"start_ns", "end_ns", "search", "limit", "cursor", "order", "field", "key", "contains", *TOTALS}
)
"""Parameters of GET routes that are no filters."""
Values = dict[str, list[str]]


class Narrowed:
    """Window and filters of a GET: a dependency of its route."""

    def __init__(
        self,
        request: Request,
        start_ns: Annotated[Nanoseconds | None, Query(description=START)] = None,
        end_ns: Annotated[Nanoseconds | None, Query(description=END)] = None,
        search: Annotated[str, Query(description=SEARCH)] = "",
    ) -> None:
        params = request.query_params
        self._bounds = start_ns, end_ns
        self.filters = filters_from_parameters({name: params.getlist(name) for name in params}, search)

    def window(self, now_ns: int) -> Window:
        """The window asked for. Raises Rejected."""
        return window_of(*self._bounds, now_ns)


class NarrowedBody(BaseModel):
    """Window and filters of a POST."""

    model_config = ConfigDict(extra="forbid")

    start_ns: Nanoseconds | None = Field(None, description=START)
    end_ns: Nanoseconds | None = Field(None, description=END)
    filters: Values = Field(default_factory=dict, description="Field to accepted values")
    excluded: Values = Field(default_factory=dict, description="Field to values it must not have")
    attributes: Values = Field(default_factory=dict, description="Key to accepted values; metadata.KEY, resource.KEY")
    search: str = Field("", description=SEARCH)

    def window(self, now_ns: int) -> Window:
        """The window asked for. Raises Rejected."""
        return window_of(self.start_ns, self.end_ns, now_ns)

    def narrowed(self) -> Filters:
        """The filters asked for. Raises Rejected."""
        return filters_of(self.filters, self.search, excluded=self.excluded, attributes=self.attributes)


class QueryBody(NarrowedBody):
    """Measures over a window, whole or by interval, for all or by group."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"measures": ["calls", "cost_usd", "error_ratio"]},
                {"measures": ["cost_usd"], "group_by": "model", "compare": True, "filters": {"environment": ["production"]}},
                {"measures": ["latency_p95_seconds"], "group_by": "service", "interval_seconds": 3600},
            ]
        }
    )  # fmt: skip

    measures: list[str] = Field(min_length=1, max_length=20)
    group_by: str | None = None
    interval_seconds: int | None = Field(None, gt=0, lt=2**31, description="Leave out for one number over the window")
    compare: bool = Field(default=False, description="Also NAME_before: of the window of the same length before")
    order_by: str | None = Field(None, description="Which of the measures orders groups, largest first; the first one")
    limit: int = Field(100, gt=0, le=10_000, description="Groups, where there is no interval")


@contextmanager
def rejecting() -> Iterator[None]:
    """A question without sense, of which the store says ValueError, becomes Rejected."""
    try:
        yield
    except ValueError as error:
        msg = f"{error}."
        raise Rejected(msg) from error


def window_of(start_ns: int | None, end_ns: int | None, now_ns: int) -> Window:
    """The window asked for; the last hour where nothing was. Raises Rejected where it ends before it starts."""
    end = now_ns if end_ns is None else end_ns
    start = max(0, end - HOUR_NS) if start_ns is None else start_ns
    if start >= end:
        msg = "start_ns must be before end_ns."
        raise Rejected(msg)
    return Window(start, end)


def filters_from_parameters(params: Mapping[str, Iterable[str]], search: str) -> Filters:
    """The filters among the parameters of a request. Raises Rejected for a name that is no parameter at all."""
    values: dict[str, Iterable[str]] = {}
    excluded: dict[str, Iterable[str]] = {}
    attributes: dict[str, Iterable[str]] = {}
    for name, given in params.items():
        if name.startswith(NOT):
            excluded[name.removeprefix(NOT)] = given
        elif name.startswith(MAPS):
            attributes[name] = given
        elif name not in OWN:
            values[name] = given
    return filters_of(values, search, excluded=excluded, attributes=attributes)


def filters_of(
    values: Mapping[str, Iterable[str]],
    search: str,
    *,
    excluded: Mapping[str, Iterable[str]],
    attributes: Mapping[str, Iterable[str]],
) -> Filters:
    """The filters asked for. Raises Rejected for a field that does not exist."""
    data = {"values": values, "search": search, "excluded": excluded, "attributes": attributes}
    with rejecting():
        return Filters.from_plain(data)
