"""``spanglass.score`` and ``spanglass.feedback``: judge what is running now, or a trace, span or session by its id."""

from __future__ import annotations

import uuid
from math import isfinite
from time import time_ns
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from opentelemetry import trace

from spanglass import runtime, semconv
from spanglass.capture import snapshot, text, wire_value
from spanglass.context import ambient
from spanglass.current import here
from spanglass.guard import swallow, warn_once

if TYPE_CHECKING:
    from collections.abc import Mapping

Source = Literal["code", "human", "judge", "user"]
DataType = Literal["numeric", "boolean", "categorical", "text"]

_MAX_VALUE_BYTES: Final = 4_096
_MAX_TEXT_BYTES: Final = 65_536
_MAX_NAME_CHARACTERS: Final = 200
_HEX: Final = frozenset("0123456789abcdef")
_EXACT: Final = range(-(2**53), 2**53 + 1)  # integers that are the same as numbers of JSON


class InvalidScore(ValueError):
    """What was given is no score, or belongs to nothing that can be found. The message is a sentence."""


def score(
    name: str,
    value: float | bool | str,
    *,
    comment: str | None = None,
    trace_id: str | int | None = None,
    span_id: str | int | None = None,
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
    ``data_type`` says ``"text"``. A span is found by its trace: ``span_id`` wants ``trace_id`` too. The same
    ``score_id`` again replaces the score. ``None`` comes back when nothing was recorded: switched off, nothing to
    give the score to, or no valid score (which is logged).
    """
    if runtime.STATE.off:
        return None
    try:
        target = _target(trace_id, span_id, session_id)
        told: dict[str, Any] = {
            "id": _short("id", score_id) if score_id else new_id(),
            "name": _short("name", name),
            "value": _typed(name, value, data_type),
            "timestamp_ns": time_ns(),
            "source": _known(name, source),
            "data_type": data_type,
            "comment": comment and _bounded(str(comment)),
            "evaluator_id": evaluator_id and str(evaluator_id),
            "metadata": {str(key): wire_value(item, _MAX_VALUE_BYTES) for key, item in (metadata or {}).items()},
            **target,
        }
        if not target:
            warn_once("score", "spanglass: score %r belongs to no trace, span or session; it is dropped", name)
            return None
        runtime.start()
        if runtime.STATE.sender is not None:
            runtime.STATE.sender.put({key: item for key, item in told.items() if key == "value" or item})
            return str(told["id"])
    except Exception as error:  # noqa: BLE001  the application goes on without the score
        swallow(f"score {name!r}", error)
    return None


def feedback(
    trace_id: str | int | None,
    value: float | bool | str,
    *,
    comment: str | None = None,
    user_id: str | None = None,
    span_id: str | int | None = None,
    name: str = "user_feedback",
) -> str | None:
    """Record what a user said of an answer, by the ``spanglass.current_trace_id()`` it was given with.

    ``True`` and ``False`` are thumbs up and down, a number is a rating, a text is words. The same user (default: the one
    of the surrounding ``context``) saying something else of the same trace replaces what was said before. Returns the
    id of the score, ``None`` when nothing was recorded.
    """
    if runtime.STATE.off:
        return None
    user = user_id or ambient().get(semconv.USER_ID) or ""
    said_of = "\n".join(map(str, (name, trace_id, span_id or "", user)))  # the same of all this: the same score
    return score(
        name,
        value,
        comment=comment,
        trace_id=trace_id,
        span_id=span_id,
        source="user",
        data_type="text" if isinstance(value, str) else None,
        metadata={semconv.USER_ID: user} if user else None,
        score_id=uuid.uuid5(_FEEDBACK, said_of).hex if trace_id else None,
    )


_FEEDBACK: Final = uuid.UUID("7b1c5f0e-6f0a-4e1c-9d53-2a6f1d3c8e47")  # a namespace of our own


def new_id() -> str:
    """32 hex digits that nobody else has."""
    return uuid.uuid4().hex


def _target(trace_id: str | int | None, span_id: str | int | None, session_id: object) -> dict[str, str]:
    """What the score belongs to, by id; nothing when nothing is given and nothing runs."""
    given = {
        "trace_id": _hex("trace_id", trace_id, 32),
        "span_id": _hex("span_id", span_id, 16),
        "session_id": "" if session_id is None else str(session_id),
    }
    if given["span_id"] and not given["trace_id"]:
        message = "a span is found by its trace: span_id wants trace_id too"
        raise InvalidScore(message)
    found = {key: value for key, value in given.items() if value}
    if found:
        return found
    current = trace.get_current_span(here()).get_span_context()
    if current.is_valid:
        return {
            "trace_id": trace.format_trace_id(current.trace_id),
            "span_id": trace.format_span_id(current.span_id),
        }
    session = ambient().get(semconv.SESSION_ID)
    return {"session_id": session} if session else {}


def _hex(what: str, given: str | int | None, digits: int) -> str:
    """An id as text; OpenTelemetry's own are numbers."""
    told = f"{given:0{digits}x}" if isinstance(given, int) else str(given or "").lower()
    if told and (len(told) != digits or not _HEX.issuperset(told) or not told.strip("0")):
        message = f"{what} has {digits} hexadecimal digits and not only zeros; {given!r} is none"
        raise InvalidScore(message)
    return told


def _short(what: str, given: object) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= _MAX_NAME_CHARACTERS:
        message = f"the {what} of a score is a text of 1 to {_MAX_NAME_CHARACTERS} characters, not {given!r:.100}"
        raise InvalidScore(message)
    return text(given)


def _known(name: str, source: str) -> str:
    if source not in get_args(Source):
        message = f"the source of score {name!r} is one of {', '.join(get_args(Source))}, not {source!r}"
        raise InvalidScore(message)
    return source


def _typed(name: str, value: object, data_type: str | None) -> float | bool | str:
    """The value as JSON has it, when it is one of its type."""
    plain = _plain(value)
    if isinstance(plain, bool) and data_type in {None, "boolean", "numeric"}:
        return int(plain) if data_type == "numeric" else plain
    if isinstance(plain, int | float) and (
        data_type in {None, "numeric"} or (data_type == "boolean" and plain in {0, 1})
    ):
        return bool(plain) if data_type == "boolean" else plain
    if isinstance(plain, str) and data_type in {None, "categorical", "text"}:
        return plain
    wanted = _WANTED.get(data_type, f"of a type there is, which {data_type!r} is not")
    message = f"score {name!r} must be {wanted}; it is {value!r:.100}"
    raise InvalidScore(message)


_WANTED: Final[Mapping[str | None, str]] = {
    None: "a finite number, True, False or a text",
    "numeric": "a finite number",
    "boolean": "True or False",
    "categorical": "a text",
    "text": "a text",
}


def _plain(value: object) -> float | bool | str | None:
    """A text, a truth value or a finite number of Python's own; ``None`` for anything else."""
    if hasattr(type(value), "dtype") and hasattr(type(value), "item"):  # of numpy, torch and their like
        value = value.item()  # type: ignore[attr-defined]
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _bounded(str.__str__(value))  # not what an enumeration calls it
    if isinstance(value, int) and value in _EXACT:
        return int(value)
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _bounded(said: str) -> str:
    return text(snapshot(said, _MAX_TEXT_BYTES))
