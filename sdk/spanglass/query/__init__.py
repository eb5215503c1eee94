"""What is stored, as pandas frames: traces, spans, sessions, users, scores, measures, SQL.

>>> import spanglass
>>> frame = spanglass.query.measure("cost_usd", "calls", group_by="model", start="7d")

Each function is the method of the same name of a ``Client`` that is made from ``SPANGLASS_ENDPOINT``,
``SPANGLASS_API_KEY`` and ``SPANGLASS_PROJECT`` when it is first needed. pandas and pyarrow are imported when a frame is
made, and not before: ``pip install pandas pyarrow``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from spanglass.query.client import Client
from spanglass.query.errors import MissingPackage, NotAllowed, QueryError, Rejected, TooMuch, Unavailable

if TYPE_CHECKING:
    _typed = Client()
    attribution = _typed.attribution
    documents = _typed.documents
    measure = _typed.measure
    measures = _typed.measures
    outliers = _typed.outliers
    scores = _typed.scores
    sessions = _typed.sessions
    spans = _typed.spans
    sql = _typed.sql
    trace = _typed.trace
    traces = _typed.traces
    users = _typed.users

__all__ = [
    "Client",
    "MissingPackage",
    "NotAllowed",
    "QueryError",
    "Rejected",
    "TooMuch",
    "Unavailable",
    "attribution",
    "documents",
    "measure",
    "measures",
    "outliers",
    "scores",
    "sessions",
    "spans",
    "sql",
    "trace",
    "traces",
    "users",
]


@lru_cache(maxsize=1)
def _default() -> Client:
    return Client()


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(_default(), name)
    message = f"module 'spanglass.query' has no attribute {name!r}"
    raise AttributeError(message)
