"""``spanglass.score``: give a score to what is running now, or to a trace, span or session by its id."""

from __future__ import annotations

import time
import uuid
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from opentelemetry import trace

from spanglass import runtime, semconv
from spanglass.capture import wire_value
from spanglass.context import ambient
from spanglass.guard import guarded, warn_once

if TYPE_CHECKING:
    from collections.abc import Mapping

Source = Literal["code", "human", "judge", "user"]
DataType = Literal["numeric", "boolean", "categorical", "text"]

_MAX_VALUE_BYTES = 4_096


def score(
    name: str,
    value: float | bool | str,
    *,
    comment: str | None = None,
    trace_id: str | None = None,
    span_id: str | None = None,
    session_id: str | None = None,
    source: Source = "code",
    data_type: DataType | None = None,
    evaluator_id: str | None = None,
    metadata: Mapping[str, object] | None = None,
    score_id: str | None = None,
) -> str | None:
    """Record a score and return its id; sent in the background.

    Without an id it belongs to the current span and its trace, and outside of any span to the session of the
    surrounding ``context``. A number is numeric, ``True`` and ``False`` are boolean, text is categorical unless
    ``data_type`` says ``"text"``. The same ``score_id`` again replaces the score. ``None`` comes back when nothing
    was recorded: switched off, or nothing to give the score to.
    """
    if runtime.STATE.off:
        return None
    with guarded("score"):
        _check(name, value)
        target = _target(trace_id, span_id, session_id)
        if not target:
            warn_once("score", "spanglass: score %r belongs to no trace, span or session; it is dropped", name)
            return None
        told: dict[str, Any] = {
            "id": score_id or uuid.uuid4().hex,
            "name": name,
            "value": value,
            "timestamp_ns": time.time_ns(),
            "source": source,
            "data_type": data_type,
            "comment": comment,
            "evaluator_id": evaluator_id,
            "metadata": {str(key): wire_value(item, _MAX_VALUE_BYTES) for key, item in (metadata or {}).items()},
            **target,
        }
        runtime.start()
        if runtime.STATE.sender is not None:
            runtime.STATE.sender.put({key: item for key, item in told.items() if item not in (None, {})})
            return str(told["id"])
    return None


def _target(trace_id: str | None, span_id: str | None, session_id: str | None) -> dict[str, str]:
    given = {"trace_id": trace_id, "span_id": span_id, "session_id": session_id}
    found = {key: value for key, value in given.items() if value}
    if found:
        return found
    current = trace.get_current_span().get_span_context()
    if current.is_valid:
        return {
            "trace_id": trace.format_trace_id(current.trace_id),
            "span_id": trace.format_span_id(current.span_id),
        }
    session = ambient().get(semconv.SESSION_ID)
    return {"session_id": session} if session else {}


def _check(name: str, value: object) -> None:
    if not name or not isinstance(name, str):
        message = f"a score needs a name, not {name!r}"
        raise TypeError(message)
    if not isinstance(value, str | int | float) or (isinstance(value, float) and not isfinite(value)):
        message = f"score {name!r} must be a finite number, True, False or a text, not {value!r}"
        raise TypeError(message)
