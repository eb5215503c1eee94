"""The place in a trace, and the facts around it, from one process to another: W3C ``traceparent`` and ``baggage``.

    headers = spanglass.propagation.inject()               # where a request or message is sent
    with spanglass.propagation.continued(headers): …       # where it is worked on

``spanglass.propagation.httpx``, ``.requests``, ``.asgi`` (FastAPI, Starlette), ``.wsgi`` (Flask) and ``.celery`` do it
for these. Facts travel in the clear: give them only to services of your own.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, overload

from opentelemetry import trace

from spanglass import current
from spanglass.guard import guarded, swallow
from spanglass.process_context import environment
from spanglass.propagation import w3c
from spanglass.propagation.facts import take_facts, with_facts
from spanglass.propagation.w3c import Headers

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

    from opentelemetry.context import Context

__all__ = ["Headers", "continued", "environment", "extract", "inject"]

H = TypeVar("H", bound="MutableMapping[str, Any]")


@overload
def inject() -> dict[str, str]: ...
@overload
def inject(headers: H) -> H: ...
def inject(headers: MutableMapping[str, Any] | None = None) -> MutableMapping[str, Any]:
    """Add the current span and the facts around it to ``headers``, and return them. Without any nothing is added."""
    headers = {} if headers is None else headers
    with guarded("propagation.inject"):
        headers.update(w3c.to_headers(with_facts(current.here())))
    return headers


def extract(headers: Headers, context: Context | None = None) -> Context:
    """The OpenTelemetry context that ``headers`` tell of, on top of ``context`` (default: the current one).

    ``headers`` is a mapping or pairs, of text or bytes, in any case. What is malformed is left out.
    """
    context = current.here() if context is None else context
    try:
        return take_facts(w3c.from_headers(headers, context))
    except Exception as error:  # noqa: BLE001  work goes on without
        swallow("propagation.extract", error)
        return context


@contextmanager
def continued(headers: Headers) -> Iterator[None]:
    """Inside the block, work is below the span and has the facts that ``headers`` tell of."""
    token = current.attach(extract(headers))
    try:
        yield
    finally:
        current.leave(token)


def incoming(headers: Headers) -> Context:
    """What ``extract`` gives, for a request that somebody may have continued already.

    Where a span of the same trace is current, begun here for this request by another instrumentation, it stays so.
    """
    found = extract(headers)
    here = trace.get_current_span(current.here())
    own, told = here.get_span_context(), trace.get_current_span(found).get_span_context()
    inside = own.is_valid and not own.is_remote and own.trace_id == told.trace_id
    return trace.set_span_in_context(here, found) if inside else found
