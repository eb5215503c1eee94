"""Spanglass: see what your application's language models said, how long they took and what they cost.

>>> import spanglass
>>> @spanglass.observe
... def answer(question: str) -> str: ...

Nothing else is needed: the first call sets everything up from environment variables (``SPANGLASS_*``).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from spanglass.carry import carry
from spanglass.clients import wrap
from spanglass.context import context, current_trace_id
from spanglass.instrument import Instrumented, instrument, uninstrument
from spanglass.observe import observe
from spanglass.runtime import Receipt, flush, init, shutdown, stats
from spanglass.semconv import Kind
from spanglass.span import span
from spanglass.stats import Stats
from spanglass.version import installed_version

if TYPE_CHECKING:
    from spanglass import propagation as propagation
    from spanglass import query as query
    from spanglass.scores import feedback as feedback
    from spanglass.scores import score as score

__version__: str

__all__ = [
    "Instrumented",
    "Kind",
    "Receipt",
    "Stats",
    "__version__",
    "carry",
    "context",
    "current_trace_id",
    "feedback",
    "flush",
    "init",
    "instrument",
    "observe",
    "propagation",
    "query",
    "score",
    "shutdown",
    "span",
    "stats",
    "uninstrument",
    "wrap",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return installed_version()
    if name in {"propagation", "query"}:  # imported when they are used, as are scores
        return import_module(f"spanglass.{name}")
    if name in {"score", "feedback"}:
        found: object = getattr(import_module("spanglass.scores"), name)
        return found
    message = f"module 'spanglass' has no attribute {name!r}"
    raise AttributeError(message)
