"""How the calls of one decorated function are recorded."""

from __future__ import annotations

import inspect
from inspect import Parameter
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

from spanglass.content import KEPT_WITHOUT_CONTENT, completion_figures
from spanglass.guard import swallow
from spanglass.semconv import Kind
from spanglass.site import Site
from spanglass.span import begin, finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from spanglass.live import LiveSpan


class Plan:
    """How calls of one function are recorded; worked out when it is decorated."""

    __slots__ = ("_is_model_call", "_names", "_owner", "_rest", "_wants_input", "site", "wants_output")

    def __init__(
        self, function: Callable[..., Any], name: str | None, kind: str, *, capture_input: bool, capture_output: bool
    ) -> None:
        self.site = Site(name or str(getattr(function, "__name__", type(function).__name__)), str(kind))
        self._is_model_call = self.site.kind is Kind.LLM
        self._wants_input = capture_input
        self.wants_output = capture_output
        parameters = _parameters(function)
        names = [each.name for each in parameters if each.kind in _BY_POSITION]
        self._owner = 1 if names[:1] in (["self"], ["cls"]) else 0  # not an argument of anyone's interest
        self._names = names[self._owner :]
        self._rest = next((each.name for each in parameters if each.kind is Parameter.VAR_POSITIONAL), "args")

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveSpan | None:
        """Start the span and make it current; ``None`` when this call is not recorded."""
        live = begin(self.site)
        if live is not None and self._wants_input and live.sampled and live.recorder.capture:
            try:
                given = self._named(args, kwargs) if args else kwargs
                if given and not live.take_flat(self.site.read_input, given):
                    live.take(self.site.read_input, given)
            except Exception as error:  # noqa: BLE001
                swallow("observe.input", error)
        return live

    def done(self, live: LiveSpan, result: object) -> None:
        """End the span with the result of the call."""
        end_ns = time_ns()
        try:
            if live.sampled and result is not None:
                if self.wants_output and live.recorder.capture:
                    live.take(self.site.read_output, result)
                elif self._is_model_call and isinstance(result, dict):
                    live.take(completion_figures, {key: result[key] for key in KEPT_WITHOUT_CONTENT if key in result})
            live.end(end_ns)
        except Exception as error:  # noqa: BLE001
            swallow("observe.output", error)
            finish(live, end_ns=end_ns)

    def _named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        positional = args[self._owner :]
        if not positional:
            return kwargs
        named = dict(zip(self._names, positional, strict=False))
        if len(positional) > len(self._names):
            named[self._rest] = positional[len(self._names) :]
        return {**named, **kwargs}


_BY_POSITION: Final = frozenset({Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD})


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some built-in functions have none
        return ()
