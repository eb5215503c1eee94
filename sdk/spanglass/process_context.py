"""From a process to one that it starts: the place in the trace, in environment variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.context import Context

from spanglass.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLES = {"TRACEPARENT": "traceparent", "TRACESTATE": "tracestate", "BAGGAGE": "baggage"}


def environment() -> dict[str, str]:
    """Variables for a process to be started: ``subprocess.run(…, env={**os.environ, **environment()})``.

    A process that uses Spanglass reads them when it is set up, and is then below the current span and has the facts
    around it. Empty outside of any span without facts.
    """
    from spanglass.propagation import inject  # noqa: PLC0415  which imports more than a start-up needs

    told = inject()
    return {variable: told[field] for variable, field in _VARIABLES.items() if field in told}


def started_in(environ: Mapping[str, str]) -> Context:
    """The context that these variables tell; an empty one without them."""
    told = {field: environ[variable] for variable, field in _VARIABLES.items() if environ.get(variable)}
    if told:
        with guarded("process_context"):
            from spanglass.propagation import extract  # noqa: PLC0415  few processes are told anything

            return extract(told, Context())
    return Context()
