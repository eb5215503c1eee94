"""OpenTelemetry's current context, by the shortest way.

Its own functions look the runtime context up and copy the context twice for each new value. With the runtime context
that everybody has, which is one ``ContextVar``, this module uses that variable; with any other one, those functions.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context
from opentelemetry.trace.propagation import _SPAN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token

    from opentelemetry.trace import Span

SPAN_KEY: Final = _SPAN_KEY
_VARIABLE: Final[Any] = getattr(otel_context._RUNTIME_CONTEXT, "_current_context", None)  # noqa: SLF001
_IS_ONE: Final = isinstance(_VARIABLE, ContextVar)

get: Final[Callable[[], otel_context.Context]] = _VARIABLE.get if _IS_ONE else otel_context.get_current
attach: Final[Callable[[otel_context.Context], Token[otel_context.Context]]] = (
    _VARIABLE.set if _IS_ONE else otel_context.attach
)


class _Process:
    """What the whole process is below: nothing, or the span of another one that started it and told it so."""

    context = otel_context.Context()


PROCESS: Final = _Process()


def here() -> otel_context.Context:
    """The current context; where there is nothing in it, that of the process."""
    return get() or PROCESS.context


_put: Final = dict.__setitem__  # a Context lets nobody change it; this one is new and nobody else's yet


def containing(span: Span, context: otel_context.Context) -> otel_context.Context:
    """``context`` with ``span`` as the current one."""
    inner = otel_context.Context(context)
    _put(inner, SPAN_KEY, span)
    return inner


def leave(token: Token[otel_context.Context] | None) -> None:
    """Undo an ``attach``. In another context than it was made in there is nothing to undo, and that is no error."""
    if token is None:
        return
    try:
        token.var.reset(token)
    except (ValueError, RuntimeError):  # another context; the same block left twice
        return
    except AttributeError:  # a token of another runtime context
        otel_context.detach(token)
