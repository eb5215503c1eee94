"""Spanglass: see what your application's language models said, how long they took and what they cost.

>>> import spanglass
>>> @spanglass.observe
... def answer(question: str) -> str: ...

Nothing else is needed: the first call sets everything up from environment variables (``SPANGLASS_*``).
"""

from __future__ import annotations

from spanglass.clients import wrap
from spanglass.context import context, current_trace_id
from spanglass.observe import observe
from spanglass.runtime import Receipt, flush, init, shutdown, stats
from spanglass.scores import score
from spanglass.semconv import Kind
from spanglass.span import span
from spanglass.stats import Stats
from spanglass.version import installed_version

__version__: str

__all__ = [
    "Kind",
    "Receipt",
    "Stats",
    "__version__",
    "context",
    "current_trace_id",
    "flush",
    "init",
    "observe",
    "score",
    "shutdown",
    "span",
    "stats",
    "wrap",
]


def __getattr__(name: str) -> str:
    if name == "__version__":
        return installed_version()
    message = f"module 'spanglass' has no attribute {name!r}"
    raise AttributeError(message)
